/* SPDX-License-Identifier: ISC */
#ifndef TICKET_H
#define TICKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TICKET_MAX	    8192 /* bytes of one */
#define TICKET_CHANNELS_MAX 64	 /* patterns in `channels`; and in `publish` */
#define TICKET_SUBJECT_MAX  255	 /* bytes */
#define TICKET_AUDIENCE	    "sse-fcgi"

struct ticket_keys;

/*
 * Why one is refused, for the figures alone: to the outside there is 401, or
 * 403 for TICKET_CHANNEL, and nothing that tells one from another.  That there
 * is no memory is nobody's fault, and not final.
 */
enum ticket_fault {
	TICKET_GOOD,
	TICKET_MISSING,	  /* there is none, or no key */
	TICKET_MALFORMED, /* no ticket as below */
	TICKET_ALGORITHM, /* there is no key of its algorithm */
	TICKET_SIGNATURE, /* no key of ours made it */
	TICKET_EXPIRED,
	TICKET_EARLY,	/* its `nbf` is yet to come */
	TICKET_CHANNEL, /* good, but not for this channel: its asker's to say */
	TICKET_NO_MEMORY, /* it was not looked at: it may be good */
	TICKET_FAULTS
};

/*
 * A signed, short-lived permission to read from channels, or to publish to
 * them.  All of it is one piece of memory.
 */
struct ticket {
	int64_t exp; /* wall seconds: it is over then; the skew is in it */
	const char *subject;	     /* `sub`; NULL: none */
	const char *const *channels; /* NAME, or what ends in *: PREFIX* */
	const char *const *publish;
	size_t channels_n, publish_n;
};

/*
 * Reads a ticket: a JWT (RFC 7519) in JWS compact form (RFC 7515), of these
 * claims, of which each may come once:
 *
 *	exp	seconds since 1970, a number up to the year 9999; required
 *	nbf	the same: not before; iat is a number, and nothing more
 *	channels, publish	arrays of texts
 *	sub	a text, neither empty nor with control characters
 *	aud	"sse-fcgi", or an array that has it (RFC 7519, section 4.1.3)
 *
 * Others are passed over.  Of the header `alg` counts, which must be that of a
 * key, and `crit`, which must not be there.  What is signed is parsed only once
 * the signature is found to be good.  now is in wall seconds; the skew is how
 * many of them the clock of whoever made it may be wrong.  keys may be NULL.
 *
 * Only with TICKET_GOOD there is one, and it is the caller's to free; else it
 * is NULL.
 */
enum ticket_fault ticket_read(struct ticket **, const struct ticket_keys *,
    const char *text, size_t len, int64_t now, int64_t skew);

bool ticket_may_read(const struct ticket *, const char *channel);
bool ticket_may_publish(const struct ticket *, const char *channel);

void ticket_free(struct ticket *);

/* The fault as the figures call it: "good", "missing", "malformed" ... */
const char *ticket_fault_name(enum ticket_fault);

#endif
