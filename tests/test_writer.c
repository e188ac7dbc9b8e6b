/* SPDX-License-Identifier: ISC */
/*
 * Pieces to records to the socket.  A scripted writev takes all, a part or
 * nothing; whatever it does, what arrives must be whole records with the
 * pieces' bytes in order, and only the piece that was cut may be held.
 */
#include "unit.h"

#include <sys/uio.h>

#include <errno.h>
#include <stdbool.h>
#include <unistd.h>

#include "fastcgi/writer.h"
#include "fastcgi/record.h"

#define ID 0x102

/* What writev is to do next: take so many bytes, or fail.  Then it takes all.
 */
static struct {
	long take[8]; /* or -errno */
	size_t steps, step;
	unsigned calls;
	size_t len; /* what arrived */
	uint8_t bytes[5 << 20];
} front;

ssize_t __wrap_writev(int, const struct iovec *, int);

ssize_t
__wrap_writev(int fd, const struct iovec *iov, int n)
{
	size_t left = SIZE_MAX, len, all = 0;
	int i;

	assert_int_equal(fd, 42);
	assert_in_range(n, 0, sysconf(_SC_IOV_MAX));
	front.calls++;
	if (front.step < front.steps) {
		if (front.take[front.step] < 0) {
			errno = (int)-front.take[front.step++];
			return -1;
		}
		left = (size_t)front.take[front.step++];
	}
	for (i = 0; i < n && left > 0; i++, left -= len, all += len) {
		len = iov[i].iov_len < left ? iov[i].iov_len : left;
		assert_true(iov[i].iov_len > 0);
		assert_true(len <= sizeof(front.bytes) - front.len);
		memcpy(front.bytes + front.len, iov[i].iov_base, len);
		front.len += len;
	}
	return (ssize_t)all;
}

/* The same for one run of bytes. */
ssize_t __wrap_send(int, const void *, size_t, int);

ssize_t
__wrap_send(int fd, const void *bytes, size_t len, int flags)
{
	struct iovec iov = {(void *)(uintptr_t)bytes, len};

	(void)flags;
	return __wrap_writev(fd, &iov, 1);
}

static void
front_reset(void)
{
	front.steps = front.step = front.len = 0;
	front.calls = 0;
}

static void
front_will(long take)
{
	assert_true(front.steps < LENGTH(front.take));
	front.take[front.steps++] = take;
}

/* What is to be sent, as a stream has it: pieces, and how far it has come. */
struct queue {
	struct {
		const void *data;
		size_t len;
		bool raw;
		struct event *event;
	} item[80];
	size_t n, at;
};

static void
queue_add(struct queue *q, const void *data, size_t len, bool raw)
{
	q->item[q->n].data = data;
	q->item[q->n].len = len;
	q->item[q->n].raw = raw;
	q->item[q->n++].event = NULL;
}

static void
queue_add_event(struct queue *q, const void *data, size_t len)
{
	queue_add(q, data, len, false);
	q->item[q->n - 1].event = event_new(data, len);
	assert_non_null(q->item[q->n - 1].event);
}

static void
queue_free(struct queue *q)
{
	for (; q->n > 0; q->n--) {
		if (q->item[q->n - 1].event != NULL)
			assert_int_equal(q->item[q->n - 1].event->refs, 1);
		event_unref(q->item[q->n - 1].event);
	}
}

static void
offer(struct queue *q, struct batch *b)
{
	struct piece *p;
	size_t i;

	for (i = q->at; i < q->n; i++) {
		p = q->item[i].event != NULL ?
			batch_add_event(b, 7, q->item[i].event) :
			batch_add(b, 7, q->item[i].data, q->item[i].len);
		if (p == NULL)
			return;
		p->raw = q->item[i].raw;
	}
}

static bool laid; /* what fits goes in two steps, as in a wave */

/*
 * As writer_write(), by a call of our own.  The batch is another's before that
 * is settled.  False: it does not fit.
 */
