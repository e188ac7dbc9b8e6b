/* SPDX-License-Identifier: ISC */
/*
 * What a request asks for, by its query and by what the front puts in its
 * place: a table, and as many channels as there may be.
 */
#include "unit.h"

#include <stdbool.h>

#include "serve/arguments.h"

#define NAME	"a channel's name is"
#define MANY	"more than 64"
#define MANY16	"more than 16 channels: publish"
#define BAD	"malformed"
#define LOOKS	"looks like "
#define EMPTY	"empty"
#define SIXTEEN "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,"
#define LONG16	"xxxxxxxxxxxxxxxx"
#define LONG64	LONG16 LONG16 LONG16 LONG16
#define LONG255 LONG64 LONG64 LONG64 LONG16 LONG16 LONG16 "0123456789abcde"
#define QUERY16                                                        \
	"channel=a&channel=b&channel=c&channel=d&channel=e&channel=f&" \
	"channel=g&channel=h&channel=i&channel=j&channel=k&channel=l&" \
	"channel=m&channel=n&channel=o&channel=p"

/* Sixteen names, of a letter behind what is before it. */
#define OF16(before, behind)                                         \
	before "a" behind before "b" behind before "c" behind before \
	       "d" behind before "e" behind before "f" behind before \
	       "g" behind before "h" behind before "i" behind before \
	       "j" behind before "k" behind before "l" behind before \
	       "m" behind before "n" behind before "o" behind before \
	       "p" behind
#define OF48(before, behind)     \
	OF16(before "1", behind) \
	OF16(before "2", behind) OF16(before "3", behind)
#define QUERY64	  OF48("channel=", "&") QUERY16
#define NAMES64	  OF48("", " ") "a b c d e f g h i j k l m n o p"
#define SIXTYFOUR OF48("", ",") SIXTEEN

#define IDS_OF(name)                                                           \
	name "=1&" name "=2&" name "=3&" name "=4&" name "=5&" name "=6&" name \
	     "=7&" name "=8"

