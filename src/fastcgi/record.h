/* SPDX-License-Identifier: ISC */
#ifndef RECORD_H
#define RECORD_H

#include <stddef.h>
#include <stdint.h>

/*
 * FastCGI 1.0 records (section 3.3) as bytes, in both directions.  The
 * constants are those of the protocol; <fcgiapp.h> is not needed for them.
 */
enum {
	FCGI_BEGIN_REQUEST = 1,
	FCGI_ABORT_REQUEST = 2,
	FCGI_END_REQUEST = 3,
	FCGI_PARAMS = 4,
	FCGI_STDIN = 5,
	FCGI_STDOUT = 6,
	FCGI_STDERR = 7,
	FCGI_DATA = 8,
	FCGI_GET_VALUES = 9,
	FCGI_GET_VALUES_RESULT = 10,
	FCGI_UNKNOWN_TYPE = 11
};

enum { FCGI_RESPONDER = 1 }; /* the only role that we take */

enum { FCGI_KEEP_CONN = 1 };

/* The protocolStatus of END_REQUEST (section 5.5). */
enum record_status {
	FCGI_REQUEST_COMPLETE = 0,
	FCGI_CANT_MPX_CONN = 1,
	FCGI_OVERLOADED = 2,
	FCGI_UNKNOWN_ROLE = 3
};

/* The variables that a front may ask for (section 4.1), as a set. */
enum { RECORD_MAX_CONNS = 1, RECORD_MAX_REQS = 2, RECORD_MPXS_CONNS = 4 };

#define RECORD_VERSION	    1
#define RECORD_HEADER	    8	/* bytes in a record's header */
#define RECORD_BEGIN_SIZE   16	/* a whole BEGIN_REQUEST */
#define RECORD_END_SIZE	    24	/* what record_end() writes at most */
#define RECORD_UNKNOWN_SIZE 16	/* what record_unknown() writes */
#define RECORD_VALUES_SIZE  128 /* what record_values() writes at most */

/* A record's header without padding: RECORD_HEADER bytes to p. */
void record_header(uint8_t *p, uint8_t type, uint16_t id, uint16_t len);

/* BEGIN_REQUEST for a responder: RECORD_BEGIN_SIZE bytes to p. */
void record_begin(uint8_t *p, uint16_t id, uint8_t flags);

/*
 * The end of a request: END_REQUEST, and before it, if it is
 * FCGI_REQUEST_COMPLETE, the empty STDOUT record that ends its stream.  Returns
 * the bytes written.
 */
size_t record_end(uint8_t *p, uint16_t id, enum record_status);

/* UNKNOWN_TYPE (section 4.2): RECORD_UNKNOWN_SIZE bytes to p. */
void record_unknown(uint8_t *p, uint8_t type);

/*
 * GET_VALUES_RESULT with each asked variable once: this many connections and
 * requests at a time, and no multiplexing.  Returns the bytes written.
 */
size_t record_values(uint8_t *p, unsigned asked, unsigned long max);

/*
 * The variables that a GET_VALUES content asks for, a set of RECORD_...; those
 * we do not know are left out (section 4.1).  -1 if it is cut off.
 */
int record_asked(const uint8_t *content, size_t len);

/*
 * A pair, of less than 128 bytes each: to p; returns the bytes written, which
 * are two more than both have.
 */
size_t record_put_pair(uint8_t *p, const char *name, const char *value);

struct record_pair {
	const uint8_t *name, *value;
	size_t name_len, value_len;
};

/*
 * The name-value pair at *p (section 3.4), which is then moved behind it.
 * Returns 1, or 0 at the end, or -1 if the pair does not end inside.
 */
int record_pair(const uint8_t **p, const uint8_t *end, struct record_pair *);

#endif
