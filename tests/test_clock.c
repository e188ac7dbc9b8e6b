/* SPDX-License-Identifier: ISC */
/*
 * The wheel: the test owns the time and turns the hand itself.  A listener
 * stands for a stream; it keeps the times and numbers of what it got.
 */
#include "unit.h"

#include <limits.h>
#include <math.h>
#include <regex.h>
#include <stdbool.h>
#include <time.h>
#include <unistd.h>

#include "stream/clock.h"

#define KIND 5

struct listener {
	struct tick tick;
	bool blocked; /* it can take nothing */
	bool full;    /* its socket turns out to be full only in the write */
	unsigned wakes, got;
	double at[64];
	unsigned long long number[64];
	char text[256]; /* the last message */
};

struct wheel {
	struct clock clock;
	struct ev_loop *loop;
	double now, slot;
	struct batch batch;
};

static bool
wake(struct subscriber *sub)
{
	struct listener *l = (struct listener *)sub;

	l->wakes++;
	return !l->blocked;
}

static struct wheel *
wheel_new(double interval)
{
	struct wheel *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	w->now = 1000;
	w->loop = ev_loop_new(EVFLAG_AUTO);
	assert_non_null(w->loop);
	assert_int_equal(clock_init(&w->clock, w->loop, &w->now, interval), 0);
	w->clock.feed.wake = wake;
	w->slot = interval / w->clock.slots;
	return w;
}

static void
wheel_free(struct wheel *w)
{
	clock_free(&w->clock);
	ev_loop_destroy(w->loop);
	free(w);
}

/* What a flush does: asks for what is due, and says what was written. */
static void
flush(struct wheel *w, struct listener *l)
{
	struct piece *p = w->batch.piece;
	const char *id;

	batch_begin(&w->batch);
	l->tick.sub.feed->fill(&l->tick.sub, &w->batch, KIND);
	if (w->batch.n == 0 || l->full)
		return;
	assert_int_equal(w->batch.n, 1);
	assert_int_equal(p->kind, KIND);
	assert_in_range(p->len, 1, sizeof(l->text) - 1);
	memcpy(l->text, p->data, p->len);
	l->text[p->len] = '\0';
	assert_non_null(id = strstr(l->text, "\nid: "));
	assert_int_equal(sscanf(id, "\nid: %llu\n\n", &l->number[l->got % 64]),
	    1);
	l->at[l->got++ % 64] = w->now;
	l->tick.sub.feed->took(&l->tick.sub, p);
}

static void
join(struct wheel *w, struct listener *l, const char *last_event_id)
{
	clock_subscribe(&w->clock, &l->tick,
	    last_event_id == NULL ? 0 : clock_count(last_event_id));
	flush(w, l);
}

static void
turn(struct wheel *w)
{
	w->now = w->clock.turned + w->slot;
	clock_turn(&w->clock);
}

static void
leave(struct listener *l)
{
	l->tick.sub.feed->leave(&l->tick.sub);
}

static void
first_message_is_due_at_once(void **state)
{
	struct wheel *w = wheel_new(2);
	struct listener l = {0};

	(void)state;
	clock_subscribe(&w->clock, &l.tick, 0);
	assert_int_equal(l.wakes, 1);
	flush(w, &l);
	assert_int_equal(l.got, 1);
	assert_int_equal(l.number[0], 1);
	flush(w, &l); /* and once only */
	assert_int_equal(l.got, 1);
	leave(&l);
	wheel_free(w);
}

/* The hand has just moved; one comes this part of a slot later. */
static void
check_arrival(double interval, unsigned turns, double part)
{
	struct wheel *w = wheel_new(interval);
	struct listener first = {0}, l = {0};
	unsigned i, slots = w->clock.slots;

	join(w, &first, NULL);
	for (i = 0; i < turns; i++)
		turn(w);
	w->now += part * w->slot;
	join(w, &l, NULL);
	for (i = 0; i < 4 * slots; i++) {
		turn(w);
		flush(w, &l);
		flush(w, &first);
	}
	assert_in_range(l.got, 4, 5);
	assert_true(fabs(l.at[1] - l.at[0] - interval) <= w->slot / 2 + 1e-6);
	for (i = 2; i < l.got; i++) {
		assert_true(fabs(l.at[i] - l.at[i - 1] - interval) < 1e-6);
		assert_int_equal(l.number[i], i + 1);
	}
	leave(&l);
	leave(&first);
	wheel_free(w);
}

