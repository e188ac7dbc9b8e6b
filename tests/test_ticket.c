/* SPDX-License-Identifier: ISC */
/*
 * Which tickets are good, why others are not, and what one permits.  Those of
 * the tables are signed here; the RFCs' own say that it is done rightly.
 */
#include "unit.h"

#include <sys/stat.h>

#include <unistd.h>

#include "serve/ticket.h"
#include "serve/ticket_keys.h"
#include "serve/ticket_make.h"

#define NOW    1000000000
#define BASE64 sodium_base64_VARIANT_URLSAFE_NO_PADDING

static const char hmac_key[] =
    "HS256 0123456789abcdef0123456789abcdef0123456789abcdef0123456789ABCDEF\n";
static const char other_key[] =
    "HS256 AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4h"
    "cgUuTwjAzZr1Z9CAow\n";    /* RFC 7515, A.1.1 */
static const char seed_key[] = /* RFC 8037, A.1 */
    "EdDSA-secret nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
static const char public_key[] =
    "EdDSA 11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\r\n";

static struct ticket_keys
keys_of(const char *const texts[], size_t n)
{
	struct ticket_keys keys = {0};
	const char *fault = NULL;

	for (; keys.n < n; keys.n++)
		if (ticket_key_parse(&keys.one[keys.n], texts[keys.n],
			strlen(texts[keys.n]), &fault) == -1)
			fail_msg("%s", fault);
	return keys;
}

static struct ticket_keys
one_key(const char *text)
{
	return keys_of(&text, 1);
}

/* The ticket of such a header and such claims, which may be no JSON. */
static char *
signed_by(const struct ticket_key *key, const char *header, size_t header_len,
    const char *claims, size_t len)
{
	size_t size = 4 * (header_len + len) + 256, n;
	uint8_t signature[TICKET_SIGNATURE_MAX];
	char *text = malloc(size);

	assert_non_null(text);
	(void)sodium_bin2base64(text, size, (const uint8_t *)header, header_len,
	    BASE64);
	n = strlen(text);
	text[n++] = '.';
	(void)sodium_bin2base64(text + n, size - n, (const uint8_t *)claims,
	    len, BASE64);
	n = ticket_key_sign(key, text, strlen(text), signature);
	strcat(text, ".");
	(void)sodium_bin2base64(text + strlen(text), size - strlen(text),
	    signature, n, BASE64);
	return text;
}

static enum ticket_fault
fault_of(const struct ticket_keys *keys, const char *text, size_t len,
    int64_t skew)
{
	char *copy = malloc(len); /* its end is where the sanitizer looks */
	struct ticket *ticket = (struct ticket *)&ticket;
	enum ticket_fault fault;

	assert_non_null(copy);
	memcpy(copy, text, len);
	fault = ticket_read(&ticket, keys, copy, len, NOW, skew);
	assert_int_equal(ticket != NULL, fault == TICKET_GOOD);
	ticket_free(ticket);
	free(copy);
	return fault;
}

#define HS     "{\"alg\":\"HS256\"}"
#define EXP    "\"exp\":1000000060"
#define TEXT10 "0123456789"
#define TEXT100 \
	TEXT10 TEXT10 TEXT10 TEXT10 TEXT10 TEXT10 TEXT10 TEXT10 TEXT10 TEXT10
#define TEXT255	 TEXT100 TEXT100 TEXT10 TEXT10 TEXT10 TEXT10 TEXT10 "01234"
#define CHANNEL8 "\"a\",\"b\",\"c\",\"d\",\"e\",\"f\",\"g\",\"h\","
#define CHANNEL63                                                      \
	CHANNEL8 CHANNEL8 CHANNEL8 CHANNEL8 CHANNEL8 CHANNEL8 CHANNEL8 \
	    "\"a\",\"b\",\"c\",\"d\",\"e\",\"f\",\"g\""

