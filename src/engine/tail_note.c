/* SPDX-License-Identifier: ISC */
/*
 * Notes: entries of ours that are no events.  One that says "here" is something
 * to hold on to, where the newest entry has gone and nothing is lost; one that
 * says "lost" is a gap for all who read it, now or in a process that is yet to
 * begin; and behind one that says "begin" there is all that there ever was.  No
 * two are alike, so nobody takes another's for his own.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "engine/entry.h"
#include "engine/tail_inner.h"

#define NOTE_FIELDS 3	/* the first of them, among the words */
#define TELL_PERIOD 2.0 /* seconds between two notes to all */

bool
tail_note_says(const struct resp_value *note, const char *what)
{
	const struct resp_value *name = note->first->next->first;

	for (; name != NULL; name = name->next->next)
		if (resp_is(name, RESP_STRING, "n"))
			return resp_is(name->next, RESP_STRING, what);
	return false;
}

/* The next id behind ours; false: there is none more. */
static bool
next_id(const struct tail *t, struct eventid *id)
{
	*id = t->at;
	if (++id->n == 0)
		id->ms++;
	return eventid_compare(t->at, *id) < 0;
}

void
tail_send_note(struct tail *t, const char *id, const char *what)
{
	char mark[40];
	const char *const words[] = {"XADD", t->set.key, id, "n", what, "by",
	    mark, NULL};

	(void)snprintf(mark, sizeof(mark), "%lx%08lx", (unsigned long)random(),
	    (unsigned long)random());
	t->inner->note_print = entry_print_words(words + NOTE_FIELDS);
	tail_say(t, TAIL_NOTE, TAIL_PATIENCE, words);
}

void
tail_add_note(struct tail *t, bool older)
{
	char id[EVENTID_SIZE];
	struct eventid next;

	if (!next_id(t, &next)) {
		link_again(&t->link, "the stream has had its last id");
		return;
	}
	t->inner->older = older;
	(void)eventid_format(id, next);
	tail_send_note(t, id, older ? TAIL_LOST : TAIL_HERE);
}

/*
 * An older copy lacks what we have had, and others may have had less of that,
 * or somebody may come with an id that was given out again: they know of no
 * loss. So all are told, and by whoever is the first, by chance.
 */
void
tail_owes_note(struct tail *t)
{
	struct tail_inner *in = t->inner;
	double delay = TAIL_BLOCK / 2 * (double)random() / (double)RAND_MAX,
	       now = *t->hub->set.now;

	if (in->owes == 0)
		in->owes = fmax(now, in->told_all + TELL_PERIOD) + delay;
}

bool
tail_tells_all(struct tail *t)
{
	if (t->inner->owes == 0 || *t->hub->set.now < t->inner->owes)
		return false;
	t->inner->telling = true;
	t->inner->told_all = *t->hub->set.now;
	tail_send_note(t, "*", TAIL_LOST);
	return true;
}

static void
is_refused(struct tail *t, const struct resp_value *error)
{
	if (!t->inner->refused)
		log_warn("redis_note_refused key why",
		    "--redis-key %s: Redis refuses a note: %s", t->set.key,
		    error->text);
	t->inner->refused = true;
}

/* It comes back as an entry; until it does, it is tried again. */
static void
end_telling(struct tail *t, const struct resp_value *reply)
{
	t->inner->telling = false;
	t->inner->owes = *t->hub->set.now + TELL_PERIOD;
	if (reply->type == RESP_ERROR)
		is_refused(t, reply);
}

/*
 * An older copy has no note, and gets none: its loss is told when its last id
 * is another one than when it was last told, for then ids were given out again.
 */
static void
tell_older(struct tail *t, struct eventid next)
{
	struct tail_inner *in = t->inner;

	if (in->is_told && eventid_compare(in->told, in->last) == 0)
		return;
	in->is_told = true;
	in->told = in->last;
	tail_lose(t, next);
}

static void
is_added(struct tail *t, struct eventid id)
{
	struct tail_inner *in = t->inner;

	in->refused = in->blind = in->is_told = in->equal = false;
	if (in->older)
		tail_lose(t, id);
	else
		tail_passes(t, id);
	in->print = in->note_print;
}

void
tail_end_note(struct tail *t, const struct resp_value *reply)
{
	struct tail_inner *in = t->inner;
	struct eventid id;

	(void)next_id(t, &id); /* there is one, or there were no note */
	if (reply->type != RESP_STRING && reply->type != RESP_ERROR) {
		tail_refused(t, reply);
		return;
	}
	if (in->telling)
		end_telling(t, reply);
	else if (reply->type == RESP_STRING)
		is_added(t, id);
	else if (strstr(reply->text, "equal or smaller") != NULL)
		in->anew |= in->older; /* somebody was first, as will be read */
	else {
		is_refused(t, reply);
		if (in->older)
			tell_older(t, id);
	}
	tail_round(t);
}
