/* SPDX-License-Identifier: ISC */
#ifndef REPLY_H
#define REPLY_H

#include "fastcgi/conn.h"
#include "fastcgi/request.h"

#define REPLY_TEXT_MAX	254 /* bytes of a line of text */
#define REPLY_NO_MEMORY "there is no memory: try again"

/*
 * Answers the open request with a status and a line of text.
 * extra: header lines, each with its CRLF, or ""; a 401 has its own.  To a
 * stream only what is final is said so: a browser's EventSource gives up for
 * good at any status but 200.
 *
 * The method is the request's: an answer to HEAD never has a body (RFC 3875,
 * section 4.3.3), of which fronts would make an error, or the next answer.
 */
void reply(struct conn *, enum method, int status, const char *extra,
    const char *text);

/*
 * Answers 200, which nobody is to store, with a body of any type and length;
 * for account see event_room().
 */
void reply_body(struct conn *, enum method, const char *type, const char *body,
    size_t len, size_t *account);

#endif