static const struct row {
	const char *name, *header, *claims;
	enum ticket_fault fault;
} rows[] = {
    {"least", HS, "{" EXP "}", TICKET_GOOD},
    {"all", "{\"typ\":\"JWT\",\"alg\":\"HS256\",\"kid\":\"7\"}",
	"{\"iss\":\"me\",\"iat\":5," EXP ",\"nbf\":1000000000,\"sub\":\"ann\","
	"\"channels\":[\"a\",\"b*\"],\"publish\":[\"c\"],\"more\":{\"a\":[1]}}",
	TICKET_GOOD},
    {"kid_that_is_no_text", "{\"alg\":\"HS256\",\"kid\":[7]}", "{" EXP "}",
	TICKET_GOOD},

    {"alg_none", "{\"alg\":\"none\"}", "{" EXP "}", TICKET_ALGORITHM},
    {"alg_None", "{\"alg\":\"None\"}", "{" EXP "}", TICKET_ALGORITHM},
    {"alg_of_no_key", "{\"alg\":\"EdDSA\"}", "{" EXP "}", TICKET_ALGORITHM},
    {"alg_rs256", "{\"alg\":\"RS256\"}", "{" EXP "}", TICKET_ALGORITHM},
    {"alg_hs512", "{\"alg\":\"HS512\"}", "{" EXP "}", TICKET_ALGORITHM},
    {"alg_in_small_letters", "{\"alg\":\"hs256\"}", "{" EXP "}",
	TICKET_ALGORITHM},
    {"alg_empty", "{\"alg\":\"\"}", "{" EXP "}", TICKET_ALGORITHM},
    {"alg_missing", "{\"typ\":\"JWT\"}", "{" EXP "}", TICKET_MALFORMED},
    {"alg_twice", "{\"alg\":\"HS256\",\"alg\":\"HS256\"}", "{" EXP "}",
	TICKET_MALFORMED},
    {"alg_twice_otherwise_spelt", "{\"alg\":\"HS256\",\"\\u0061lg\":\"none\"}",
	"{" EXP "}", TICKET_MALFORMED},
    {"alg_a_list", "{\"alg\":[\"HS256\"]}", "{" EXP "}", TICKET_MALFORMED},
    {"alg_null", "{\"alg\":null}", "{" EXP "}", TICKET_MALFORMED},
    {"crit", "{\"alg\":\"HS256\",\"crit\":[\"b64\"],\"b64\":false}",
	"{" EXP "}", TICKET_MALFORMED},
    {"crit_null", "{\"alg\":\"HS256\",\"crit\":null}", "{" EXP "}",
	TICKET_MALFORMED},
    {"alg_with_nul", "{\"alg\":\"HS256\\u0000\"}", "{" EXP "}",
	TICKET_MALFORMED},
    {"header_empty", "", "{" EXP "}", TICKET_MALFORMED},
    {"header_a_list", "[\"HS256\"]", "{" EXP "}", TICKET_MALFORMED},
    {"header_with_trailing_bytes", HS "x", "{" EXP "}", TICKET_MALFORMED},
    {"header_twice", HS HS, "{" EXP "}", TICKET_MALFORMED},
    {"header_with_space_behind", HS " ", "{" EXP "}", TICKET_GOOD},
    {"header_not_utf8", "{\"alg\":\"HS256\",\"kid\":\"\xff\"}", "{" EXP "}",
	TICKET_MALFORMED},
    {"header_long",
	"{\"alg\":\"HS256\",\"kid\":\"" TEXT100 TEXT100 TEXT100 TEXT10 TEXT10
	    TEXT10 TEXT10 TEXT10 TEXT10 "\"}",
	"{" EXP "}", TICKET_GOOD},
    {"header_too_long",
	"{\"alg\":\"HS256\",\"kid\":\"" TEXT100 TEXT100 TEXT100 TEXT10 TEXT10
	    TEXT10 TEXT10 TEXT10 TEXT10 "x\"}",
	"{" EXP "}", TICKET_MALFORMED},
    {"header_deep", "{\"alg\":\"HS256\",\"x\":[[[[1]]]]}", "{" EXP "}",
	TICKET_MALFORMED},

    {"exp_missing", HS, "{}", TICKET_MALFORMED},
    {"exp_text", HS, "{\"exp\":\"1000000060\"}", TICKET_MALFORMED},
    {"exp_null", HS, "{\"exp\":null}", TICKET_MALFORMED},
    {"exp_true", HS, "{\"exp\":true}", TICKET_MALFORMED},
    {"exp_list", HS, "{\"exp\":[1000000060]}", TICKET_MALFORMED},
    {"exp_twice", HS, "{" EXP "," EXP "}", TICKET_MALFORMED},
    {"exp_with_a_fraction", HS, "{\"exp\":1000000001.5}", TICKET_GOOD},
    {"exp_with_an_exponent", HS, "{\"exp\":1.1e9}", TICKET_GOOD},
    {"exp_a_fraction_ahead", HS, "{\"exp\":1000000000.9}", TICKET_EXPIRED},
    {"exp_now", HS, "{\"exp\":1000000000}", TICKET_EXPIRED},
    {"exp_next_second", HS, "{\"exp\":1000000001}", TICKET_GOOD},
    {"exp_zero", HS, "{\"exp\":0}", TICKET_EXPIRED},
    {"exp_negative", HS, "{\"exp\":-1}", TICKET_MALFORMED},
    {"exp_in_the_year_9999", HS, "{\"exp\":253402300799}", TICKET_GOOD},
    {"exp_in_milliseconds", HS, "{\"exp\":1000000060000}", TICKET_MALFORMED},
    {"exp_of_63_bits", HS, "{\"exp\":9223372036854775807}", TICKET_MALFORMED},
    {"exp_of_65_bits", HS, "{\"exp\":36893488147419103232}", TICKET_MALFORMED},
    {"exp_huge", HS, "{\"exp\":1e308}", TICKET_MALFORMED},
    {"exp_beyond", HS, "{\"exp\":1e999}", TICKET_MALFORMED},
    {"exp_nan", HS, "{\"exp\":NaN}", TICKET_MALFORMED},
    {"nbf_now", HS, "{" EXP ",\"nbf\":1000000000}", TICKET_GOOD},
    {"nbf_in_the_future", HS, "{" EXP ",\"nbf\":1000000001}", TICKET_EARLY},
    {"nbf_a_fraction_ahead", HS, "{" EXP ",\"nbf\":1000000000.5}",
	TICKET_EARLY},
    {"nbf_text", HS, "{" EXP ",\"nbf\":\"1\"}", TICKET_MALFORMED},
    {"nbf_huge", HS, "{" EXP ",\"nbf\":1e300}", TICKET_MALFORMED},
    {"nbf_twice", HS, "{" EXP ",\"nbf\":1,\"nbf\":1}", TICKET_MALFORMED},
    {"iat_in_the_future", HS, "{" EXP ",\"iat\":1000000005}", TICKET_GOOD},
    {"iat_text", HS, "{" EXP ",\"iat\":\"now\"}", TICKET_MALFORMED},

    {"sub_empty", HS, "{" EXP ",\"sub\":\"\"}", TICKET_MALFORMED},
    {"sub_number", HS, "{" EXP ",\"sub\":7}", TICKET_MALFORMED},
    {"sub_null", HS, "{" EXP ",\"sub\":null}", TICKET_MALFORMED},
    {"sub_twice", HS, "{" EXP ",\"sub\":\"a\",\"sub\":\"b\"}",
	TICKET_MALFORMED},
    {"sub_with_a_line_feed", HS, "{" EXP ",\"sub\":\"a\\nb\"}",
	TICKET_MALFORMED},
    {"sub_with_nul", HS, "{" EXP ",\"sub\":\"a\\u0000b\"}", TICKET_MALFORMED},
    {"sub_with_del", HS, "{" EXP ",\"sub\":\"a\x7f\"}", TICKET_MALFORMED},
    {"sub_with_spaces", HS, "{" EXP ",\"sub\":\"Ann \xc3\x84\"}", TICKET_GOOD},
    {"sub_long", HS, "{" EXP ",\"sub\":\"" TEXT255 "\"}", TICKET_GOOD},
    {"sub_too_long", HS, "{" EXP ",\"sub\":\"" TEXT255 "x\"}",
	TICKET_MALFORMED},

    {"channels_text", HS, "{" EXP ",\"channels\":\"a\"}", TICKET_MALFORMED},
    {"channels_object", HS, "{" EXP ",\"channels\":{\"a\":1}}",
	TICKET_MALFORMED},
    {"channels_null", HS, "{" EXP ",\"channels\":null}", TICKET_MALFORMED},
    {"channels_empty", HS, "{" EXP ",\"channels\":[]}", TICKET_GOOD},
    {"channels_with_a_number", HS, "{" EXP ",\"channels\":[\"a\",1]}",
	TICKET_MALFORMED},
    {"channels_with_an_empty_one", HS, "{" EXP ",\"channels\":[\"\"]}",
	TICKET_MALFORMED},
    {"channels_with_nul", HS, "{" EXP ",\"channels\":[\"a\\u0000\"]}",
	TICKET_MALFORMED},
    {"channels_twice", HS, "{" EXP ",\"channels\":[],\"channels\":[]}",
	TICKET_MALFORMED},
    {"channels_64", HS, "{" EXP ",\"channels\":[" CHANNEL63 ",\"x\"]}",
	TICKET_GOOD},
    {"channels_65", HS, "{" EXP ",\"channels\":[" CHANNEL63 ",\"x\",\"y\"]}",
	TICKET_MALFORMED},
    {"channels_longest", HS, "{" EXP ",\"channels\":[\"" TEXT255 "*\"]}",
	TICKET_GOOD},
    {"channels_too_long", HS, "{" EXP ",\"channels\":[\"" TEXT255 "x*\"]}",
	TICKET_MALFORMED},
    {"publish_text", HS, "{" EXP ",\"publish\":\"a\"}", TICKET_MALFORMED},
    {"publish_65", HS, "{" EXP ",\"publish\":[" CHANNEL63 ",\"x\",\"y\"]}",
	TICKET_MALFORMED},

    {"aud_ours", HS, "{" EXP ",\"aud\":\"sse-fcgi\"}", TICKET_GOOD},
    {"aud_ours_too", HS, "{" EXP ",\"aud\":[\"x\",\"sse-fcgi\"]}", TICKET_GOOD},
    {"aud_another", HS, "{" EXP ",\"aud\":\"api\"}", TICKET_MALFORMED},
    {"aud_others", HS, "{" EXP ",\"aud\":[\"api\",1]}", TICKET_MALFORMED},
    {"aud_nobody", HS, "{" EXP ",\"aud\":[]}", TICKET_MALFORMED},

    {"claims_empty", HS, "", TICKET_MALFORMED},
    {"claims_a_list", HS, "[" EXP "]", TICKET_MALFORMED},
    {"claims_a_text", HS, "\"exp\"", TICKET_MALFORMED},
    {"claims_cut", HS, "{" EXP, TICKET_MALFORMED},
    {"claims_with_trailing_bytes", HS, "{" EXP "}x", TICKET_MALFORMED},
    {"claims_twice", HS, "{" EXP "}{" EXP "}", TICKET_MALFORMED},
    {"claims_with_a_comma", HS, "{" EXP ",}", TICKET_MALFORMED},
    {"claims_with_a_comment", HS, "{" EXP "/**/}", TICKET_MALFORMED},
    {"claims_with_a_bom", HS, "\xef\xbb\xbf{" EXP "}", TICKET_MALFORMED},
    {"claims_with_another_twice", HS, "{" EXP ",\"x\":1,\"x\":2}",
	TICKET_MALFORMED},
    {"claims_with_one_inside_twice", HS, "{" EXP ",\"x\":{\"a\":1,\"a\":2}}",
	TICKET_MALFORMED},
    {"claims_not_utf8", HS, "{" EXP ",\"sub\":\"\xc3\"}", TICKET_MALFORMED},
    {"claims_not_utf8_where_nobody_reads", HS, "{" EXP ",\"x\":\"\xff\"}",
	TICKET_MALFORMED},
    {"claims_too_short_utf8", HS, "{" EXP ",\"x\":\"\xc0\x80\"}",
	TICKET_MALFORMED},
    {"claims_half_a_pair", HS, "{" EXP ",\"x\":\"\\ud800\"}", TICKET_MALFORMED},
    {"claims_as_deep_as_may_be", HS, "{" EXP ",\"x\":[[[1]]]}", TICKET_GOOD},
    {"claims_too_deep", HS, "{" EXP ",\"x\":[[[[1]]]]}", TICKET_MALFORMED},
    {"claims_deep_in_a_text", HS, "{" EXP ",\"x\":\"[[[[\\\"[[[[\"}",
	TICKET_GOOD},
    {"claims_deep_behind_a_text", HS, "{" EXP ",\"x\\\"\":[[[[\"\"]]]]}",
	TICKET_MALFORMED},
    {"claims_shallow_again_and_again", HS,
	"{" EXP ",\"x\":[[],[],[],[],[],[],{},{}]}", TICKET_GOOD},
};