static bool
write_laid(struct writer *o, struct batch *b, enum writer_result *result,
    unsigned *begun, size_t *written)
{
	static uint8_t run[8192];
	struct piece piece[BATCH_PIECES];
	size_t len = writer_lay(o, ID, b, run, sizeof(run));
	unsigned n = b->n;
	ssize_t sent;

	if (len == 0)
		return false;
	memcpy(piece, b->piece, sizeof(piece));
	memset(b, 0xa5, sizeof(*b));
	do
		sent = __wrap_send(42, run, len, 0);
	while (sent == -1 && errno == EINTR);
	*written = sent == -1 ? 0 : (size_t)sent;
	*result =
	    writer_settle(o, piece, n, len, sent == -1 ? -errno : sent, begun);
	return true;
}

/* One write, and the accounts that its contract makes possible. */
static enum writer_result
write_once(struct writer *o, struct queue *q)
{
	static struct batch b;
	bool held = o->held != NULL;
	size_t written, before = front.len;
	enum writer_result result;
	unsigned begun, n;

	writer_begin(o, &b);
	assert_int_equal(b.n, held);
	offer(q, &b);
	n = b.n;
	if (!laid || n == 0 || !write_laid(o, &b, &result, &begun, &written))
		result = writer_write(o, 42, ID, &b, &begun, &written);
	assert_int_equal(written, front.len - before);
	assert_true(begun <= n && (begun > 0) == (written > 0));
	if (begun > 0)
		q->at += begun - held;
	return result;
}

/* Until nothing is left. */
static void
write_all(struct writer *o, struct queue *q)
{
	unsigned calls = 0;

	while (q->at < q->n || o->held != NULL) {
		assert_int_not_equal(write_once(o, q), WRITER_DEAD);
		assert_true(++calls < 10000);
	}
}

/* Whole records, STDOUT with the pieces' bytes, raw ones where they belong. */
static void
check_arrived(const struct queue *q)
{
	const uint8_t *p = front.bytes, *end = p + front.len;
	size_t i, at, len;

	for (i = 0; i < q->n; i++) {
		if (q->item[i].raw) {
			assert_true(q->item[i].len <= (size_t)(end - p));
			assert_memory_equal(p, q->item[i].data, q->item[i].len);
			p += q->item[i].len;
			continue;
		}
		for (at = 0; at < q->item[i].len; at += len) {
			assert_true(end - p > 8);
			assert_memory_equal(p, "\1\6\1\2", 4);
			assert_memory_equal(p + 6, "\0\0", 2);
			len = (size_t)(p[4] << 8 | p[5]);
			assert_in_range(len, 1, 16384);
			assert_true(len <= q->item[i].len - at);
			assert_true(len <= (size_t)(end - p) - 8);
			assert_memory_equal(p + 8,
			    (const char *)q->item[i].data + at, len);
			p += 8 + len;
		}
	}
	assert_ptr_equal(p, end);
}

static uint8_t end_request[RECORD_END_SIZE];
static uint8_t big[5 << 19]; /* more than a call's records hold */

static void
three_pieces(struct queue *q)
{
	q->n = q->at = 0;
	queue_add(q, "Status: 200\r\n\r\n", 15, false);
	queue_add_event(q, "data: x\n\n", 9);
	queue_add(q, end_request, sizeof(end_request), true);
}

static void
all_pieces_leave_in_one_write(void **state)
{
	struct writer o = {0};
	struct queue q;

	(void)state;
	front_reset();
	three_pieces(&q);
	assert_int_equal(write_once(&o, &q), WRITER_ALL);
	assert_int_equal(front.calls, 1);
	assert_int_equal(q.at, 3);
	assert_null(o.held);
	assert_int_equal(front.len, 8 + 15 + 8 + 9 + 24);
	check_arrived(&q);
	queue_free(&q);
}

