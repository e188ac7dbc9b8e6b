/* SPDX-License-Identifier: ISC */
/*
 * Which parameters are good: a table of pairs and what is wrong with them.
 */
#include "unit.h"

#include <stdbool.h>

#include "fastcgi/params.h"

#define SIXTEEN                                                        \
	"raw SSE_A= SSE_B= SSE_C= SSE_D= SSE_E= SSE_F= SSE_G= SSE_H= " \
	"SSE_I= SSE_J= SSE_K= SSE_L= SSE_M= SSE_N= SSE_O= SSE_P= "

static const struct row {
	const char *name, *pairs;
	bool good;
} rows[] = {
    {"none", "raw", true},
    {"usual_ones",
	"raw REQUEST_METHOD=GET SSE_ROLE=stream HTTP_COOKIE=a%3db%3bc", true},
    {"empty_value", "raw A=", true},
    {"same_name_twice", "raw HTTP_X=1 HTTP_X=2", true},
    {"any_byte_but_nul", "raw A%01%ff=%0d%0a%3d%80", true},
    {"long_lengths", "raw ~SSE_ROLE=stream A=*70000", true},
    {"512_pairs", "raw @512", true},
    {"513_pairs", "raw @513", false},
    {"513_pairs_of_which_one_is_empty", "raw @512 #0000", false},
    {"empty_name", "raw A=b =c", false},
    {"empty_name_and_value", "raw #0000", false},
    {"equals_sign_in_name", "raw A%3db=c", false},
    {"name_that_is_an_equals_sign", "raw %3d=", false},
    {"nul_in_name", "raw A%00=b", false},
    {"nul_in_value", "raw A=%00", false},
    {"nul_in_the_last_value", "raw A=b C=dd%00", false},
    {"nul_behind_4096_bytes", "raw #0180001001 'A .4096 #00", false},
    {"sse_name_once", "raw SSE_ROLE=a HTTP_SSE_ROLE=b", true},
    {"sse_name_twice", "raw SSE_ROLE=a SSE_ROLE=b", false},
    {"sse_name_twice_with_others_between", "raw SSE_ROLE=a @300 SSE_ROLE=a",
	false},
    {"sse_name_again_by_long_lengths", "raw SSE_ROLE=a ~SSE_ROLE=b", false},
    {"sse_prefix_alone_twice", "raw SSE_= SSE_=", false},
    {"sse_name_and_its_prefix", "raw SSE_ROLE=a SSE_ROL=b SSE_ROLES=c", true},
    {"sse_names_in_other_letters", "raw sse_role=a sse_role=b", true},
    {"16_sse_names", SIXTEEN, true},
    {"17_sse_names", SIXTEEN "SSE_Q=", false},
    {"16_sse_names_and_the_first_again", SIXTEEN "SSE_A=", false},
    {"cut_in_a_length", "raw A=b #80", false},
    {"cut_in_a_name", "raw #0500 'ABCD", false},
    {"cut_in_a_value", "raw #0105 'Aabcd", false},
    {"cut_behind_a_bad_one", "raw #0000 #05", false},
    {"lengths_of_two_gigabytes", "raw #ffffffffffffffff 'A", false},
};

static struct wire wire;

static void
fault_or_none(void **state)
{
	const struct row *row = *state;
	const char *fault;
	uint8_t *copy;

	wire.len = 0;
	wire_add(&wire, row->pairs);
	copy = malloc(wire.len + 1); /* its own block: none is read beyond it */
	assert_non_null(copy);
	memcpy(copy + 1, wire.bytes, wire.len);
	fault = params_fault(copy + 1, wire.len);
	if (row->good && fault != NULL)
		fail_msg("%s", fault);
	if (!row->good)
		assert_true(fault != NULL && *fault != '\0');
	free(copy);
}

/* Good ones, cut at every byte: good if the cut is between two pairs. */
static void
cut_anywhere_but_between_pairs_is_a_fault(void **state)
{
	size_t ends[3], len, i;
	bool between;

	(void)state;
	wire.len = 0;
	wire_add(&wire, "raw A=b");
	ends[0] = wire.len;
	wire_add(&wire, "raw ~SSE_ROLE=x");
	ends[1] = wire.len;
	wire_add(&wire, "raw C=*200");
	ends[2] = wire.len;
	for (len = 1; len <= wire.len; len++) {
		for (between = false, i = 0; i < 3; i++)
			between = between || ends[i] == len;
		assert_int_equal(params_fault(wire.bytes, len) == NULL,
		    between);
	}
}

int
main(void)
{
	static const struct CMUnitTest others[] = {
	    cmocka_unit_test(cut_anywhere_but_between_pairs_is_a_fault),
	};
	static struct CMUnitTest tests[LENGTH(rows) + LENGTH(others)];
	size_t i;

	for (i = 0; i < LENGTH(rows); i++)
		tests[i] = row_test(rows[i].name, fault_or_none, &rows[i]);
	memcpy(tests + i, others, sizeof(others));
	return _cmocka_run_group_tests("params", tests, LENGTH(tests), NULL,
	    NULL);
}
