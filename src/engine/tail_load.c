/* SPDX-License-Identifier: ISC */
/*
 * The start: the newest entries of the stream, page by page backwards, as many
 * as the hub has room for; tail_restore.c brings them there.  Between two pages
 * the stream may change as it likes: what is behind the newest entry of the
 * first page comes later, and whether that was still there then is asked then.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "channel/held.h"
#include "engine/entry.h"
#include "engine/tail_inner.h"

static void
ask_page(struct tail *t)
{
	char end[EVENTID_SIZE + 1] = "+";
	const char *const words[] = {"XREVRANGE", t->set.key, end, "-", "COUNT",
	    "512", NULL};

	_Static_assert(TAIL_COUNT == 512, "as it is said");
	if (!tail_is_zero(t->inner->oldest)) {
		end[0] = '(';
		(void)eventid_format(end + 1, t->inner->oldest);
	}
	tail_say(t, TAIL_PAGE, TAIL_PATIENCE, words);
}

/* Seconds and microseconds; or our own time, for want of a better one. */
static void
read_time(struct tail *t, const struct resp_value *reply)
{
	struct tail_inner *in = t->inner;
	const struct resp_value *s = NULL, *us = NULL;

	in->waits = TAIL_PAGE;
	in->now = *t->hub->set.now;
	in->ms = t->set.wall_ms();
	if (reply->type == RESP_ARRAY && (s = reply->first) != NULL &&
	    (us = s->next) != NULL && s->type == RESP_STRING &&
	    us->type == RESP_STRING && s->len > 0 && s->len < 16 &&
	    strspn(s->text, "0123456789") == s->len)
		in->ms = strtoull(s->text, NULL, 10) * 1000 +
			 strtoull(us->text, NULL, 10) % 1000000 / 1000;
}

/* Bytes that the hub will hold for it. */
static size_t
cost(const struct entry *e, enum entry_kind kind)
{
	return kind == ENTRY_EVENT ?
		   e->channels_n * held_cost(e->id, &e->message) :
		   0;
}

/* Has a budget no room for it? */
static bool
is_full(const struct tail *t, const struct entry *e, enum entry_kind kind)
{
	const struct tail_inner *in = t->inner;
	size_t bytes = cost(e, kind), max = t->hub->set.bytes_max;

	if (in->n >= t->set.entries ||
	    (t->set.age > 0 && tail_age(t, e->id) >= t->set.age))
		return true;
	return bytes > 0 && (bytes > max || in->bytes > max - bytes);
}

static int
keep_if_needed(struct tail *t, const struct entry *e, enum entry_kind kind,
    bool lost)
{
	t->inner->bytes += cost(e, kind);
	if (kind == ENTRY_EVENT || kind == ENTRY_END || lost)
		return tail_keep(t, e, kind);
	return 0;
}

/* It was looked at, so the next page begins behind it.  -1: no memory. */
static int
passes(struct tail *t, struct eventid id)
{
	struct tail_inner *in = t->inner;

	if (tail_is_zero(in->newest))
		in->newest = id;
	in->oldest = id;
	in->n++;
	if (id.n > in->greatest)
		in->greatest = id.n;
	return ids_add(&in->known, id);
}

/* False: the connection ends. */
static bool
take(struct tail *t, const struct resp_value *v)
{
	struct tail_inner *in = t->inner;
	struct entry e;
	const char *why;
	enum entry_kind kind;

	if (in->enough)
		return true;
	kind = entry_read(&e, v, t->set.max_event, &why);
	if (kind == ENTRY_BAD || (!tail_is_zero(in->oldest) &&
				     eventid_compare(e.id, in->oldest) >= 0)) {
		link_again(&t->link, "Redis sends what is no next entry of a "
				     "stream");
		return false;
	}
	/* What is newest is where we begin, room or not. */
	in->enough = is_full(t, &e, kind);
	if (in->enough && tail_is_zero(in->newest))
		in->newest = e.id;
	if (in->enough)
		return true;
	if (tail_is_zero(in->newest))
		in->print = entry_print(v);
	if (kind == ENTRY_SKIPPED)
		tail_skip(t, e.id, why);
	if (kind == ENTRY_CLOSE) /* there are streams if Redis came late */
		tail_closes(t, &e);
	in->whole = kind == ENTRY_NOTE && tail_note_says(v, TAIL_BEGIN);
	if (passes(t, e.id) == -1 ||
	    keep_if_needed(t, &e, kind,
		kind == ENTRY_NOTE && tail_note_says(v, TAIL_LOST)) == -1) {
		link_again(&t->link, "there is no memory for what Redis has");
		return false;
	}
	return true;
}

