/* SPDX-License-Identifier: ISC */
#ifndef CRAFTED_H
#define CRAFTED_H

/*
 * What becomes of any record in any state of a connection, in words of the
 * protocol and not of the program's.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum {
	BEGIN = 1,
	ABORT,
	END,
	PARAMS,
	STDIN,
	STDOUT,
	DATA = 8,
	VALUES,
	RESULT,
	UNKNOWN
};

/* How far the connection is; request 1, which is kept, is active from BEGUN on
 * to STREAM. */
enum state { FRESH, BEGUN, HALF_A_PAIR, BODY, STREAM, OVER, STATES };

#define KEPT "begin 1 keep;"
#define POST \
	"params 1 SSE_ROLE=publish REQUEST_METHOD=POST QUERY_STRING=channel=a;"
#define GET "params 1 REQUEST_METHOD=GET QUERY_STRING=channel=a;"
static const char *const setups[STATES] = {[FRESH] = "",
    [BEGUN] = KEPT,
    [HALF_A_PAIR] = KEPT "params 1 #0105 'A1;",
    [BODY] = KEPT POST "params 1;",
    [STREAM] = KEPT GET "params 1; stdin 1;",
    [OVER] = KEPT POST "params 1; stdin 1 'x; stdin 1;"};

/*
 * What comes back, a word for each record: "10", or "11 77" with the type that
 * is not known, or "3 1 0" with the id and the protocol's status.  Those of
 * STDOUT are left out.
 */
#define ANSWER_SIZE 64
#define CLOSED	    "closed"

/* The record's content: to BEGIN_REQUEST, a responder that is kept. */
static inline uint8_t
content_at(size_t i)
{
	return i == 1 || i == 2;
}

/* As name-value pairs: none, or one of three bytes and others of two. */
static inline bool
is_pairs(size_t len)
{
	return len == 0 || (len >= 3 && (len - 3) % 2 == 0);
}

static inline const char *
expect_management(bool active, int type, size_t len, char *answer)
{
	if (type == VALUES && (!is_pairs(len) || (active && len > 512)))
		return CLOSED;
	if (type == VALUES)
		return "10;";
	if (type >= BEGIN && type <= UNKNOWN)
		return CLOSED;
	(void)snprintf(answer, ANSWER_SIZE, "11 %d;", type);
	return answer;
}

/* Of a request that is not the active one, or there is none. */
static inline const char *
expect_other(bool active, int type, int id, size_t len, char *answer)
{
	if (type == BEGIN && len != 8)
		return CLOSED;
	if (type == BEGIN && active) { /* CANT_MPX_CONN */
		(void)snprintf(answer, ANSWER_SIZE, "3 %d 1;", id);
		return answer;
	}
	if (type == BEGIN || type == ABORT || type == PARAMS || type == STDIN ||
	    type == DATA)
		return "";
	return CLOSED;
}

/* Of the active request. */
static inline const char *
expect_mine(enum state state, int type, size_t len)
{
	if (type == ABORT)
		return "3 1 0;";
	if (type == PARAMS && state == BEGUN)
		return len == 0 ? "3 1 0;" : "";
	if (type == PARAMS && state == HALF_A_PAIR)
		return len == 0 || len == 65535 ? CLOSED : "";
	if (type == STDIN && state == BODY)
		return len == 0 ? "3 1 0;" : "";
	if (type == STDIN && state == STREAM)
		return "";
	return CLOSED;
}

static inline const char *
expect(enum state state, int type, int id, size_t len, char *answer)
{
	bool active = state != FRESH && state != OVER;

	if (id == 0)
		return expect_management(active, type, len, answer);
	if (id == 1 && active)
		return expect_mine(state, type, len);
	return expect_other(active, type, id, len, answer);
}

#endif
