/* SPDX-License-Identifier: ISC */
/*
 * What the check of one ticket takes: of each algorithm, with one key and with
 * eight of which the last one signed it; and what it takes to refuse one, which
 * anybody may ask for.
 *
 *	ticket [-n CHECKS]
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "serve/ticket.h"
#include "serve/ticket_keys.h"
#include "serve/ticket_make.h"

#define NOW 1000000000
#define CLAIMS                                                            \
	"channel=news&channel=room-4711&channel=ann.*&publish=room-4711&" \
	"sub=ann@example.org&exp=600"

static long checks = 200000;

static double
now_ns(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

/* n keys of that kind, each another one, and the first alone. */
static void
make_keys(struct ticket_keys *keys, struct ticket_keys *first, const char *kind,
    size_t n)
{
	const char *fault;
	char line[100];

	keys->n = 0;
	for (; keys->n < n; keys->n++) {
		(void)snprintf(line, sizeof(line), "%s %064zu", kind,
		    n - keys->n);
		if (ticket_key_parse(&keys->one[keys->n], line, strlen(line),
			&fault) == -1)
			errx(1, "%s", fault);
	}
	first->one[0] = keys->one[n - 1];
	first->n = 1;
}

static void
measure(const char *name, const struct ticket_keys *keys, const char *text,
    enum ticket_fault fault)
{
	size_t len = strlen(text);
	struct ticket *t;
	double start = now_ns();
	long i;

	for (i = 0; i < checks; i++) {
		if (ticket_read(&t, keys, text, len, NOW, 0) != fault)
			errx(1, "%s: it is not %s", name,
			    ticket_fault_name(fault));
		if (t != NULL && !ticket_may_read(t, "ann.mail"))
			errx(1, "%s: it does not permit", name);
		ticket_free(t);
	}
	(void)printf("%-28s %6.2f us, %zu bytes\n", name,
	    (now_ns() - start) / 1e3 / (double)checks, len);
}

static void
measure_kind(const char *kind, size_t n)
{
	static struct ticket_keys keys, first;
	char name[64], err[200], *text;

	make_keys(&keys, &first, kind, n);
	text = ticket_make(&first, CLAIMS, NOW, err, sizeof(err));
	if (text == NULL)
		errx(1, "%s", err);
	(void)snprintf(name, sizeof(name), "%s, %zu key%s", kind, n,
	    n == 1 ? "" : "s");
	measure(name, &keys, text, TICKET_GOOD);
	text[strlen(text) - 9] ^= 1;
	(void)strcat(name, ", forged");
	measure(name, &keys, text, TICKET_SIGNATURE);
	free(text);
}

/* As long a header as is parsed, of names that nobody reads. */
static void
measure_header(void)
{
	static struct ticket_keys keys, first;
	char json[400] = "{\"alg\":\"HS256\"", text[2000];
	size_t n = strlen(json);
	int i;

	for (i = 0; n < 374; i++)
		n += (size_t)sprintf(json + n, ",\"%d\":0", i);
	(void)strcat(json, "}");
	make_keys(&keys, &first, "HS256", 1);
	(void)sodium_bin2base64(text, sizeof(text), (uint8_t *)json,
	    strlen(json), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	(void)strcat(text, ".e30.AAAA");
	measure("HS256, long header, forged", &keys, text, TICKET_SIGNATURE);
}

int
main(int argc, char *argv[])
{
	if (argc == 3 && strcmp(argv[1], "-n") == 0)
		checks = strtol(argv[2], NULL, 10);
	measure_kind("HS256", 1);
	measure_kind("HS256", 8);
	measure_kind("EdDSA-secret", 1);
	measure_kind("EdDSA-secret", 8);
	measure_header();
	return 0;
}