static const struct row {
	const char *query, *channel; /* NULL: not there */
	const char *shown;	     /* what was asked for, */
	const char *wrong;	     /* or a part of what is wrong */
} rows[] = {
    {NULL, NULL, "", NULL},
    {"", NULL, "", NULL},
    {"channel=a", NULL, "a,", NULL},
    {"channel=b&channel=a", NULL, "b,a,", NULL},
    {"channel=a&channel=b&channel=a&channel=a", NULL, "a,b,", NULL},
    {"channel=A&channel=a", NULL, "A,a,", NULL},
    {"channel=%61%2e%5f%3A-0", NULL, "a._:-0,", NULL},
    {"channel=clock", NULL, "clock,", NULL},
    {"other=x&channel=a&c=b&nel=c&change=d&_=1&t=2", NULL, "a,", NULL},
    {"%63hannel=a", NULL, "a,", NULL},
    {"channel=" LONG255, NULL, LONG255 ",", NULL},
    {QUERY16, NULL, SIXTEEN, NULL},
    {QUERY16 "&channel=a&channel=p", NULL, SIXTEEN, NULL},
    {QUERY16 "&event=x", NULL, SIXTEEN " event=x", NULL},
    {QUERY64, NULL, SIXTYFOUR, NULL},
    {QUERY64 "&channel=1d", NULL, SIXTYFOUR, NULL},
    {QUERY64 "&channel=q", NULL, NULL, MANY},
    {"channel=" LONG255 "x", NULL, NULL, NAME},
    {"channel=", NULL, NULL, NAME},
    {"channel", NULL, NULL, NAME},
    {"channel=a&channel=", NULL, NULL, NAME},
    {"channel=a+b", NULL, NULL, NAME},
    {"channel=a%20b", NULL, NULL, NAME},
    {"channel=a,b", NULL, "a,b,", NULL},
    {"channel=a/b", NULL, "a/b,", NULL},
    {"channel=a%252e", NULL, "a%2e,", NULL}, /* decoded once alone */
    {"channel=%c3%a4", NULL, "\xc3\xa4,", NULL},
    {"channel=%c3", NULL, NULL, NAME},
    {"channel=a%0a", NULL, NULL, NAME},
    {"channel=a%00", NULL, NULL, BAD},
    {"channel=a%", NULL, NULL, BAD},
    {"history=%zz", NULL, NULL, BAD},
    /* What is not ours need not be well-formed. */
    {"channel=a&q=100%", NULL, "a,", NULL},
    {"channel=a&x=%zz&y=%00&%=z&%00=1", NULL, "a,", NULL},
    {"q=100%&channel=a", NULL, "a,", NULL},
    {"%63hannel=a&%zzchannel=%", NULL, "a,", NULL},
    /* The other values, of which the first counts. */
    {"event=e&last_event_id=1&history=2&format=json", NULL,
	" event=e page=1 history=2 format=json", NULL},
    {"heartbeat=event&heartbeat=x", NULL, " heartbeat=event", NULL},
    /* Where the client was, and where its page lets it begin. */
    {"lastEventId=7", NULL, " own=7", NULL},
    {"lastEventID=7", NULL, " own=7", NULL},
    {"Last-Event-ID=7", NULL, " own=7", NULL},
    {"last-event-id=7", NULL, " own=7", NULL},
    {"evs_last_event_id=7", NULL, " own=7", NULL},
    {"lastEventId=7&last_event_id=8", NULL, " own=7 page=8", NULL},
    {"last_event_id=8&lastEventId=7", NULL, " own=7 page=8", NULL},
    {"last_event_id=&lastEventId=7", NULL, " own=7", NULL},
    {"lastEventId=7&lastEventId=&lastEventID=8&lastEventId=9", NULL,
	" own=7,8,9", NULL},
    {"last_event_id=7&last_event_id=8", NULL, " page=7,8", NULL},

    {"lastEventId=%zz&last_event_id=%00", NULL, " own=? page=?", NULL},
    {"lastEventId=a%26%3d", NULL, " own=a&=", NULL},
    {IDS_OF("lastEventId"), NULL, " own=1,2,3,4,5,6,7,8", NULL},
    {IDS_OF("lastEventId") "&lastEventID=9", NULL, " own=2,3,4,5,6,7,8,9",
	NULL},
    {IDS_OF("last_event_id") "&last_event_id=9", NULL, " page=2,3,4,5,6,7,8,9",
	NULL},
    /* What looks like ours. */
    {"topic=a", NULL, NULL, LOOKS "channel=NAME"},
    {"topics=a", NULL, NULL, LOOKS "channel=NAME"},
    {"channels=a", NULL, NULL, LOOKS "channel=NAME"},
    {"channel[]=a", NULL, NULL, LOOKS "channel=NAME"},
    {"channel%5B0%5D=a", NULL, NULL, LOOKS "channel=NAME"},
    {"Channel=a", NULL, NULL, LOOKS "channel=NAME"},
    {"chanel=a", NULL, NULL, LOOKS "channel=NAME"},
    {"channle=a", NULL, NULL, LOOKS "channel=NAME"},
    {"channel=a&chan=b", NULL, NULL, LOOKS "channel=NAME"},
    {"channel=a&History=1", NULL, NULL, LOOKS "history=N"},
    {"channel=a&histroy=1", NULL, NULL, LOOKS "history=N"},
    {"channel=a&last_id=1", NULL, NULL, LOOKS "last_event_id=ID"},
    {"channel=a&last_event_ids=1", NULL, NULL, LOOKS "last_event_id=ID"},

    /* It is nothing to this role. */

    {"channels=a&topic=b", "x", "x,", NULL}, /* nor is it to be asked */
    {"event=a&event=b&history=1&history=2&format=x&format=y", NULL,
	" event=a history=1 format=x", NULL},
    {"event=&event=b", NULL, " event=", NULL},
    {"event=a%0ab", NULL, " event=a\nb", NULL}, /* it is not judged here */
    /* The front's channels. */
    {NULL, "a", "a,", NULL},
    {NULL, "a b", "a,b,", NULL},
    {NULL, "  a   b ", "a,b,", NULL},
    {NULL, "a b a", "a,b,", NULL},
    {NULL, "clock", "clock,", NULL},
    {"channel=x", "a", "a,", NULL},
    {"channel=a", "clock", "clock,", NULL},
    {"channel=/&channel=", "a", "a,", NULL}, /* they are not looked at */
    {"channel=%", "a", "a,", NULL},
    {"event=e&history=3", "a", "a, event=e history=3", NULL},
    {NULL, "a b c d e f g h i j k l m n o p", SIXTEEN, NULL},
    {NULL, "a b c d e f g h i j k l m n o p a", SIXTEEN, NULL},
    {NULL, NAMES64, SIXTYFOUR, NULL},
    {NULL, NAMES64 " q", NULL, MANY},
    {NULL, "", NULL, EMPTY},
    {NULL, "   ", NULL, EMPTY},
    {"channel=a", "", NULL, EMPTY}, /* the choice is not given back */
    {NULL, "a,b", "a,b,", NULL},
    {NULL, "a\tb", NULL, NAME},
    {NULL, "a%2eb b%2Dc", "a.b,b-c,", NULL}, /* each is encoded */
    {NULL, "a%20b", NULL, NAME},
    {NULL, "a% b", NULL, BAD},
    {NULL, "a b%00c", NULL, BAD},
    {NULL, "a %61", "a,", NULL},
    /* A publisher's own are nothing to a reader. */
    {"end=2&snapshot=x&feed=%&key=a%20b&done=%zz&ended=1", NULL, "", NULL},
};

