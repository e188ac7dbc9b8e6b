/* SPDX-License-Identifier: ISC */
/*
 * Is what we have read still there?  An entry that is gone, or is another one
 * now, tells that the stream was cut behind it, or begun anew.
 *
 * The entry that we read last is asked for each time; or rather the newest up
 * to it (XREVRANGE id -): where ours is gone and an older one is not, nobody
 * has trimmed the stream.  That is an older copy, which may have given out ids
 * that we have passed.  While XREAD waits, the stream may be begun anew, and
 * new entries get ids that we have passed, before one is above ours; so in the
 * round behind one that has brought something, the entry that we held on to
 * before that is asked for, too.
 */
#include "engine/entry.h"
#include "engine/tail_inner.h"

static void
ask(struct tail *t, enum tail_tag tag, struct eventid id)
{
	char text[EVENTID_SIZE];
	const char *const words[] = {"XREVRANGE", t->set.key, text, "-",
	    "COUNT", "1", NULL};

	(void)eventid_format(text, id);
	tail_say(t, tag, TAIL_PATIENCE, words);
}

enum tail_tag
tail_probe(struct tail *t)
{
	struct tail_inner *in = t->inner;
	enum tail_tag first = TAIL_READ;

	in->left_out = in->leave_out;
	in->holds = in->left_out && !in->below;
	in->leave_out = false;
	if (in->held_print != 0 && eventid_compare(in->held, t->at) != 0) {
		ask(t, TAIL_BEFORE, in->held);
		first = TAIL_BEFORE;
	}
	if (in->left_out || tail_is_zero(t->at))
		return first;
	ask(t, TAIL_PROBE, t->at);
	return first == TAIL_READ ? TAIL_PROBE : first;
}

void
tail_probed(struct tail *t, enum tail_tag tag, const struct resp_value *reply)
{
	struct tail_inner *in = t->inner;
	const struct resp_value *v = reply->first;
	uint64_t print = tag == TAIL_BEFORE ? in->held_print : in->print;
	struct eventid id, asked = tag == TAIL_BEFORE ? in->held : t->at;
	bool older;

	if (reply->type != RESP_ARRAY || (v != NULL && !entry_id(&id, v))) {
		tail_refused(t, reply);
		return;
	}
	older = v != NULL && eventid_compare(id, asked) != 0;
	in->waits =
	    tag == TAIL_BEFORE && !in->left_out ? TAIL_PROBE : TAIL_READ;
	in->anew |=
	    v != NULL && !older && print != 0 && entry_print(v) != print;
	if (tag == TAIL_BEFORE) {
		in->anew |= older;
		in->held_print = 0;
		in->holds &= !in->anew;
		return;
	}
	in->below = older;
	in->holds = v != NULL && !older && !in->anew;
	in->held = t->at;
	in->held_print = 0;
	if ((in->holds || v == NULL) && in->print != TAIL_NO_ENTRY)
		in->held_print = in->print;
}

void
tail_probe_large(struct tail *t, const struct resp_value *part)
{
	struct eventid id;

	if (part->type != RESP_ARRAY || part->first == NULL ||
	    !entry_id(&id, part->first))
		return;
	t->inner->below = eventid_compare(id, t->at) != 0;
	t->inner->leave_out = true;
}
