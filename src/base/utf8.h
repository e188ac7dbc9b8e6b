/* SPDX-License-Identifier: ISC */
#ifndef UTF8_H
#define UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The bytes of the first character, which is well-formed; or 0: it is not. */
size_t utf8_character(const uint8_t *bytes, size_t len);

/*
 * Is this character, of n bytes, one that a terminal may obey: of ASCII's
 * control characters, or of U+0080 to U+009F?
 */
bool utf8_control(const uint8_t *character, size_t n);

/*
 * Are the bytes well-formed UTF-8 (RFC 3629: shortest form, no surrogates,
 * nothing above U+10FFFF)?  An event stream is UTF-8 always, and a browser
 * would put U+FFFD for what is not.
 */
bool utf8_valid(const uint8_t *bytes, size_t len);

#endif