/* Two cuts, at every two bytes; "at the end" is no cut. */
static void
short_writes_at_every_byte_lose_nothing(void **state)
{
	const size_t size = 8 + 15 + 8 + 9 + 24;
	const size_t ends[] = {8 + 15, 8 + 15 + 8 + 9, size};
	size_t first, second, begun;
	struct writer o = {0};
	struct queue q;

	(void)state;
	for (first = 1; first < size; first++)
		for (second = 1; second <= size - first; second++) {
			front_reset();
			front_will((long)first);
			front_will((long)second);
			three_pieces(&q);
			assert_int_equal(write_once(&o, &q), WRITER_FULL);
			begun = 1 + (first > ends[0]) + (first > ends[1]);
			assert_int_equal(q.at, begun);
			/* Held if it is cut, and only then. */
			assert_int_equal(o.held != NULL,
			    first != ends[begun - 1]);
			write_all(&o, &q);
			check_arrived(&q);
			queue_free(&q);
		}
}

static void
one_byte_at_a_time_loses_nothing(void **state)
{
	struct writer o = {0};
	struct queue q;
	int i;

	(void)state;
	front_reset();
	three_pieces(&q);
	for (i = 0; q.at < q.n || o.held != NULL; i++) {
		assert_true(i < 100);
		front.steps = front.step = 0;
		front_will(1);
		(void)write_once(&o, &q);
		front.steps = front.step = 0;
		front_will(-EAGAIN);
		assert_int_equal(write_once(&o, &q), WRITER_FULL);
	}
	check_arrived(&q);
	queue_free(&q);
}

static void
interrupted_write_is_done_again(void **state)
{
	struct writer o = {0};
	struct queue q;

	(void)state;
	front_reset();
	front_will(-EINTR);
	front_will(-EINTR);
	front_will(10);
	three_pieces(&q);
	assert_int_equal(write_once(&o, &q), WRITER_FULL);
	assert_int_equal(front.calls, 3);
	front_will(-EINTR);
	assert_int_equal(write_once(&o, &q), WRITER_ALL);
	check_arrived(&q);
	queue_free(&q);
}

static void
full_socket_touches_nothing(void **state)
{
	struct writer o = {0};
	struct queue q;

	(void)state;
	front_reset();
	front_will(-EAGAIN);
	three_pieces(&q);
	assert_int_equal(write_once(&o, &q), WRITER_FULL);
	assert_int_equal(q.at, 0);
	assert_null(o.held);
	assert_int_equal(q.item[1].event->refs, 1);
	queue_free(&q);
}

static void
full_socket_leaves_what_is_held_as_it_is(void **state)
{
	struct writer o = {0};
	struct queue q;
	uint32_t sent;

	(void)state;
	front_reset();
	front_will(30);
	front_will(-EAGAIN);
	three_pieces(&q);
	assert_int_equal(write_once(&o, &q), WRITER_FULL);
	assert_ptr_equal(o.held, q.item[1].event);
	assert_int_equal(o.held->refs, 2);
	sent = o.sent;
	assert_int_equal(write_once(&o, &q), WRITER_FULL);
	assert_ptr_equal(o.held, q.item[1].event);
	assert_int_equal(o.held->refs, 2);
	assert_int_equal(o.sent, sent);
	write_all(&o, &q);
	check_arrived(&q);
	queue_free(&q);
}

static void
peer_that_has_gone_is_dead(void **state)
{
	static const int errors[] = {EPIPE, ECONNRESET, EBADF, ENOBUFS, EIO};
	struct writer o = {0};
	struct queue q;
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(errors); i++) {
		front_reset();
		front_will(25);
		front_will(-errors[i]);
		three_pieces(&q);
		assert_int_equal(write_once(&o, &q), WRITER_FULL);
		assert_int_equal(write_once(&o, &q), WRITER_DEAD);
		writer_free(&o);
		assert_null(o.held);
		queue_free(&q);
	}
}

