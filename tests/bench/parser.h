/* SPDX-License-Identifier: ISC */
/*
 * What comes back on one stream, taken apart as it arrives: FastCGI records
 * or HTTP with or without chunks, then the response header, then events.
 * An event is a block of lines that has a data line and is ended by an empty
 * line; comments and blocks of retry or id alone are none.  Of an event are
 * known its id and, if its data begins like that, its number and its stamp, two
 * decimal numbers (post.h).  Limits: a response header of 4 KiB, ends of line
 * CR LF or LF.
 */
#ifndef PARSER_H
#define PARSER_H

#include <stddef.h>
#include <stdint.h>

enum parser_kind { PARSER_HTTP, PARSER_FASTCGI };

enum parser_state {
	PARSER_OPEN,   /* go on */
	PARSER_END,    /* the peer ended the response in order */
	PARSER_STATUS, /* the response is not a 200 */
	PARSER_BAD     /* this is not the protocol */
};

enum { PARSER_LINE = 48, PARSER_ID = 40 };

struct parser {
	enum parser_kind kind;
	void (*event)(struct parser *); /* one is here */
	void *arg;			/* is the event function's */
	char *head;			/* response header, until it is whole */
	uint32_t head_len;
	uint8_t head_done, chunked;
	uint8_t step; /* of the record or chunk */
	uint8_t record[8];
	uint32_t left;		/* of content, then of padding */
	uint8_t has_data;	/* in this block */
	uint8_t line_len;	/* of it, what is kept */
	char line[PARSER_LINE]; /* its beginning */
	char id[PARSER_ID];	/* the newest */
	uint64_t number;	/* of this event; 0: it has none */
	uint64_t stamp;		/* of this event; 0: it has none */
};

void parser_init(struct parser *, enum parser_kind,
    void (*event)(struct parser *), void *arg);
void parser_free(struct parser *);
/* Calls event() for each event that these bytes complete. */
enum parser_state parser_feed(struct parser *, const uint8_t *, size_t);

#endif
