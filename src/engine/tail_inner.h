/* SPDX-License-Identifier: ISC */
#ifndef TAIL_INNER_H
#define TAIL_INNER_H

#include "engine/entry.h"
#include "engine/ids.h"
#include "engine/tail.h"

/*
 * The tail's own: tail.c is its life and where ids are, tail_load.c and
 * tail_restore.c fill the hub at the start, tail_cycle.c asks what has come,
 * tail_probe.c whether something is missing, and tail_entry.c brings one entry
 * into the hub.
 */

struct loaded;
STAILQ_HEAD(loaded_list, loaded);

enum tail_tag {
	TAIL_TIME, /* what Redis takes the time for */
	TAIL_PAGE, /* entries backwards */
	TAIL_LAST, /* the last id that the stream gave out */
	TAIL_BEFORE,
	TAIL_PROBE,
	TAIL_READ,
	TAIL_NOTE
};

#define TAIL_NO_ENTRY 2 /* the print of none: they are odd */

struct tail_inner {
	enum { TAIL_LOADING, TAIL_RESTORING, TAIL_FOLLOWING } phase;
	enum tail_tag waits; /* of the oldest command without a reply */
	ev_timer timer;	     /* of a slice, or until there is room */

	/* Loading: what is there so far. */
	struct loaded_list loaded; /* oldest first */
	size_t n, bytes;	   /* entries; bytes that the hub will hold */
	struct eventid newest, oldest; /* 0-0: none yet */
	bool enough;		       /* no budget has room for more */
	bool whole;	  /* the oldest is the first that there ever was */
	bool resumes;	  /* the next connection goes on where this one was */
	uint64_t ms;	  /* what Redis took the time for */
	double now;	  /* then */
	struct ids known; /* of the entries that were looked at */
	struct eventid begun; /* the newest, where following begins */
	struct eventid first; /* that came, or was lost, then; 0-0: none yet */

	/* Following. */
	struct resp_value *stuck; /* the next entry; the hub has no room */
	double starved;		  /* since then it has no memory; 0: it has */
	bool holds;		  /* the entry at `at` was still there */
	bool anew;	/* it was begun anew, and that was not told yet */
	uint64_t print; /* of that entry, see entry_print(); 0: not known */
	struct eventid held;   /* the one before that was still there */
	uint64_t held_print;   /* likewise */
	bool below;	       /* it was not, but an older one was */
	bool leave_out;	       /* the next probe: it is known, and too large */
	bool left_out;	       /* this one was */
	bool blind;	       /* the stream's last id is not to be had */
	bool equal;	       /* it was ours, when it was asked */
	bool older;	       /* the stream's last id is below ours */
	bool behind;	       /* there was more than one reply holds */
	struct eventid last;   /* the stream's last id, when it was asked */
	struct eventid seen;   /* likewise, and above ours; 0-0: it was not */
	struct eventid told;   /* likewise, below ours, and a loss was told */
	double owes;	       /* a note to all, from then on; 0: none */
	bool telling;	       /* it is on its way */
	double told_all;       /* when the last one was */
	uint64_t note_print;   /* of the note that is */
	bool is_told, refused; /* is it?  And was a note refused? */
	double asked;	       /* when the last XREAD was sent */
	unsigned long cycle;   /* its number */

	uint64_t greatest;	     /* n of all ids that were here */
	double told_skip, told_loss; /* when the log was; below 0: never */
};

/*
 * tail.c: the entry with this id, or all up to it, is behind us now.
 */
void tail_passes(struct tail *, struct eventid);

/* Nothing more was there when the XREAD was answered. */
void tail_has_all(struct tail *);

void tail_say(struct tail *, enum tail_tag, double patience,
    const char *const argv[]);

/* The connection ends because of this reply. */
void tail_refused(struct tail *, const struct resp_value *);

bool tail_is_zero(struct eventid);

/* tail_load.c */
void tail_load(struct tail *);
void tail_load_part(struct tail *, struct resp *, struct resp_value *);
void tail_load_reply(struct tail *, enum tail_tag, struct resp_value *);
void tail_load_large(struct tail *, const struct resp_value *part);

/*
 * tail_restore.c: an entry's age in seconds, by the clock that ids are from;
 * keeps of an entry what will be needed (-1: no memory); gives all that up; and
 * brings a part of it into the hub.
 */
double tail_age(const struct tail *, struct eventid);
int tail_keep(struct tail *, const struct entry *, enum entry_kind);
void tail_unload(struct tail *);
void tail_restore(struct tail *);

/* tail_cycle.c */
void tail_follow(struct tail *);
void tail_cycle_part(struct tail *, struct resp *, struct resp_value *);
void tail_cycle_reply(struct tail *, enum tail_tag, struct resp_value *);
void tail_cycle_large(struct tail *, const struct resp_value *part);
void tail_room(struct tail *);
void tail_ask_last(struct tail *);
void tail_round(struct tail *);
bool tail_read_last(struct eventid *, const struct resp_value *);

/*
 * tail_probe.c: asks, and says which of the round's replies comes first; the
 * reply; and one that was too large: is it of ours?
 */
enum tail_tag tail_probe(struct tail *);
void tail_probed(struct tail *, enum tail_tag, const struct resp_value *);
void tail_probe_large(struct tail *, const struct resp_value *part);

/*
 * tail_note.c: adds a note, behind ours or with the id of that text; one is due
 * by and by; false: it is not yet; and the reply.
 */
void tail_add_note(struct tail *, bool older);
#define TAIL_HERE  "here"
#define TAIL_LOST  "lost"
#define TAIL_BEGIN "begin"

void tail_send_note(struct tail *, const char *id, const char *what);
bool tail_note_says(const struct resp_value *note, const char *what);
void tail_owes_note(struct tail *);
bool tail_tells_all(struct tail *);
void tail_end_note(struct tail *, const struct resp_value *);

/* tail_entry.c */
enum tail_result { TAIL_TAKEN, TAIL_STUCK, TAIL_ENDED };

enum tail_result tail_take(struct tail *, const struct resp_value *);
void tail_lose(struct tail *, struct eventid upto);
void tail_skip(struct tail *, struct eventid, const char *why);
void tail_take_large(struct tail *, struct eventid);

/* Why an entry is skipped that comes behind its channel's end. */
#define TAIL_ENDED_WHY "its channel has ended"

/*
 * Is it a repeat?  Then it is passed over, and that was noted.  And its key, if
 * it has one, when it was none, and has come into the hub.
 */
bool tail_repeats(struct tail *, const struct entry *);
void tail_notes_key(struct tail *, const struct entry *, enum entry_kind);

/* An ENTRY_CLOSE: whoever is there hears what is to be closed. */
void tail_closes(struct tail *, const struct entry *);

#endif