static void
table(void **state)
{
	const struct row *row = *state;
	struct ticket_keys keys = one_key(hmac_key);
	char *text = signed_by(&keys.one[0], row->header, strlen(row->header),
	    row->claims, strlen(row->claims));

	assert_string_equal(ticket_fault_name(
				fault_of(&keys, text, strlen(text), 0)),
	    ticket_fault_name(row->fault));
	free(text);
}

#define A1_TEXT                                                            \
	"eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."                        \
	"eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt" \
	"cGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
#define A1	A1_TEXT ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
#define A4_TEXT "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
#define A4_SIGNATURE                                                           \
	"hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsP" \
	"t9g7sVvpAr_MuM0KAg"

/* Its times are long gone, so that now is too. */
static void
rfc_7515_a1_is_good_until_its_end(void **state)
{
	struct ticket_keys keys = one_key(other_key);
	struct ticket *t;

	(void)state;
	assert_int_equal(ticket_read(&t, &keys, A1, strlen(A1), 1300819379, 0),
	    TICKET_GOOD);
	assert_true(t->exp == 1300819380);
	assert_null(t->subject);
	assert_false(ticket_may_read(t, "a"));
	assert_false(ticket_may_publish(t, "a"));
	ticket_free(t);
	assert_int_equal(ticket_read(&t, &keys, A1, strlen(A1), 1300819380, 0),
	    TICKET_EXPIRED);
	keys = one_key(hmac_key);
	assert_int_equal(ticket_read(&t, &keys, A1, strlen(A1), 1300819379, 0),
	    TICKET_SIGNATURE);
}

