/* SPDX-License-Identifier: ISC */
/*
 * Names looked up beside the loop.  What getaddrinfo() says of a name with a
 * star in front is the test's: when, and what.
 */
#include "unit.h"

#include <assert.h>
#include <arpa/inet.h>
#include <errno.h>
#include <ev.h>
#include <netdb.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/resolve.h"

/* An answer of the test's: addresses 10.0.0.1 and so on. */
static struct made {
	struct addrinfo ai;
	struct sockaddr_in address;
} made[RESOLVE_MAX + 2];

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool held;	      /* who asks for "*slow" waits until it is false */
static unsigned asking, told; /* how many ask for it, and have been told */
static sigset_t mask;	      /* of the last who asked for "*many" */

int __real_getaddrinfo(const char *, const char *, const struct addrinfo *,
    struct addrinfo **);
void __real_freeaddrinfo(struct addrinfo *);
int __wrap_getaddrinfo(const char *, const char *, const struct addrinfo *,
    struct addrinfo **);
void __wrap_freeaddrinfo(struct addrinfo *);

static void
make_answer(void)
{
	size_t i;

	for (i = 0; i < LENGTH(made); i++) {
		made[i].address = (struct sockaddr_in){.sin_family = AF_INET,
		    .sin_addr.s_addr = htonl(0x0a000001 + (uint32_t)i)};
		made[i].ai = (struct addrinfo){.ai_family = AF_INET,
		    .ai_addrlen = sizeof(made[i].address),
		    .ai_addr = (struct sockaddr *)&made[i].address,
		    .ai_next = i + 1 < LENGTH(made) ? &made[i + 1].ai : NULL};
	}
	made[1].ai.ai_family = AF_UNIX; /* of no use to anybody */
}

static void
wait_until_told(void)
{
	(void)pthread_mutex_lock(&lock);
	asking++;
	(void)pthread_cond_broadcast(&changed);
	while (held)
		(void)pthread_cond_wait(&changed, &lock);
	told++;
	(void)pthread_cond_broadcast(&changed);
	(void)pthread_mutex_unlock(&lock);
}

int
__wrap_getaddrinfo(const char *host, const char *port,
    const struct addrinfo *hints, struct addrinfo **list)
{
	assert(hints->ai_socktype == SOCK_STREAM);
	if (*host != '*')
		return __real_getaddrinfo(host, port, hints, list);
	if (hints->ai_flags & AI_NUMERICHOST)
		return EAI_NONAME;
	if (strcmp(host, "*system") == 0) {
		errno = EMFILE;
		return EAI_SYSTEM;
	}
	if (strcmp(host, "*slow") == 0)
		wait_until_told();
	else
		(void)pthread_sigmask(SIG_SETMASK, NULL, &mask);
	*list = &made[0].ai;
	return 0;
}

void
__wrap_freeaddrinfo(struct addrinfo *list)
{
	if (list != &made[0].ai)
		__real_freeaddrinfo(list);
}

static struct ev_loop *loop;

/* What came of a look-up. */
static struct outcome {
	unsigned n_done;
	size_t n;
	char text[RESOLVE_MAX][INET6_ADDRSTRLEN + 8];
	char why[400];
} got;

static void
write_address(char *to, size_t size, const struct resolved *a)
{
	const struct sockaddr_in *in = (const void *)&a->address;
	const struct sockaddr_in6 *in6 = (const void *)&a->address;
	char text[INET6_ADDRSTRLEN] = "?";

	if (in->sin_family == AF_INET && a->len == sizeof(*in))
		(void)inet_ntop(AF_INET, &in->sin_addr, text, sizeof(text));
	else if (in->sin_family == AF_INET6 && a->len == sizeof(*in6))
		(void)inet_ntop(AF_INET6, &in6->sin6_addr, text, sizeof(text));
	(void)snprintf(to, size, "%s %u", text, (unsigned)ntohs(in->sin_port));
}

static void
on_done(void *arg, const struct resolved *found, size_t n, const char *why)
{
	struct outcome *a = arg;
	size_t i;

	a->n_done++;
	a->n = n;
	for (i = 0; i < n; i++)
		write_address(a->text[i], sizeof(a->text[i]), &found[i]);
	(void)snprintf(a->why, sizeof(a->why), "%s", why == NULL ? "" : why);
}

/* Threads that were abandoned before may be about to end. */
static struct resolve *
begin(const char *host)
{
	struct resolve *r;

	got = (struct outcome){0};
	do
		r = resolve_begin(loop, host, "6379", on_done, &got);
	while (r == NULL && errno == EAGAIN && sched_yield() == 0);
	assert_non_null(r);
	assert_int_equal(got.n_done, 0);
	return r;
}

