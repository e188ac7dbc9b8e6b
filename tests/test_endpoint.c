/* SPDX-License-Identifier: ISC */
/*
 * Which addresses are understood, and what is said of the others.
 */
#include "unit.h"

#include <stdbool.h>

#include "base/endpoint.h"

#define PATH_50	 "/12345678901234567890123456789012345678901234567890"
#define PATH_107 PATH_50 PATH_50 "12345"
#define NAME_64 \
	"1234567890123456789012345678901234567890123456789012345678901234"

static const struct row {
	const char *address;
	bool good;
} rows[] = {
    {"unix:/run/sse-fcgi/sse.sock", true},
    {"unix:/run/sse.sock:0660", true},
    {"unix:/run/sse.sock:600", true},
    {"unix:/run/sse.sock:0", true},
    {"unix:/run/sse.sock:0777", true},
    {"unix:relative.sock", false},
    {"unix:./relative.sock", false},
    {"unix:@abstract", false},
    {"unix:/a:b", false},
    {"unix:/a:b:", false},
    {"unix:/a:b:0600", true},
    {"unix:" PATH_107, true},
    {"unix:" PATH_107 ":0600", true},
    {"unix:" PATH_107 "6", false},
    {"unix:" PATH_107 "6:0600", false},
    {"unix:", false},
    {"unix::0600", false},
    {"unix:/run/sse.sock:", false},
    {"unix:/run/sse.sock:1000", false},
    {"unix:/run/sse.sock:8", false},
    {"unix:/run/sse.sock:0x180", false},
    {"unix:/run/sse.sock:-1", false},
    {"unix:/run/sse.sock:+600", false},
    {"unix:/run/sse.sock: 600", false},
    {"unix:/run/sse.sock:600 ", false},
    {"unix:/run/sse.sock:rw", false},
    {"unix:/run/sse.sock:40000000660", false},
    {"unix:/run/sse.sock:7777777777777777777777777", false},
    {"127.0.0.1:9000", true},
    {"localhost:1", true},
    {"localhost:65535", true},
    {"0.0.0.0:09000", true},
    {"[::1]:9000", true},
    {"[::]:9000", true},
    {"[fe80::1%lo]:9000", true},
    {NAME_64 ".example:80", true},
    {NAME_64 NAME_64 NAME_64 NAME_64 ":80", false},
    {"", false},
    {":", false},
    {":9000", false},
    {"9000", false},
    {"localhost", false},
    {"localhost:", false},
    {"localhost:0", false},
    {"localhost:65536", false},
    {"localhost:99999999999999999999", false},
    {"localhost:-1", false},
    {"localhost:+80", false},
    {"localhost: 80", false},
    {"localhost:80 ", false},
    {"localhost:80a", false},
    {"localhost:http", false},
    {"::1:9000", false},
    {"[::1]", false},
    {"[::1]9000", false},
    {"[::1:9000", false},
    {"::1]:9000", false},
    {"[]:9000", false},
    {"/run/sse.sock", false},
    {"Unix:/run/sse.sock", false},
    {"fd://3", false},
    {"tcp://127.0.0.1:9000", false},
    {"/run:9000", false},
    {"/run/sse.sock:0660", false},
};

static void
address_is_understood_or_not(void **state)
{
	const struct row *row = *state;
	struct endpoint e;
	char err[600] = "";
	int result =
	    endpoint_parse(&e, "--listen", row->address, err, sizeof(err));

	if (row->good && result != 0)
		fail_msg("%s", err);
	if (row->good)
		return;
	assert_int_equal(result, -1);
	assert_memory_equal(err, "--listen ", 9);
	if (strlen(row->address) < 200)
		assert_non_null(strstr(err, row->address));
	assert_in_range(strlen(err), 30, sizeof(err) - 1);
	assert_null(strchr(err, '\n'));
}

/* What is said tells what to write instead. */
static const struct advice {
	const char *address, *says;
} advices[] = {
    {"/tmp/x.sock", "unix:/path"},
    {"tmp/x.sock:0660", "unix:/path"},
    {"unix:", "begins with /"},
    {"unix:relative", "begins with /"},
    {"unix:@abstract", "abstract"},
    {"unix:/a:b", "unix:/a:b:0660"},
    {"unix:" PATH_107 "6", "at most 107 bytes, and this has 108"},
    {"fd://3", "LISTEN_FDS"},
    {"Unix:/x", "unix:"},
    {"::1:9000", "[::1]:9000"},
    {"9000", "127.0.0.1:9000"},
    {"localhost:http", "'http'"},
    {"localhost:65536", "'65536'"},
};

static void
advice_is_given(void **state)
{
	const struct advice *advice = *state;
	struct endpoint e;
	char err[600];

	assert_int_equal(endpoint_parse(&e, "--listen", advice->address, err,
			     sizeof(err)),
	    -1);
	if (strstr(err, advice->says) == NULL)
		fail_msg("%s", err);
}

static void
parts_are_as_written(void **state)
{
	struct endpoint e;
	char err[600], small[20];

	(void)state;
	assert_int_equal(endpoint_parse(&e, "--listen", "unix:/a:b:0640", err,
			     sizeof(err)),
	    0);
	assert_true(e.is_unix);
	assert_string_equal(e.path, "/a:b");
	assert_int_equal(e.mode, 0640);
	assert_int_equal(endpoint_parse(&e, "--listen", "unix:/a", err,
			     sizeof(err)),
	    0);
	assert_int_equal(e.mode, 0660);
	assert_int_equal(endpoint_parse(&e, "--listen", "[::1]:09000", err,
			     sizeof(err)),
	    0);
	assert_false(e.is_unix);
	assert_string_equal(e.host, "::1");
	assert_string_equal(e.port, "9000");
	/* What does not fit is cut. */
	assert_int_equal(endpoint_parse(&e, "--listen", "nowhere", small,
			     sizeof(small)),
	    -1);
	assert_int_equal(strlen(small), sizeof(small) - 1);
}

static void
a_peer_has_no_mode_and_its_own_option(void **state)
{
	struct endpoint e;
	char err[600];

	(void)state;
	assert_int_equal(endpoint_parse_peer(&e, "--redis", "unix:/a:0660", err,
			     sizeof(err)),
	    0);
	assert_string_equal(e.path, "/a:0660");
	assert_int_equal(endpoint_parse_peer(&e, "--redis", "redis://a:6379",
			     err, sizeof(err)),
	    -1);
	assert_string_equal(err,
	    "--redis redis://a:6379: this is not unix:/path, host:port or "
	    "[v6]:port, as in 127.0.0.1:6379");
	assert_int_equal(endpoint_parse_peer(&e, "--redis", "unix:a", err,
			     sizeof(err)),
	    -1);
	assert_non_null(strstr(err, "redis.sock"));
}

int
main(void)
{
	static const struct CMUnitTest others[] = {
	    cmocka_unit_test(parts_are_as_written),
	    cmocka_unit_test(a_peer_has_no_mode_and_its_own_option),
	};
	struct CMUnitTest
	    tests[LENGTH(rows) + LENGTH(advices) + LENGTH(others)];
	size_t n = 0, i;

	for (i = 0; i < LENGTH(rows); i++)
		tests[n++] = row_test(rows[i].address,
		    address_is_understood_or_not, &rows[i]);
	for (i = 0; i < LENGTH(advices); i++)
		tests[n++] =
		    row_test(advices[i].address, advice_is_given, &advices[i]);
	memcpy(tests + n, others, sizeof(others));
	return _cmocka_run_group_tests("endpoint", tests, LENGTH(tests), NULL,
	    NULL);
}