static void
assert_signs(const struct ticket_keys *keys, const char *text,
    const char *expected)
{
	uint8_t signature[TICKET_SIGNATURE_MAX];
	char base64[100];
	size_t n =
	    ticket_key_sign(&keys->one[0], text, strlen(text), signature);

	(void)sodium_bin2base64(base64, sizeof(base64), signature, n, BASE64);
	assert_string_equal(base64, expected);
	assert_true(ticket_keys_verify(keys, keys->one[0].algorithm, text,
	    strlen(text), signature, n));
}

static void
rfc_7515_a1_is_signed_so(void **state)
{
	struct ticket_keys keys = one_key(other_key);

	(void)state;
	assert_signs(&keys, A1_TEXT,
	    "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
}

static void
rfc_8037_a4_is_signed_so_and_a5_verified(void **state)
{
	struct ticket_keys keys = one_key(seed_key);
	static const char text[] = A4_TEXT "." A4_SIGNATURE;

	(void)state;
	assert_signs(&keys, A4_TEXT, A4_SIGNATURE);
	keys = one_key(public_key);
	assert_false(keys.one[0].signs);
	/* It is signed by our key, and what is signed is no JSON. */
	assert_int_equal(fault_of(&keys, text, strlen(text), 0),
	    TICKET_MALFORMED);
	assert_int_equal(fault_of(&keys, text, strlen(text) - 2, 0),
	    TICKET_SIGNATURE);
}

#define CLAIMS \
	"{" EXP ",\"channels\":[\"a\",\"b*\",\"*c\"],\"publish\":[\"*\"]}"

static char *
good_ticket(const struct ticket_keys *keys)
{
	char header[32];

	(void)snprintf(header, sizeof(header), "{\"alg\":\"%s\"}",
	    ticket_algorithm_name(keys->one[0].algorithm));
	return signed_by(&keys->one[0], header, strlen(header), CLAIMS,
	    strlen(CLAIMS));
}

static void
each_cut_is_refused(void **state)
{
	struct ticket_keys keys = one_key(*state);
	char *text = good_ticket(&keys);
	size_t len;

	assert_int_equal(fault_of(&keys, text, strlen(text), 0), TICKET_GOOD);
	for (len = 0; len < strlen(text); len++)
		assert_int_not_equal(fault_of(&keys, text, len, 0),
		    TICKET_GOOD);
	assert_int_equal(fault_of(&keys, text, 0, 0), TICKET_MISSING);
	free(text);
}

static void
each_bit_counts(void **state)
{
	struct ticket_keys keys = one_key(*state);
	char *text = good_ticket(&keys);
	size_t i, len = strlen(text);
	unsigned bit;

	for (i = 0; i < len; i++)
		for (bit = 0; bit < 8; bit++) {
			text[i] = (char)(text[i] ^ (1 << bit));
			if (fault_of(&keys, text, len, 0) == TICKET_GOOD)
				fail_msg("bit %u of byte %zu", bit, i);
			text[i] = (char)(text[i] ^ (1 << bit));
		}
	assert_int_equal(fault_of(&keys, text, len, 0), TICKET_GOOD);
	free(text);
}

/* The letter is put before each byte, and behind the last one. */
static void
each_foreign_letter_is_refused(void **state)
{
	static const char foreign[] = "=+/ \n\r\t.,;%\"\0\x80\xff";
	struct ticket_keys keys = one_key(hmac_key);
	char *text = good_ticket(&keys), *other;
	size_t i, j, len = strlen(text);

	(void)state;
	other = malloc(len + 1);
	assert_non_null(other);
	for (i = 0; i <= len; i++)
		for (j = 0; j < sizeof(foreign); j++) {
			memcpy(other, text, i);
			other[i] = foreign[j];
			memcpy(other + i + 1, text + i, len - i);
			assert_int_not_equal(fault_of(&keys, other, len + 1, 0),
			    TICKET_GOOD);
		}
	free(other);
	free(text);
}

static void
one_part_more_is_refused(void **state)
{
	struct ticket_keys keys = one_key(hmac_key);
	static const char *const ends[] = {".", ".x", ".e30", "..", "A",
	    "AAAA"};
	char text[1024], *good = good_ticket(&keys);
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(ends); i++) {
		(void)snprintf(text, sizeof(text), "%s%s", good, ends[i]);
		assert_int_not_equal(fault_of(&keys, text, strlen(text), 0),
		    TICKET_GOOD);
	}
	free(good);
}

