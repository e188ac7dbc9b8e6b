/* SPDX-License-Identifier: ISC */
#ifndef TEST_TICKET_H
#define TEST_TICKET_H

/*
 * A key, and a ticket that it has signed, as parameters of a request:
 * {"exp":253402300799,"sub":"u","channels":["a"],"publish":["a"]}
 */
#include "serve/ticket_keys.h"

#define TICKET_OF_U                                                         \
	"SSE_TICKET=required HTTP_AUTHORIZATION=Bearer%20"                  \
	"eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjI1MzQwMjMwMDc5OSwic3ViIjoidSIsImNo" \
	"YW5uZWxzIjpbImEiXSwicHVibGlzaCI6WyJhIl19."                         \
	"l2B9sam5qrQtCsy_M1MsiL6xnL6Wm4Y87Ryxx0Wx7gk "

static inline struct ticket_keys *
ticket_keys(void)
{
	static const char line[] = "HS256 000102030405060708090a0b0c0d0e0f"
				   "101112131415161718191a1b1c1d1e1f";
	static struct ticket_keys keys = {.n = 1};
	const char *fault;

	assert_int_equal(ticket_key_parse(&keys.one[0], line, sizeof(line) - 1,
			     &fault),
	    0);
	return &keys;
}

#endif
