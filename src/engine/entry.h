/* SPDX-License-Identifier: ISC */
#ifndef ENTRY_H
#define ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "channel/eventid.h"
#include "channel/post.h"
#include "channel/sse.h"
#include "engine/resp.h"

/*
 * An entry of the stream.  Its fields:
 *
 *     c  a channel, 1 to POST_CHANNELS_MAX of them, all different
 *     d  the data of an event; t its type, which may be missing or empty
 *     s  1: the event is its channels' whole state
 *     e  1: the channel ends; delete: what it holds goes, too.  An end is an
 *        entry of its own, of one channel, without d, t and s
 *     k  a key: an entry with the first channel and the key of another, less
 *        than a while before it, is that one again, see repeats.h
 *
 * e, s, t and k may be empty, and e and s be 0: that is none.  Fields of other
 * names are passed over; of two of one name, but for c, the last counts.  n
 * without c marks a note of ours, which is no event: see tail.h.  Nor is what
 * has the clock for its channel, and the type of ENTRY_CLOSE_TYPE: its data
 * says what all processes are to close.
 *
 * Events that were published together under one key have parts of it: the key
 * itself, and behind it, with a space, which is in no key, 2, 3 and so on.
 */
struct entry {
	struct eventid id;
	const char *channels[POST_CHANNELS_MAX];
	size_t channels_n;
	struct sse_message message; /* an event's */
	bool erase;		    /* an end's */
	const char *key;	    /* not ended by NUL; or NULL */
	size_t key_len;
	unsigned part; /* of that key, from 1 on */
};

#define ENTRY_CLOSE_TYPE "close"

#define ENTRY_KEY_SIZE (POST_KEY_MAX + 12) /* of a part's text, with NUL */

enum entry_kind {
	ENTRY_EVENT,
	ENTRY_END,
	ENTRY_NOTE,
	ENTRY_CLOSE,   /* of its message there is the data alone */
	ENTRY_SKIPPED, /* its id is good, and the rest is none of these */
	ENTRY_BAD      /* that is no entry at all */
};

/*
 * Reads [id, [name, value, ...]]; what is found is in the value, and lasts as
 * long.  max: bytes of type and data together.  why: of a skipped one, in
 * words.
 */
enum entry_kind entry_read(struct entry *, const struct resp_value *,
    size_t max, const char **why);

/* An event or an end as a post, which lasts as long as the entry. */
struct post entry_post(const struct entry *, enum entry_kind);

/* The text of a key's part. */
void entry_key(char text[static ENTRY_KEY_SIZE], const char *key,
    unsigned part);

/*
 * What tells an entry from another that has got the same id, in a stream that
 * was begun anew within that millisecond; it is odd.
 */
uint64_t entry_print(const struct resp_value *);

/* The same of an entry that is yet to be: names and values, NULL behind them.
 */
uint64_t entry_print_words(const char *const words[]);

/* The id alone, also of one that is not whole yet; false: it is not here. */
bool entry_id(struct eventid *, const struct resp_value *);

#endif
