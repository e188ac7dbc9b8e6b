/* SPDX-License-Identifier: ISC */
/*
 * What a request asks for, by its query and by what the front puts in its
 * place: a table, and as many channels as there may be.
 */
#include "unit.h"

#include <stdbool.h>

#include "asked.h"

#define NAME	"a channel's name is"
#define MANY	"more than 16"
#define BAD	"malformed"
#define EMPTY	"empty"
#define SIXTEEN "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,"
#define LONG16	"xxxxxxxxxxxxxxxx"
#define LONG128 LONG16 LONG16 LONG16 LONG16 LONG16 LONG16 LONG16 LONG16
#define QUERY16                                                        \
	"channel=a&channel=b&channel=c&channel=d&channel=e&channel=f&" \
	"channel=g&channel=h&channel=i&channel=j&channel=k&channel=l&" \
	"channel=m&channel=n&channel=o&channel=p"

static const struct row {
	const char *query, *channel; /* NULL: not there */
	const char *shown;	     /* what was asked for, */
	const char *wrong;	     /* or a part of what is wrong */
} rows[] = {
    {NULL, NULL, "", NULL}, {"", NULL, "", NULL},
    {"channel=a", NULL, "a,", NULL},
    {"channel=b&channel=a", NULL, "b,a,", NULL},
    {"channel=a&channel=b&channel=a&channel=a", NULL, "a,b,", NULL},
    {"channel=A&channel=a", NULL, "A,a,", NULL},
    {"channel=%61%2e%5f%3A-0", NULL, "a._:-0,", NULL},
    {"channel=clock", NULL, "clock,", NULL},
    {"other=x&channel=a&Channel=b&channels=c&chann=d", NULL, "a,", NULL},
    {"%63hannel=a", NULL, "a,", NULL},
    {"channel=" LONG128, NULL, LONG128 ",", NULL},
    {QUERY16, NULL, SIXTEEN, NULL},
    {QUERY16 "&channel=a&channel=p", NULL, SIXTEEN, NULL},
    {QUERY16 "&event=x", NULL, SIXTEEN " event=x", NULL},
    {QUERY16 "&channel=q", NULL, NULL, MANY},
    {"channel=" LONG128 "x", NULL, NULL, NAME}, {"channel=", NULL, NULL, NAME},
    {"channel", NULL, NULL, NAME}, {"channel=a&channel=", NULL, NULL, NAME},
    {"channel=a+b", NULL, NULL, NAME}, {"channel=a%20b", NULL, NULL, NAME},
    {"channel=a,b", NULL, NULL, NAME}, {"channel=a/b", NULL, NULL, NAME},
    {"channel=a%252e", NULL, NULL, NAME}, /* decoded once alone */
    {"channel=%c3%a4", NULL, NULL, NAME}, {"channel=a%0a", NULL, NULL, NAME},
    {"channel=a%00", NULL, NULL, BAD}, {"channel=a%", NULL, NULL, BAD},
    {"channel=a&x=%zz", NULL, NULL, BAD},
    /* The other values, of which the first counts. */
    {"event=e&last_event_id=1&history=2&format=json", NULL,
	" event=e last=1 history=2 format=json", NULL},
    {"lastEventId=7", NULL, " last=7", NULL},
    {"lastEventId=7&last_event_id=8", NULL, " last=7", NULL},
    {"last_event_id=8&lastEventId=7", NULL, " last=8", NULL},
    {"last_event_id=&lastEventId=7", NULL, " last=", NULL},
    {"event=a&event=b&history=1&history=2&format=x&format=y", NULL,
	" event=a history=1 format=x", NULL},
    {"event=&event=b", NULL, " event=", NULL},
    {"event=a%0ab", NULL, " event=a\nb", NULL}, /* it is not judged here */
    {"EVENT=a&History=1", NULL, "", NULL},
    /* The front's channels. */
    {NULL, "a", "a,", NULL}, {NULL, "a b", "a,b,", NULL},
    {NULL, "  a   b ", "a,b,", NULL}, {NULL, "a b a", "a,b,", NULL},
    {NULL, "clock", "clock,", NULL}, {"channel=x", "a", "a,", NULL},
    {"channel=a", "clock", "clock,", NULL},
    {"channel=/&channel=", "a", "a,", NULL}, /* they are not looked at */
    {"channel=%", "a", NULL, BAD},
    {"event=e&history=3", "a", "a, event=e history=3", NULL},
    {NULL, "a b c d e f g h i j k l m n o p", SIXTEEN, NULL},
    {NULL, "a b c d e f g h i j k l m n o p a", SIXTEEN, NULL},
    {NULL, "a b c d e f g h i j k l m n o p q", NULL, MANY},
    {NULL, "", NULL, EMPTY}, {NULL, "   ", NULL, EMPTY},
    {"channel=a", "", NULL, EMPTY}, /* the choice is not given back */
    {NULL, "a,b", NULL, NAME}, {NULL, "a\tb", NULL, NAME},
    {NULL, "a%2eb", NULL, NAME}, /* it is not encoded */
};

