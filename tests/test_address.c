/* SPDX-License-Identifier: ISC */
/*
 * Addresses and how many streams each has; the sanitizer sees what stays.
 */
#include "unit.h"

#include "stream/address.h"

static void
same_text_is_the_same_address(void **state)
{
	struct addresses all = {0};
	struct address *a, *b;

	(void)state;
	a = address_enter(&all, "192.0.2.1");
	b = address_enter(&all, "192.0.2.1");
	assert_non_null(a);
	assert_ptr_equal(a, b);
	assert_int_equal(a->streams, 2);
	assert_string_equal(a->text, "192.0.2.1");
	address_leave(&all, a);
	assert_int_equal(a->streams, 1);
	address_leave(&all, a);
	assert_true(RB_EMPTY(&all.tree));
}

static void
other_text_is_another_address(void **state)
{
	static const char *const texts[] = {"192.0.2.1", "192.0.2.10",
	    "192.0.2.", "2001:db8::/64", ""};
	struct addresses all = {0};
	struct address *a[LENGTH(texts)];
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(texts); i++)
		a[i] = address_enter(&all, texts[i]);
	for (i = 0; i < LENGTH(texts); i++) {
		assert_int_equal(a[i]->streams, 1);
		assert_string_equal(a[i]->text, texts[i]);
		address_leave(&all, a[i]);
	}
	assert_true(RB_EMPTY(&all.tree));
}

/* As what each counts; the same in whatever way it is written. */
static const struct user {
	const char *remote_addr, *user;
} users[] = {
    {"192.0.2.1", "192.0.2.1"},
    {"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"},
    {"2001:DB8:1:2::", "2001:db8:1:2::/64"},
    {"2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"},
    {"2001:db8:1:3::", "2001:db8:1:3::/64"},
    {"2001:db8:1:0:3::", "2001:db8:1::/64"},
    {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff::/64"},
    {"::1", "::/64"},
    /* IPv4 in IPv6. */
    {"::ffff:192.0.2.1", "192.0.2.1"},
    {"::FFFF:c000:0201", "192.0.2.1"},
    {"64:ff9b::192.0.2.1", "192.0.2.1"},
    {"::fffe:192.0.2.1", "::/64"},
    {"64:ff9b::1:192.0.2.1", "64:ff9b::/64"},
    /* All of a link have these 64 bits. */
    {"fe80::1:2", "fe80::1:2"},
    {"fe80::1%eth0", "fe80::1%eth0"},
    {"febf::1", "febf::1"},
    {"fec0::1", "fec0::/64"},
    /* No addresses. */
    {"[2001:db8::1]", "[2001:db8::1]"},
    {"2001:db8::1%eth0", "2001:db8::1%eth0"},
    {"2001:db8::1/64", "2001:db8::1/64"},
    {"2001:db8::1 ", "2001:db8::1 "},
    {"unix:", "unix:"},
    {":", ":"},
};

static void
ipv6_counts_by_its_first_64_bits(void **state)
{
	struct addresses all = {0};
	struct address *a;
	const struct user *row;

	(void)state;
	for (row = users; row < users + LENGTH(users); row++) {
		a = address_enter(&all, row->remote_addr);
		assert_non_null(a);
		assert_string_equal(a->text, row->user);
		assert_ptr_equal(address_enter(&all, row->remote_addr), a);
		address_leave(&all, a);
		address_leave(&all, a);
	}
	a = address_enter(&all, "2001:db8::1");
	assert_ptr_equal(address_enter(&all, "2001:db8:0:0:9::"), a);
	address_leave(&all, a);
	address_leave(&all, a);
	assert_true(RB_EMPTY(&all.tree));
}

static void
no_text_is_unknown(void **state)
{
	struct addresses all = {0};
	struct address *a = address_enter(&all, NULL);

	(void)state;
	assert_non_null(a);
	assert_string_equal(a->text, "-");
	assert_ptr_equal(address_enter(&all, NULL), a);
	address_leave(&all, a);
	address_leave(&all, a);
	assert_true(RB_EMPTY(&all.tree));
}

static void
long_text_is_cut(void **state)
{
	struct addresses all = {0};
	char text[1001];
	struct address *a;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	a = address_enter(&all, text);
	assert_non_null(a);
	assert_in_range(strlen(a->text), 45, 100);
	address_leave(&all, a);
	assert_true(RB_EMPTY(&all.tree));
}

static void
no_address_leaves_nothing(void **state)
{
	struct addresses all = {0};

	(void)state;
	address_leave(&all, NULL);
	assert_true(RB_EMPTY(&all.tree));
}

/* Streams of 200 addresses that come and go, against plain counters. */
static void
counts_are_right_at_any_time(void **state)
{
	static struct address *of[5000];
	struct addresses all = {0};
	unsigned long streams[200] = {0};
	uint32_t seed = 99, round;
	unsigned n, i;
	char text[16];

	(void)state;
	for (round = 0; round < 20000; round++) {
		i = chance(&seed) % LENGTH(of);
		if (of[i] != NULL) {
			n = (unsigned)strtoul(of[i]->text, NULL, 10);
			streams[n]--;
			address_leave(&all, of[i]);
			of[i] = NULL;
			continue;
		}
		n = chance(&seed) % LENGTH(streams);
		(void)snprintf(text, sizeof(text), "%u", n);
		of[i] = address_enter(&all, text);
		assert_non_null(of[i]);
		assert_string_equal(of[i]->text, text);
		assert_int_equal(of[i]->streams, ++streams[n]);
	}
	for (i = 0; i < LENGTH(of); i++)
		address_leave(&all, of[i]);
	assert_true(RB_EMPTY(&all.tree));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(same_text_is_the_same_address),
	    cmocka_unit_test(other_text_is_another_address),
	    cmocka_unit_test(ipv6_counts_by_its_first_64_bits),
	    cmocka_unit_test(no_text_is_unknown),
	    cmocka_unit_test(long_text_is_cut),
	    cmocka_unit_test(no_address_leaves_nothing),
	    cmocka_unit_test(counts_are_right_at_any_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