/* Sizes about the limits of a record and of the records in one write. */
static const size_t sizes[] = {1, 16383, 16384, 16385, 32768, 32769, 100000,
    47 * 16384, 47 * 16384 + 1, 48 * 16384 - 1, 48 * 16384, 48 * 16384 + 1,
    sizeof(big)};

static void
big_event_is_many_records(void **state)
{
	struct writer o = {0};
	struct queue q;
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(sizes); i++) {
		front_reset();
		q.n = q.at = 0;
		queue_add_event(&q, big, sizes[i]);
		write_all(&o, &q);
		check_arrived(&q);
		queue_free(&q);
	}
}

/* The same with others before and behind: none may be one too many. */
static void
big_event_among_others_fits_the_call(void **state)
{
	struct writer o = {0};
	struct queue q;
	size_t i, raw;

	(void)state;
	for (i = 0; i < LENGTH(sizes); i++)
		for (raw = 0; raw < 4; raw++) {
			front_reset();
			q.n = q.at = 0;
			queue_add(&q, "before", 6, raw == 3);
			queue_add_event(&q, big, sizes[i]);
			queue_add(&q, "behind", 6, raw >= 1);
			queue_add(&q, end_request, sizeof(end_request), true);
			queue_add(&q, "last", 4, raw >= 2);
			write_all(&o, &q);
			check_arrived(&q);
			queue_free(&q);
		}
}

static void
all_written_may_be_less_than_all_pieces(void **state)
{
	struct writer o = {0};
	struct queue q = {0};

	(void)state;
	front_reset();
	queue_add_event(&q, big, sizeof(big));
	assert_int_equal(write_once(&o, &q), WRITER_ALL);
	assert_non_null(o.held); /* a call holds no more records */
	assert_int_equal(write_once(&o, &q), WRITER_ALL);
	assert_null(o.held);
	check_arrived(&q);
	queue_free(&q);
}

static void
big_event_is_cut_about_every_record(void **state)
{
	struct writer o = {0};
	struct queue q;
	long at, cut;

	(void)state;
	for (at = 16384 + 8; at < 60000; at += 16384 + 8)
		for (cut = at - 12; cut < at + 12; cut++) {
			front_reset();
			front_will(cut);
			front_will(5);
			q.n = q.at = 0;
			queue_add_event(&q, big, 70000);
			queue_add(&q, end_request, sizeof(end_request), true);
			write_all(&o, &q);
			check_arrived(&q);
			queue_free(&q);
		}
}

static void
batch_holds_128_pieces(void **state)
{
	static struct batch b;
	struct writer o = {0};
	int i;

	(void)state;
	writer_begin(&o, &b);
	for (i = 0; i < 128; i++)
		assert_non_null(batch_add(&b, 1, "x", 1));
	assert_null(batch_add(&b, 1, "x", 1));
	assert_null(batch_text(&b, 1));
	assert_int_equal(b.n, 128);
}

static void
batch_takes_no_piece_behind_512_kib(void **state)
{
	static struct batch b;
	struct writer o = {0};

	(void)state;
	writer_begin(&o, &b);
	assert_non_null(batch_add(&b, 1, big, (1 << 19) - 1));
	assert_non_null(batch_add(&b, 1, big, 100000)); /* it is but one */
	assert_false(b.full);
	assert_null(batch_add(&b, 1, "x", 1));
	assert_true(b.full);
	writer_begin(&o, &b);
	assert_non_null(batch_add(&b, 1, big, 1 << 19));
	assert_null(batch_text(&b, 1));
	assert_true(b.full);
}