static size_t
show_value(char *to, size_t size, const char *name, const char *value)
{
	if (value == NULL)
		return 0;
	return (size_t)snprintf(to, size, " %s=%s", name, value);
}

static void
show(char *to, size_t size, const struct asked *a)
{
	size_t n = 0, i;

	*to = '\0';
	for (i = 0; i < a->channels; i++)
		n += (size_t)snprintf(to + n, size - n, "%s,", a->channel[i]);
	n += show_value(to + n, size - n, "event", a->event);
	n += show_value(to + n, size - n, "last", a->last_event_id);
	n += show_value(to + n, size - n, "history", a->history);
	(void)show_value(to + n, size - n, "format", a->format);
}

static void
is_asked_for_or_refused(void **state)
{
	const struct row *row = *state;
	struct request r = {
	    .query = row->query == NULL ? NULL : strdup(row->query),
	    .channel = row->channel == NULL ? NULL : strdup(row->channel),
	};
	struct asked a;
	char shown[400];
	const char *wrong = asked_read(&a, &r);

	show(shown, sizeof(shown), &a);
	free(r.query);
	free(r.channel);
	if (row->wrong != NULL) {
		assert_non_null(wrong);
		assert_non_null(strstr(wrong, row->wrong));
		return;
	}
	assert_null(wrong);
	assert_string_equal(shown, row->shown);
}

static void
clock_is_asked_for_alone_or_by_nothing(void **state)
{
	static const struct {
		const char *query;
		bool clock;
	} all[] = {{NULL, true}, {"", true}, {"history=3", true},
	    {"channel=clock", true}, {"channel=clock&channel=clock", true},
	    {"channel=clocks", false}, {"channel=Clock", false},
	    {"channel=a", false}, {"channel=clock&channel=a", false},
	    {"channel=a&channel=clock", false}};
	struct request r = {0};
	struct asked a;
	char query[100];
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(all); i++) {
		r.query =
		    all[i].query == NULL ? NULL : strcpy(query, all[i].query);
		assert_null(asked_read(&a, &r));
		assert_int_equal(asked_clock(&a), all[i].clock);
	}
}

int
main(void)
{
	struct CMUnitTest tests[LENGTH(rows) + 1];
	char names[LENGTH(rows)][120];
	size_t i;

	for (i = 0; i < LENGTH(rows); i++) {
		(void)snprintf(names[i], sizeof(names[i]), "%.50s [%.50s]",
		    rows[i].query == NULL ? "no query" : rows[i].query,
		    rows[i].channel == NULL ? "-" : rows[i].channel);
		tests[i] =
		    row_test(names[i], is_asked_for_or_refused, &rows[i]);
	}
	tests[i] = (struct CMUnitTest)cmocka_unit_test(
	    clock_is_asked_for_alone_or_by_nothing);
	return _cmocka_run_group_tests("asked", tests, LENGTH(tests), NULL,
	    NULL);
}
