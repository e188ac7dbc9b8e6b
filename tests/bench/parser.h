/* SPDX-License-Identifier: ISC */
/*
 * What comes back on one stream, taken apart as it arrives: FastCGI records
 * or HTTP with or without chunks, then the response header, then events.
 * An event is a block of lines that has a data line and is ended by an empty
 * line; comments and blocks of retry or id alone are none.  Limits: a
 * response header of 4 KiB, ends of line CR LF or LF.
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

struct parser {
	enum parser_kind kind;
	char *head; /* response header, until it is whole */
	uint32_t head_len;
	uint8_t head_done, chunked;
	uint8_t step; /* of the record or chunk */
	uint8_t record[8];
	uint32_t left;	  /* of content, then of padding */
	uint8_t matched;  /* of "data:", at a line's start */
	uint8_t has_data; /* in this block */
	uint8_t in_line;  /* something but CR since the LF */
	uint32_t events;  /* complete ones so far */
};

void parser_init(struct parser *, enum parser_kind);
void parser_free(struct parser *);
enum parser_state parser_feed(struct parser *, const uint8_t *, size_t);

#endif
