/* SPDX-License-Identifier: ISC */
#ifndef UTF8_H
#define UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The bytes of the first character, which is well-formed; or 0: it is not. */
size_t utf8_character(const uint8_t *bytes, size_t len);

/*
 * Are the bytes well-formed UTF-8 (RFC 3629: shortest form, no surrogates,
 * nothing above U+10FFFF)?  An event stream is UTF-8 always, and a browser
 * would put U+FFFD for what is not.
 */
bool utf8_valid(const uint8_t *bytes, size_t len);

#endif