static void
the_signature_cannot_be_left_out(void **state)
{
	struct ticket_keys keys = one_key(hmac_key);
	char *good = good_ticket(&keys);
	size_t len = (size_t)(strrchr(good, '.') - good);

	(void)state;
	assert_int_equal(fault_of(&keys, good, len, 0), TICKET_MALFORMED);
	assert_int_equal(fault_of(&keys, good, len + 1, 0), TICKET_SIGNATURE);
	free(good);
}

/* Of spaces, it is as long as wanted, and good but for that. */
static enum ticket_fault
fault_of_size(size_t size)
{
	struct ticket_keys keys = one_key(hmac_key);
	char claims[TICKET_MAX], *text;
	enum ticket_fault fault;
	size_t len = strlen("{" EXP "}");

	memset(claims, ' ', sizeof(claims));
	memcpy(claims, "{" EXP "}", len);
	do {
		text = signed_by(&keys.one[0], HS, strlen(HS), claims, len++);
		if (strlen(text) >= size)
			break;
		free(text);
	} while (len < sizeof(claims));
	fault = fault_of(&keys, text, strlen(text), 0);
	assert_true(strlen(text) - size < 2);
	free(text);
	return fault;
}

static void
the_longest_is_good_and_a_longer_one_is_not(void **state)
{
	(void)state;
	assert_int_equal(fault_of_size(TICKET_MAX - 1), TICKET_GOOD);
	assert_int_equal(fault_of_size(TICKET_MAX + 1), TICKET_MALFORMED);
}

/* An attacker knows the public key, and would make an HMAC of it. */
static void
a_public_key_is_no_secret_of_an_hmac(void **state)
{
	struct ticket_keys keys = one_key(public_key), as_secret;
	char line[128], *text;

	(void)state;
	(void)snprintf(line, sizeof(line), "HS256 %s", public_key + 6);
	as_secret = one_key(line);
	text = good_ticket(&as_secret);
	assert_int_equal(fault_of(&as_secret, text, strlen(text), 0),
	    TICKET_GOOD);
	assert_int_equal(fault_of(&keys, text, strlen(text), 0),
	    TICKET_ALGORITHM);
	free(text);
}

static void
any_of_the_keys_verifies_and_a_removed_one_does_not(void **state)
{
	static const char *const all[] = {other_key, public_key, hmac_key};
	struct ticket_keys keys = keys_of(all, 3), fewer = keys_of(all, 2),
			   hmac = one_key(hmac_key), seed = one_key(seed_key),
			   rfc = one_key(other_key);
	char *by_hmac = good_ticket(&hmac), *by_seed = good_ticket(&seed),
	     *by_rfc = good_ticket(&rfc);

	(void)state;
	assert_int_equal(fault_of(&keys, by_hmac, strlen(by_hmac), 0),
	    TICKET_GOOD);
	assert_int_equal(fault_of(&keys, by_seed, strlen(by_seed), 0),
	    TICKET_GOOD);
	assert_int_equal(fault_of(&keys, by_rfc, strlen(by_rfc), 0),
	    TICKET_GOOD);
	assert_int_equal(fault_of(&fewer, by_hmac, strlen(by_hmac), 0),
	    TICKET_SIGNATURE);
	assert_int_equal(fault_of(&fewer, by_seed, strlen(by_seed), 0),
	    TICKET_GOOD);
	free(by_hmac);
	free(by_seed);
	free(by_rfc);
}

static void
without_a_key_none_is_looked_at(void **state)
{
	struct ticket_keys none = {0};

	(void)state;
	assert_int_equal(fault_of(NULL, A1, strlen(A1), 0), TICKET_MISSING);
	assert_int_equal(fault_of(&none, A1, strlen(A1), 0), TICKET_MISSING);
}

static void
the_skew_is_forgiven_and_is_in_the_end(void **state)
{
	static const char claims[] = "{\"exp\":999999990,\"nbf\":1000000010}";
	struct ticket_keys keys = one_key(hmac_key);
	char *text =
	    signed_by(&keys.one[0], HS, strlen(HS), claims, strlen(claims));
	struct ticket *t;

	(void)state;
	assert_int_equal(fault_of(&keys, text, strlen(text), 9),
	    TICKET_EXPIRED);
	assert_int_equal(fault_of(&keys, text, strlen(text), 10),
	    TICKET_EXPIRED);
	assert_int_equal(ticket_read(&t, &keys, text, strlen(text), NOW, 11),
	    TICKET_GOOD);
	assert_true(t->exp == NOW + 1);
	ticket_free(t);
	free(text);
}