static void
only_the_first_gap_is_off_and_by_half_a_slot_at_most(void **state)
{
	static const double intervals[] = {0.01, 1, 2, 3, 15};
	unsigned i, turns;
	int part;

	(void)state;
	for (i = 0; i < LENGTH(intervals); i++)
		for (turns = 0; turns < 40; turns += 1 + turns % 7)
			for (part = 0; part < 100; part += 7)
				check_arrival(intervals[i], turns, part / 100.);
}

/* Turns once round; the listener is asked for what is due at each turn. */
static void
go_round(struct wheel *w, struct listener *l)
{
	unsigned i;

	for (i = 0; i < w->clock.slots; i++) {
		turn(w);
		flush(w, l);
	}
}

/* The hand is late, and one comes just before it moves. */
static void
arrival_after_a_stall_waits_an_interval_too(void **state)
{
	struct wheel *w = wheel_new(2);
	struct listener first = {0}, l = {0};

	(void)state;
	join(w, &first, NULL);
	w->now += 3 * w->slot;
	join(w, &l, NULL);
	clock_turn(&w->clock);
	flush(w, &l);
	assert_int_equal(l.got, 1);
	go_round(w, &l);
	go_round(w, &l);
	assert_int_equal(l.got, 3);
	assert_true(fabs(l.at[1] - l.at[0] - 2) < 1e-6);
	assert_true(fabs(l.at[2] - l.at[1] - 2) < 1e-6);
	leave(&l);
	leave(&first);
	wheel_free(w);
}

static void
missed_turns_are_dropped(void **state)
{
	struct wheel *w = wheel_new(2);
	struct listener l = {0};
	unsigned i;

	(void)state;
	join(w, &l, NULL);
	for (i = 0; i < 15; i++)
		turn(w);
	w->now += 3600;
	clock_turn(&w->clock); /* one, however long it was */
	flush(w, &l);
	assert_int_equal(l.got, 2);
	for (i = 0; i < 15; i++) {
		turn(w);
		flush(w, &l);
	}
	assert_int_equal(l.got, 2);
	turn(w);
	flush(w, &l);
	assert_int_equal(l.got, 3);
	leave(&l);
	wheel_free(w);
}

static void
one_that_can_take_nothing_skips_and_its_count_stays(void **state)
{
	struct wheel *w = wheel_new(2);
	struct listener l = {0};

	(void)state;
	join(w, &l, NULL);
	go_round(w, &l);
	assert_int_equal(l.number[1], 2);
	l.blocked = true;
	go_round(w, &l);
	go_round(w, &l);
	l.blocked = false;
	flush(w, &l); /* what it missed does not come later */
	assert_int_equal(l.got, 2);
	assert_int_equal(l.tick.count, 2);
	go_round(w, &l);
	assert_int_equal(l.got, 3);
	assert_int_equal(l.number[2], 3);
	leave(&l);
	wheel_free(w);
}

static void
message_that_the_write_did_not_begin_is_skipped_too(void **state)
{
	struct wheel *w = wheel_new(2);
	struct listener l = {0};

	(void)state;
	l.full = true;
	join(w, &l, "9");
	l.full = false;
	flush(w, &l);
	assert_int_equal(l.got, 0);
	go_round(w, &l);
	assert_int_equal(l.got, 1);
	assert_int_equal(l.number[0], 10);
	leave(&l);
	wheel_free(w);
}

static void
full_batch_leaves_the_message_due(void **state)
{
	struct wheel *w = wheel_new(2);
	struct listener l = {0};

	(void)state;
	clock_subscribe(&w->clock, &l.tick, 0);
	w->batch.n = BATCH_PIECES;
	l.tick.sub.feed->fill(&l.tick.sub, &w->batch, KIND);
	assert_int_equal(w->batch.n, BATCH_PIECES);
	flush(w, &l);
	assert_int_equal(l.got, 1);
	leave(&l);
	wheel_free(w);
}