/* What looks like ours to one role alone, and the header. */
static const struct special {
	struct row row;
	const char *role, *header; /* NULL: not there */
} specials[] = {
    {{"last_event_id=8&lastEventId=7", NULL, " own=7,5 page=8", NULL}, NULL,
	"5"},
    {{"last_event_id=8", NULL, " page=8", NULL}, NULL, ""},
    {{"channel=a&type=x", NULL, NULL, LOOKS "event=TYPE"}, "publish", NULL},
    {{"channel=a&Event=x", NULL, NULL, LOOKS "event=TYPE"}, "publish", NULL},
    {{"channel=a&event_type=x", NULL, NULL, LOOKS "event=TYPE"}, "publish",
	NULL},
    {{"topic=a&event=x", NULL, NULL, LOOKS "channel=NAME"}, "publish", NULL},
    {{"Format=json", NULL, NULL, LOOKS "format=json"}, "status", NULL},
    {{"channels=a", NULL, NULL, LOOKS "channel=NAME"}, "status", NULL},
    {{"channel=a&type=x&Format=json", NULL, "a,", NULL}, "stream", NULL},
    {{"channel=a&History=1&lastEventIds=1", NULL, "a,", NULL}, "publish", NULL},
    {{"type=b", "x", NULL, LOOKS "event=TYPE"}, "publish", NULL},
    {{"end=1&snapshot=1&feed=1&key=k-1&done=[DONE]", NULL,
	 " end=1 snapshot=1 feed=1 key=k-1 done=[DONE]", NULL},
	"publish", NULL},
    {{"end=0&snapshot=&feed=0", NULL, "", NULL}, "publish", NULL},
    {{"end=0&end=1&key=a&key=b", NULL, " key=a", NULL}, "publish", NULL},
    {{"end=yes", NULL, NULL, "take 1"}, "publish", NULL},
    {{"snapshot=2", NULL, NULL, "take 1"}, "publish", NULL},
    {{"feed=true", NULL, NULL, "take 1"}, "publish", NULL},
    {{"end=%", NULL, NULL, BAD}, "publish", NULL},
    {{"ends=1", NULL, NULL, LOOKS "end=1"}, "publish", NULL},
    {{"snapshots=1", NULL, NULL, LOOKS "snapshot=1"}, "publish", NULL},
    {{"Feed=1", NULL, NULL, LOOKS "feed=1"}, "publish", NULL},
    {{"keys=1", NULL, NULL, LOOKS "key=KEY"}, "publish", NULL},
    {{"Idempotency-Key=1", NULL, NULL, LOOKS "key=KEY"}, "publish", NULL},
    {{"Done=x", NULL, NULL, LOOKS "done=TEXT"}, "publish", NULL},
    {{"key=" LONG64, NULL, " key=" LONG64, NULL}, "publish", NULL},
    {{"key=!%22~", NULL, " key=!\"~", NULL}, "publish", NULL},
    {{"key=" LONG64 "x", NULL, NULL, "a key is"}, "publish", NULL},
    {{"key=", NULL, NULL, "a key is"}, "publish", NULL},
    {{"key=a+b", NULL, NULL, "a key is"}, "publish", NULL},
    {{"key=a%0a", NULL, NULL, "a key is"}, "publish", NULL},
    {{"key=%7f", NULL, NULL, "a key is"}, "publish", NULL},
    {{"key=%c3%a4", NULL, NULL, "a key is"}, "publish", NULL},
    {{QUERY16 "&channel=a", NULL, SIXTEEN, NULL}, "publish", NULL},
    {{QUERY16 "&channel=q", NULL, NULL, MANY16}, "publish", NULL},
    {{QUERY64 "&channel=q", NULL, NULL, MANY16}, "publish", NULL},
    {{"channel=a", NAMES64, NULL, MANY16}, "publish", NULL},
    {{QUERY64 "&channel=q", NULL, NULL, MANY}, "status", NULL},
    {{"close=sub:a", NULL, " close=sub:a", NULL}, "admin", NULL},
    {{"close=a&close=a", NULL, " close=", NULL}, "admin", NULL},
    {{"Close=a", NULL, NULL, LOOKS "close=sub:NAME"}, "admin", NULL},
    {{"close=%", NULL, NULL, BAD}, "admin", NULL},
    {{"close=a&ticket=b", NULL, "", NULL}, "stream", NULL},
};