static void
the_skew_is_forgiven_before_the_beginning(void **state)
{
	static const char claims[] = "{" EXP ",\"nbf\":1000000010}";
	struct ticket_keys keys = one_key(hmac_key);
	char *text =
	    signed_by(&keys.one[0], HS, strlen(HS), claims, strlen(claims));

	(void)state;
	assert_int_equal(fault_of(&keys, text, strlen(text), 9), TICKET_EARLY);
	assert_int_equal(fault_of(&keys, text, strlen(text), 10), TICKET_GOOD);
	free(text);
}

static void
names_and_prefixes_permit(void **state)
{
	struct ticket_keys keys = one_key(hmac_key);
	char *text = good_ticket(&keys);
	struct ticket *t;

	(void)state;
	assert_int_equal(ticket_read(&t, &keys, text, strlen(text), NOW, 0),
	    TICKET_GOOD);
	assert_true(ticket_may_read(t, "a"));
	assert_false(ticket_may_read(t, "aa"));
	assert_false(ticket_may_read(t, "A"));
	assert_true(ticket_may_read(t, "b"));
	assert_true(ticket_may_read(t, "b*"));
	assert_true(ticket_may_read(t, "bcd"));
	assert_false(ticket_may_read(t, "cb"));
	assert_true(ticket_may_read(t, "*c")); /* a star elsewhere is a star */
	assert_false(ticket_may_read(t, "ac"));
	assert_false(ticket_may_read(t, "*d"));
	assert_true(ticket_may_publish(t, "anything"));
	ticket_free(t);
	free(text);
}

static void
all_that_it_says_is_kept(void **state)
{
	static const char claims[] = "{\"publish\":[\"p\",\"\\u00e4*\"],"
				     "\"sub\":\"ann\",\"exp\":1000000007.9,"
				     "\"channels\":[\"x\",\"y\",\"z\"]}";
	struct ticket_keys keys = one_key(hmac_key);
	char *text =
	    signed_by(&keys.one[0], HS, strlen(HS), claims, strlen(claims));
	struct ticket *t;

	(void)state;
	assert_int_equal(ticket_read(&t, &keys, text, strlen(text), NOW, 0),
	    TICKET_GOOD);
	memset(text, 'x', strlen(text)); /* it needs the text no more */
	assert_true(t->exp == NOW + 7);
	assert_string_equal(t->subject, "ann");
	assert_int_equal(t->channels_n, 3);
	assert_string_equal(t->channels[0], "x");
	assert_string_equal(t->channels[2], "z");
	assert_int_equal(t->publish_n, 2);
	assert_string_equal(t->publish[0], "p");
	assert_string_equal(t->publish[1], "\xc3\xa4*");
	assert_true(ticket_may_publish(t, "\xc3\xa4x"));
	assert_false(ticket_may_publish(t, "x"));
	assert_false(ticket_may_read(t, "p"));
	ticket_free(t);
	free(text);
}

#define SECRET "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"
#define HEX32  "00112233445566778899aabbccddeeff"

static const struct file_row {
	const char *name, *text;
	bool good;
} files[] = {
    {"secret_in_base64url", "HS256 " SECRET "\n", true},
    {"secret_in_hex", "HS256 " HEX32 HEX32, true},
    {"secret_behind_a_tab", "HS256\t" SECRET " \r\n", true},
    {"secret_of_31_bytes", "HS256 MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZQ",
	false},
    {"secret_of_31_bytes_in_hex",
	"HS256 " HEX32 "00112233445566778899aabbccddee", false},
    {"hex_of_half_a_byte", "HS256 " HEX32 HEX32 "0", false},
    {"secret_with_padding", "HS256 " SECRET "=", false},
    {"secret_in_base64", "HS256 ++++/DEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNk",
	false},
    {"secret_with_a_bit_more",
	"HS256 MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWZ", false},
    {"no_key", "HS256\n", false},
    {"no_algorithm", SECRET "\n", false},
    {"another_algorithm", "HS512 " SECRET, false},
    {"none", "none " SECRET, false},
    {"small_letters", "hs256 " SECRET, false},
    {"a_space_before", " HS256 " SECRET, false},
    {"two_keys", "HS256 " SECRET "\nHS256 " SECRET "\n", false},
    {"a_word_more", "HS256 " SECRET " old", false},
    {"secret_beyond_ascii", "HS256 \xc4" SECRET, false},
    {"empty", "", false},
    {"public_key", public_key, true},
    {"seed", seed_key, true},
    {"public_key_in_hex",
	"EdDSA d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
	true},
    {"public_key_of_31_bytes",
	"EdDSA MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZQ", false},
    {"public_key_that_is_zero",
	"EdDSA 0000000000000000000000000000000000000000000000000000000000000000",
	false},
    {"seed_of_33_bytes", "EdDSA-secret " HEX32 HEX32 "00", false},
};

static void
file(void **state)
{
	const struct file_row *row = *state;
	struct ticket_key key;
	const char *fault = NULL;

	assert_int_equal(ticket_key_parse(&key, row->text, strlen(row->text),
			     &fault),
	    row->good ? 0 : -1);
	assert_int_equal(fault == NULL, row->good);
}

/* A file in the test's directory. */
static const char *
write_file(const char *name, const char *text, mode_t mode)
{
	static char paths[16][64];
	static size_t n;
	char *path = paths[n++ % LENGTH(paths)];
	FILE *f;

	(void)snprintf(path, sizeof(paths[0]), "build/tests/ticket.%ld.%s",
	    (long)getpid(), name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, mode), 0);
	return path;
}

