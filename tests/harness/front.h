/* SPDX-License-Identifier: ISC */
#ifndef FRONT_H
#define FRONT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The front's side of one FastCGI connection.  What is sent is up to the
 * caller, good or bad; what comes back must be good records, or the test ends.
 */
struct front {
	int fd;
	uint16_t id;  /* of the request that answers are read for */
	uint8_t *raw; /* bytes received, not yet made into records */
	size_t raw_len, raw_size;
	char *text; /* the request's STDOUT so far, NUL behind it */
	size_t text_len, text_size;
	bool closed;	  /* the other side has closed */
	bool reset;	  /* and by ECONNRESET */
	bool ended;	  /* END_REQUEST was here for id */
	int status;	  /* its protocolStatus */
	uint8_t last[64]; /* content of the last record that was not STDOUT */
	size_t last_len;
	uint8_t last_type;
	uint16_t last_id;
	size_t longest;	   /* content bytes of the longest record */
	bool empty_stdout; /* the empty STDOUT record was here */
};

/* Connects to unix:/path or host:port, or returns false with errno. */
bool front_connect(struct front *, const char *address);
void front_close(struct front *);

/* Sends bytes, however slowly they are taken; false: the other side is gone. */
bool front_send(struct front *, const void *bytes, size_t len);

/* One record, with padding bytes behind its content. */
bool front_record(struct front *, int type, int id, const void *content,
    size_t len, int padding);

bool front_begin(struct front *, int id, int role, int flags);

/* Appends a name-value pair at to; returns its end. */
uint8_t *front_pair(uint8_t *to, const char *name, const char *value);

/*
 * A whole request as nginx sends it, with the parameters in the
 * NULL-terminated list of names and values behind or in place of the usual
 * ones.
 */
bool front_request(struct front *, int flags, const char *method,
    const char *const more[]);

/* The same but for the end of its STDIN: a body may follow. */
bool front_request_head(struct front *, int flags, const char *method,
    const char *const more[]);

/* A GET without more. */
bool front_get(struct front *);

/* Reads what is there within ms milliseconds; false: nothing came. */
bool front_read(struct front *, int ms);

/* Reads until a condition holds; false: not within ms milliseconds. */
bool front_until_text(struct front *, const char *text, int ms);
bool front_until_end(struct front *, int ms);
bool front_until_closed(struct front *, int ms);
bool front_until_record(struct front *, int type, int ms);

/* How many times the text so far holds this one. */
unsigned front_count(const struct front *, const char *text);

/* Forgets the answer so far, for the next request on the connection. */
void front_next(struct front *, uint16_t id);

/* Monotonic seconds. */
double front_now(void);

#endif
