/* SPDX-License-Identifier: ISC */
/*
 * Many sends in one call, by the kernel's own io_uring where it lets us; and
 * what there is when it does not, or fails.
 */
#include "unit.h"

#include <sys/socket.h>

#include <errno.h>
#include <unistd.h>

#include "base/ring.h"

#ifdef RING

#include <liburing.h>

#define PAIRS 8

/* What liburing's functions are to do; 0: what they do. */
static struct {
	int init_1, init_2; /* what the first and the second init return */
	unsigned inits;
	int submit;    /* what submitting returns, and nothing else */
	unsigned keep; /* so many of the sends are not handed over */
	int answer;    /* what becomes of each send */
} kernel;

int __real_io_uring_queue_init(unsigned, struct io_uring *, unsigned);
int __wrap_io_uring_queue_init(unsigned, struct io_uring *, unsigned);
int __real_io_uring_submit(struct io_uring *);
int __wrap_io_uring_submit(struct io_uring *);

int
__wrap_io_uring_queue_init(unsigned n, struct io_uring *io, unsigned flags)
{
	int result = kernel.inits++ == 0 ? kernel.init_1 : kernel.init_2;

	return result != 0 ? result : __real_io_uring_queue_init(n, io, flags);
}

int
__wrap_io_uring_submit(struct io_uring *io)
{
	struct io_uring_cqe *cqe;
	unsigned head;
	int n;

	if (kernel.submit != 0)
		return kernel.submit;
	io->sq.sqe_tail -= kernel.keep;
	n = __real_io_uring_submit(io);
	if (kernel.answer != 0)
		io_uring_for_each_cqe(io, head, cqe)
		{
			cqe->res = kernel.answer;
		}
	return n;
}

static struct ring *ring;
static int pairs[PAIRS][2];
static struct ring_send sends[PAIRS];
static uint8_t bytes[1 << 20];

static int
set_up(void **state)
{
	int i;

	(void)state;
	memset(&kernel, 0, sizeof(kernel));
	ring = ring_new(PAIRS);
	for (i = 0; i < PAIRS; i++) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pairs[i]),
		    0);
		sends[i] = (struct ring_send){.bytes = bytes + i,
		    .len = 3,
		    .fd = pairs[i][0]};
	}
	return 0;
}

static int
tear_down(void **state)
{
	int i;

	(void)state;
	ring_free(ring);
	for (i = 0; i < PAIRS; i++) {
		(void)close(pairs[i][0]);
		(void)close(pairs[i][1]);
	}
	return 0;
}

/* The kernel, or what the tests run in, may forbid it. */
static void
need_ring(void)
{
	if (ring == NULL)
		skip();
}

/* From send i on nothing has come. */
static void
check_arrived(int n)
{
	uint8_t got[8];
	int i;

	for (i = 0; i < PAIRS; i++)
		if (i < n) {
			assert_int_equal(recv(pairs[i][1], got, 8, 0), 3);
			assert_memory_equal(got, bytes + i, 3);
		} else
			assert_int_equal(recv(pairs[i][1], got, 8,
					     MSG_DONTWAIT),
			    -1);
}

static void
sends_all_and_says_how_much(void **state)
{
	int i, again;

	(void)state;
	need_ring();
	for (again = 0; again < 100; again++) {
		assert_int_equal(ring_send(ring, sends, PAIRS), 0);
		for (i = 0; i < PAIRS; i++)
			assert_int_equal(sends[i].result, 3);
		check_arrived(PAIRS);
	}
	assert_int_equal(ring_send(ring, sends, 0), 0);
	assert_int_equal(ring_send(ring, sends, 1), 0);
	check_arrived(1);
}

