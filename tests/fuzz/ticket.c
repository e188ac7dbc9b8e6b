/* SPDX-License-Identifier: ISC */
/*
 * What anybody may send as a ticket, and what somebody who has a key may sign;
 * also the file of a key and the claims of --make-ticket.  The first byte says
 * what the others are.
 */
#include "serve/ticket.h"

#include "fuzz.h"
#include "serve/ticket_keys.h"
#include "serve/ticket_make.h"

#define NOW    1000000000
#define BASE64 sodium_base64_VARIANT_URLSAFE_NO_PADDING
#define HEADER "eyJhbGciOiJIUzI1NiJ9" /* {"alg":"HS256"} */

static struct ticket_keys keys;

static void
add_key(const char *line)
{
	const char *fault;

	assert(ticket_key_parse(&keys.one[keys.n++], line, strlen(line),
		   &fault) == 0);
}

static void
check_patterns(const char *const *patterns, size_t n)
{
	size_t i;

	assert(n <= TICKET_CHANNELS_MAX);
	for (i = 0; i < n; i++)
		assert(strlen(patterns[i]) > 0 && strlen(patterns[i]) <= 256);
}

/* Returns whether it is good. */
static int
read_one(const char *text, size_t len)
{
	struct ticket *t = NULL;
	enum ticket_fault fault = ticket_read(&t, &keys, text, len, NOW, 2);

	assert((t != NULL) == (fault == TICKET_GOOD));
	assert(fault < TICKET_FAULTS);
	if (t == NULL)
		return 0;
	assert(len <= TICKET_MAX);
	assert(t->exp > NOW);
	assert(t->subject == NULL ||
	       (strlen(t->subject) > 0 &&
		   strlen(t->subject) <= TICKET_SUBJECT_MAX));
	check_patterns(t->channels, t->channels_n);
	check_patterns(t->publish, t->publish_n);
	(void)ticket_may_read(t, "a");
	(void)ticket_may_publish(t, "a");
	ticket_free(t);
	return 1;
}

/* Signs it, where header is already in base64url. */
static char *
sign(const char *header, const char *claims, size_t len)
{
	size_t size = strlen(header) + 2 * len + 256, n;
	uint8_t signature[TICKET_SIGNATURE_MAX];
	char *text = malloc(size);

	assert(text != NULL);
	strcpy(text, header);
	strcat(text, ".");
	n = strlen(text);
	(void)sodium_bin2base64(text + n, size - n, (const uint8_t *)claims,
	    len, BASE64);
	n = ticket_key_sign(&keys.one[0], text, strlen(text), signature);
	strcat(text, ".");
	(void)sodium_bin2base64(text + strlen(text), size - strlen(text),
	    signature, n, BASE64);
	return text;
}

static void
claims(const char *bytes, size_t len)
{
	char *text = sign(HEADER, bytes, len), *copy;
	size_t n = strlen(text);

	copy = malloc(n); /* its end is where the sanitizer looks */
	assert(copy != NULL);
	memcpy(copy, text, n);
	if (read_one(copy, n) && len > 0) {
		copy[len % n] ^= 1;
		assert(!read_one(copy, n));
	}
	free(copy);
	free(text);
}

static void
header(const char *bytes, size_t len)
{
	char *base64 = malloc(2 * len + 8), *text;

	assert(base64 != NULL);
	(void)sodium_bin2base64(base64, 2 * len + 8, (const uint8_t *)bytes,
	    len, BASE64);
	text = sign(base64, "{\"exp\":2000000000}", 18);
	(void)read_one(text, strlen(text));
	free(text);
	free(base64);
}

static void
key(const char *bytes, size_t len)
{
	const char *fault = NULL;
	struct ticket_key one;
	int result = ticket_key_parse(&one, bytes, len, &fault);

	assert((result == -1) == (fault != NULL));
}

static void
make(const char *bytes, size_t len)
{
	char *query = malloc(len + 1), *text, err[128] = "";

	assert(query != NULL);
	memcpy(query, bytes, len);
	query[len] = '\0';
	text = ticket_make(&keys, query, NOW, err, sizeof(err));
	assert((text == NULL) == (*err != '\0'));
	if (text != NULL)
		assert(read_one(text, strlen(text)));
	free(text);
	free(query);
}

static void
raw(const char *bytes, size_t len)
{
	(void)read_one(bytes, len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const readers[])(const char *, size_t) = {raw, claims,
	    header, key, make};

	if (keys.n == 0) {
		add_key("HS256 0123456789abcdef0123456789abcdef"
			"0123456789abcdef0123456789abcdef");
		add_key("EdDSA 11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
	}
	if (size == 0)
		return 0;
	readers[data[0] % 5]((const char *)data + 1, size - 1);
	return 0;
}
