/* SPDX-License-Identifier: ISC */
#ifndef PROBE_ANSWER_H
#define PROBE_ANSWER_H

#include <stddef.h>
#include <stdint.h>

#define PROBE_ID 1 /* the request that is answered */
#define PROBE_ANSWER_MAX                                    \
	4096 /* bytes of all records; ours has some hundred \
	      */
#define PROBE_WHY_MAX (PROBE_ANSWER_MAX + 20)

enum probe_verdict {
	PROBE_MORE, /* it is not whole */
	PROBE_YES,
	PROBE_NO /* whatever comes behind it */
};

/*
 * What the first len bytes, PROBE_ANSWER_MAX at most, of an answer say: whether
 * it is 200 with this body.  If it is NO, why is a line that says what there is
 * instead, without its end.
 */
enum probe_verdict probe_answer(const uint8_t *, size_t len, const char *body,
    char why[PROBE_WHY_MAX]);

#endif