static void
files_are_read_in_their_order(void **state)
{
	const char *list[] = {write_file("a", seed_key, 0600),
	    write_file("b", hmac_key, 0640), NULL};
	struct ticket_keys *keys;
	char err[512] = "";

	(void)state;
	keys = ticket_keys_read(list, err, sizeof(err));
	assert_string_equal(err, "");
	assert_non_null(keys);
	assert_int_equal(keys->n, 2);
	assert_int_equal(keys->one[0].algorithm, TICKET_EDDSA);
	assert_true(keys->one[0].signs);
	assert_int_equal(keys->one[1].algorithm, TICKET_HS256);
	assert_null(keys->exposed);
	ticket_keys_free(keys);
	assert_int_equal(chmod(list[1], 0644), 0);
	keys = ticket_keys_read(list, err, sizeof(err));
	assert_non_null(keys);
	assert_string_equal(keys->exposed, list[1]);
	ticket_keys_free(keys);
	list[1] = write_file("b", public_key, 0644); /* it is no secret */
	keys = ticket_keys_read(list, err, sizeof(err));
	assert_non_null(keys);
	assert_null(keys->exposed);
	ticket_keys_free(keys);
	ticket_keys_free(NULL);
	(void)unlink(list[0]);
	(void)unlink(list[1]);
}

static void
a_bad_file_is_named_and_not_told(void **state)
{
	const char *list[] = {write_file("a", hmac_key, 0600),
	    write_file("b", "HS256 SECRETSECRET\n", 0600), NULL};
	char err[512] = "";

	(void)state;
	assert_null(ticket_keys_read(list, err, sizeof(err)));
	assert_non_null(strstr(err, list[1]));
	assert_null(strstr(err, "SECRETSECRET"));
	(void)unlink(list[1]);
	assert_null(ticket_keys_read(list, err, sizeof(err)));
	assert_non_null(strstr(err, "No such file"));
	list[1] = "/dev/null";
	assert_null(ticket_keys_read(list, err, sizeof(err)));
	list[1] = "/dev/zero";
	assert_null(ticket_keys_read(list, err, sizeof(err)));
	list[1] = "/";
	assert_null(ticket_keys_read(list, err, sizeof(err)));
	(void)unlink(list[0]);
}

static const struct made_row {
	const char *name, *claims, *json;
} made[] = {
    {"made_of_a_channel", "channel=a",
	"{\"channels\":[\"a\"],\"exp\":1000000300}"},
    {"made_to_publish_with_an_end", "exp=60&publish=a",
	"{\"exp\":1000000060,\"publish\":[\"a\"]}"},
    {"made_for_a_year", "exp=31536000&channel=*",
	"{\"exp\":1031536000,\"channels\":[\"*\"]}"},
    {"not_made_of_nothing", "", NULL},
    {"not_made_for_no_channel", "sub=a", NULL},
    {"made_of_all", "channel=a&publish=p&sub=a+b&channel=%C3%A4*&exp=1",
	"{\"channels\":[\"a\",\"\xc3\xa4*\"],\"publish\":[\"p\"],"
	"\"sub\":\"a b\",\"exp\":1000000001}"},
    {"not_made_with_two_ends", "exp=1&exp=1", NULL},
    {"not_made_with_an_end_now", "exp=0", NULL},
    {"not_made_with_an_end_beyond", "exp=31536001", NULL},
    {"not_made_with_an_end_far_beyond", "exp=99999999999999999999", NULL},
    {"not_made_with_an_end_that_is_no_number", "exp=1h", NULL},
    {"not_made_with_an_empty_end", "exp=", NULL},
    {"not_made_with_two_subjects", "sub=a&sub=a", NULL},
    {"not_made_with_an_empty_subject", "sub=", NULL},
    {"not_made_with_a_subject_that_is_no_utf8", "sub=%ff", NULL},
    {"not_made_with_an_empty_channel", "channel=", NULL},
    {"not_made_with_a_channel_that_is_no_utf8", "channel=%ff", NULL},
    {"not_made_with_a_channel_with_a_space", "channel=a b", NULL},
    {"not_made_to_publish_with_a_control_character", "publish=a%0a", NULL},
    {"not_made_with_half_a_percent", "publish=%f", NULL},
    {"not_made_with_half_a_percent_in_a_name", "channel=a&ex%p=1", NULL},
    {"not_made_with_nul_in_a_name", "channel=a&exp%00=1", NULL},
    {"not_made_with_another_claim", "channels=a", NULL},
};

static void
makes(void **state)
{
	const struct made_row *row = *state;
	struct ticket_keys keys = one_key(seed_key);
	char err[512] = "", json[1024] = "", *text, *claims;
	size_t n;

	text = ticket_make(&keys, row->claims, NOW, err, sizeof(err));
	assert_int_equal(text == NULL, row->json == NULL);
	if (text == NULL) {
		assert_memory_equal(err, "--make-ticket: ", 15);
		assert_true(strncmp(row->claims, "exp", 3) != 0 ||
			    strstr(err, "exp ") != NULL);
		return;
	}
	assert_string_equal(err, "");
	assert_int_equal(fault_of(&keys, text, strlen(text), 0), TICKET_GOOD);
	claims = strchr(text, '.') + 1;
	assert_int_equal(ticket_base64url((uint8_t *)json, sizeof(json), &n,
			     claims, strcspn(claims, ".")),
	    0);
	assert_string_equal(json, row->json);
	free(text);
}

