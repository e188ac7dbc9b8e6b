/* SPDX-License-Identifier: ISC */
/*
 * Publishing: who may, what may be, and that whatever is not answered with 200
 * reaches nobody.  All the time someone reads the
 * channels a and b.
 */
#include "unit.h"

#include <stdbool.h>

#include "post.h"
#include "responder.h"
#include "subscriber.h"
#include "world.h"

#define TEXT(s) s, sizeof(s) - 1
#define EVENTS	"text/event-stream"
#define CHANNELS16                                                       \
	"channel=ok&channel=1&channel=2&channel=3&channel=4&channel=5&"  \
	"channel=6&channel=7&channel=8&channel=9&channel=10&channel=11&" \
	"channel=12&channel=13&channel=14&channel=15"

static int
start(void **state)
{
	(void)state;
	(void)world_start_with((const char *[]){"--max-event", "1000",
	    "--max-body", "20000", NULL});
	bystander_begin("a b");
	return 0;
}

/* What may be published goes to a channel that the bystander does not read. */
static const struct row {
	const char *name;
	int status;
	const char *query, *type, *length, *more[5];
	const char *body;
	size_t len; /* with body NULL: as many x */
} rows[] = {
    {"data_is_published_as_it_is", 200, "channel=ok", NULL, NULL, {NULL},
	TEXT("\xef\xbb\xbf\xf0\x9f\x98\x80 \0\x01\r\n\n\r")},
    {"no_data_is_an_event_too", 200, "channel=ok", NULL, NULL, {NULL},
	TEXT("")},
    {"a_type_may_be_anything_of_one_line", 200,
	"channel=ok&event=%C3%A9%20:", NULL, NULL, {NULL}, TEXT("x")},

    {"a_byte_that_is_no_utf8", 400, "channel=a", NULL, NULL, {NULL},
	TEXT("x\xff")},
    {"utf8_that_is_too_long", 400, "channel=a", NULL, NULL, {NULL},
	TEXT("\xc0\x80")},
    {"utf8_of_a_surrogate", 400, "channel=a", NULL, NULL, {NULL},
	TEXT("\xed\xa0\x80")},
    {"utf8_beyond_unicode", 400, "channel=a", NULL, NULL, {NULL},
	TEXT("\xf4\x90\x80\x80")},
    {"utf8_that_is_cut", 400, "channel=a", NULL, NULL, {NULL},
	TEXT("x\xe2\x82")},
    {"latin1", 400, "channel=a", NULL, NULL, {NULL}, TEXT("caf\xe9 x")},

    {"no_query", 400, "", NULL, NULL, {NULL}, TEXT("x")},
    {"no_channel", 400, "event=x&Channel=a", NULL, NULL, {NULL}, TEXT("x")},
    {"two_channels", 200, "channel=ok&channel=ok2", NULL, NULL, {NULL},
	TEXT("x")},
    {"sixteen_channels", 200, CHANNELS16, NULL, NULL, {NULL}, TEXT("x")},
    {"seventeen_channels", 400, CHANNELS16 "&channel=q", NULL, NULL, {NULL},
	TEXT("x")},
    {"a_channel_and_the_clock", 400, "channel=a&channel=clock", NULL, NULL,
	{NULL}, TEXT("x")},
    {"the_clock", 400, "channel=clock", NULL, NULL, {NULL}, TEXT("x")},
    {"an_empty_name", 400, "channel=", NULL, NULL, {NULL}, TEXT("x")},
    {"a_name_with_a_space", 400, "channel=a%20b", NULL, NULL, {NULL},
	TEXT("x")},
    {"a_nul_in_a_name", 400, "channel=a%00", NULL, NULL, {NULL}, TEXT("x")},
    {"a_malformed_query", 400, "channel=a&event=%", NULL, NULL, {NULL},
	TEXT("x")},
    {"a_malformed_value_of_nobody", 200, "channel=ok&x=%", NULL, NULL, {NULL},
	TEXT("x")},
    {"an_empty_choice_of_the_front", 400, "channel=a", NULL, NULL,
	{"SSE_CHANNEL", ""}, TEXT("x")},
    {"two_channels_of_the_front", 200, "channel=a", NULL, NULL,
	{"SSE_CHANNEL", "ok ok%2F2"}, TEXT("x")},
    {"a_malformed_channel_of_the_front", 400, "channel=a", NULL, NULL,
	{"SSE_CHANNEL", "a%2"}, TEXT("x")},
    {"the_front_s_clock", 400, "channel=a", NULL, NULL,
	{"SSE_CHANNEL", "clock"}, TEXT("x")},

    {"a_type_with_cr", 400, "channel=a&event=x%0Dy", NULL, NULL, {NULL},
	TEXT("x")},
    {"a_type_with_lf", 400, "channel=a&event=x%0Adata:y", NULL, NULL, {NULL},
	TEXT("x")},
    {"a_type_with_nul", 400, "channel=a&event=x%00", NULL, NULL, {NULL},
	TEXT("x")},
    {"a_type_that_is_no_utf8", 400, "channel=a&event=%ff", NULL, NULL, {NULL},
	TEXT("x")},
    {"the_type_of_a_gap", 400, "channel=a&event=g%61p", NULL, NULL, {NULL},
	TEXT("x")},
    {"the_type_of_a_position", 400, "channel=a&event=position", NULL, NULL,
	{NULL}, TEXT("x")},
    {"the_type_of_an_end", 400, "channel=a&event=end", NULL, NULL, {NULL},
	TEXT("x")},
    {"the_type_of_an_error", 400, "channel=a&event=error", NULL, NULL, {NULL},
	TEXT("x")},
    {"the_type_of_an_open_stream", 400, "channel=a&event=open", NULL, NULL,
	{NULL}, TEXT("x")},
    {"types_like_these", 200, "channel=ok&event=errors", NULL, NULL, {NULL},
	TEXT("x")},
    {"an_event_of_the_type_error", 400, "channel=a", EVENTS, NULL, {NULL},
	TEXT("event: error\ndata: x\n\n")},
    {"a_type_by_another_name", 400, "channel=a&type=x", NULL, NULL, {NULL},
	TEXT("x")},
    {"a_channel_by_another_name", 400, "topic=a", NULL, NULL, {NULL},
	TEXT("x")},

    {"a_length_that_is_the_body_s", 200, "channel=ok", NULL, "4", {NULL},
	TEXT("text")},
    {"a_length_with_leading_zeros", 200, "channel=ok", NULL, "0004", {NULL},
	TEXT("text")},
    {"a_length_of_nothing", 200, "channel=ok", NULL, "0", {NULL}, TEXT("")},
    {"a_length_of_nothing_and_a_body", 400, "channel=a", NULL, "0", {NULL},
	TEXT("text")},
    {"a_length_that_is_less", 400, "channel=a", NULL, "3", {NULL},
	TEXT("text")},
    {"a_length_that_is_more", 400, "channel=a", NULL, "5", {NULL},
	TEXT("text")},
    {"a_length_and_no_body", 400, "channel=a", NULL, "5", {NULL}, TEXT("")},
    {"a_negative_length", 400, "channel=a", NULL, "-1", {NULL}, TEXT("x")},
    {"a_length_with_a_sign", 400, "channel=a", NULL, "+1", {NULL}, TEXT("x")},
    {"a_length_with_a_space", 400, "channel=a", NULL, " 1", {NULL}, TEXT("x")},
    {"a_length_with_an_exponent", 400, "channel=a", NULL, "1e30", {NULL},
	TEXT("x")},
    {"a_length_in_hex", 400, "channel=a", NULL, "0x1", {NULL}, TEXT("x")},
    {"a_length_with_a_letter", 400, "channel=a", NULL, "5x", {NULL},
	TEXT("hello")},
    {"a_length_over_64_bits", 400, "channel=a", NULL, "18446744073709551617",
	{NULL}, TEXT("x")},
    {"a_length_over_the_limit", 413, "channel=a", NULL, "20001", {NULL},
	TEXT("x")},

    {"a_page_of_another_site", 403, "channel=a", NULL, NULL,
	{"HTTP_SEC_FETCH_SITE", "cross-site"}, TEXT("x")},
    {"a_page_of_the_same_site", 403, "channel=a", NULL, NULL,
	{"HTTP_SEC_FETCH_SITE", "same-site"}, TEXT("x")},
    {"a_site_that_is_not_said", 403, "channel=a", NULL, NULL,
	{"HTTP_SEC_FETCH_SITE", ""}, TEXT("x")},
    {"another_origin", 403, "channel=a", NULL, NULL,
	{"HTTP_ORIGIN", "http://evil.example"}, TEXT("x")},
    {"another_origin_as_the_site_says", 403, "channel=a", NULL, NULL,
	{"HTTP_ORIGIN", "http://127.0.0.1:3000", "HTTP_SEC_FETCH_SITE",
	    "cross-site"},
	TEXT("x")},
    {"our_own_page_behind_a_proxy_with_another_host", 200, "channel=ok", NULL,
	NULL,
	{"HTTP_ORIGIN", "https://app.example", "HTTP_SEC_FETCH_SITE",
	    "same-origin"},
	TEXT("x")},
    {"an_origin_that_begins_like_the_host", 403, "channel=a", NULL, NULL,
	{"HTTP_ORIGIN", "http://127.0.0.1:3000.evil.example"}, TEXT("x")},
    {"the_host_in_the_origin_s_path", 403, "channel=a", NULL, NULL,
	{"HTTP_ORIGIN", "http://evil.example/://127.0.0.1:3000"}, TEXT("x")},
    {"an_origin_that_is_null", 403, "channel=a", NULL, NULL,
	{"HTTP_ORIGIN", "null"}, TEXT("x")},
    {"our_own_page", 200, "channel=ok", NULL, NULL,
	{"HTTP_ORIGIN", "https://127.0.0.1:3000", "HTTP_SEC_FETCH_SITE",
	    "same-origin"},
	TEXT("x")},
    {"no_page_at_all", 200, "channel=ok", NULL, NULL,
	{"HTTP_SEC_FETCH_SITE", "none"}, TEXT("x")},

    {"get", 405, "channel=a", NULL, NULL, {"REQUEST_METHOD", "GET"}, TEXT("x")},
    {"put", 200, "channel=ok", NULL, NULL, {"REQUEST_METHOD", "PUT"},
	TEXT("x")},
    {"post_where_streams_are", 405, "channel=a", NULL, NULL,
	{"SSE_ROLE", "stream"}, TEXT("x")},
    {"post_where_the_status_is", 405, "channel=a", NULL, NULL,
	{"SSE_ROLE", "status"}, TEXT("x")},
    {"a_role_that_the_browser_says", 405, "channel=a", NULL, NULL,
	{"SSE_ROLE", "stream", "HTTP_SSE_ROLE", "publish"}, TEXT("x")},

    {"data_of_the_limit", 200, "channel=ok", NULL, NULL, {NULL}, NULL, 1000},
    {"data_over_the_limit", 413, "channel=a", NULL, NULL, {NULL}, NULL, 1001},
    {"with_its_type_over_the_limit", 413, "channel=a&event=t", NULL, NULL,
	{NULL}, NULL, 1000},
    {"a_body_of_the_limit", 413, "channel=a", NULL, NULL, {NULL}, NULL, 20000},
    {"a_body_over_the_limit", 413, "channel=a", NULL, NULL, {NULL}, NULL,
	20001},
    {"a_body_far_over_the_limit", 413, "channel=a", NULL, NULL, {NULL}, NULL,
	1000000},
    {"and_with_its_length", 413, "channel=a", NULL, "1000000", {NULL}, NULL,
	1000000},

    {"one_event", 200, "channel=ok", EVENTS, NULL, {NULL}, TEXT("data: x\n\n")},
    {"events_with_a_charset_and_crlf", 200, "channel=ok&event=all",
	EVENTS ";charset=utf-8", NULL, {NULL},
	TEXT(":c\r\nevent: x\r\ndata: x\r\ndata\r\n\r\ndata: y\r\n\r\n")},
    {"no_events", 400, "channel=a", EVENTS, NULL, {NULL}, TEXT("")},
    {"a_comment_and_no_event", 400, "channel=a", EVENTS, NULL, {NULL},
	TEXT(":x\n\n")},
    {"an_event_that_is_not_ended", 400, "channel=a", EVENTS, NULL, {NULL},
	TEXT("data: x\n\ndata: y\n")},
    {"a_line_that_is_not_ended", 400, "channel=a", EVENTS, NULL, {NULL},
	TEXT("data: x\n\ndata: y")},
    {"an_event_with_an_id", 400, "channel=a", EVENTS, NULL, {NULL},
	TEXT("data: x\n\nid: 1-1\ndata: y\n\n")},
    {"an_event_with_an_empty_id", 400, "channel=a", EVENTS, NULL, {NULL},
	TEXT("data: x\n\ndata: y\nid\n\n")},
    {"an_event_with_retry", 400, "channel=a", EVENTS, NULL, {NULL},
	TEXT("data: x\n\nretry: 1\n\n")},
    {"an_event_of_the_type_of_a_gap", 400, "channel=a", EVENTS, NULL, {NULL},
	TEXT("data: x\n\nevent: gap\ndata: y\n\n")},
    {"an_event_whose_type_has_nul", 400, "channel=a", EVENTS, NULL, {NULL},
	TEXT("data: x\n\nevent: y\0\ndata: y\n\n")},
    {"an_event_that_is_no_utf8", 400, "channel=a", EVENTS, NULL, {NULL},
	TEXT("data: x\n\ndata: \xff\n\n")},
    {"events_and_two_channels", 200, "channel=ok&channel=ok2", EVENTS, NULL,
	{NULL}, TEXT("data: x\n\n")},

    {"two_ends", 400, "channel=a&channel=b&end=1", NULL, NULL, {NULL},
	TEXT("x")},
    {"an_end_of_no_channel", 400, "end=1", NULL, NULL, {NULL}, TEXT("")},
    {"an_end_of_the_clock", 400, "channel=clock&end=1", NULL, NULL, {NULL},
	TEXT("")},
    {"an_end_that_is_not_1", 400, "channel=a&end=true", NULL, NULL, {NULL},
	TEXT("x")},
    {"an_end_with_a_bad_event", 400, "channel=a&end=1", EVENTS, NULL, {NULL},
	TEXT("data: x\n")},
    {"an_end_by_another_name", 400, "channel=a&ends=1", NULL, NULL, {NULL},
	TEXT("x")},
    {"a_snapshot_of_several", 400, "channel=a&snapshot=1", EVENTS, NULL, {NULL},
	TEXT("data: x\n\ndata: y\n\n")},
    {"a_snapshot_of_nothing", 400, "channel=a&snapshot=1&end=1", NULL, NULL,
	{NULL}, TEXT("")},
    {"a_snapshot", 200, "channel=ok&snapshot=1", EVENTS, NULL, {NULL},
	TEXT("data: x\n\n")},
    {"an_empty_key", 400, "channel=a&key=", NULL, NULL, {NULL}, TEXT("x")},
    {"a_key_with_a_space", 400, "channel=a&key=a+b", NULL, NULL, {NULL},
	TEXT("x")},
    {"a_key_of_65", 400,
	"channel=a&key=12345678901234567890123456789012345678901234567890"
	"123456789012345",
	NULL, NULL, {NULL}, TEXT("x")},
    {"events_and_a_length_that_is_less", 400, "channel=a", EVENTS, "9", {NULL},
	TEXT("data: x\n\ndata: y\n\n")},
};

static char many[1 << 20];

static void
a_publication(void **state)
{
	const struct row *row = *state;
	struct post p = {.query = row->query,
	    .type = row->type,
	    .length = row->length,
	    .more = row->more,
	    .body = row->body == NULL ? many : row->body,
	    .len = row->len};
	double published = status_figure(&world.r, "\"events_published\":");
	struct front f;

	post(&f, &world.r, &p);
	if (row->status == 200)
		assert_int_equal(answer_status(&f), 200);
	else {
		assert_refusal(&f, row->status);
		assert_true(status_figure(&world.r, "\"events_published\":") ==
			    published);
	}
	assert_int_equal(strstr(f.text, "\r\nAllow: ") != NULL,
	    row->status == 405);
	front_close(&f);
	bystander_saw_nothing();
}

int
main(void)
{
	struct CMUnitTest tests[LENGTH(rows)];
	size_t i;

	memset(many, 'x', sizeof(many));
	for (i = 0; i < LENGTH(rows); i++)
		tests[i] = row_test(rows[i].name, a_publication, &rows[i]);
	return cmocka_run_group_tests_name("publishing", tests, start,
	    world_stop);
}
