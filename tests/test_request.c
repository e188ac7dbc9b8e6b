/* SPDX-License-Identifier: ISC */
/*
 * What libfcgi makes of checked parameters, and that it keeps nothing of them:
 * no memory, no descriptor, and no time.
 */
#include "unit.h"

#include <sys/resource.h>
#include <sys/socket.h>

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "fastcgi/request.h"

static const char *const method[] = {"GET", "HEAD", "OPTIONS", "POST", "PUT",
    "DELETE", "OTHER"};

/* NULL fields are shown as "-". */
static const struct row {
	const char *name, *params;
	const char *shown;  /* method, role, Last-Event-ID, address */
	const char *others; /* NULL: there are none */
} rows[] = {
    {"nothing", "raw", "OTHER - - -", NULL},
    {"get", "raw REQUEST_METHOD=GET", "GET - - -", NULL},
    {"head", "raw REQUEST_METHOD=HEAD", "HEAD - - -", NULL},
    {"options", "raw REQUEST_METHOD=OPTIONS", "OPTIONS - - -", NULL},
    {"post", "raw REQUEST_METHOD=POST", "POST - - -", NULL},
    {"delete", "raw REQUEST_METHOD=DELETE", "DELETE - - -", NULL},
    {"put", "raw REQUEST_METHOD=PUT", "PUT - - -", NULL},
    {"patch", "raw REQUEST_METHOD=PATCH", "OTHER - - -", NULL},
    {"get_in_small_letters", "raw REQUEST_METHOD=get", "OTHER - - -", NULL},
    {"method_that_begins_with_get", "raw REQUEST_METHOD=GETS", "OTHER - - -",
	NULL},
    {"method_empty", "raw REQUEST_METHOD=", "OTHER - - -", NULL},
    {"method_among_others", "raw A=b REQUEST_METHOD=GET C=d", "GET - - -",
	NULL},
    {"role", "raw REQUEST_METHOD=GET SSE_ROLE=publish", "GET publish - -",
	NULL},
    {"role_empty", "raw SSE_ROLE=", "OTHER [] - -", NULL},
    {"role_from_the_browser", "raw HTTP_SSE_ROLE=publish", "OTHER - - -", NULL},
    {"role_in_small_letters", "raw sse_role=publish", "OTHER - - -", NULL},
    {"last_event_id", "raw HTTP_LAST_EVENT_ID=41", "OTHER - [41] -", NULL},
    {"ticket_and_what_it_may_be_in",
	"raw HTTP_COOKIE=a SSE_TICKET=required HTTP_AUTHORIZATION=b",
	"OTHER - - -", "ticket [required] authorization [b] cookie [a] "},
    {"no_ticket_is_wanted", "raw HTTP_COOKIE=a HTTP_AUTHORIZATION=b",
	"OTHER - - -", NULL},
    {"two_cookies", "raw SSE_TICKET= HTTP_COOKIE=a HTTP_COOKIE=a",
	"OTHER - - -", "ticket [] cookie [sse_ticket=,] "},
    {"two_authorizations",
	"raw HTTP_AUTHORIZATION=b SSE_TICKET=x HTTP_AUTHORIZATION=c",
	"OTHER - - -", "ticket [x] authorization [Bearer ,] "},
    {"last_event_id_empty", "raw HTTP_LAST_EVENT_ID=", "OTHER - [] -", NULL},
    {"last_event_id_twice", "raw HTTP_LAST_EVENT_ID=41 HTTP_LAST_EVENT_ID=42",
	"OTHER - [,] -", NULL},
    {"last_event_id_twice_the_same",
	"raw HTTP_LAST_EVENT_ID=41 HTTP_LAST_EVENT_ID=41", "OTHER - [,] -",
	NULL},
    {"last_event_id_three_times",
	"raw HTTP_LAST_EVENT_ID=1 HTTP_LAST_EVENT_ID=2 HTTP_LAST_EVENT_ID=3",
	"OTHER - [,] -", NULL},
    {"last_event_id_with_any_bytes",
	"raw HTTP_LAST_EVENT_ID=%3d%0d%0a%20%ff%3b", "OTHER - [=\r\n \377;] -",
	NULL},
    {"address", "raw REMOTE_ADDR=2001:db8::1", "OTHER - - 2001:db8::1", NULL},
    {"address_empty", "raw REMOTE_ADDR=", "OTHER - - []", NULL},
    {"all_of_them",
	"raw SSE_ROLE=stream REMOTE_ADDR=192.0.2.1 REQUEST_METHOD=GET "
	"HTTP_LAST_EVENT_ID=7 QUERY_STRING=a%3db",
	"GET stream [7] 192.0.2.1", "query [a=b] "},
    {"channel", "raw SSE_CHANNEL=a%20b", "OTHER - - -", "channel [a b] "},
    {"channel_empty", "raw SSE_CHANNEL=", "OTHER - - -", "channel [] "},
    {"channel_from_the_browser", "raw HTTP_SSE_CHANNEL=a", "OTHER - - -", NULL},
    {"query", "raw QUERY_STRING=a%3d%2562", "OTHER - - -", "query [a=%62] "},
    {"body_s_length_and_type", "raw CONTENT_LENGTH=12 CONTENT_TYPE=text/plain",
	"OTHER - - -", "length [12] type [text/plain] "},
    {"where_from",
	"raw HTTP_HOST=a:1 HTTP_ORIGIN=http://a:1 "
	"HTTP_SEC_FETCH_SITE=none",
	"OTHER - - -", "host [a:1] origin [http://a:1] site [none] "},
    {"first_of_several_wins",
	"raw SSE_CHANNEL=a SSE_CHANNEL=b HTTP_ORIGIN=c HTTP_ORIGIN=d",
	"OTHER - - -", "channel [a] origin [c] "},
    {"names_that_begin_like_ours",
	"raw SSE_ROL=a SSE_ROLES=b SSE_ROLE_=c REMOTE_ADDRESS=d REMOTE_ADD=e "
	"HTTP_LAST_EVENT_I=f HTTP_LAST_EVENT_ID2=g REQUEST_METHODS=GET",
	"OTHER - - -", NULL},
    {"our_names_as_values", "raw A=SSE_ROLE%3dpublish B=REQUEST_METHOD%3dGET",
	"OTHER - - -", NULL},
    {"long_lengths", "raw ~REQUEST_METHOD=GET ~SSE_ROLE=status",
	"GET status - -", NULL},
    {"512_pairs", "raw @511 REQUEST_METHOD=GET", "GET - - -", NULL},
    {"65535_bytes", "raw REQUEST_METHOD=GET A=*65510", "GET - - -", NULL},
    {"proxy_header", "raw HTTP_PROXY=evil REQUEST_METHOD=GET", "GET - - -",
	NULL},
};

