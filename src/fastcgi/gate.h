/* SPDX-License-Identifier: ISC */
#ifndef GATE_H
#define GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define GATE_PARAMS_MAX 65535 /* bytes of parameters in one request */

/* What the front's bytes amount to, in struct gate_event. */
enum gate_kind {
	GATE_MORE,     /* nothing to act on; all bytes were used */
	GATE_REQUEST,  /* a whole request: id, keep, data (its parameters) */
	GATE_BODY,     /* bytes of its body: data */
	GATE_BODY_END, /* its body is over */
	GATE_ABORT,    /* the front gives the active request up: id */
	GATE_VALUES,   /* GET_VALUES: asked, a set of RECORD_... */
	GATE_UNKNOWN,  /* a management record of unknown type: type */
	GATE_REFUSE,   /* a BEGIN_REQUEST we refuse: id, status, keep */
	GATE_BAD,      /* not FastCGI as it must be: why; close */
	GATE_NO_MEMORY /* for what came, which may be good: close */
};

struct gate_event {
	enum gate_kind kind;
	uint16_t id;
	bool keep; /* the front wants the connection kept after the request */
	uint8_t type;
	uint8_t status; /* enum record_status */
	unsigned asked;
	const uint8_t *data; /* until the next call with the same gate */
	size_t len;
	const char *why;
};

struct buffer;

/*
 * The reader's place in one connection's bytes.  All zero is the start, with
 * no request active.
 */
struct gate {
	uint8_t head[8]; /* the record's header, as far as it is here */
	uint16_t left;	 /* bytes of its content still to come */
	uint8_t padding; /* and of its padding */
	uint8_t have;	 /* header bytes here; 9: only padding is to come */
	uint8_t phase;
	bool keep : 1;
	uint8_t content : 2;   /* what becomes of the record's content */
	uint16_t id;	       /* of the active request */
	struct buffer *buffer; /* the parameters so far */
};

/*
 * Reads records (FastCGI 1.0, sections 3 to 5) from buf until there is
 * something to act on, and says what in *out.  Returns the bytes used, at most
 * len; call again with the rest.  -1 with out->kind GATE_BAD or
 * GATE_NO_MEMORY: close; the gate is then of no further use.  Nothing is
 * allocated but for bytes that are here.
 */
ssize_t gate_read(struct gate *, const uint8_t *buf, size_t len,
    struct gate_event *out);

/*
 * The active request is over: END_REQUEST is on its way, or it was refused.
 * What is left of a record of its is passed over.
 */
void gate_end(struct gate *);

/* True from BEGIN_REQUEST to gate_end(), and inside of any record. */
bool gate_busy(const struct gate *);

/* True if the active request's body has come whole. */
bool gate_body_done(const struct gate *);

/* A REQUEST was handled: frees its parameters. */
void gate_release(struct gate *);

/* Frees all.  The gate reads no more. */
void gate_free(struct gate *);

#endif