static const struct count_row {
	const char *last_event_id;
	uint64_t first;
} counts[] = {
    {NULL, 1}, {"", 1}, {"0", 1}, {"1", 2}, {"41", 42}, {"007", 8},
    {"999999999999999999", 1000000000000000000}, {"000000000000000041", 42},
    {"1000000000000000000", 1}, {"0000000000000000041", 1},
    {"99999999999999999999999999999999", 1}, {"-1", 1}, {"+1", 1}, {" 1", 1},
    {"1 ", 1}, {"1a", 1}, {"a1", 1}, {"0x10", 1}, {"1.0", 1}, {"1e3", 1},
    {"1-2", 1}, {"1795359156000-3", 1}, {"1\n", 1},
    {"\xd9\xa3", 1}, /* an Arabic-Indic digit */
};

static void
count_goes_on_after_last_event_id(void **state)
{
	const struct count_row *row = *state;
	struct wheel *w = wheel_new(2);
	struct listener l = {0};
	char expected[64];

	join(w, &l, row->last_event_id);
	(void)snprintf(expected, sizeof(expected), "data: Message: %llu - ",
	    (unsigned long long)row->first);
	assert_memory_equal(l.text, expected, strlen(expected));
	assert_int_equal(l.number[0], row->first);
	go_round(w, &l);
	assert_int_equal(l.number[1], row->first + 1);
	leave(&l);
	wheel_free(w);
}

/*
 * The text, and that the time in it is now, in this zone.  Of a zone's name the
 * system keeps what it likes, but never less than six characters.
 */
static void
check_message(const char *zone, const char *offset, const char *name)
{
	static const char pattern[] =
	    "^data: Message: 1 - the time is "
	    "[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}"
	    "\\.[0-9]{9} [+-][0-9]{4} [A-Za-z0-9+-]+\nid: 1\n\n$";
	struct wheel *w;
	struct listener l = {0};
	struct tm tm = {.tm_isdst = -1};
	const char *text;
	char end[64];
	time_t now, told;
	regex_t re;

	(void)setenv("TZ", zone, 1);
	w = wheel_new(2);
	assert_memory_equal(tzname[0], name, strnlen(name, _POSIX_TZNAME_MAX));
	(void)snprintf(end, sizeof(end), " %s %s\nid: 1\n\n", offset,
	    tzname[0]);
	now = time(NULL);
	join(w, &l, NULL);
	assert_int_equal(regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB), 0);
	if (regexec(&re, l.text, 0, NULL, 0) != 0)
		fail_msg("%s", l.text);
	regfree(&re);
	assert_string_equal(l.text + strlen(l.text) - strlen(end), end);
	text = strstr(l.text, "time is ") + 8;
	assert_int_equal(sscanf(text, "%d-%d-%d %d:%d:%d", &tm.tm_year,
			     &tm.tm_mon, &tm.tm_mday, &tm.tm_hour, &tm.tm_min,
			     &tm.tm_sec),
	    6);
	tm.tm_year -= 1900;
	tm.tm_mon--;
	told = mktime(&tm);
	assert_in_range(told - now + 1, 0, 3);
	leave(&l);
	wheel_free(w);
}

static void
message_has_the_time_with_offset_and_zone(void **state)
{
	(void)state;
	check_message("UTC0", "+0000", "UTC");
	check_message("IST-5:30", "+0530", "IST");
	check_message("<-03>3", "-0300", "-03");
	check_message("<Abcdefghi+14>-14", "+1400", "Abcdefghi+14");
	check_message("UTC0", "+0000", "UTC");
}

static void
streams_of_one_slot_get_the_same_time(void **state)
{
	struct wheel *w = wheel_new(2);
	struct listener a = {0}, b = {0};
	unsigned i;

	(void)state;
	join(w, &a, NULL);
	join(w, &b, "7");
	for (i = 0; i < w->clock.slots; i++)
		turn(w);
	flush(w, &a);
	flush(w, &b);
	assert_int_equal(a.number[1], 2);
	assert_int_equal(b.number[1], 9);
	*strchr(a.text, '\n') = *strchr(b.text, '\n') = '\0';
	assert_string_equal(strstr(a.text, " - the time"),
	    strstr(b.text, " - the time"));
	leave(&a);
	leave(&b);
	wheel_free(w);
}

static void
slots_are_16_or_an_eighth_of_a_second_each(void **state)
{
	static const struct {
		double interval;
		unsigned slots;
	} all[] = {{0.01, 16}, {0.5, 16}, {1, 16}, {2, 16}, {2.01, 16},
	    {2.125, 17}, {2.25, 18}, {3, 24}, {15, 120}, {3600, 28800}};
	struct wheel *w;
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(all); i++) {
		w = wheel_new(all[i].interval);
		assert_int_equal(w->clock.slots, all[i].slots);
		wheel_free(w);
	}
}