void
tail_load_part(struct tail *t, struct resp *resp, struct resp_value *reply)
{
	struct resp_value *v;
	bool goes_on = true;

	while (goes_on && (v = resp_shift(resp, reply)) != NULL) {
		goes_on = take(t, v);
		resp_value_free(v);
	}
}

/*
 * What an id has that is made now: Redis' clock, or the newest id, where that
 * clock was set back.
 */
static uint64_t
ms_of_now(const struct tail *t, struct eventid newest)
{
	const struct tail_inner *in = t->inner;
	double since = (*t->hub->set.now - in->now) * 1000;

	return (in->ms > newest.ms ? in->ms : newest.ms) + (uint64_t)since;
}

/* All is there: the hub begins, and gets it. */
static void
begin(struct tail *t, struct eventid at)
{
	struct tail_inner *in = t->inner;

	t->at = in->begun = at;
	in->phase = TAIL_RESTORING;
	if (at.n > in->greatest)
		in->greatest = at.n;
	hub_begin(t->hub,
	    tail_is_zero(in->oldest) ? at : eventid_before(in->oldest));
	hub_set_clock(t->hub, ms_of_now(t, at), in->whole);
	ev_timer_set(&in->timer, 0, 0);
	ev_timer_start(t->loop, &in->timer);
}

void
tail_load(struct tail *t)
{
	static const char *const time[] = {"TIME", NULL};
	struct tail_inner *in = t->inner;

	if (in->resumes) {
		in->resumes = false;
		if (in->enough)
			begin(t, in->newest);
		else
			ask_page(t);
		return;
	}
	tail_unload(t);
	ids_free(&in->known);
	in->n = in->bytes = 0;
	in->newest = in->oldest = (struct eventid){0, 0};
	in->enough = in->leave_out = in->whole = false;
	in->print = 0;
	tail_say(t, TAIL_TIME, TAIL_PATIENCE, time);
	ask_page(t);
	in->waits = TAIL_TIME;
}

static void
end_page(struct tail *t, struct resp_value *reply)
{
	const struct tail_inner *in = t->inner;

	tail_load_part(t, NULL, reply);
	if (reply->first != NULL) /* it ends */
		return;
	if (!in->enough && reply->came >= TAIL_COUNT)
		ask_page(t);
	else if (tail_is_zero(in->newest))
		tail_ask_last(t);
	else
		begin(t, in->newest);
}

/*
 * There never was an entry: a note is the first, so that whoever comes now has
 * a position that says when that was.
 */
static void
begin_stream(struct tail *t)
{
	tail_send_note(t, "*", TAIL_BEGIN);
}

void
tail_load_reply(struct tail *t, enum tail_tag tag, struct resp_value *reply)
{
	struct eventid last = {0, 0};

	if (tag == TAIL_TIME)
		read_time(t, reply);
	else if (tag == TAIL_PAGE && reply->type == RESP_ARRAY)
		end_page(t, reply);
	else if (tag == TAIL_LAST && tail_read_last(&last, reply)) {
		if (tail_is_zero(last))
			begin_stream(t);
		else
			begin(t, last);
	} else if (tag == TAIL_NOTE && reply->type == RESP_STRING)
		tail_load(t); /* others may have been there sooner */
	else if (tag == TAIL_NOTE && reply->type == RESP_ERROR)
		begin(t, last); /* without it */
	else
		tail_refused(t, reply);
}

/*
 * The entry that came last is too large to be read; the next connection passes
 * over it.
 */
void
tail_load_large(struct tail *t, const struct resp_value *part)
{
	struct tail_inner *in = t->inner;
	const struct resp_value *v;
	struct eventid id;

	if (in->waits != TAIL_PAGE || part->type != RESP_ARRAY)
		return;
	for (v = part->first; v != NULL && resp_whole(v); v = v->next)
		if (!take(t, v))
			return;
	if (in->enough) { /* and it is behind that */
		in->resumes = true;
		return;
	}
	if (v == NULL || !entry_id(&id, v) ||
	    (!tail_is_zero(in->oldest) && eventid_compare(id, in->oldest) >= 0))
		return;
	if (tail_is_zero(in->newest))
		in->leave_out = true;
	in->resumes = passes(t, id) == 0;
	tail_skip(t, id, "it is too large to be read");
}
