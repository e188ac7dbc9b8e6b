/* SPDX-License-Identifier: ISC */
#include "stream/age.h"

#include "unit.h"

#define MANY 1000

static struct member {
	struct age age; /* first */
	double begun, ended;
	unsigned times; /* that it was told so */
} member[MANY];

static struct ages ages;
static double now;

static void
over(struct age *a)
{
	struct member *m = (struct member *)a;

	if (m->times++ == 0)
		m->ended = now;
}

static void
set_up(double max)
{
	now = 1000;
	memset(member, 0, sizeof(member));
	ages_init(&ages, ev_default_loop(0), &now, max, over);
}

static void
begin(struct member *m, double chance)
{
	m->begun = now;
	age_begin(&ages, &m->age, chance);
}

static void
pass(double seconds, double step)
{
	double end = now + seconds;

	while (now < end) {
		now += step;
		ages_turn(&ages);
	}
}

static void
leave(size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		age_end(&ages, &member[i].age);
	assert_int_equal(ages.members, 0);
	assert_false(ev_is_active(&ages.timer));
}

static const struct row {
	const char *name;
	double max;
} rows[] = {
    {"a_twentieth_of_a_second", 0.05},
    {"a_second", 1},
    {"three_seconds", 3},
    {"an_hour", 3600},
    {"a_year", 31536000},
};

/* None lasts longer, and none is over more than a quarter sooner. */
static void
time_is_over_after(void **state)
{
	double max = ((const struct row *)*state)->max, step = max / 1000, age;
	double shortest = max;
	size_t i;

	set_up(max);
	for (i = 0; i < MANY; i++) {
		begin(&member[i], (double)i / MANY);
		pass(step, step);
	}
	assert_true(ev_is_active(&ages.timer));
	pass(max, step);
	for (i = 0; i < MANY; i++) {
		assert_int_not_equal(member[i].times, 0);
		age = member[i].ended - member[i].begun;
		assert_true(age <= max + 2 * step);
		assert_true(age >= max * 0.75 - ages.tick - 2 * step);
		shortest = age < shortest ? age : shortest;
	}
	assert_true(shortest < max * 0.8 || ages.slots < 8);
	leave(MANY);
}

static void
without_a_limit_nothing_is_done(void **state)
{
	(void)state;
	set_up(0);
	begin(&member[0], 0.5);
	assert_int_equal(ages.members, 0);
	assert_false(ev_is_active(&ages.timer));
	age_end(&ages, &member[0].age);
}

/* The loop stood still: what is over is over, once for each turn of it. */
static void
stall_makes_up_for_nothing(void **state)
{
	(void)state;
	set_up(100);
	begin(&member[0], 0.99);
	now += 90;
	ages_turn(&ages);
	assert_int_equal(member[0].times, 1);
	begin(&member[1], 0);
	now += 1000;
	ages_turn(&ages);
	assert_int_equal(member[0].times, 2);
	assert_int_equal(member[1].times, 1);
	begin(&member[2], 0);
	pass(90, 1);
	assert_int_equal(member[2].times, 0);
	pass(11, 1);
	assert_int_equal(member[2].times, 1);
	leave(3);
}

static void
real_timer_turns_it(void **state)
{
	struct ev_loop *loop = ev_default_loop(0);
	unsigned i;

	(void)state;
	set_up(0.1);
	begin(&member[0], 0);
	for (i = 0; i < 100 && member[0].times == 0; i++) {
		now += ages.tick;
		(void)ev_run(loop, EVRUN_ONCE);
	}
	assert_int_equal(member[0].times, 1);
	leave(1);
}

int
main(void)
{
	static const struct CMUnitTest others[] = {
	    cmocka_unit_test(without_a_limit_nothing_is_done),
	    cmocka_unit_test(stall_makes_up_for_nothing),
	    cmocka_unit_test(real_timer_turns_it),
	};
	struct CMUnitTest tests[LENGTH(rows) + LENGTH(others)];
	size_t n = 0, i;

	for (i = 0; i < LENGTH(rows); i++)
		tests[n++] =
		    row_test(rows[i].name, time_is_over_after, &rows[i]);
	for (i = 0; i < LENGTH(others); i++)
		tests[n++] = others[i];
	return _cmocka_run_group_tests("age", tests, n, NULL, NULL);
}
