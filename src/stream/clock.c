/* SPDX-License-Identifier: ISC */
/*
 * The clock is a wheel that turns once per interval.  A stream sits in the slot
 * nearest to one interval from when it came, so thousands of streams cost 16
 * wake-ups per interval rather than one each, and the time is read and written
 * out once per wake-up.  Only a stream's first gap is off, by half a slot at
 * most.
 *
 * The hand is a counter, never computed from the time: after a stall or a
 * suspend the turns that were missed are dropped, not made up for.
 */
#include "stream/clock.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <stdio.h>

#include "channel/sse.h"

#define MESSAGE_SIZE 192 /* more than any message of the clock */

static struct clock *
clock_of(const struct subscriber *sub)
{
	return (struct clock *)sub->feed;
}

/* 2026-11-22 14:57:55.050048449 +0000 UTC */
static void
read_time(struct clock *c)
{
	struct timespec ts;
	struct tm tm;
	char date[32], zone[64] = "";

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	(void)localtime_r(&ts.tv_sec, &tm);
	(void)strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S", &tm);
	if (strftime(zone, sizeof(zone), "%z %Z", &tm) == 0)
		zone[0] = '\0'; /* a name that is too long */
	(void)snprintf(c->time, sizeof(c->time), "%s.%09ld %s", date,
	    ts.tv_nsec, zone);
	c->time_len = strlen(c->time);
}

/* n in decimal, NUL behind it; returns its first digit, in buf. */
static char *
decimal(char buf[static 24], uint64_t n)
{
	char *p = buf + 23;

	*p = '\0';
	do {
		*--p = (char)('0' + n % 10);
		n /= 10;
	} while (n > 0);
	return p;
}

static void
clock_fill(struct subscriber *sub, struct batch *b, uint8_t kind)
{
	static const char before[] = "Message: ", between[] = " - the time is ";
	const struct clock *c = clock_of(sub);
	struct tick *t = (struct tick *)sub;
	char number[24], data[MESSAGE_SIZE], *p = data;
	struct sse_message m = {.id = decimal(number, t->count + 1)};
	size_t digits = strlen(m.id);
	char *room = t->due ? batch_text(b, MESSAGE_SIZE) : NULL;

	if (room == NULL)
		return;
	t->due = false; /* it is tried once: then it is skipped */
	memcpy(p, before, sizeof(before) - 1);
	p += sizeof(before) - 1;
	memcpy(p, m.id, digits);
	p += digits;
	memcpy(p, between, sizeof(between) - 1);
	p += sizeof(between) - 1;
	memcpy(p, c->time, c->time_len);
	m.data = data;
	m.len = (size_t)(p - data) + c->time_len;
	(void)batch_add(b, kind, room, sse_encode(room, MESSAGE_SIZE, &m));
}

static void
clock_took(struct subscriber *sub, const struct piece *p)
{
	(void)p;
	((struct tick *)sub)->count++;
}

static void
clock_leave(struct subscriber *sub)
{
	struct clock *c = clock_of(sub);
	struct tick *t = (struct tick *)sub;

	TAILQ_REMOVE(&c->slot[t->slot], t, link);
	if (--c->subscribers == 0)
		ev_timer_stop(c->loop, &c->timer);
}

void
clock_turn(struct clock *c)
{
	struct tick *t;

	c->turned = *c->now;
	c->hand = (c->hand + 1) % c->slots;
	if (TAILQ_EMPTY(&c->slot[c->hand]))
		return;
	read_time(c);
	TAILQ_FOREACH (t, &c->slot[c->hand], link) {
		if (t->skip) {
			t->skip = false;
			continue;
		}
		t->due = c->feed.wake(&t->sub); /* or it is skipped */
	}
}

static void
on_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
	(void)loop;
	(void)revents;
	clock_turn(w->data);
}

uint64_t
clock_count(const char *id)
{
	size_t len = strlen(id);

	if (len == 0 || len > CLOCK_ID_DIGITS ||
	    strspn(id, "0123456789") != len)
		return 0;
	return strtoull(id, NULL, 10);
}

void
clock_subscribe(struct clock *c, struct tick *t, uint64_t count)
{
	double slot = c->interval / c->slots;
	bool later;

	if (c->subscribers++ == 0) {
		c->turned = *c->now;
		ev_timer_set(&c->timer, slot, slot);
		ev_timer_start(c->loop, &c->timer);
	}
	/* Nearer to the slot behind the hand's?  It comes too soon at first. */
	later = *c->now - c->turned > slot / 2;
	*t = (struct tick){
	    .sub.feed = &c->feed,
	    .count = count,
	    .slot = (uint16_t)((c->hand + later) % c->slots),
	    .skip = later,
	};
	TAILQ_INSERT_TAIL(&c->slot[t->slot], t, link);
	read_time(c);
	t->due = c->feed.wake(&t->sub);
}

int
clock_init(struct clock *c, struct ev_loop *loop, const double *now,
    double interval)
{
	double slots = interval / CLOCK_SLOT_MAX;
	unsigned i;

	*c = (struct clock){
	    .feed = {.fill = clock_fill,
		.took = clock_took,
		.leave = clock_leave},
	    .loop = loop,
	    .now = now,
	    .interval = interval,
	    .slots =
		slots > CLOCK_SLOTS_MIN ? (unsigned)slots : CLOCK_SLOTS_MIN,
	};
	c->slot = calloc(c->slots, sizeof(*c->slot));
	if (c->slot == NULL)
		return -1;
	for (i = 0; i < c->slots; i++)
		TAILQ_INIT(&c->slot[i]);
	tzset();
	ev_init(&c->timer, on_timer);
	c->timer.data = c;
	return 0;
}

void
clock_free(struct clock *c)
{
	free(c->slot);
	c->slot = NULL;
}
