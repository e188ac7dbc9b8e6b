/* SPDX-License-Identifier: ISC */
/*
 * The keys that sign tickets, from their files.  Which algorithm a key is for
 * is said where the key is: a ticket that could choose would choose "none", or
 * the public key as the secret of an HMAC.
 */
#include "serve/ticket_keys.h"

#include <sys/stat.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

#define FILE_MAX   1024
#define SECRET_MIN 32 /* bytes: RFC 7518, section 3.2 */
#define DIGITS	   "0123456789abcdefABCDEF"
#define SPACE	   " \t\r\n"

static int
refuse(const char **fault, const char *what)
{
	*fault = what;
	return -1;
}

/* libsodium 1.0.18 takes bytes beyond ASCII for letters. */
static bool
is_base64url(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (!(text[i] >= 'a' && text[i] <= 'z') &&
		    !(text[i] >= 'A' && text[i] <= 'Z') &&
		    !(text[i] >= '0' && text[i] <= '9') && text[i] != '-' &&
		    text[i] != '_')
			return false;
	return true;
}

int
ticket_base64url(uint8_t *bytes, size_t max, size_t *n, const char *text,
    size_t len)
{
	if (!is_base64url(text, len))
		return -1;
	return sodium_base642bin(bytes, max, text, len, NULL, n, NULL,
	    sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

/* base64url or hex.  -1: neither. */
static int
decode(uint8_t *bytes, size_t max, size_t *n, const char *text, size_t len)
{
	if (strspn(text, DIGITS) >= len)
		return sodium_hex2bin(bytes, max, text, len, NULL, n, NULL);
	return ticket_base64url(bytes, max, n, text, len);
}

static int
set_secret(struct ticket_key *key, const uint8_t *bytes, size_t n,
    const char **fault)
{
	if (n < SECRET_MIN)
		return refuse(fault, "an HS256 key has 32 bytes or more");
	key->algorithm = TICKET_HS256;
	key->signs = true;
	(void)crypto_auth_hmacsha256_init(&key->hmac, bytes, n);
	return 0;
}

static int
set_public(struct ticket_key *key, const uint8_t *bytes, size_t n,
    const char **fault)
{
	if (n != crypto_sign_PUBLICKEYBYTES ||
	    !crypto_core_ed25519_is_valid_point(bytes))
		return refuse(fault,
		    "an EdDSA key is the 32 bytes of a public key");
	key->algorithm = TICKET_EDDSA;
	memcpy(key->public, bytes, n);
	return 0;
}

static int
set_seed(struct ticket_key *key, const uint8_t *bytes, size_t n,
    const char **fault)
{
	if (n != crypto_sign_SEEDBYTES)
		return refuse(fault,
		    "an EdDSA-secret key is the 32 bytes of a seed");
	key->algorithm = TICKET_EDDSA;
	key->signs = true;
	(void)crypto_sign_seed_keypair(key->public, key->secret, bytes);
	return 0;
}

static const struct {
	const char *name;
	int (*set)(struct ticket_key *, const uint8_t *, size_t, const char **);
} kinds[] = {
    {"HS256", set_secret},
    {"EdDSA", set_public},
    {"EdDSA-secret", set_seed},
};

/* text ends with NUL, and has none else. */
static int
parse(struct ticket_key *key, const char *text, const char **fault)
{
	size_t word = strcspn(text, SPACE), gap = strspn(text + word, " \t");
	const char *digits = text + word + gap;
	size_t len = strcspn(digits, SPACE), n = 0, i;
	uint8_t bytes[FILE_MAX];
	int result;

	memset(key, 0, sizeof(*key));
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strlen(kinds[i].name) == word &&
		    memcmp(kinds[i].name, text, word) == 0)
			break;
	if (i == sizeof(kinds) / sizeof(kinds[0]))
		return refuse(fault,
		    "it does not begin with HS256, EdDSA or EdDSA-secret: see "
		    "sse-fcgi(8), TICKETS");
	if (digits[len + strspn(digits + len, SPACE)] != '\0')
		return refuse(fault,
		    "there is more than one line or two words");
	if (len == 0 || decode(bytes, sizeof(bytes), &n, digits, len) == -1)
		result = refuse(fault,
		    "the key is neither base64url without padding nor hex");
	else
		result = kinds[i].set(key, bytes, n, fault);
	sodium_memzero(bytes, sizeof(bytes));
	return result;
}

int
ticket_key_parse(struct ticket_key *key, const char *text, size_t len,
    const char **fault)
{
	char line[FILE_MAX + 1];
	int result;

	if (sodium_init() == -1)
		return refuse(fault, "libsodium does not start");
	if (len > FILE_MAX)
		return refuse(fault, "it is too long");
	if (memchr(text, '\0', len) != NULL)
		return refuse(fault, "it is no text");
	memcpy(line, text, len);
	line[len] = '\0';
	result = parse(key, line, fault);
	sodium_memzero(line, sizeof(line));
	return result;
}

static int
read_key(struct ticket_keys *keys, const char *path, const char **fault)
{
	struct ticket_key *key = &keys->one[keys->n];
	char text[FILE_MAX + 1];
	mode_t mode;
	ssize_t n = file_read(path, text, sizeof(text), &mode);
	int result = -1;

	if (n == -1)
		*fault = strerror(errno);
	else
		result = ticket_key_parse(key, text, (size_t)n, fault);
	if (result == 0 && key->signs && (mode & S_IROTH) != 0)
		keys->exposed = path;
	sodium_memzero(text, sizeof(text));
	keys->n += result == 0;
	return result;
}

struct ticket_keys *
ticket_keys_read(const char *const files[], char *err, size_t size)
{
	struct ticket_keys *keys = calloc(1, sizeof(*keys));
	const char *fault = "no memory";

	if (keys == NULL) {
		(void)snprintf(err, size, "--ticket-key: %s", fault);
		return NULL;
	}
	for (; *files != NULL; files++) {
		if (keys->n == TICKET_KEYS_MAX)
			fault = "there are too many";
		else if (read_key(keys, *files, &fault) == 0)
			continue;
		(void)snprintf(err, size, "--ticket-key %.200s: %s", *files,
		    fault);
		ticket_keys_free(keys);
		return NULL;
	}
	return keys;
}

void
ticket_keys_free(struct ticket_keys *keys)
{
	if (keys == NULL)
		return;
	sodium_memzero(keys, sizeof(*keys));
	free(keys);
}

bool
ticket_keys_have(const struct ticket_keys *keys, enum ticket_algorithm a)
{
	size_t i;

	for (i = 0; i < keys->n; i++)
		if (keys->one[i].algorithm == a)
			return true;
	return false;
}

static void
sign_hmac(const struct ticket_key *key, const char *text, size_t len,
    uint8_t mac[crypto_auth_hmacsha256_BYTES])
{
	struct crypto_auth_hmacsha256_state state = key->hmac;

	(void)crypto_auth_hmacsha256_update(&state, (const uint8_t *)text, len);
	(void)crypto_auth_hmacsha256_final(&state, mac);
	sodium_memzero(&state, sizeof(state));
}

static bool
verify_hmac(const struct ticket_key *key, const char *text, size_t len,
    const uint8_t *signature)
{
	uint8_t mac[crypto_auth_hmacsha256_BYTES];
	bool same;

	sign_hmac(key, text, len, mac);
	same = crypto_verify_32(mac, signature) == 0;
	sodium_memzero(mac, sizeof(mac));
	return same;
}

bool
ticket_keys_verify(const struct ticket_keys *keys, enum ticket_algorithm a,
    const char *text, size_t len, const uint8_t *signature, size_t size)
{
	bool good = false;
	size_t i;

	if (size != (a == TICKET_HS256 ? crypto_auth_hmacsha256_BYTES :
					 crypto_sign_BYTES))
		return false;
	for (i = 0; i < keys->n; i++) {
		if (keys->one[i].algorithm != a)
			continue;
		if (a == TICKET_HS256) /* all: time says not which it was */
			good |=
			    verify_hmac(&keys->one[i], text, len, signature);
		else if (crypto_sign_verify_detached(signature,
			     (const uint8_t *)text, len,
			     keys->one[i].public) == 0)
			return true; /* nothing here is a secret */
	}
	return good;
}

size_t
ticket_key_sign(const struct ticket_key *key, const char *text, size_t len,
    uint8_t signature[TICKET_SIGNATURE_MAX])
{
	if (key->algorithm == TICKET_HS256) {
		sign_hmac(key, text, len, signature);
		return crypto_auth_hmacsha256_BYTES;
	}
	(void)crypto_sign_detached(signature, NULL, (const uint8_t *)text, len,
	    key->secret);
	return crypto_sign_BYTES;
}

const char *
ticket_algorithm_name(enum ticket_algorithm a)
{
	return a == TICKET_HS256 ? "HS256" : "EdDSA";
}