static void
timer_runs_only_while_there_are_subscribers(void **state)
{
	struct wheel *w = wheel_new(2);
	struct listener a = {0}, b = {0};
	int round;

	(void)state;
	assert_false(ev_is_active(&w->clock.timer));
	for (round = 0; round < 3; round++) {
		join(w, &a, NULL);
		assert_true(ev_is_active(&w->clock.timer));
		join(w, &b, NULL);
		leave(&a);
		assert_true(ev_is_active(&w->clock.timer));
		leave(&b);
		assert_false(ev_is_active(&w->clock.timer));
		assert_int_equal(w->clock.subscribers, 0);
		w->now += 100;
	}
	wheel_free(w);
}

/* 60 that come and go by chance: nobody's rhythm suffers. */
static void
others_keep_their_rhythm_while_some_leave(void **state)
{
	static struct listener l[60];
	struct wheel *w = wheel_new(2);
	bool here[LENGTH(l)] = {false};
	uint32_t seed = 5, round, i;
	double gap;

	(void)state;
	for (round = 0; round < 4000; round++) {
		i = chance(&seed) % LENGTH(l);
		if (here[i] && chance(&seed) % 20 == 0) {
			leave(&l[i]);
			here[i] = false;
		} else if (!here[i]) {
			w->now = w->clock.turned +
				 w->slot * (chance(&seed) % 100) / 100;
			l[i].got = 0;
			join(w, &l[i], NULL);
			here[i] = true;
		}
		turn(w);
		for (i = 0; i < LENGTH(l); i++) {
			if (!here[i])
				continue;
			flush(w, &l[i]);
			gap = w->now - l[i].at[(l[i].got - 1) % 64];
			assert_true(gap < 2 + w->slot / 2 + 1e-6);
		}
	}
	for (i = 0; i < LENGTH(l); i++)
		if (here[i])
			leave(&l[i]);
	assert_int_equal(w->clock.subscribers, 0);
	wheel_free(w);
}

/* The timer itself: it moves the hand, a slot at a time. */
static void
timer_turns_the_hand(void **state)
{
	struct wheel *w = wheel_new(0.032);
	struct listener l = {0};
	int i;

	(void)state;
	join(w, &l, NULL);
	(void)alarm(20);
	for (i = 0; i < 100 && w->clock.hand < 5; i++)
		(void)ev_run(w->loop, EVRUN_ONCE);
	(void)alarm(0);
	assert_int_equal(w->clock.hand, 5);
	leave(&l);
	wheel_free(w);
}

int
main(void)
{
	static const struct CMUnitTest others[] = {
	    cmocka_unit_test(first_message_is_due_at_once),
	    cmocka_unit_test(
		only_the_first_gap_is_off_and_by_half_a_slot_at_most),
	    cmocka_unit_test(arrival_after_a_stall_waits_an_interval_too),
	    cmocka_unit_test(missed_turns_are_dropped),
	    cmocka_unit_test(
		one_that_can_take_nothing_skips_and_its_count_stays),
	    cmocka_unit_test(
		message_that_the_write_did_not_begin_is_skipped_too),
	    cmocka_unit_test(full_batch_leaves_the_message_due),
	    cmocka_unit_test(message_has_the_time_with_offset_and_zone),
	    cmocka_unit_test(streams_of_one_slot_get_the_same_time),
	    cmocka_unit_test(slots_are_16_or_an_eighth_of_a_second_each),
	    cmocka_unit_test(timer_runs_only_while_there_are_subscribers),
	    cmocka_unit_test(others_keep_their_rhythm_while_some_leave),
	    cmocka_unit_test(timer_turns_the_hand),
	};
	static struct CMUnitTest tests[LENGTH(counts) + LENGTH(others)];
	size_t n = 0, i;

	for (i = 0; i < LENGTH(others); i++)
		tests[n++] = others[i];
	for (i = 0; i < LENGTH(counts); i++)
		tests[n++] = row_test("count_goes_on_after_last_event_id",
		    count_goes_on_after_last_event_id, &counts[i]);
	return _cmocka_run_group_tests("clock", tests, n, NULL, NULL);
}
