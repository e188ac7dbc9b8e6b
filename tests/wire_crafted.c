/* SPDX-License-Identifier: ISC */
/*
 * FastCGI that no front sends, from a table: each type, id, length and padding
 * of a record, in each state that a connection can be in, in one piece and cut
 * at every byte.  What must become of it is said here anew, in words of the
 * protocol: the connection is closed, or it is answered just so and goes on.
 * An honest stream is there all the time, and others come and are served.
 *
 * ALL=1 takes all paddings of each, in place of one; with QUIET=1 it is a
 * failure if an honest request waits for more than 50 ms.
 */
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <linux/sockios.h>
#include <poll.h>
#include <stdbool.h>

#include "crafted.h"
#include "harness/front.h"
#include "harness/responder.h"
#include "unit.h"

#define AT_ONCE 64  /* connections */
#define MARK	200 /* a management record's type that nobody knows */

struct crafted {
	enum state state;
	char expected[ANSWER_SIZE], seen[ANSWER_SIZE];
	uint8_t *bytes; /* the mark behind them included */
	size_t len, sent;
	size_t edge[3]; /* where its parts end: to be cut around */
	struct front f;
	unsigned marks; /* that were answered */
};

static struct responder r;
static struct front honest;
static double slowest; /* seconds to an honest stream's first message */
static unsigned sequences, connections;
static int files; /* that the program has open, with the honest stream */

/* The records that came, but for STDOUT and the answers to marks. */
static void
see(struct crafted *c)
{
	const uint8_t *p = c->f.raw, *end = p + c->f.raw_len;
	char *to = c->seen;
	size_t len;

	*to = '\0';
	c->marks = 0;
	for (; end - p >= 8; p += 8 + len) {
		len = (size_t)(p[4] << 8 | p[5]);
		assert_true(p[0] == 1 && p[6] == 0);
		if ((size_t)(end - p) < 8 + len)
			break;
		to += strlen(to);
		c->marks += p[1] == UNKNOWN && p[8] == MARK;
		if (p[1] == STDOUT || (p[1] == UNKNOWN && p[8] == MARK))
			continue;
		assert_true((size_t)(to - c->seen) + 16 < ANSWER_SIZE);
		if (p[1] == UNKNOWN)
			(void)sprintf(to, "11 %d;", p[8]);
		else if (p[1] == END)
			(void)sprintf(to, "3 %d %d;", p[2] << 8 | p[3], p[12]);
		else
			(void)sprintf(to, "%d;", p[1]);
	}
}

/* What is there to read, whatever it is. */
static bool
take(struct crafted *c, int ms)
{
	struct front *f = &c->f;
	struct pollfd p = {.fd = f->fd, .events = POLLIN};
	ssize_t n;

	if (f->closed || poll(&p, 1, ms) != 1)
		return false;
	if (f->raw == NULL)
		f->raw = malloc(f->raw_size = 65536);
	assert_non_null(f->raw);
	assert_true(f->raw_len < f->raw_size);
	n = recv(f->fd, f->raw + f->raw_len, f->raw_size - f->raw_len, 0);
	f->closed = n <= 0;
	f->raw_len += n > 0 ? (size_t)n : 0;
	return true;
}

static bool
has_record(const struct crafted *c, int type)
{
	const uint8_t *p = c->f.raw, *end = p + c->f.raw_len;

	for (; end - p >= 8; p += 8 + (p[4] << 8 | p[5]))
		if (p[1] == type)
			return true;
	return false;
}

/* It is where it is to be; what came until then is forgotten. */
static void
wait_for_state(struct crafted *c)
{
	int type = c->state == OVER ? END : STDOUT;

	if (c->state != OVER && c->state != STREAM)
		return;
	while (!has_record(c, type))
		assert_true(take(c, PATIENCE));
	assert_false(c->f.closed);
	c->f.raw_len = 0;
}

static void
begin(struct crafted *c)
{
	static struct wire w;

	connections++;
	w.len = 0;
	wire_add(&w, setups[c->state]);
	assert_true(front_connect(&c->f, r.address));
	assert_true(front_send(&c->f, w.bytes, w.len));
	c->sent = 0;
}

/* The program has taken all that was sent, or is gone. */
static void
wait_until_taken(struct crafted *c)
{
	double until = front_now() + PATIENCE / 1e3;
	int left = 1;

	while (ioctl(c->f.fd, SIOCOUTQ, &left) == 0 && left > 0) {
		assert_true(front_now() < until);
		(void)poll(NULL, 0, 1);
	}
}