static void
full_gone_and_short_are_told_apart_and_harm_no_other(void **state)
{
	(void)state;
	need_ring();
	while (send(pairs[1][0], bytes, 4096, MSG_DONTWAIT) > 0)
		continue;
	(void)close(pairs[2][1]);
	pairs[2][1] = -1;
	sends[3].len = sizeof(bytes);
	sends[4].fd = 99999;
	assert_int_equal(ring_send(ring, sends, PAIRS), 0);
	assert_int_equal(sends[0].result, 3);
	assert_int_equal(sends[1].result, -EAGAIN);
	assert_int_equal(sends[2].result, -EPIPE);
	assert_in_range(sends[3].result, 1, sizeof(bytes) - 1);
	assert_int_equal(sends[4].result, -EBADF);
	assert_int_equal(sends[5].result, 3);
	assert_int_equal(sends[7].result, 3);
}

static void
ring_that_takes_nothing_has_begun_nothing(void **state)
{
	int i;

	(void)state;
	need_ring();
	kernel.submit = -EBUSY;
	assert_int_equal(ring_send(ring, sends, PAIRS), -1);
	assert_int_equal(errno, EBUSY);
	for (i = 0; i < PAIRS; i++)
		assert_int_equal(sends[i].result, RING_NOT_SENT);
	check_arrived(0);
}

static void
ring_that_takes_some_tells_which(void **state)
{
	int i;

	(void)state;
	need_ring();
	kernel.keep = 3;
	assert_int_equal(ring_send(ring, sends, PAIRS), -1);
	for (i = 0; i < PAIRS; i++)
		assert_int_equal(sends[i].result,
		    i < PAIRS - 3 ? 3 : RING_NOT_SENT);
	check_arrived(PAIRS - 3);
}

static void
what_a_ring_does_not_tell_of_is_not_known(void **state)
{
	int i;

	(void)state;
	need_ring();
	kernel.submit = PAIRS - 1;
	assert_int_equal(ring_send(ring, sends, PAIRS), -1);
	for (i = 0; i < PAIRS - 1; i++)
		assert_int_equal(sends[i].result, -EIO);
	assert_int_equal(sends[i].result, RING_NOT_SENT);
}

static void
refusal_of_the_kernel_is_no_ring(void **state)
{
	static const int refusals[] = {ENOSYS, EPERM, ENOMEM, EMFILE};
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(refusals); i++) {
		kernel.inits = 0;
		kernel.init_1 = -refusals[i];
		assert_null(ring_new(PAIRS));
		assert_int_equal(errno, refusals[i]);
		assert_int_equal(kernel.inits, 1);
	}
}

static void
older_kernel_is_asked_for_less(void **state)
{
	struct ring *other;

	(void)state;
	need_ring();
	kernel.inits = 0;
	kernel.init_1 = -EINVAL;
	other = ring_new(PAIRS);
	assert_non_null(other);
	assert_int_equal(kernel.inits, 2);
	assert_int_equal(ring_send(other, sends, PAIRS), 0);
	check_arrived(PAIRS);
	ring_free(other);
	kernel.inits = 0;
	kernel.init_2 = -EINVAL;
	assert_null(ring_new(PAIRS));
	assert_int_equal(errno, EINVAL);
}

static void
ring_that_cannot_send_is_no_ring(void **state)
{
	static const int answers[] = {-EINVAL, -EOPNOTSUPP, -ECANCELED};
	size_t i;

	(void)state;
	need_ring();
	for (i = 0; i < LENGTH(answers); i++) {
		kernel.answer = answers[i];
		assert_null(ring_new(PAIRS));
		assert_int_equal(errno, -answers[i]);
	}
	kernel.answer = 0;
	kernel.keep = 1;
	assert_null(ring_new(PAIRS));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define RING_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	    RING_TEST(sends_all_and_says_how_much),
	    RING_TEST(full_gone_and_short_are_told_apart_and_harm_no_other),
	    RING_TEST(ring_that_takes_nothing_has_begun_nothing),
	    RING_TEST(ring_that_takes_some_tells_which),
	    RING_TEST(what_a_ring_does_not_tell_of_is_not_known),
	    RING_TEST(refusal_of_the_kernel_is_no_ring),
	    RING_TEST(older_kernel_is_asked_for_less),
	    RING_TEST(ring_that_cannot_send_is_no_ring),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

static void
there_is_none(void **state)
{
	(void)state;
	assert_null(ring_new(8));
	assert_int_equal(errno, ENOSYS);
	ring_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(there_is_none)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
