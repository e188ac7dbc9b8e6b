/* SPDX-License-Identifier: ISC */
/*
 * With --redis, and between the second process and Redis a network that does
 * harm (harness/proxy.c).
 */
#include "unit.h"

#include <poll.h>
#include <stdbool.h>

#include "shared.h"

/* The second process does not know yet what the first has sent. */
static void
who_is_ahead_waits(void **state)
{
	struct subscriber s, none;

	(void)state;
	read_at(&s, &world.r, "a", NULL);
	add_some("a", 1);
	until_last(&s);
	proxy_does("hold");
	add_some("a", 2);
	until_last(&s);
	subscriber_again(&s, &shared.second, NULL);
	assert_false(subscriber_read(&s, 300));
	proxy_does("pass");
	add_some("a", 1);
	check_reader(&s, 0);
	subscriber_begin(&none, &world.c, "a");
	subscriber_connect(&none, &shared.second, "9999999999999-7", NULL);
	assert_true(subscriber_joined(&none));
	add_some("a", 1);
	check_reader(&none, 1);
	subscriber_end(&s);
	subscriber_end(&none);
}

/* Each harm for a while; who publishes is told what is true, whatever it is. */
static void
a_bad_network_loses_nothing(void **state)
{
	static const char *const harms[] = {"trickle", "delay", "cut", "reset",
	    "any"};
	struct subscriber one, two;
	unsigned status[600] = {0};
	double end;
	size_t i;

	(void)state;
	read_at(&one, &world.r, "a", NULL);
	read_at(&two, &shared.second, "a", NULL);
	for (i = 0; i < 2 * LENGTH(harms); i++) {
		proxy_does(harms[i % LENGTH(harms)]);
		proxy_does("kill");
		for (end = front_now() + 0.3; front_now() < end;) {
			add_some("a", 2);
			status[publish_to(&shared.second, "a")]++;
			(void)subscriber_read(&one, 5);
			(void)subscriber_read(&two, 5);
		}
	}
	proxy_does("pass");
	proxy_does("kill");
	publish_until(&shared.second, "a");
	check_reader(&one, 0);
	check_reader(&two, 0);
	print_message("%u published, %u refused, %u unknown\n", status[200],
	    status[503], status[504]);
	assert_true(status[200] > 0);
	subscriber_end(&one);
	subscriber_end(&two);
}

/* It may be told anything then, and is there all the same. */
static void
garbage_ends_nothing_but_connections(void **state)
{
	struct post p = {.query = "channel=b", .body = "x", .len = 1};
	double end = front_now() + 1;
	struct subscriber s;
	struct front f;

	(void)state;
	read_at(&s, &world.r, "a", NULL);
	proxy_does("garbage");
	while (front_now() < end) {
		proxy_does("kill");
		(void)redis_ask(&shared.redis, "XADD sse * c b d x");
		post(&f, &shared.second, &p);
		front_close(&f);
		(void)poll(NULL, 0, 10);
	}
	proxy_does("pass");
	proxy_does("kill");
	publish_until(&shared.second, "a");
	check_told(&s);
	subscriber_end(&s);
}

#define THROUGH(f)                                                    \
	cmocka_unit_test_setup_teardown(f, shared_start_behind_proxy, \
	    shared_stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    THROUGH(who_is_ahead_waits),
	    THROUGH(a_bad_network_loses_nothing),
	    THROUGH(garbage_ends_nothing_but_connections),
	};

	return cmocka_run_group_tests_name("network", tests, NULL, NULL);
}
