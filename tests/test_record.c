/* SPDX-License-Identifier: ISC */
/*
 * Records as bytes: what we write is what FastCGI 1.0 says, to the byte, and
 * name-value pairs are read with every form of length and never beyond their
 * end.
 */
#include "unit.h"

#include "fastcgi/record.h"

static void
header_has_its_fields_in_network_order(void **state)
{
	static const uint8_t expected[] = {1, 6, 0x12, 0x34, 0xab, 0xcd, 0, 0,
	    0xee};
	uint8_t p[9];

	(void)state;
	memset(p, 0xee, sizeof(p));
	record_header(p, FCGI_STDOUT, 0x1234, 0xabcd);
	assert_memory_equal(p, expected, sizeof(expected));
}

static void
begin_is_that_of_a_responder(void **state)
{
	static const uint8_t expected[] = {1, 1, 0xff, 0xfe, 0, 8, 0, 0, 0, 1,
	    1, 0, 0, 0, 0, 0, 0xee};
	uint8_t p[RECORD_BEGIN_SIZE + 1];

	(void)state;
	memset(p, 0xee, sizeof(p));
	record_begin(p, 0xfffe, FCGI_KEEP_CONN);
	assert_memory_equal(p, expected, sizeof(expected));
}

static void
complete_request_ends_with_an_empty_stdout_and_end_request(void **state)
{
	static const uint8_t expected[] = {1, 6, 1, 2, 0, 0, 0, 0, 1, 3, 1, 2,
	    0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xee};
	uint8_t p[RECORD_END_SIZE + 1];

	(void)state;
	memset(p, 0xee, sizeof(p));
	assert_int_equal(record_end(p, 0x102, FCGI_REQUEST_COMPLETE),
	    RECORD_END_SIZE);
	assert_memory_equal(p, expected, sizeof(expected));
}

static void
refused_request_ends_with_end_request_alone(void **state)
{
	static const int all[] = {FCGI_CANT_MPX_CONN, FCGI_OVERLOADED,
	    FCGI_UNKNOWN_ROLE};
	uint8_t expected[] = {1, 3, 0, 7, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	    0xee};
	uint8_t p[RECORD_END_SIZE];
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(all); i++) {
		memset(p, 0xee, sizeof(p));
		assert_int_equal(record_end(p, 7, (enum record_status)all[i]),
		    16);
		expected[12] = (uint8_t)(i + 1); /* as section 8 numbers them */
		assert_memory_equal(p, expected, sizeof(expected));
	}
}

static void
unknown_type_names_the_type(void **state)
{
	static const uint8_t expected[] = {1, 11, 0, 0, 0, 8, 0, 0, 77, 0, 0, 0,
	    0, 0, 0, 0, 0xee};
	uint8_t p[RECORD_UNKNOWN_SIZE + 1];

	(void)state;
	memset(p, 0xee, sizeof(p));
	record_unknown(p, 77);
	assert_memory_equal(p, expected, sizeof(expected));
}

static void
values_has_each_asked_variable_once(void **state)
{
	static const char *const pairs[] = {"\x0e\x03"
					    "FCGI_MAX_CONNS123",
	    "\x0d\x03"
	    "FCGI_MAX_REQS123",
	    "\x0f\x01"
	    "FCGI_MPXS_CONNS0"};
	uint8_t p[RECORD_VALUES_SIZE + 1];
	char expected[200];
	size_t len, i;
	unsigned asked;

	(void)state;
	for (asked = 0; asked < 8; asked++) {
		expected[0] = '\0';
		for (i = 0; i < 3; i++)
			if (asked & 1U << i)
				strcat(expected, pairs[i]);
		memset(p, 0xee, sizeof(p));
		len = record_values(p, asked, 123);
		assert_int_equal(len, 8 + strlen(expected));
		assert_memory_equal(p, "\1\12\0\0\0", 5);
		assert_int_equal(p[5], strlen(expected));
		assert_memory_equal(p + 6, "\0\0", 2);
		assert_memory_equal(p + 8, expected, strlen(expected));
		assert_int_equal(p[len], 0xee);
	}
}

static void
values_of_the_largest_number_fit(void **state)
{
	uint8_t p[RECORD_VALUES_SIZE];

	(void)state;
	assert_in_range(record_values(p, 7, ~0UL), 8, RECORD_VALUES_SIZE);
}

/* Pairs: the bytes, what record_pair() gives one after another. */
static const struct row {
	const char *name, *bytes, *pairs;
} rows[] = {
    {"no_pairs", "raw", "end"},
    {"one_pair", "raw A=b", "A=b end"},
    {"empty_name_and_value", "raw #0000", "= end"},
    {"three_pairs", "raw A=b CC= D=eee", "A=b CC= D=eee end"},
    {"long_lengths", "raw ~A=b ~C=", "A=b C= end"},
    {"long_name_length_alone", "raw #8000000101 'Ab", "A=b end"},
    {"long_value_length_alone", "raw #0180000001 'Ab", "A=b end"},
    {"value_of_128_bytes", "raw A=*128 B=c", "(129) B=c end"},
    {"value_of_65536_bytes", "raw A=*65536 B=c", "(65537) B=c end"},
    {"no_value_length", "raw #01", "cut"},
    {"one_byte_of_four", "raw #80", "cut"},
    {"three_bytes_of_four", "raw #800000", "cut"},
    {"three_bytes_of_the_second_four", "raw #01800000", "cut"},
    {"name_one_short", "raw #0200 'A", "cut"},
    {"value_one_short", "raw A=b #0102 'Ac", "A=b cut"},
    {"name_ends_where_value_begins", "raw #0101 'A", "cut"},
    {"name_of_two_gigabytes", "raw #ffffffff00 'A", "cut"},
    {"value_of_two_gigabytes", "raw #01ffffffff 'Ab", "cut"},
    {"sum_of_lengths_wraps", "raw #ffffffffffffffff 'Ab", "cut"},
};

