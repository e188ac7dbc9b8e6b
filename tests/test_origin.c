/* SPDX-License-Identifier: ISC */
/*
 * Which requests a page of another site made the browser send: a table.
 */
#include "unit.h"

#include "serve/origin.h"

#define SITE "Sec-Fetch-Site"

static const struct row {
	const char *name;
	const char *site, *origin, *host; /* NULL: the header is not there */
	const char *told_by;		  /* NULL: it is not foreign */
} rows[] = {
    {"nothing_says_anything", NULL, NULL, NULL, NULL},
    {"host_alone", NULL, NULL, "a.example", NULL},
    {"same_origin", "same-origin", NULL, "a.example", NULL},
    {"typed_by_the_user", "none", NULL, "a.example", NULL},
    {"same_site", "same-site", NULL, "a.example", SITE},
    {"cross_site", "cross-site", NULL, "a.example", SITE},
    {"site_in_large_letters", "Same-Origin", NULL, "a.example", SITE},
    {"site_empty", "", NULL, "a.example", SITE},
    {"site_twice", "same-origin, same-origin", NULL, "a.example", SITE},
    {"site_with_a_space", "none ", NULL, "a.example", SITE},
    {"site_alone_is_enough", "cross-site", "https://a.example", "a.example",
	SITE},
    {"origin_without_a_host", NULL, "https://", "a.example", "Origin"},
    {"neither_has_a_host", NULL, "https://", "", "Origin"},
    {"origin_of_host", NULL, "https://a.example", "a.example", NULL},
    {"origin_of_host_over_http", NULL, "http://a.example", "a.example", NULL},
    {"origin_of_host_and_port", NULL, "http://a.example:8080", "a.example:8080",
	NULL},
    {"origin_in_other_letters", NULL, "https://A.Example", "a.eXample", NULL},
    {"origin_v6", NULL, "http://[::1]:3000", "[::1]:3000", NULL},
    {"both_say_so", "same-origin", "https://a.example", "a.example", NULL},
    {"origin_of_another_host", NULL, "https://b.example", "a.example",
	"Origin"},
    {"same_origin_behind_a_proxy_with_a_host_of_its_own", "same-origin",
	"https://b.example", "a.example", NULL},
    {"same_origin_without_host_header", "same-origin", "https://b.example",
	NULL, NULL},
    {"typed_by_the_user_with_an_origin", "none", "null", "a.example", NULL},
    {"origin_without_the_port_of_https", NULL, "https://a.example",
	"a.example:443", NULL},
    {"origin_with_the_port_of_https", NULL, "https://a.example:443",
	"a.example", NULL},
    {"origin_without_the_port_of_http", NULL, "http://a.example",
	"a.example:80", NULL},
    {"origin_with_the_port_of_http", NULL, "http://a.example:80", "a.example",
	NULL},
    {"origin_and_host_with_the_port", NULL, "https://a.example:443",
	"a.example:443", NULL},
    {"origin_v6_without_the_port", NULL, "https://[::1]", "[::1]:443", NULL},
    {"origin_without_the_port_of_another_scheme", NULL, "https://a.example",
	"a.example:80", "Origin"},
    {"origin_with_the_port_of_another_scheme", NULL, "http://a.example:443",
	"a.example", "Origin"},
    {"origin_is_a_port_alone", NULL, "http://:80", ":80", NULL},
    {"origin_of_another_port", NULL, "http://a.example:1", "a.example:2",
	"Origin"},
    {"origin_with_a_port_more", NULL, "http://a.example:1", "a.example",
	"Origin"},
    {"origin_without_the_port", NULL, "http://a.example", "a.example:1",
	"Origin"},
    {"origin_that_begins_like_host", NULL, "https://a.example.evil",
	"a.example", "Origin"},
    {"origin_that_ends_like_host", NULL, "https://evil-a.example", "a.example",
	"Origin"},
    {"origin_of_a_user_at_host", NULL, "https://a.example@evil", "a.example",
	"Origin"},
    {"origin_with_a_path", NULL, "https://a.example/", "a.example", "Origin"},
    {"origin_null", NULL, "null", "a.example", "Origin"},
    {"origin_null_of_host_null", NULL, "null", "null", "Origin"},
    {"origin_empty", NULL, "", "a.example", "Origin"},
    {"origin_empty_and_host_too", NULL, "", "", "Origin"},
    {"origin_without_scheme", NULL, "a.example", "a.example", "Origin"},
    {"origin_without_host_header", NULL, "https://a.example", NULL, "Origin"},
    {"two_origins", NULL, "https://a.example https://a.example", "a.example",
	"Origin"},
};

static void
is_foreign_or_not(void **state)
{
	const struct row *row = *state;
	char site[100], origin[100], host[100];
	const char *told;
	struct request r = {
	    .fetch_site = row->site == NULL ? NULL : strcpy(site, row->site),
	    .origin = row->origin == NULL ? NULL : strcpy(origin, row->origin),
	    .host = row->host == NULL ? NULL : strcpy(host, row->host),
	};

	told = origin_foreign(&r);
	if (row->told_by == NULL) {
		assert_null(told);
		return;
	}
	assert_non_null(told);
	assert_memory_equal(told, row->told_by, strlen(row->told_by));
	assert_null(strchr(told, '\n'));
}

int
main(void)
{
	struct CMUnitTest tests[LENGTH(rows)];
	size_t i;

	for (i = 0; i < LENGTH(rows); i++)
		tests[i] = row_test(rows[i].name, is_foreign_or_not, &rows[i]);
	return _cmocka_run_group_tests("origin", tests, LENGTH(tests), NULL,
	    NULL);
}
