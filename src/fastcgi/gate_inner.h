/* SPDX-License-Identifier: ISC */
#ifndef GATE_INNER_H
#define GATE_INNER_H

/*
 * What gate.c and gate_rules.c know of each other: together they are one
 * module, and this is for no other.
 */
#include "fastcgi/gate.h"
#include "fastcgi/record.h"

/* How far the active request is. */
enum phase {
	IDLE,	/* no request */
	PARAMS, /* BEGIN_REQUEST was here, parameters are coming */
	BODY,	/* the request was given out, its body is coming */
	DONE,	/* the body is over as well */
	OTHER	/* not a phase: the record is of another request */
};

/* What becomes of the content of a record. */
enum content {
	WRONG,	/* it may not be here */
	SKIP,	/* nothing */
	STORE,	/* it is looked at when it is whole */
	HAND_ON /* it goes on as it comes */
};

/* The same for one type of a request's record. */
struct gate_rule {
	uint8_t in[OTHER + 1]; /* a phase: an enum content */
	const char *why;       /* it is WRONG where it is */
};

/* All, by their types; a type without a rule is WRONG, which is 0. */
extern const struct gate_rule gate_rules[FCGI_DATA + 1];

#endif
