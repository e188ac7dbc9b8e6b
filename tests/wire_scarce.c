/* SPDX-License-Identifier: ISC */
/*
 * Every allocation fails: in each round of all that is done another one, and
 * then all from there on to the round's end.  Nobody but whom it is for may
 * notice, and what is left must be all that there was: the sanitizers look.
 *
 * The program is one that has harness/scarce.c in it, build/asan/scarce.
 * STRIDE= takes one of so many, or one of all, FROM= begins there.
 */
#include "unit.h"

#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include "mapped.h"
#include "rounds.h"
#include "scarce.h"

/* Failures in a row; a feed waits until there is memory again. */
#define WHILE 40

static struct scarce *scarce;
static char path[64];

static void
memory_runs_out(unsigned long first, unsigned long many)
{
	atomic_store(&scarce->calls, 0);
	atomic_store(&scarce->many, many);
	atomic_store(&scarce->first, first);
}

static void
memory_is_there(void)
{
	atomic_store(&scarce->first, 0);
}

/* How many allocations there are in a round. */
static unsigned long
count_round(void)
{
	unsigned long n;

	rounds_go(); /* what is kept from then on is there */
	rounds_settle();
	memory_runs_out(ULONG_MAX, 0);
	rounds_go();
	n = atomic_load(&scarce->calls);
	memory_is_there();
	rounds_settle();
	return n;
}

static void
sweep(enum scarce_for who, unsigned long many, const char *what)
{
	unsigned long n, i, stride = number_from("STRIDE", 23);

	atomic_store(&scarce->who, (int)who);
	rounds_begin(NULL);
	n = count_round();
	assert_true(n > 0);
	stride = n < stride ? n : stride;
	atomic_store(&scarce->failed, 0);
	for (i = number_from("FROM", 1 + stride / 2); i <= n; i += stride) {
		if (getenv("TELL") != NULL)
			print_message("%lu\n", i);
		memory_runs_out(i, many);
		rounds_go();
		memory_is_there();
		rounds_settle();
	}
	print_message("%s: %lu allocations a round, one of %lu of them failed, "
		      "%lu failures\n",
	    what, n, stride, atomic_load(&scarce->failed));
	assert_true(atomic_load(&scarce->failed) > 0);
	rounds_end();
}

static void
each_allocation_of_ours_fails_once(void **state)
{
	(void)state;
	sweep(OURS, 1, "once");
}

static void
no_allocation_of_ours_succeeds_for_a_while(void **state)
{
	(void)state;
	sweep(OURS, WHILE, "for a while");
}

static void
each_allocation_of_the_libraries_fails_once(void **state)
{
	(void)state;
	sweep(LIBRARIES, 1, "once, of the libraries");
}

static int
start(void **state)
{
	(void)state;
	(void)snprintf(path, sizeof(path), "/tmp/sse-fcgi-scarce-%ld",
	    (long)getpid());
	scarce = mapped_open(path, O_CREAT, sizeof(*scarce));
	assert_non_null(scarce);
	(void)setenv("SCARCE", path, 1);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	(void)unlink(path);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_allocation_of_ours_fails_once),
	    cmocka_unit_test(no_allocation_of_ours_succeeds_for_a_while),
	    cmocka_unit_test(each_allocation_of_the_libraries_fails_once),
	};

	return cmocka_run_group_tests_name("scarce", tests, start, stop);
}