/* Single bytes where parts of it end; in between as many as there are. */
static size_t
piece(const struct crafted *c, size_t sent)
{
	size_t i;

	if (sent <= 16)
		return 1;
	for (i = 0; i < LENGTH(c->edge); i++)
		if (sent + 2 < c->edge[i])
			return c->edge[i] - 2 - sent;
		else if (sent < c->edge[i] + 2)
			return 1;
	return c->len - sent;
}

/* It may be closed already, and what is left not wanted. */
static void
send_some(struct crafted *c, bool bytewise)
{
	size_t left = c->len - c->sent, n = left;

	if (bytewise && piece(c, c->sent) < left)
		n = piece(c, c->sent);
	if (front_send(&c->f, c->bytes + c->sent, n))
		c->sent += n;
	else
		c->sent = c->len;
}

/* Until so many marks were answered, and so much else; or it is closed. */
static void
read_until(struct crafted *c, unsigned marks, size_t len)
{
	see(c);
	while (!c->f.closed && (c->marks < marks || strlen(c->seen) < len)) {
		assert_true(take(c, PATIENCE));
		see(c);
	}
}

/*
 * A mark is answered at once, and a request at the end of the turn: so there is
 * another mark when all is there, and nothing else may have come before it.
 */
static void
read_answer(struct crafted *c)
{
	static const uint8_t mark[8] = {1, MARK};

	read_until(c, 1, strlen(c->expected));
	if (!c->f.closed && front_send(&c->f, mark, sizeof(mark)))
		read_until(c, 2, 0);
	if (c->f.closed) /* whatever was answered before */
		(void)strcpy(c->seen, CLOSED);
}

/* Somebody else comes, and is served. */
static void
serve_honest(void)
{
	struct front f;
	double begun = front_now();

	assert_true(front_connect(&f, r.address));
	assert_true(front_get(&f));
	assert_true(front_until_text(&f, "id: 1\n", PATIENCE));
	if (front_now() - begun > slowest)
		slowest = front_now() - begun;
	front_close(&f);
	front_next(&honest, 1);
	assert_true(front_until_text(&honest, "data: ", PATIENCE));
}

static void
send_all(struct crafted c[], size_t n, bool bytewise)
{
	bool more = true;
	size_t i;

	while (more) {
		more = false;
		for (i = 0; i < n; i++) {
			if (c[i].sent < c[i].len)
				send_some(&c[i], bytewise);
			more |= c[i].sent < c[i].len;
		}
		for (i = 0; i < n && bytewise; i++)
			wait_until_taken(&c[i]);
	}
}

static void
check(const struct crafted *c)
{
	if (strcmp(c->seen, c->expected) != 0)
		print_error("%s, then a record of type %d, id %d, length %d, "
			    "padding %d\n",
		    setups[c->state], c->bytes[1],
		    c->bytes[2] << 8 | c->bytes[3],
		    c->bytes[4] << 8 | c->bytes[5], c->bytes[6]);
	assert_string_equal(c->seen, c->expected);
}

/* All of these at once: in one piece each, or byte by byte. */
static void
run(struct crafted c[], size_t n, bool bytewise)
{
	size_t i;

	for (i = 0; i < n; i++)
		begin(&c[i]);
	for (i = 0; i < n; i++)
		wait_for_state(&c[i]);
	send_all(c, n, bytewise);
	serve_honest();
	for (i = 0; i < n; i++) {
		read_answer(&c[i]);
		check(&c[i]);
		front_close(&c[i].f);
	}
}

/* Cut off behind every byte, and gone. */
static void
hang_up(struct crafted *c)
{
	size_t n;

	for (n = 0; n < c->len; n += piece(c, n)) {
		begin(c);
		wait_for_state(c);
		(void)front_send(&c->f, c->bytes, n);
		front_close(&c->f);
	}
}

static const int types[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 255};
static const int ids[] = {0, 1, 2, 65535};
static const size_t lengths[] = {0, 1, 7, 8, 9, 65535};
static const int paddings[] = {0, 1, 7, 8, 255};

#define RECORDS (STATES * LENGTH(types) * LENGTH(ids) * LENGTH(lengths))