static struct wire wire;

static const char *
shown(const char *s, char buf[100], int always)
{
	if (s == NULL)
		return "-";
	if (*s != '\0' && !always)
		return s;
	(void)snprintf(buf, 100, "[%s]", s);
	return buf;
}

static int
decode(struct request *r)
{
	uint8_t *copy = malloc(wire.len + 1);
	int result;

	assert_non_null(copy);
	memcpy(copy, wire.bytes, wire.len);
	result = request_decode(r, copy, wire.len);
	free(copy); /* nothing may point into it */
	return result;
}

/* Those that most requests do not have, by their names. */
static void
show_others(char *to, size_t size, const struct request *r)
{
	const struct {
		const char *name, *value;
	} others[] = {{"channel", r->channel}, {"query", r->query},
	    {"length", r->content_length}, {"type", r->content_type},
	    {"host", r->host}, {"origin", r->origin}, {"site", r->fetch_site},
	    {"ticket", r->ticket}, {"authorization", r->authorization},
	    {"cookie", r->cookie}};
	size_t i, n = 0;

	*to = '\0';
	for (i = 0; i < LENGTH(others); i++)
		if (others[i].value != NULL)
			n += (size_t)snprintf(to + n, size - n, "%s [%s] ",
			    others[i].name, others[i].value);
}

static void
is_decoded(void **state)
{
	const struct row *row = *state;
	struct request r;
	char got[400], others[400], role[100], id[100], address[100];

	wire.len = 0;
	wire_add(&wire, row->params);
	assert_true(wire.len <= 65535);
	assert_int_equal(decode(&r), 0);
	(void)snprintf(got, sizeof(got), "%s %s %s %s", method[r.method],
	    shown(r.role, role, 0), shown(r.last_event_id, id, 1),
	    shown(r.address, address, 0));
	show_others(others, sizeof(others), &r);
	request_free(&r);
	assert_string_equal(got, row->shown);
	assert_string_equal(others, row->others == NULL ? "" : row->others);
}