static void
a_public_key_makes_none(void **state)
{
	struct ticket_keys keys = one_key(public_key);
	char err[512] = "";

	(void)state;
	assert_null(ticket_make(&keys, "channel=a", NOW, err, sizeof(err)));
	assert_string_equal(err,
	    "--make-ticket: the first --ticket-key only verifies");
}

static void
a_file_is_short_and_is_text(void **state)
{
	char text[3000] = "HS256 " SECRET "\n";
	size_t len = strlen(text);
	const char *fault = NULL;
	struct ticket_key key;

	(void)state;
	assert_int_equal(ticket_key_parse(&key, text, len + 1, &fault), -1);
	assert_string_equal(fault, "it is no text");
	memset(text + len, '\n', sizeof(text) - len);
	assert_int_equal(ticket_key_parse(&key, text, 1024, &fault), 0);
	assert_int_equal(ticket_key_parse(&key, text, 1025, &fault), -1);
	assert_int_equal(ticket_key_parse(&key, text, sizeof(text), &fault),
	    -1);
}

static void
a_file_of_another_form_is_told_how_it_begins(void **state)
{
	static const char *const texts[] = {"",
	    "-----BEGIN PUBLIC KEY-----\nMCow\n-----END PUBLIC KEY-----\n",
	    "# the key\n"
	    "HS256 " SECRET "\n",
	    SECRET "\n"};
	struct ticket_key key;
	const char *fault;
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(texts); i++) {
		assert_int_equal(ticket_key_parse(&key, texts[i],
				     strlen(texts[i]), &fault),
		    -1);
		assert_string_equal(fault,
		    "it does not begin with HS256, EdDSA or EdDSA-secret: see "
		    "sse-fcgi(8), TICKETS");
	}
}

static void
eight_files_are_the_most(void **state)
{
	const char *path = write_file("a", hmac_key, 0600);
	const char *list[] = {path, path, path, path, path, path, path, path,
	    NULL, NULL};
	struct ticket_keys *keys;
	char err[512] = "";

	(void)state;
	keys = ticket_keys_read(list, err, sizeof(err));
	assert_non_null(keys);
	assert_int_equal(keys->n, 8);
	ticket_keys_free(keys);
	list[8] = path;
	assert_null(ticket_keys_read(list, err, sizeof(err)));
	(void)unlink(path);
}

/* What the other algorithm's keys have where one has its secret is no secret.
 */
static void
no_key_is_one_of_another_algorithm(void **state)
{
	static const char *const both[] = {public_key, hmac_key};
	struct ticket_keys keys = keys_of(both, 2), nothing = {.n = 1};
	char *text;

	(void)state;
	nothing.one[0].algorithm = TICKET_HS256;
	text = good_ticket(&nothing);
	assert_int_equal(fault_of(&keys, text, strlen(text), 0),
	    TICKET_SIGNATURE);
	free(text);
}

static const struct CMUnitTest others[] = {
    cmocka_unit_test(rfc_7515_a1_is_good_until_its_end),
    cmocka_unit_test(rfc_7515_a1_is_signed_so),
    cmocka_unit_test(rfc_8037_a4_is_signed_so_and_a5_verified),
    {"each_cut_is_refused_hs256", each_cut_is_refused, NULL, NULL,
	(void *)(uintptr_t)hmac_key},
    {"each_cut_is_refused_eddsa", each_cut_is_refused, NULL, NULL,
	(void *)(uintptr_t)seed_key},
    {"each_bit_counts_hs256", each_bit_counts, NULL, NULL,
	(void *)(uintptr_t)hmac_key},
    {"each_bit_counts_eddsa", each_bit_counts, NULL, NULL,
	(void *)(uintptr_t)seed_key},
    cmocka_unit_test(each_foreign_letter_is_refused),
    cmocka_unit_test(one_part_more_is_refused),
    cmocka_unit_test(the_signature_cannot_be_left_out),
    cmocka_unit_test(the_longest_is_good_and_a_longer_one_is_not),
    cmocka_unit_test(a_public_key_is_no_secret_of_an_hmac),
    cmocka_unit_test(any_of_the_keys_verifies_and_a_removed_one_does_not),
    cmocka_unit_test(without_a_key_none_is_looked_at),
    cmocka_unit_test(the_skew_is_forgiven_and_is_in_the_end),
    cmocka_unit_test(the_skew_is_forgiven_before_the_beginning),
    cmocka_unit_test(names_and_prefixes_permit),
    cmocka_unit_test(all_that_it_says_is_kept),
    cmocka_unit_test(files_are_read_in_their_order),
    cmocka_unit_test(a_public_key_makes_none),
    cmocka_unit_test(a_file_is_short_and_is_text),
    cmocka_unit_test(a_file_of_another_form_is_told_how_it_begins),
    cmocka_unit_test(eight_files_are_the_most),
    cmocka_unit_test(no_key_is_one_of_another_algorithm),
    cmocka_unit_test(a_bad_file_is_named_and_not_told),
};

int
main(void)
{
	struct CMUnitTest
	    tests[LENGTH(rows) + LENGTH(files) + LENGTH(made) + LENGTH(others)];
	size_t i, n = 0;

	for (i = 0; i < LENGTH(rows); i++)
		tests[n++] = row_test(rows[i].name, table, &rows[i]);
	for (i = 0; i < LENGTH(files); i++)
		tests[n++] = row_test(files[i].name, file, &files[i]);
	for (i = 0; i < LENGTH(made); i++)
		tests[n++] = row_test(made[i].name, makes, &made[i]);
	for (i = 0; i < LENGTH(others); i++)
		tests[n++] = others[i];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