/* The nth of them all, with this padding; then the mark. */
static void
craft(struct crafted *c, size_t nth, int padding)
{
	size_t len = lengths[nth % LENGTH(lengths)];
	int id = ids[nth / LENGTH(lengths) % LENGTH(ids)];
	size_t of_state = nth / LENGTH(lengths) / LENGTH(ids);
	int type = types[of_state % LENGTH(types)];
	uint8_t head[8] = {1, (uint8_t)type, (uint8_t)(id >> 8), (uint8_t)id,
	    (uint8_t)(len >> 8), (uint8_t)len, (uint8_t)padding, 0xa5};
	static const uint8_t mark[8] = {1, MARK};
	char answer[ANSWER_SIZE];
	size_t i, n = sizeof(head) + len + (size_t)padding;

	*c = (struct crafted){.state = (enum state)(of_state / LENGTH(types)),
	    .edge = {8, 8 + len, n},
	    .len = n + sizeof(mark),
	    .bytes = malloc(n + sizeof(mark))};
	assert_non_null(c->bytes);
	memcpy(c->bytes, head, sizeof(head));
	for (i = 0; i < len; i++)
		c->bytes[8 + i] = content_at(i);
	memset(c->bytes + 8 + len, 0xff, (size_t)padding);
	memcpy(c->bytes + n, mark, sizeof(mark));
	(void)strcpy(c->expected, expect(c->state, type, id, len, answer));
}

static void
run_and_free(struct crafted c[], size_t n)
{
	size_t i;

	run(c, n, false);
	run(c, n, true);
	for (i = 0; i < n; i++)
		free(c[i].bytes);
	sequences += (unsigned)n;
}

/* Each with one padding, or with all; with a slow tool, only some. */
static void
every_record_in_every_state(void **state)
{
	static struct crafted c[AT_ONCE];
	size_t nth, step = (size_t)slow(1), n = 0, p;
	bool all = getenv("ALL") != NULL;

	(void)state;
	for (nth = 0; nth < RECORDS; nth += step)
		for (p = 0; p < LENGTH(paddings); p++) {
			if (!all && p != nth / step % LENGTH(paddings))
				continue;
			craft(&c[n++], nth, paddings[p]);
			if (n < AT_ONCE)
				continue;
			run_and_free(c, n);
			n = 0;
		}
	run_and_free(c, n);
}

/* A record of 8 bytes, of each type in each state, and of other ids. */
static void
records_cut_off_harm_nobody(void **state)
{
	struct crafted c;
	size_t nth;

	(void)state;
	for (nth = 3; nth < RECORDS; nth += LENGTH(lengths) * (size_t)slow(1)) {
		if (ids[nth / LENGTH(lengths) % LENGTH(ids)] > 1)
			continue;
		craft(&c, nth, 1);
		hang_up(&c);
		free(c.bytes);
		sequences++;
	}
	serve_honest();
}

/*
 * What is known to crash libfcgi (../src/README.md says where that stands), and
 * what else counts wrongly in 16 or 32 bits.
 */
