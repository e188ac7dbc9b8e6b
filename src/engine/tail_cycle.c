/* SPDX-License-Identifier: ISC */
/*
 * One round after the other: is the entry that we read last still there, and
 * what is behind it?  And where it is not, what that means; tail.h says it.
 *
 *     probe and read --> entries ------------------------------> the next round
 *                    \-> none, and ours is there --------------> the next round
 *                     \> none, and ours is not --> last id
 *     last id --> above ours ----------------------------------> the next round
 *             \-> ours, or below it --> note ------------------> the next round
 *
 * An id above ours is not at once a loss: its entry may have come between the
 * two questions.  Where the next round does not bring it, it is.  Likewise
 * ours, where an older entry is still there, may be that of somebody's note by
 * now, which the next round finds.
 */
#include <assert.h>
#include <string.h>

#include "engine/entry.h"
#include "engine/tail_inner.h"

#define ROOM_PERIOD 0.01 /* seconds until there may be room in the hub */

static bool
is_below(struct eventid a, struct eventid b)
{
	return eventid_compare(a, b) < 0;
}

/* A round: the probe, if it makes sense, and what is behind, in one write. */
void
tail_round(struct tail *t)
{
	struct tail_inner *in = t->inner;
	char at[EVENTID_SIZE];
	const char *const read[] = {"XREAD", "COUNT", "512", "BLOCK", "1000",
	    "STREAMS", t->set.key, at, NULL};
	enum tail_tag first;

	_Static_assert(TAIL_COUNT == 512 && (int)TAIL_BLOCK == 1,
	    "as it is said");
	if (tail_tells_all(t))
		return;
	(void)eventid_format(at, t->at);
	in->asked = *t->hub->set.now;
	in->cycle++;
	first = tail_probe(t);
	tail_say(t, TAIL_READ, TAIL_BLOCK + TAIL_PATIENCE, read);
	in->waits = first;
}

void
tail_ask_last(struct tail *t)
{
	const char *const words[] = {"XINFO", "STREAM", t->set.key, NULL};

	tail_say(t, TAIL_LAST, TAIL_PATIENCE, words);
}

/* Before the first entry there is nothing to hold on to: a note will do. */
void
tail_follow(struct tail *t)
{
	t->inner->telling = false;
	if (tail_is_zero(t->at))
		tail_ask_last(t);
	else
		tail_round(t);
}

/* The stream's last id; of a stream that is not there it is 0-0. */
bool
tail_read_last(struct eventid *last, const struct resp_value *reply)
{
	const struct resp_value *name, *value;

	*last = (struct eventid){0, 0};
	if (reply->type == RESP_ERROR)
		return strstr(reply->text, "no such key") != NULL;
	if (reply->type != RESP_ARRAY)
		return false;
	for (name = reply->first; name != NULL; name = value->next) {
		value = name->next;
		if (value == NULL)
			break;
		if (resp_is(name, RESP_STRING, "last-generated-id"))
			return value->type == RESP_STRING &&
			       eventid_parse(last, value->text);
	}
	return false;
}

/* Ours is gone, and nothing is behind it. */
static void
judge_last(struct tail *t, struct eventid last)
{
	struct tail_inner *in = t->inner;
	int order = eventid_compare(last, t->at);

	in->last = last;
	if (order > 0)
		in->seen = last;
	else if (order == 0 && in->below && !in->equal)
		in->equal = true;
	else {
		tail_add_note(t,
		    order < 0 || in->anew || in->print == TAIL_NO_ENTRY);
		return;
	}
	tail_round(t);
}

/* XREAD has waited, and nothing came. */
static void
nothing_came(struct tail *t)
{
	struct tail_inner *in = t->inner;

	tail_has_all(t);
	if (in->left_out && in->holds)
		tail_add_note(t, false);
	else if (in->holds)
		tail_round(t);
	else if (in->blind) {
		in->last = (struct eventid){0, 0};
		tail_add_note(t, true);
	} else {
		if (is_below(t->at, in->seen)) {
			tail_lose(t, in->seen);
			in->print = 0; /* there was one */
		}
		tail_ask_last(t);
	}
}