/* The loop has nothing left to wait for when it comes back. */
static void
look_up(const char *host)
{
	(void)begin(host);
	(void)ev_run(loop, 0);
	assert_int_equal(got.n_done, 1);
}

static void
let_go(bool go)
{
	(void)pthread_mutex_lock(&lock);
	held = !go;
	(void)pthread_cond_broadcast(&changed);
	(void)pthread_mutex_unlock(&lock);
}

static void
wait_for(const unsigned *counter, unsigned n)
{
	(void)pthread_mutex_lock(&lock);
	while (*counter < n)
		(void)pthread_cond_wait(&changed, &lock);
	(void)pthread_mutex_unlock(&lock);
}

static int
set_up(void **state)
{
	(void)state;
	loop = ev_loop_new(EVFLAG_AUTO);
	held = false;
	asking = told = 0;
	return loop == NULL ? -1 : 0;
}

static int
tear_down(void **state)
{
	(void)state;
	ev_loop_destroy(loop);
	return 0;
}

static void
address_is_told_later_and_without_a_thread(void **state)
{
	(void)state;
	look_up("127.0.0.1");
	assert_int_equal(got.n, 1);
	assert_string_equal(got.text[0], "127.0.0.1 6379");
	look_up("::1");
	assert_int_equal(got.n, 1);
	assert_string_equal(got.text[0], "::1 6379");
	assert_string_equal(got.why, "");
}

/* What the system says, which need not have a localhost. */
static void
name_is_looked_up(void **state)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list, *ai;
	size_t i;

	(void)state;
	look_up("localhost");
	if (getaddrinfo("localhost", "6379", &hints, &list) != 0) {
		assert_int_equal(got.n, 0);
		return;
	}
	for (ai = list, i = 0; ai != NULL; ai = ai->ai_next, i++)
		assert_true(strcmp(got.text[i], "127.0.0.1 6379") == 0 ||
			    strcmp(got.text[i], "::1 6379") == 0);
	assert_int_equal(got.n, i);
	freeaddrinfo(list);
}

static void
name_that_is_not_there_has_a_reason(void **state)
{
	static const char begins[] = "the name nobody.invalid is not known: ";
	char all[128];

	(void)state;
	look_up("nobody.invalid");
	assert_int_equal(got.n, 0);
	assert_memory_equal(got.why, begins, sizeof(begins) - 1);
	assert_true(strlen(got.why) > sizeof(begins));
	look_up("*system");
	(void)snprintf(all, sizeof(all), "the name *system is not known: %s",
	    strerror(EMFILE));
	assert_string_equal(got.why, all);
}

static void
port_is_a_number(void **state)
{
	(void)state;
	got = (struct outcome){0};
	assert_non_null(
	    resolve_begin(loop, "127.0.0.1", "redis", on_done, &got));
	(void)ev_run(loop, 0);
	assert_int_equal(got.n_done, 1);
	assert_int_equal(got.n, 0);
	assert_string_not_equal(got.why, "");
}

static void
name_too_long_is_none(void **state)
{
	char name[300];

	(void)state;
	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_null(resolve_begin(loop, name, "1", on_done, &got));
	assert_int_equal(errno, ENAMETOOLONG);
	name[255] = '\0'; /* no label is so long */
	look_up(name);
	assert_int_equal(got.n, 0);
}

static void
many_addresses_are_told_in_their_order_up_to_the_most(void **state)
{
	(void)state;
	look_up("*many");
	assert_int_equal(got.n, RESOLVE_MAX);
	assert_string_equal(got.text[0], "10.0.0.1 0");
	assert_string_equal(got.text[1], "10.0.0.3 0"); /* 2 is a Unix socket */
	assert_string_equal(got.text[7], "10.0.0.9 0");
}

static void
signals_are_not_the_threads(void **state)
{
	(void)state;
	(void)sigemptyset(&mask);
	look_up("*many");
	assert_true(sigismember(&mask, SIGTERM));
	assert_true(sigismember(&mask, SIGHUP));
	assert_true(sigismember(&mask, SIGCHLD));
}

static void
on_timer(struct ev_loop *l, ev_timer *w, int revents)
{
	(void)w;
	(void)revents;
	ev_break(l, EVBREAK_ALL);
}