#define FOUR(name) name "= " name "= " name "= " name "="
static const struct row {
	const char *name, *sent, *answer;
} rows[] = {
    {"values_names_four_times",
	"values 0 " FOUR("FCGI_MAX_CONNS") " " FOUR("FCGI_MAX_REQS") " " FOUR(
	    "FCGI_MPXS_CONNS"),
	"10;"},
    {"values_names_with_values",
	"values 0 FCGI_MAX_CONNS=*127 FCGI_MAX_CONNS=*128 FCGI_MPXS_CONNS=*5",
	"10;"},
    {"values_name_of_2_gib", "values 0 #ffffffff00 'A", CLOSED},
    {"values_value_of_2_gib", "values 0 #01ffffffff 'A", CLOSED},
    {"values_whose_sum_is_negative", "values 0 #c0000000c0000000 'AB", CLOSED},
    {"values_whose_sum_wraps", "values 0 #ffffffff80000001 'AB", CLOSED},
    {"values_without_names", "values 0 #0000 #0000 #0000", "10;"},
    {"values_cut_in_a_length", "values 0 #80", CLOSED},
    {"values_65535_bytes_of_nothing", "values 0 .0 @4000", "10;"},
    {"pair_of_2_gib_and_2_gib", KEPT "params 1 #ffffffffffffffff 'AB; params 1",
	CLOSED},
    {"pair_of_2_gib_and_1", KEPT "params 1 #ffffffff01 'AB; params 1", CLOSED},
    {"pair_of_1_and_2_gib", KEPT "params 1 #01ffffffff 'AB; params 1", CLOSED},
    {"pair_whose_sum_wraps", KEPT "params 1 #ffffffff80000001 'AB; params 1",
	CLOSED},
    {"pair_whose_sum_is_negative",
	KEPT "params 1 #c0000000c0000000 'AB; params 1", CLOSED},
    {"pair_one_byte_too_long", KEPT "params 1 #0102 'AB; params 1", CLOSED},
    {"lengths_that_are_not_minimal",
	KEPT "params 1 #8000000180000000 'A; params 1", "3 1 0;"},
    {"five_hundred_and_thirteen_pairs", KEPT "params 1 @513; params 1", CLOSED},
    {"padding_255_behind_65535_of_another",
	KEPT "stdin 2 .65535 +255; params 2 .65535 +255; params 1 +255",
	"3 1 0;"},
    {"padding_255_behind_65535_of_params",
	KEPT "params 1 A=*65529 +255; params 1 +255", "3 1 0;"},
    {"padding_255_behind_65535_of_values", "values 0 @4000 +255; values 0 +255",
	"10;10;"},
    {"padding_255_behind_65535_of_a_body",
	KEPT POST "params 1; stdin 1 .65535 +255; stdin 1 +255", "3 1 0;"},
    {"padding_255_behind_begin",
	"begin 1 keep +255; begin 2 keep +255; abort 1 +255", "3 2 1;3 1 0;"},
    {"padding_that_looks_like_records",
	"raw #014d0000000008ff #014e000000000000; values 0", "11 77;10;"},
    {"abort_again_and_again", KEPT "abort 1; abort 1; abort 1; abort 2",
	"3 1 0;"},
    {"end_of_the_body_again_and_again",
	KEPT POST "params 1; stdin 1; stdin 1; stdin 1 'x; stdin 1", "3 1 0;"},
    {"begin_with_each_flag", "begin 1 #0001ff0000000000; abort 1", "3 1 0;"},
    {"begin_with_each_reserved_byte", "begin 1 #000101ffffffffff; abort 1",
	"3 1 0;"},
    {"role_of_a_filter_and_an_authorizer",
	"begin 1 keep role=3; begin 1 keep role=2; begin 1 keep role=65535",
	"3 1 3;3 1 3;3 1 3;"},
    {"version_2", "begin 1 !2", CLOSED},
    {"version_0", "values 0 !0", CLOSED},
    {"http", "raw 'GET%20/%20HTTP/1.1%0d%0a%0d%0a", CLOSED},
};

static void
answers_as_it_must(void **state)
{
	static struct wire w;
	const struct row *row = *state;
	struct crafted c = {.state = FRESH};

	w.len = 0;
	wire_add(&w, row->sent);
	c.len = w.len + 8;
	c.bytes = calloc(1, c.len);
	assert_non_null(c.bytes);
	memcpy(c.bytes, w.bytes, w.len);
	c.bytes[w.len] = 1;
	c.bytes[w.len + 1] = MARK;
	c.edge[0] = c.edge[1] = c.edge[2] = w.len;
	(void)strcpy(c.expected, row->answer);
	run_and_free(&c, 1);
}

static int
start(void **state)
{
	(void)state;
	responder_start(&r, 0,
	    (const char *[]){"--interval", "0.1", "--heartbeat", "3600",
		"--max-streams", "300", NULL});
	assert_true(front_connect(&honest, r.address));
	assert_true(front_get(&honest));
	assert_true(front_until_text(&honest, "id: 1\n", PATIENCE));
	files = responder_files(&r);
	return 0;
}

/* They are all gone, and so is what the program had for them. */
static void
nothing_is_left(void **state)
{
	double until = front_now() + PATIENCE / 1e3;

	(void)state;
	while (responder_files(&r) != files && front_now() < until)
		(void)poll(NULL, 0, 10);
	assert_int_equal(responder_files(&r), files);
	if (getenv("QUIET") != NULL)
		assert_true(slowest < 0.05);
}

static int
finish(void **state)
{
	(void)state;
	front_close(&honest);
	responder_stop(&r);
	print_message("%u sequences, %u connections; an honest request waited "
		      "%.1f ms at most\n",
	    sequences, connections, slowest * 1e3);
	return 0;
}

int
main(void)
{
	static const struct CMUnitTest first[] = {
	    cmocka_unit_test(every_record_in_every_state),
	    cmocka_unit_test(records_cut_off_harm_nobody),
	};
	static const struct CMUnitTest last[] = {
	    cmocka_unit_test(nothing_is_left),
	};
	struct CMUnitTest tests[LENGTH(first) + LENGTH(rows) + LENGTH(last)];
	size_t n = LENGTH(first), i;

	memcpy(tests, first, sizeof(first));
	for (i = 0; i < LENGTH(rows); i++)
		tests[n++] =
		    row_test(rows[i].name, answers_as_it_must, &rows[i]);
	memcpy(tests + n, last, sizeof(last));
	return cmocka_run_group_tests_name("crafted", tests, start, finish);
}