static void
no_bytes_at_all_need_no_buffer(void **state)
{
	struct request r;

	(void)state;
	assert_int_equal(request_decode(&r, NULL, 0), 0);
	assert_int_equal(r.method, METHOD_OTHER);
	request_free(&r);
}

/* Any number of bytes up to the limit: about each of libfcgi's buffers. */
static void
any_length_is_decoded(void **state)
{
	struct request r;
	char params[80];
	unsigned n;

	(void)state;
	for (n = 0; n < 65400; n += n < 200 || n % 8192 > 8100 ? 1 : 83) {
		(void)snprintf(params, sizeof(params),
		    "raw A=*%u REMOTE_ADDR=192.0.2.7 REQUEST_METHOD=HEAD", n);
		wire.len = 0;
		wire_add(&wire, params);
		assert_int_equal(decode(&r), 0);
		assert_int_equal(r.method, METHOD_HEAD);
		assert_string_equal(r.address, "192.0.2.7");
		request_free(&r);
	}
}

static void
get_request(void)
{
	wire.len = 0;
	wire_add(&wire, "raw REQUEST_METHOD=GET SSE_ROLE=stream REMOTE_ADDR=x "
			"HTTP_LAST_EVENT_ID=1");
}

static int
lowest_free_descriptor(void)
{
	int fd = dup(STDERR_FILENO);

	assert_true(fd >= 0);
	(void)close(fd);
	return fd;
}

static void
no_descriptor_is_left_after_ten_thousand(void **state)
{
	int before = lowest_free_descriptor(), i;
	struct request r;

	(void)state;
	get_request();
	for (i = 0; i < 10000; i++) {
		assert_int_equal(decode(&r), 0);
		request_free(&r);
	}
	assert_int_equal(lowest_free_descriptor(), before);
}

/* Decodes with so many descriptors allowed; the result, or errno. */
static int
decode_with(rlim_t files)
{
	struct rlimit old, few;
	struct request r;
	int result;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	few = old;
	few.rlim_cur = files;
	(void)setrlimit(RLIMIT_NOFILE, &few);
	errno = 0;
	result = decode(&r) == 0 ? 0 : errno;
	(void)setrlimit(RLIMIT_NOFILE, &old);
	if (result == 0) {
		assert_int_equal(r.method, METHOD_GET);
		request_free(&r);
	}
	return result;
}

/* None is free, or only one where two are needed. */
static void
without_a_free_descriptor_it_works_all_the_same(void **state)
{
	int before = lowest_free_descriptor(), i;

	(void)state;
	get_request();
	for (i = 0; i < 10; i++)
		assert_int_equal(decode_with((rlim_t)(before + i % 3)), 0);
	assert_int_equal(lowest_free_descriptor(), before);
}

/* What a write to libfcgi may become, though it never should. */
enum fault {
	NONE,
	NOTHING_WRITTEN,
	HALF_WRITTEN, /* and this half stays there */
	HALF_ARRIVES,
	END_IS_LOST, /* libfcgi reads on behind the last parameter */
	NO_FASTCGI,  /* it closes its end */
	ROLE_UNKNOWN /* the same, before it has read the parameters */
};

static const struct fault_row {
	const char *name;
	enum fault fault;
} faults[] = {
    {"after_nothing_was_written", NOTHING_WRITTEN},
    {"after_half_was_written", HALF_WRITTEN},
    {"after_half_arrived", HALF_ARRIVES},
    {"after_all_but_the_end_arrived", END_IS_LOST},
    {"after_what_is_no_fastcgi", NO_FASTCGI},
    {"after_an_unknown_role", ROLE_UNKNOWN},
};

static enum fault fault;

ssize_t __wrap_sendmsg(int fd, const struct msghdr *msg, int flags);

ssize_t
__wrap_sendmsg(int fd, const struct msghdr *msg, int flags)
{
	static uint8_t bytes[70000];
	size_t all = 0, len, i;

	for (i = 0; i < (size_t)msg->msg_iovlen; i++) { /* POSIX: an int */
		if (msg->msg_iov[i].iov_len > 0)
			memcpy(bytes + all, msg->msg_iov[i].iov_base,
			    msg->msg_iov[i].iov_len);
		all += msg->msg_iov[i].iov_len;
	}
	len = all;
	if (fault == NOTHING_WRITTEN) {
		errno = EAGAIN;
		return -1;
	}
	if (fault == HALF_WRITTEN || fault == HALF_ARRIVES)
		len = all / 2;
	if (fault == END_IS_LOST)
		len = all - 8;
	if (fault == NO_FASTCGI)
		bytes[0] = 2;
	if (fault == ROLE_UNKNOWN)
		bytes[9] = 9;
	assert_int_equal(send(fd, bytes, len, flags), len);
	return (ssize_t)(fault == HALF_WRITTEN ? len : all);
}

