/* SPDX-License-Identifier: ISC */
#ifndef JSON_H
#define JSON_H

#include <stddef.h>

/* Bytes that a text of n bytes without control characters may take. */
#define JSON_SIZE(n) (2 * (n) + 1)

/*
 * Writes the text as it stands between the quotes of a JSON string (RFC 8259,
 * section 7), or of a label of Prometheus, and a NUL.  It is UTF-8 and has no
 * control characters, which neither it nor a channel's name may have; so
 * JSON_SIZE() of its length is room enough.  Returns to.
 */
char *json_escape(char *to, const char *text);

#endif
