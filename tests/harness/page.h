/* SPDX-License-Identifier: ISC */
#ifndef PAGE_H
#define PAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "checker.h"
#include "parser.h"

/*
 * Holds what readers read against what was published.  Per channel a reader
 * must see each event once, in order and unchanged, or a gap in place of those
 * it does not see; over its channels ids must increase; and what it is told
 * is its position must be one at which it lacks nothing.
 */

#define PAGE_CHANNELS 64

enum entry_kind { CONNECTED, POSITION, NO_POSITION, EVENT, GAP };

/* What a reader saw; index: the event's number, or the place in ids or gaps. */
struct log_entry {
	unsigned kind : 3, index : 29;
};

struct seen_gap {
	bool has_id, has_channel, has_from;
	unsigned channel;
	struct id from, to;
};

/*
 * Will it be told that nothing will ever come any more (204)?  That is so if
 * all its channels ended at or before its position; MAY: of one's
 * end it is not known yet where it is.
 */
enum page_due { DUE_NOT, DUE_MAY, DUE };

/* One browser's EventSource, over all its connections. */
struct page {
	struct checker *checker;
	unsigned channel[PAGE_CHANNELS];
	size_t channels;
	struct parser parser;
	struct bytes last_id; /* what it would come back with; empty: nothing */
	bool fresh;	      /* nothing came on this connection yet */
	bool over;	      /* it has all that there will ever be */
	enum page_due due;    /* as it connected, or at the last end */
	bool early; /* and perhaps before there is a position to begin at */
	bool may_be_refused; /* for now: retry: alone, and the end */
	bool refused;	     /* as it was on this connection */
	struct log_entry *log;
	size_t len, size;
	struct id *id;
	size_t ids;
	struct seen_gap *gap;
	size_t gaps;
	size_t events, connections; /* as many were seen, and made */
	unsigned latest;	    /* the number of the event seen last */
	unsigned false_gaps;	    /* from verdict(): gaps of nothing lost */
	unsigned short_gaps;	    /* and those from behind something lost */
	char error[400];	    /* the first one; empty: none */
};

/* channels: names with a space between; the reader must stay where it is. */
void page_begin(struct page *, struct checker *, const char *channels);
void page_free(struct page *);

/*
 * A connection begins; position is what it asks to go on from (NULL: nothing;
 * "earliest": it must get all that there ever was).
 * A reader that was connected before must ask for its last_id.
 */
void page_connected(struct page *, const char *position);
void page_read(struct page *, const char *text, size_t len);

/* What it is answered: that it is not to come back, or a stream. */
void page_answered(struct page *, bool over);

/* The reader's number of a channel, or how many it has. */
size_t page_channel(const struct page *, unsigned channel);

/* The first thing that is wrong stays. */
__attribute__((format(printf, 2, 3))) void page_fail(struct page *,
    const char *format, ...);

#endif