static void
text_has_room_for_so_many_bytes_and_no_more(void **state)
{
	static struct batch b;
	struct writer o = {0};
	char *first, *second;

	(void)state;
	writer_begin(&o, &b);
	first = batch_text(&b, BATCH_TEXT - 96);
	second = batch_text(&b, 96);
	assert_non_null(first);
	assert_ptr_equal(second, first + BATCH_TEXT - 96);
	assert_null(batch_text(&b, 1));
	writer_begin(&o, &b);
	assert_null(batch_text(&b, BATCH_TEXT + 1));
	assert_non_null(batch_text(&b, BATCH_TEXT));
}

/* An answer, say: held before anything is written. */
static void
held_event_goes_out_first(void **state)
{
	struct writer o = {0};
	struct queue q = {0};
	struct answer *a = malloc(sizeof(*a));

	(void)state;
	assert_non_null(a);
	front_reset();
	front_will(3);
	writer_hold(&o, event_new("first", 5), false);
	queue_add(&q, "second", 6, false);
	assert_int_equal(write_once(&o, &q), WRITER_FULL);
	assert_int_equal(q.at, 0);
	write_all(&o, &q);
	answer_read(a, front.bytes, front.len);
	assert_true(a->valid);
	assert_string_equal(a->text, "firstsecond");
	free(a);
}

/* Pieces of any kind and number, cuts anywhere. */
static void
random_pieces_and_cuts_lose_nothing(void **state)
{
	uint32_t seed = 4242, round, n;
	struct writer o = {0};
	struct queue q;

	(void)state;
	for (round = 0; round < 3000; round++) {
		front_reset();
		q.n = q.at = 0;
		for (n = 1 + chance(&seed) % 70; n > 0; n--)
			if (chance(&seed) % 4 == 0)
				queue_add(&q, big, 1 + chance(&seed) % 30,
				    true);
			else if (chance(&seed) % 20 == 0)
				queue_add_event(&q, big,
				    1 + chance(&seed) % 90000);
			else if (chance(&seed) % 2 == 0)
				queue_add_event(&q, big,
				    1 + chance(&seed) % 300);
			else
				queue_add(&q, big, 1 + chance(&seed) % 300,
				    false);
		for (n = 0; q.at < q.n || o.held != NULL; n++) {
			assert_true(n < 10000);
			front.steps = front.step = 0;
			if (chance(&seed) % 3 == 0)
				front_will(-EAGAIN);
			else
				front_will((long)(1 + chance(&seed) % 20000));
			assert_int_not_equal(write_once(&o, &q), WRITER_DEAD);
		}
		check_arrived(&q);
		queue_free(&q);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(all_pieces_leave_in_one_write),
	    cmocka_unit_test(short_writes_at_every_byte_lose_nothing),
	    cmocka_unit_test(one_byte_at_a_time_loses_nothing),
	    cmocka_unit_test(interrupted_write_is_done_again),
	    cmocka_unit_test(full_socket_touches_nothing),
	    cmocka_unit_test(full_socket_leaves_what_is_held_as_it_is),
	    cmocka_unit_test(peer_that_has_gone_is_dead),
	    cmocka_unit_test(big_event_is_many_records),
	    cmocka_unit_test(all_written_may_be_less_than_all_pieces),
	    cmocka_unit_test(big_event_is_cut_about_every_record),
	    cmocka_unit_test(batch_holds_128_pieces),
	    cmocka_unit_test(batch_takes_no_piece_behind_512_kib),
	    cmocka_unit_test(text_has_room_for_so_many_bytes_and_no_more),
	    cmocka_unit_test(held_event_goes_out_first),
	    cmocka_unit_test(random_pieces_and_cuts_lose_nothing),
	    cmocka_unit_test(big_event_among_others_fits_the_call),
	};
	uint32_t seed = 1;
	int failed;
	size_t i;

	for (i = 0; i < sizeof(big); i++)
		big[i] = (uint8_t)chance(&seed);
	(void)record_end(end_request, ID, FCGI_REQUEST_COMPLETE);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	laid = true;
	return failed + cmocka_run_group_tests_name("laid", tests, NULL, NULL);
}
