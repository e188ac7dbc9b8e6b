/* SPDX-License-Identifier: ISC */
/*
 * Permits: when they are over, and whose they are; the sanitizer sees what
 * stays.  The clock is the wall's: what is due has a time that has come.
 */
#include "stream/permit.h"

#include "unit.h"

#define MANY 1000
#define HOUR 3600.0

/* It stands for an exchange. */
struct conn {
	struct permit *permit;
	unsigned times;	    /* that it was told so */
	bool leaves;	    /* it is over then */
	struct conn *takes; /* another that is over then, too; or NULL */
};

static struct conn conn[MANY];
static struct permits permits;

static void
leaves(struct conn *c)
{
	permit_end(&permits, c->permit);
	c->permit = NULL;
}

/* It goes on until it was told once. */
static bool
over(struct conn *c)
{
	if (c->leaves)
		leaves(c);
	if (c->takes != NULL)
		leaves(c->takes);
	return c->times++ == 0;
}

static void
set_up(void)
{
	memset(conn, 0, sizeof(conn));
	permits_init(&permits, ev_default_loop(0));
	ev_now_update(permits.loop);
}

/* So many seconds from now. */
static void
begin(struct conn *c, double seconds, const char *subject, double chance)
{
	const struct grant g = {.until = ev_now(permits.loop) + seconds,
	    .subject = subject};

	c->permit = permit_begin(&permits, &g, c, over, chance);
	assert_non_null(c->permit);
}

static void
look(void)
{
	ev_run(permits.loop, EVRUN_NOWAIT);
}

static void
leave(size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		permit_end(&permits, conn[i].permit);
	assert_int_equal(permits.n, 0);
	assert_true(RB_EMPTY(&permits.tree));
	assert_int_equal(ev_pending_count(permits.loop), 0);
}

static void
its_time_comes_once_and_not_before(void **state)
{
	(void)state;
	set_up();
	begin(&conn[0], -0.001, NULL, 0);
	begin(&conn[1], 60, NULL, 0);
	begin(&conn[2], HOUR, "u", 0);
	look();
	look();
	assert_int_equal(conn[0].times, 1);
	assert_int_equal(conn[1].times, 0);
	assert_int_equal(conn[2].times, 0);
	assert_int_equal(permits.expired, 1);
	leave(3);
}

/* A second at most, so that many that end together do not come together. */
static void
chance_brings_it_forward_by_a_second_at_most(void **state)
{
	double at;

	(void)state;
	set_up();
	begin(&conn[0], 0.4, NULL, 0.5);
	begin(&conn[1], HOUR, NULL, 0.999);
	at = ev_periodic_at(&conn[1].permit->timer) - ev_now(permits.loop);
	assert_true(at > HOUR - 1 && at < HOUR - 0.99);
	look();
	assert_int_equal(conn[0].times, 1);
	assert_int_equal(conn[1].times, 0);
	leave(2);
}

static void
what_ends_sooner_is_not_told(void **state)
{
	(void)state;
	set_up();
	begin(&conn[0], -1, "u", 0);
	permit_end(&permits, conn[0].permit);
	look();
	assert_int_equal(conn[0].times, 0);
	permit_end(&permits, NULL);
	leave(0);
}

static void
who_is_told_may_leave(void **state)
{
	(void)state;
	set_up();
	conn[0].leaves = true;
	begin(&conn[0], -1, "u", 0);
	look();
	assert_int_equal(conn[0].times, 1);
	leave(0);
}

/* Times that no clock will see; the loop must not stumble over them. */
static void
far_away_is_far_away(void **state)
{
	(void)state;
	set_up();
	begin(&conn[0], 253402300799.0, NULL, 1);
	begin(&conn[1], 1e18, NULL, 0);
	begin(&conn[2], -1e18, NULL, 0);
	look();
	assert_int_equal(conn[0].times, 0);
	assert_int_equal(conn[1].times, 0);
	assert_int_equal(conn[2].times, 1);
	leave(3);
}

static bool
is_full(const char *subject, unsigned long max)
{
	return permits_full(&permits, &(struct grant){.subject = subject}, max);
}

