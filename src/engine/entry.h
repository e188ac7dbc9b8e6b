/* SPDX-License-Identifier: ISC */
#ifndef ENTRY_H
#define ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "channel/eventid.h"
#include "channel/sse.h"
#include "engine/resp.h"

/*
 * An entry of the stream as an event: its fields are c, the channel; t, the
 * type, which may be missing or empty; and d, the data.  Fields of other names
 * are passed over; of two of one name the last counts.  n without
 * c marks a note of ours, which is no event: see tail.h.
 */
struct entry {
	struct eventid id;
	const char *channel;
	struct sse_message message;
};

enum entry_kind {
	ENTRY_EVENT,
	ENTRY_NOTE,
	ENTRY_SKIPPED, /* its id is good, and the rest is no event */
	ENTRY_BAD      /* that is no entry at all */
};

/*
 * Reads [id, [name, value, ...]]; what is found is in the value, and lasts as
 * long.  max: bytes of type and data together.  why: of a skipped one, in
 * words.
 */
enum entry_kind entry_read(struct entry *, const struct resp_value *,
    size_t max, const char **why);

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
