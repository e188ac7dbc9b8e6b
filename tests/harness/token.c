/* SPDX-License-Identifier: ISC */
/*
 * Tickets as an application makes them, by RFC 7515 and nothing of ours.
 */
#include "token.h"

#include <sodium.h>
#include <string.h>

#include "checks.h"

#define FORM sodium_base64_VARIANT_URLSAFE_NO_PADDING

static size_t
encode(char *to, size_t size, const void *bytes, size_t len)
{
	assert_true(sodium_base64_encoded_len(len, FORM) <= size);
	(void)sodium_bin2base64(to, size, bytes, len, FORM);
	return strlen(to);
}

void
token_make(char to[TOKEN_SIZE], const char *key, const char *header,
    const char *claims)
{
	unsigned char secret[crypto_auth_hmacsha256_KEYBYTES],
	    mac[crypto_auth_hmacsha256_BYTES];
	size_t len, n;

	assert_int_equal(sodium_hex2bin(secret, sizeof(secret), key,
			     strlen(key), NULL, &n, NULL),
	    0);
	assert_int_equal(n, sizeof(secret));
	len = encode(to, TOKEN_SIZE, header, strlen(header));
	to[len++] = '.';
	len += encode(to + len, TOKEN_SIZE - len, claims, strlen(claims));
	(void)crypto_auth_hmacsha256(mac, (unsigned char *)to, len, secret);
	to[len++] = '.';
	(void)encode(to + len, TOKEN_SIZE - len, mac, sizeof(mac));
}