static struct wire wire;

static void
pairs_are_read_to_their_end(void **state)
{
	const struct row *row = *state;
	struct record_pair pair;
	char got[200] = "", text[40];
	const uint8_t *p, *end;
	uint8_t *copy;
	int more;

	wire.len = 0;
	wire_add(&wire, row->bytes);
	copy = malloc(wire.len + 1); /* its own block: none beyond it */
	assert_non_null(copy);
	memcpy(copy + 1, wire.bytes, wire.len);
	p = copy + 1;
	end = p + wire.len;
	while ((more = record_pair(&p, end, &pair)) == 1) {
		if (pair.name_len + pair.value_len > 20)
			(void)snprintf(text, sizeof(text), "(%zu) ",
			    pair.name_len + pair.value_len);
		else
			(void)snprintf(text, sizeof(text), "%.*s=%.*s ",
			    (int)pair.name_len, pair.name, (int)pair.value_len,
			    pair.value);
		strcat(got, text);
		assert_true(p <= end && p == pair.value + pair.value_len);
	}
	strcat(got, more == 0 ? "end" : "cut");
	free(copy);
	assert_string_equal(got, row->pairs);
}

static void
length_of_four_bytes_begins_with_the_highest(void **state)
{
	static const uint8_t lengths[] = {0x81, 2, 3, 4, 0x80, 5, 6, 7};
	size_t name_len = 0x01020304, value_len = 0x050607;
	size_t len = sizeof(lengths) + name_len + value_len;
	uint8_t *bytes = calloc(1, len);
	const uint8_t *p = bytes;
	struct record_pair pair;

	(void)state;
	assert_non_null(bytes);
	memcpy(bytes, lengths, sizeof(lengths));
	assert_int_equal(record_pair(&p, bytes + len, &pair), 1);
	assert_int_equal(pair.name_len, name_len);
	assert_int_equal(pair.value_len, value_len);
	assert_ptr_equal(pair.name, bytes + sizeof(lengths));
	assert_ptr_equal(pair.value, pair.name + name_len);
	assert_ptr_equal(p, bytes + len);
	p = bytes;
	assert_int_equal(record_pair(&p, bytes + len - 1, &pair), -1);
	free(bytes);
}

static void
random_pairs_stay_inside(void **state)
{
	uint32_t seed = 7, round;
	struct record_pair pair;
	const uint8_t *p, *end;
	uint8_t *bytes;
	size_t len, i, n;

	(void)state;
	for (round = 0; round < 20000; round++) {
		len = 1 + chance(&seed) % 40;
		bytes = malloc(len);
		assert_non_null(bytes);
		for (i = 0; i < len; i++)
			bytes[i] = chance(&seed) % 3 == 0 ?
				       (uint8_t)chance(&seed) :
				       (uint8_t)(chance(&seed) % 5);
		p = bytes;
		end = bytes + len;
		for (n = 0; record_pair(&p, end, &pair) == 1; n++) {
			assert_true(pair.name >= bytes && pair.name <= end);
			assert_true(pair.value + pair.value_len == p);
			assert_true(p <= end);
		}
		assert_true(n <= len / 2);
		(void)record_asked(bytes, len);
		free(bytes);
	}
}

static void
arguments_is_the_set_of_known_names(void **state)
{
	static const struct {
		const char *names;
		int asked;
	} all[] = {
	    {"raw", 0},
	    {"raw FCGI_MAX_CONNS=", RECORD_MAX_CONNS},
	    {"raw FCGI_MAX_REQS=1", RECORD_MAX_REQS},
	    {"raw FCGI_MPXS_CONNS= FCGI_MPXS_CONNS=", RECORD_MPXS_CONNS},
	    {"raw FCGI_MAX_CONNS= X= FCGI_MAX_REQS=",
		RECORD_MAX_CONNS | RECORD_MAX_REQS},
	    {"raw FCGI_MAX_CONN= fcgi_max_conns= FCGI_MAX_CONNS%00=", 0},
	    {"raw FCGI_MAX_CONNS= #01", -1},
	};
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(all); i++) {
		wire.len = 0;
		wire_add(&wire, all[i].names);
		assert_int_equal(record_asked(wire.bytes, wire.len),
		    all[i].asked);
	}
}

int
main(void)
{
	static const struct CMUnitTest others[] = {
	    cmocka_unit_test(header_has_its_fields_in_network_order),
	    cmocka_unit_test(begin_is_that_of_a_responder),
	    cmocka_unit_test(
		complete_request_ends_with_an_empty_stdout_and_end_request),
	    cmocka_unit_test(refused_request_ends_with_end_request_alone),
	    cmocka_unit_test(unknown_type_names_the_type),
	    cmocka_unit_test(values_has_each_asked_variable_once),
	    cmocka_unit_test(values_of_the_largest_number_fit),
	    cmocka_unit_test(length_of_four_bytes_begins_with_the_highest),
	    cmocka_unit_test(random_pairs_stay_inside),
	    cmocka_unit_test(arguments_is_the_set_of_known_names),
	};
	static struct CMUnitTest tests[LENGTH(rows) + LENGTH(others)];
	size_t n = 0, i;

	for (i = 0; i < LENGTH(rows); i++)
		tests[n++] = row_test(rows[i].name, pairs_are_read_to_their_end,
		    &rows[i]);
	for (i = 0; i < LENGTH(others); i++)
		tests[n++] = others[i];
	return _cmocka_run_group_tests("record", tests, n, NULL, NULL);
}