static size_t
show_value(char *to, size_t size, const char *name, const char *value)
{
	if (value == NULL)
		return 0;
	return (size_t)snprintf(to, size, " %s=%s", name, value);
}

static size_t
show_ids(char *to, size_t size, const char *name,
    const struct arguments_ids *ids)
{
	size_t n = 0, i;

	for (i = 0; i < ids->n; i++)
		n += (size_t)snprintf(to + n, size - n, "%s%s%s",
		    i == 0 ? name : "", i == 0 ? "=" : ",", ids->id[i]);
	return n;
}

static void
show(char *to, size_t size, const struct arguments *a)
{
	size_t n = 0, i;

	*to = '\0';
	for (i = 0; i < a->channels; i++)
		n += (size_t)snprintf(to + n, size - n, "%s,", a->channel[i]);
	n += show_value(to + n, size - n, "event", a->event);
	n += show_value(to + n, size - n, "close", a->close);
	n += show_value(to + n, size - n, "ticket", a->ticket);
	n += show_ids(to + n, size - n, " own", &a->own);
	n += show_ids(to + n, size - n, " page", &a->page);
	n += show_value(to + n, size - n, "history", a->history);
	n += show_value(to + n, size - n, "heartbeat", a->heartbeat);
	n += show_value(to + n, size - n, "format", a->format);
	n += show_value(to + n, size - n, "end", a->end);
	n += show_value(to + n, size - n, "snapshot", a->snapshot);
	n += show_value(to + n, size - n, "feed", a->feed);
	n += show_value(to + n, size - n, "key", a->key);
	(void)show_value(to + n, size - n, "done", a->done);
}

static void
check(const struct row *row, const char *role, const char *header)
{
	struct request r = {
	    .query = row->query == NULL ? NULL : strdup(row->query),
	    .channel = row->channel == NULL ? NULL : strdup(row->channel),
	    .role = (char *)(uintptr_t)role,
	    .last_event_id = (char *)(uintptr_t)header,
	};
	struct arguments a;
	char shown[400];
	const char *wrong = arguments_read(&a, &r);

	show(shown, sizeof(shown), &a);
	free(r.query);
	free(r.channel);
	if (wrong != NULL) /* it is a line of text */
		assert_in_range(strlen(wrong), 1, 200);
	if (row->wrong != NULL) {
		assert_non_null(wrong);
		assert_non_null(strstr(wrong, row->wrong));
		return;
	}
	assert_null(wrong);
	assert_string_equal(shown, row->shown);
}

static void
is_asked_for_or_refused(void **state)
{
	check(*state, NULL, NULL);
}

static void
is_so_to_a_role(void **state)
{
	const struct special *special = *state;

	check(&special->row, special->role, special->header);
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
	struct arguments a;
	char query[100];
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(all); i++) {
		r.query =
		    all[i].query == NULL ? NULL : strcpy(query, all[i].query);
		assert_null(arguments_read(&a, &r));
		assert_int_equal(arguments_clock(&a), all[i].clock);
	}
}

int
main(void)
{
	static const struct CMUnitTest others[] = {
	    cmocka_unit_test(clock_is_asked_for_alone_or_by_nothing),
	};
	struct CMUnitTest
	    tests[LENGTH(rows) + LENGTH(specials) + LENGTH(others)];
	char names[LENGTH(rows)][120];
	size_t n = 0, i;

	for (i = 0; i < LENGTH(rows); i++) {
		(void)snprintf(names[i], sizeof(names[i]), "%.50s [%.50s]",
		    rows[i].query == NULL ? "no query" : rows[i].query,
		    rows[i].channel == NULL ? "-" : rows[i].channel);
		tests[n++] =
		    row_test(names[i], is_asked_for_or_refused, &rows[i]);
	}
	for (i = 0; i < LENGTH(specials); i++)
		tests[n++] = row_test(specials[i].row.query, is_so_to_a_role,
		    &specials[i]);
	memcpy(tests + n, others, sizeof(others));
	return _cmocka_run_group_tests("asked", tests, LENGTH(tests), NULL,
	    NULL);
}
