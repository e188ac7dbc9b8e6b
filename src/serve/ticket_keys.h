/* SPDX-License-Identifier: ISC */
#ifndef TICKET_KEYS_H
#define TICKET_KEYS_H

#include <sodium.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TICKET_KEYS_MAX	     8
#define TICKET_SIGNATURE_MAX 64 /* bytes of one */

/* A key has one algorithm, which its file says, and no ticket does. */
enum ticket_algorithm { TICKET_HS256, TICKET_EDDSA, TICKET_ALGORITHMS };

struct ticket_key {
	enum ticket_algorithm algorithm;
	bool signs;				  /* or only verifies */
	struct crypto_auth_hmacsha256_state hmac; /* the secret is in it */
	uint8_t public[crypto_sign_PUBLICKEYBYTES];
	uint8_t secret[crypto_sign_SECRETKEYBYTES];
};

/* What --ticket-key names: all of them verify, and the first one signs. */
struct ticket_keys {
	size_t n;
	struct ticket_key one[TICKET_KEYS_MAX];
	const char *exposed; /* a secret that everybody may read; NULL: none */
};

/*
 * Reads each file of the list, which ends with NULL.  A file is one line:
 *
 *	HS256 KEY		32 bytes or more, in base64url or hex: what is
 *				nothing but hex digits is hex
 *	EdDSA KEY		the public key of Ed25519, 32 bytes: it verifies
 *	EdDSA-secret KEY	its seed, 32 bytes: it signs and verifies
 *
 * base64url has no padding (RFC 7515, section 2).  NULL if one is bad, with one
 * line in err that names it and says nothing of what is in it; the files' names
 * must outlive the result.
 */
struct ticket_keys *ticket_keys_read(const char *const files[], char *err,
    size_t size);

/* The same of one file's text: 0, or -1 and what is wrong, in words. */
int ticket_key_parse(struct ticket_key *, const char *text, size_t len,
    const char **fault);

/* Nothing of them stays in memory.  NULL is none. */
void ticket_keys_free(struct ticket_keys *);

/* Is there a key of this algorithm? */
bool ticket_keys_have(const struct ticket_keys *, enum ticket_algorithm);

/*
 * Has one of the keys of this algorithm made the signature?  Secrets are
 * compared in constant time, and all of them always.
 */
bool ticket_keys_verify(const struct ticket_keys *, enum ticket_algorithm,
    const char *text, size_t len, const uint8_t *signature, size_t size);

/* By a key that signs.  Returns the signature's bytes. */
size_t ticket_key_sign(const struct ticket_key *, const char *text, size_t len,
    uint8_t signature[TICKET_SIGNATURE_MAX]);

/*
 * Decodes base64url (RFC 7515, section 2), up to max bytes, of which *n come.
 * -1: it has padding, another letter, or bits left over, or is too long.
 */
int ticket_base64url(uint8_t *bytes, size_t max, size_t *n, const char *text,
    size_t len);

/* What a header's `alg` says (RFC 7518, section 3.1; RFC 8037). */
const char *ticket_algorithm_name(enum ticket_algorithm);

#endif