/* [[key, [entry, ...]]], as far as it is here: its entries, or NULL. */
static struct resp_value *
entries_of(const struct resp_value *reply)
{
	const struct resp_value *stream;
	struct resp_value *entries;

	if (reply->type != RESP_ARRAY || (stream = reply->first) == NULL ||
	    stream->type != RESP_ARRAY)
		return NULL;
	entries = resp_element(stream, 1);
	return entries != NULL && entries->type == RESP_ARRAY ? entries : NULL;
}

/* Nothing more is taken until the hub has room for this one. */
static void
wait_for_room(struct tail *t, struct resp_value *v)
{
	t->inner->stuck = v;
	link_pause(&t->link);
	ev_timer_set(&t->inner->timer, ROOM_PERIOD, 0);
	ev_timer_start(t->loop, &t->inner->timer);
}

/* False: it is stuck, or ends. */
static bool
take_entries(struct tail *t, struct resp *resp, struct resp_value *entries)
{
	enum tail_result result;
	struct resp_value *v;

	while ((v = resp_shift(resp, entries)) != NULL) {
		result = tail_take(t, v);
		if (result == TAIL_STUCK)
			wait_for_room(t, v);
		else
			resp_value_free(v);
		if (result != TAIL_TAKEN)
			return false;
	}
	return true;
}

void
tail_room(struct tail *t)
{
	struct resp_value *v = t->inner->stuck;

	t->inner->stuck = NULL;
	if (tail_take(t, v) == TAIL_STUCK) {
		wait_for_room(t, v);
		return;
	}
	resp_value_free(v);
	link_go_on(&t->link);
}

void
tail_cycle_part(struct tail *t, struct resp *resp, struct resp_value *reply)
{
	struct resp_value *entries = entries_of(reply);

	if (t->inner->waits == TAIL_READ && entries != NULL)
		(void)take_entries(t, resp, entries);
}

static void
end_read(struct tail *t, struct resp_value *reply)
{
	struct resp_value *entries;

	if (reply->type == RESP_NIL) {
		nothing_came(t);
		return;
	}
	entries = entries_of(reply);
	if (entries == NULL) {
		tail_refused(t, reply);
		return;
	}
	if (!take_entries(t, NULL, entries))
		return;
	t->inner->behind = entries->came >= TAIL_COUNT;
	if (!t->inner->behind)
		tail_has_all(t);
	tail_round(t);
}

void
tail_cycle_reply(struct tail *t, enum tail_tag tag, struct resp_value *reply)
{
	struct eventid last;

	if (tag == TAIL_BEFORE || tag == TAIL_PROBE)
		tail_probed(t, tag, reply);
	else if (tag == TAIL_READ)
		end_read(t, reply);
	else if (tag == TAIL_NOTE)
		tail_end_note(t, reply);
	else if (tag == TAIL_LAST && tail_read_last(&last, reply))
		judge_last(t, last);
	else
		tail_refused(t, reply);
}

/* The entry that came last is too large, those before it are not. */
static void
large_read(struct tail *t, const struct resp_value *part)
{
	const struct resp_value *entries = entries_of(part), *v;
	struct eventid id;

	if (entries == NULL)
		return;
	for (v = entries->first; v != NULL && resp_whole(v); v = v->next)
		if (tail_take(t, v) != TAIL_TAKEN)
			return;
	if (v == NULL || !entry_id(&id, v) || !is_below(t->at, id))
		return;
	tail_take_large(t, id);
	t->inner->leave_out = true;
}

void
tail_cycle_large(struct tail *t, const struct resp_value *part)
{
	if (t->inner->waits == TAIL_PROBE)
		tail_probe_large(t, part);
	else if (t->inner->waits == TAIL_READ)
		large_read(t, part);
	else if (t->inner->waits == TAIL_LAST)
		t->inner->blind = true;
}