static void
loop_runs_while_a_name_is_looked_up(void **state)
{
	ev_timer timer;

	(void)state;
	let_go(false);
	(void)begin("*slow");
	wait_for(&asking, 1);
	ev_timer_init(&timer, on_timer, 0, 0);
	ev_timer_start(loop, &timer);
	(void)ev_run(loop, 0);
	assert_int_equal(got.n_done, 0);
	let_go(true);
	(void)ev_run(loop, 0);
	assert_int_equal(got.n_done, 1);
	assert_int_equal(got.n, RESOLVE_MAX);
}

static void
two_look_ups_do_not_wait_for_each_other(void **state)
{
	struct outcome slow = {0};

	(void)state;
	let_go(false);
	assert_non_null(resolve_begin(loop, "*slow", "6379", on_done, &slow));
	(void)begin("*many");
	while (got.n_done == 0)
		(void)ev_run(loop, EVRUN_ONCE);
	assert_int_equal(slow.n_done, 0);
	let_go(true);
	(void)ev_run(loop, 0);
	assert_int_equal(slow.n_done, 1);
}

static void
abandoned_before_the_end_tells_nobody(void **state)
{
	struct resolve *r;

	(void)state;
	let_go(false);
	r = begin("*slow");
	wait_for(&asking, 1);
	resolve_abandon(r);
	let_go(true);
	wait_for(&told, 1);
	(void)ev_run(loop, 0);
	assert_int_equal(got.n_done, 0);
}

/* The thread has ended, or is about to; the loop has not heard of it. */
static void
abandoned_at_the_end_tells_nobody(void **state)
{
	struct resolve *r;
	unsigned i;

	(void)state;
	for (i = 0; i < 200; i++) {
		r = begin("*slow");
		if (i % 2 == 0)
			wait_for(&told, i + 1);
		if (i % 4 == 0)
			(void)sched_yield();
		resolve_abandon(r);
		wait_for(&told, i + 1);
		(void)ev_run(loop, 0);
		assert_int_equal(got.n_done, 0);
	}
	resolve_abandon(begin("127.0.0.1"));
	(void)ev_run(loop, 0);
	assert_int_equal(got.n_done, 0);
}

/* Two of them, of which the first abandons the other. */
static struct resolve *pair[2];

static void
on_one_of_two(void *arg, const struct resolved *found, size_t n,
    const char *why)
{
	struct resolve **own = arg, **other = own == pair ? pair + 1 : pair;

	(void)found;
	(void)n;
	(void)why;
	got.n_done++;
	*own = NULL;
	if (*other != NULL)
		resolve_abandon(*other);
	*other = NULL;
}

static void
one_abandons_the_other_as_both_are_over(void **state)
{
	unsigned i;

	(void)state;
	got = (struct outcome){0};
	for (i = 0; i < 2; i++) {
		pair[i] = resolve_begin(loop, "127.0.0.1", "1", on_one_of_two,
		    &pair[i]);
		assert_non_null(pair[i]);
	}
	(void)ev_run(loop, 0);
	assert_int_equal(got.n_done, 1);
}

static void
too_many_that_are_abandoned_let_no_more_begin(void **state)
{
	unsigned i;

	(void)state;
	let_go(false);
	for (i = 0; i < 4; i++)
		resolve_abandon(begin("*slow"));
	assert_null(resolve_begin(loop, "*slow", "1", on_done, &got));
	assert_int_equal(errno, EAGAIN);
	look_up("127.0.0.1"); /* this needs no thread */
	assert_int_equal(got.n, 1);
	let_go(true);
	wait_for(&told, 4);
	look_up("*many");
	assert_int_equal(got.n, RESOLVE_MAX);
}

#define RESOLVE_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    RESOLVE_TEST(address_is_told_later_and_without_a_thread),
	    RESOLVE_TEST(name_is_looked_up),
	    RESOLVE_TEST(name_that_is_not_there_has_a_reason),
	    RESOLVE_TEST(port_is_a_number),
	    RESOLVE_TEST(name_too_long_is_none),
	    RESOLVE_TEST(many_addresses_are_told_in_their_order_up_to_the_most),
	    RESOLVE_TEST(signals_are_not_the_threads),
	    RESOLVE_TEST(loop_runs_while_a_name_is_looked_up),
	    RESOLVE_TEST(two_look_ups_do_not_wait_for_each_other),
	    RESOLVE_TEST(abandoned_before_the_end_tells_nobody),
	    RESOLVE_TEST(abandoned_at_the_end_tells_nobody),
	    RESOLVE_TEST(one_abandons_the_other_as_both_are_over),
	    RESOLVE_TEST(too_many_that_are_abandoned_let_no_more_begin),
	};

	make_answer();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
