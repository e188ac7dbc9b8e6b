/* SPDX-License-Identifier: ISC */
/*
 * Waves on socket pairs: what is added goes when it must, once, and is settled
 * in order; also without a ring, and with one that fails half-way.
 */
#include "unit.h"

#include <sys/socket.h>

#include <errno.h>
#include <unistd.h>

#include "base/log.h"
#include "fastcgi/record.h"
#include "fastcgi/wave.h"

#define PAIRS (WAVE_WRITES + 2)
#define ID    7

static struct wave wave;
static struct batch batch;
static int pairs[PAIRS][2];
static struct writer writers[PAIRS];
static char text[WAVE_WRITE_MAX + 1];

/* What was settled: which, in which order, with which result. */
static struct {
	unsigned n;
	size_t which[PAIRS];
	int result[PAIRS];
	struct write write[PAIRS];
} settled;

/* What the ring does: so many sends, then it fails; the one before is lost. */
static struct {
	unsigned calls;
	bool fails, loses;
	unsigned does;
} ring;

static unsigned sends; /* without it */

int __real_ring_send(struct ring *, struct ring_send *, unsigned);
int __wrap_ring_send(struct ring *, struct ring_send *, unsigned);
ssize_t __real_send(int, const void *, size_t, int);
ssize_t __wrap_send(int, const void *, size_t, int);

int
__wrap_ring_send(struct ring *r, struct ring_send *s, unsigned n)
{
	ring.calls++;
	if (!ring.fails)
		return __real_ring_send(r, s, n);
	(void)__real_ring_send(r, s, ring.does);
	if (ring.loses)
		s[ring.does].result = -EIO;
	errno = EBUSY;
	return -1;
}

ssize_t
__wrap_send(int fd, const void *bytes, size_t len, int flags)
{
	sends++;
	if (sends == 2) { /* the caller is to try again */
		errno = EINTR;
		return -1;
	}
	return __real_send(fd, bytes, len, flags);
}

static void
settle(const struct write *w, int result)
{
	settled.which[settled.n] =
	    (size_t)((struct writer *)w->owner - writers);
	settled.write[settled.n] = *w;
	settled.result[settled.n++] = result;
}

static int
set_up(void **state)
{
	size_t i;

	(void)state;
	memset(&settled, 0, sizeof(settled));
	memset(&ring, 0, sizeof(ring));
	memset(text, 'x', sizeof(text));
	sends = 0;
	wave_init(&wave);
	(void)wave_try_ring(&wave, 2);
	for (i = 0; i < PAIRS; i++) {
		writers[i] = (struct writer){0};
		assert_int_equal(socketpair(AF_UNIX,
				     SOCK_STREAM | SOCK_NONBLOCK, 0, pairs[i]),
		    0);
	}
	return 0;
}

static int
tear_down(void **state)
{
	size_t i;

	(void)state;
	wave_free(&wave);
	for (i = 0; i < PAIRS; i++) {
		writer_free(&writers[i]);
		(void)close(pairs[i][0]);
		(void)close(pairs[i][1]);
	}
	return 0;
}

static void
need_ring(void)
{
	if (wave.ring == NULL)
		skip();
}

/* A text of so many bytes, that differs from others', for this one. */
static bool
add(size_t i, size_t len)
{
	char *room;

	batch_begin(&batch);
	room = batch_text(&batch, len);
	memcpy(room, text, len);
	(void)snprintf(room, len, "%zu", i);
	(void)batch_add(&batch, 1, room, len);
	return wave_add(&wave,
	    &(struct write){.owner = &writers[i], .known = 3}, &writers[i],
	    pairs[i][0], ID, &batch);
}

/* Exactly the record with that text has come. */
static void
check_arrived(size_t i, size_t len)
{
	uint8_t got[2 * WAVE_WRITE_MAX];
	char number[20];

	(void)snprintf(number, sizeof(number), "%zu", i);
	assert_int_equal(recv(pairs[i][1], got, sizeof(got), MSG_DONTWAIT),
	    RECORD_HEADER + len);
	assert_string_equal((const char *)got + RECORD_HEADER, number);
}

static void
add_all(size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		assert_false(wave_is_full(&wave));
		assert_true(add(i, 50));
	}
	memset(&batch, 0xa5, sizeof(batch));
}

static void
check_all(size_t n)
{
	size_t i;

	assert_int_equal(settled.n, n);
	for (i = 0; i < n; i++) {
		assert_int_equal(settled.which[i], i);
		assert_int_equal(settled.result[i], RECORD_HEADER + 50);
		assert_int_equal(settled.write[i].len, RECORD_HEADER + 50);
		assert_int_equal(settled.write[i].known, 3);
		assert_int_equal(settled.write[i].n, 1);
		check_arrived(i, 50);
	}
}

static void
full_wave_goes_in_one_call_and_is_settled_in_order(void **state)
{
	(void)state;
	need_ring();
	add_all(WAVE_WRITES);
	assert_true(wave_is_full(&wave));
	wave_go(&wave, settle);
	check_all(WAVE_WRITES);
	assert_int_equal(ring.calls, 1);
	assert_int_equal(sends, 0);
	wave_go(&wave, settle); /* there is nothing to do */
	assert_int_equal(settled.n, WAVE_WRITES);
	assert_int_equal(ring.calls, 1);
}