static void
subjects_count_their_own(void **state)
{
	(void)state;
	set_up();
	begin(&conn[0], HOUR, "alice", 0);
	begin(&conn[1], HOUR, "alic", 0);
	begin(&conn[2], HOUR, "alice", 0);
	begin(&conn[3], HOUR, NULL, 0);
	begin(&conn[4], HOUR, NULL, 0);
	assert_true(is_full("alice", 2));
	assert_false(is_full("alice", 3));
	assert_true(is_full("alic", 1));
	assert_false(is_full("alic", 2));
	assert_false(is_full("alice", 0));
	assert_false(is_full("bob", 1));
	assert_false(is_full(NULL, 1));
	assert_int_equal(permits.n, 5);
	permit_end(&permits, conn[2].permit);
	conn[2].permit = NULL;
	assert_false(is_full("alice", 2));
	leave(5);
}

static void
one_subject_is_ended_and_no_other(void **state)
{
	(void)state;
	set_up();
	begin(&conn[0], HOUR, "alice", 0);
	begin(&conn[1], HOUR, "bob", 0);
	begin(&conn[2], HOUR, "alice", 0);
	begin(&conn[3], HOUR, NULL, 0);
	assert_int_equal(permits_end(&permits, "alice"), 2);
	assert_int_equal(conn[0].times, 1);
	assert_int_equal(conn[1].times, 0);
	assert_int_equal(conn[2].times, 1);
	assert_int_equal(conn[3].times, 0);
	assert_int_equal(permits_end(&permits, "alic"), 0);
	assert_int_equal(permits_end(&permits, ""), 0);
	assert_int_equal(permits.expired, 0);
	leave(4);
}

static void
who_is_ended_may_leave_at_once(void **state)
{
	size_t i;

	(void)state;
	set_up();
	for (i = 0; i < MANY; i++) {
		conn[i].leaves = i % 3 != 0;
		begin(&conn[i], HOUR, "alice", 0);
	}
	assert_int_equal(permits_end(&permits, "alice"), MANY);
	for (i = 0; i < MANY; i++)
		assert_int_equal(conn[i].times, 1);
	assert_int_equal(permits.n, (MANY + 2) / 3);
	for (i = 0; i < MANY; i++)
		conn[i].leaves = true;
	assert_int_equal(permits_end(&permits, "alice"), 0); /* once more */
	leave(0);
}

/* As what a feed's end publishes has slow streams give up. */
static void
who_is_ended_may_take_others_along(void **state)
{
	const struct grant g = {.until = 0, .subject = "alice"};
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		set_up();
		begin(&conn[0], HOUR, "alice", 0);
		begin(&conn[1], HOUR, "alice", 0);
		begin(&conn[2], HOUR, "alice", 0);
		conn[1].takes = &conn[i];
		assert_int_equal(permits_end(&permits, "alice"),
		    i == 0 ? 2 : 3);
		assert_int_equal(conn[0].times, i == 0 ? 0 : 1);
		assert_int_equal(permits.n, 2);
		assert_true(permits_full(&permits, &g, 2));
		assert_false(permits_full(&permits, &g, 3));
		conn[1].takes = NULL;
		assert_int_equal(permits_end(&permits, "alice"), 0);
		leave(3);
	}
}

/* A slow one may be ended by the admin, and be there still at its time. */
static void
who_was_ended_is_not_counted_again(void **state)
{
	(void)state;
	set_up();
	begin(&conn[0], -1, "alice", 0);
	assert_int_equal(permits_end(&permits, "alice"), 1);
	look();
	assert_int_equal(conn[0].times, 2);
	assert_int_equal(permits.expired, 0);
	leave(1);
}

static void
what_was_granted_until_now_is_late(void **state)
{
	(void)state;
	set_up();
	assert_true(permits_late(&permits,
	    &(struct grant){.until = ev_now(permits.loop)}));
	assert_false(permits_late(&permits,
	    &(struct grant){.until = ev_now(permits.loop) + 0.01}));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(its_time_comes_once_and_not_before),
	    cmocka_unit_test(chance_brings_it_forward_by_a_second_at_most),
	    cmocka_unit_test(what_ends_sooner_is_not_told),
	    cmocka_unit_test(who_is_told_may_leave),
	    cmocka_unit_test(far_away_is_far_away),
	    cmocka_unit_test(subjects_count_their_own),
	    cmocka_unit_test(one_subject_is_ended_and_no_other),
	    cmocka_unit_test(who_is_ended_may_leave_at_once),
	    cmocka_unit_test(who_is_ended_may_take_others_along),
	    cmocka_unit_test(who_was_ended_is_not_counted_again),
	    cmocka_unit_test(what_was_granted_until_now_is_late),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
