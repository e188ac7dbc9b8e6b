/* SPDX-License-Identifier: ISC */
#ifndef REPLY_H
#define REPLY_H

#include "conn.h"

/*
 * Answers the open request with a status and a line of text, and ends it.
 * extra: header lines, each with its CRLF, or "".  Only for what is final: a
 * browser's EventSource gives up for good at any status but 200.
 */
void reply(struct conn *, int status, const char *extra, const char *text);

/*
 * The same with a body of any type and length; a HEAD request's is NULL.
 */
void reply_body(struct conn *, int status, const char *extra, const char *type,
    const char *body, size_t len);

#endif