static void
few_writes_are_not_worth_it(void **state)
{
	(void)state;
	need_ring();
	add_all(1);
	wave_go(&wave, settle);
	check_all(1);
	assert_int_equal(ring.calls, 0);
	assert_int_equal(sends, 1);
}

static void
without_a_ring_a_wave_is_one_send(void **state)
{
	(void)state;
	wave_free(&wave);
	wave_init(&wave);
	assert_false(wave_is_full(&wave));
	assert_true(add(0, 50));
	assert_true(wave_is_full(&wave));
	wave_go(&wave, settle);
	check_all(1);
	assert_false(wave_is_full(&wave));
	assert_true(add(1, 50));
	wave_go(&wave, settle);
	assert_int_equal(sends, 3); /* one of them was interrupted */
	assert_int_equal(settled.result[1], RECORD_HEADER + 50);
}

static void
what_a_failing_ring_has_not_begun_is_sent(void **state)
{
	(void)state;
	need_ring();
	ring.fails = true;
	ring.does = 5;
	add_all(12);
	wave_go(&wave, settle);
	check_all(12);
	assert_int_equal(ring.calls, 1);
	assert_int_equal(sends, 12 - 5 + 1);
	assert_int_equal(wave.failed, 1);
	assert_int_equal(wave.has_ring, 0);
	assert_null(wave.ring);
	assert_true(add(12, 50));
	assert_true(wave_is_full(&wave)); /* from now on */
	wave_go(&wave, settle);
	assert_int_equal(ring.calls, 1);
}

static void
what_nobody_knows_of_is_not_sent_again(void **state)
{
	(void)state;
	need_ring();
	ring.fails = ring.loses = true;
	ring.does = 2;
	add_all(4);
	wave_go(&wave, settle);
	assert_int_equal(settled.n, 4);
	assert_int_equal(settled.result[1], RECORD_HEADER + 50);
	assert_int_equal(settled.result[2], -EIO);
	assert_int_equal(settled.result[3], RECORD_HEADER + 50);
	assert_int_equal(recv(pairs[2][1], text, 1, MSG_DONTWAIT), -1);
	check_arrived(3, 50);
}

static void
too_large_a_write_is_not_added(void **state)
{
	(void)state;
	need_ring();
	assert_true(add(0, WAVE_WRITE_MAX - RECORD_HEADER));
	assert_false(add(1, WAVE_WRITE_MAX - RECORD_HEADER + 1));
	assert_true(add(2, 50));
	wave_go(&wave, settle);
	assert_int_equal(settled.n, 2);
	check_arrived(0, WAVE_WRITE_MAX - RECORD_HEADER);
	check_arrived(2, 50);
}

/* Whatever their sizes, a wave that is not full has room for the greatest. */
static void
bytes_and_pieces_fill_a_wave_too(void **state)
{
	size_t n, i;

	(void)state;
	need_ring();
	for (n = 0; !wave_is_full(&wave); n++)
		assert_true(add(n, WAVE_WRITE_MAX - RECORD_HEADER));
	assert_in_range(n, WAVE_BYTES / WAVE_WRITE_MAX,
	    WAVE_BYTES / WAVE_WRITE_MAX);
	wave_go(&wave, settle);
	for (i = 0; i < n; i++)
		check_arrived(i, WAVE_WRITE_MAX - RECORD_HEADER);
	for (n = 0; !wave_is_full(&wave); n++) {
		batch_begin(&batch);
		for (i = 0; i < BATCH_PIECES; i++)
			(void)batch_add(&batch, 1, "x", 1);
		assert_true(wave_add(&wave, &(struct write){.owner = writers},
		    &writers[n], pairs[n][0], ID, &batch));
	}
	assert_in_range(n, 1, WAVE_PIECES / BATCH_PIECES);
	wave_go(&wave, settle);
}

static void
text_that_is_cut_is_held_whatever_became_of_the_batch(void **state)
{
	const struct write *w = &settled.write[0];
	unsigned begun;

	(void)state;
	need_ring();
	add_all(2);
	wave_go(&wave, settle);
	assert_int_equal(writer_settle(&writers[0], w->piece, w->n, w->len, 20,
			     &begun),
	    WRITER_FULL);
	assert_int_equal(begun, 1);
	assert_int_equal(writers[0].sent, 20);
	assert_non_null(writers[0].held);
	assert_int_equal(writers[0].held->len, 50);
	assert_string_equal((const char *)writers[0].held->bytes, "0");
	assert_memory_equal(writers[0].held->bytes + 2, text, 40);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define WAVE_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	    WAVE_TEST(full_wave_goes_in_one_call_and_is_settled_in_order),
	    WAVE_TEST(few_writes_are_not_worth_it),
	    WAVE_TEST(without_a_ring_a_wave_is_one_send),
	    WAVE_TEST(what_a_failing_ring_has_not_begun_is_sent),
	    WAVE_TEST(what_nobody_knows_of_is_not_sent_again),
	    WAVE_TEST(too_large_a_write_is_not_added),
	    WAVE_TEST(bytes_and_pieces_fill_a_wave_too),
	    WAVE_TEST(text_that_is_cut_is_held_whatever_became_of_the_batch),
	};

	(void)log_open("/dev/null", false);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