/* The request is not decoded, and the one behind it is as it should be. */
static void
a_failure_leaves_nothing_to_the_next(void **state)
{
	const struct fault_row *row = *state;
	int before = lowest_free_descriptor(), i;
	struct request r;

	for (i = 0; i < 3; i++) {
		wire.len = 0;
		wire_add(&wire, "raw REQUEST_METHOD=POST SSE_ROLE=publish "
				"SSE_CHANNEL=a A=*20000");
		fault = row->fault;
		(void)alarm(20); /* it would be for ever */
		assert_int_equal(decode(&r), -1);
		(void)alarm(0);
		fault = NONE;
		assert_null(r.role);
		/* Nor is the next one's place taken meanwhile. */
		assert_int_equal(lowest_free_descriptor(), before);
		get_request();
		assert_int_equal(decode_with((rlim_t)before), 0);
		assert_int_equal(decode(&r), 0);
		assert_int_equal(r.method, METHOD_GET);
		assert_string_equal(r.role, "stream");
		assert_null(r.channel);
		request_free(&r);
		assert_int_equal(lowest_free_descriptor(), before);
	}
}

/* As if the system had none any more while it failed. */
static void
without_descriptors_for_the_next_it_is_tried_again(void **state)
{
	int before = lowest_free_descriptor();

	(void)state;
	get_request();
	fault = HALF_WRITTEN;
	assert_int_equal(decode_with(3), ENOBUFS);
	fault = NONE;
	assert_int_equal(decode_with(3), EMFILE);
	assert_int_equal(decode_with(3), EMFILE);
	assert_int_equal(decode_with((rlim_t)before), 0);
	assert_int_equal(lowest_free_descriptor(), before);
}

/* The largest request: it fits the socket pair, so nothing waits for anyone. */
static void
largest_request_does_not_block(void **state)
{
	struct request r;
	int i;

	(void)state;
	wire.len = 0;
	wire_add(&wire, "raw REQUEST_METHOD=GET A=*65510");
	(void)alarm(20); /* it would be for ever */
	for (i = 0; i < 100; i++) {
		assert_int_equal(decode(&r), 0);
		request_free(&r);
	}
	(void)alarm(0);
}

static void
descriptor_0_is_as_good_as_another(void **state)
{
	int saved = dup(STDIN_FILENO), result;
	struct request r;

	(void)state;
	get_request();
	request_exit();
	(void)close(STDIN_FILENO);
	assert_int_equal(request_init(), 0);
	result = decode(&r);
	request_exit();
	if (saved >= 0) {
		(void)dup2(saved, STDIN_FILENO);
		(void)close(saved);
	}
	assert_int_equal(request_init(), 0);
	assert_int_equal(result, 0);
	assert_int_equal(r.method, METHOD_GET);
	request_free(&r);
}

int
main(void)
{
	static const struct CMUnitTest others[] = {
	    cmocka_unit_test(no_bytes_at_all_need_no_buffer),
	    cmocka_unit_test(any_length_is_decoded),
	    cmocka_unit_test(no_descriptor_is_left_after_ten_thousand),
	    cmocka_unit_test(without_a_free_descriptor_it_works_all_the_same),
	    cmocka_unit_test(
		without_descriptors_for_the_next_it_is_tried_again),
	    cmocka_unit_test(largest_request_does_not_block),
	    cmocka_unit_test(descriptor_0_is_as_good_as_another),
	};
	static struct CMUnitTest
	    tests[LENGTH(rows) + LENGTH(faults) + LENGTH(others)];
	size_t n = 0, i;
	int failed;

	if (request_init() != 0)
		return 1;
	(void)signal(SIGPIPE, SIG_IGN);
	for (i = 0; i < LENGTH(rows); i++)
		tests[n++] = row_test(rows[i].name, is_decoded, &rows[i]);
	for (i = 0; i < LENGTH(faults); i++)
		tests[n++] = row_test(faults[i].name,
		    a_failure_leaves_nothing_to_the_next, &faults[i]);
	for (i = 0; i < LENGTH(others); i++)
		tests[n++] = others[i];
	failed = _cmocka_run_group_tests("request", tests, n, NULL, NULL);
	request_exit();
	return failed;
}
