/* SPDX-License-Identifier: ISC */
/*
 * The obvious program over libfcgi, for comparison: FCGX_Accept_r, and for
 * each request a thread that prints, flushes and sleeps.  As kind to itself as
 * that design allows: small stacks, detached threads, sleeps that do not add
 * up their own delay.
 *
 *	threads [-i interval s] PATH
 */
#include <sys/resource.h>

#include <err.h>
#include <fcgiapp.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { STACK = 64 * 1024, BACKLOG = 4096 };

static long interval; /* ms */

static void
next_turn(struct timespec *turn)
{
	turn->tv_sec += interval / 1000;
	turn->tv_nsec += interval % 1000 * 1000000;
	if (turn->tv_nsec >= 1000000000) {
		turn->tv_sec++;
		turn->tv_nsec -= 1000000000;
	}
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, turn, NULL);
}

/* One message; -1 if the peer has gone. */
static int
print_message(FCGX_Stream *out, long count)
{
	struct timespec wall;
	struct tm tm;
	char text[32];

	clock_gettime(CLOCK_REALTIME, &wall);
	gmtime_r(&wall.tv_sec, &tm);
	strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &tm);
	FCGX_FPrintF(out,
	    "id: %ld\ndata: Message: %ld - the time is %s.%09ld +0000 UTC\n\n",
	    count, count, text, wall.tv_nsec);
	return FCGX_FFlush(out);
}

static void *
serve(void *arg)
{
	FCGX_Request *request = arg;
	struct timespec turn;
	long count = 1;

	clock_gettime(CLOCK_MONOTONIC, &turn);
	FCGX_FPrintF(request->out,
	    "Content-Type: text/event-stream\r\n"
	    "Cache-Control: no-cache, no-store, no-transform\r\n"
	    "X-Accel-Buffering: no\r\n\r\n");
	while (print_message(request->out, count++) != -1)
		next_turn(&turn);
	FCGX_Finish_r(request);
	free(request);
	return NULL;
}

int
main(int argc, char **argv)
{
	FCGX_Request *request;
	pthread_attr_t attr;
	pthread_t thread;
	struct rlimit limit;
	double seconds = 2;
	int c, listener;

	while ((c = getopt(argc, argv, "i:")) != -1)
		if (c != 'i' || (seconds = atof(optarg)) < 0.1)
			errx(2, "threads [-i interval s] PATH");
	if (optind + 1 != argc)
		errx(2, "threads [-i interval s] PATH");
	interval = (long)(seconds * 1000);
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	if (FCGX_Init() != 0 ||
	    (listener = FCGX_OpenSocket(argv[optind], BACKLOG)) == -1)
		errx(1, "%s", argv[optind]);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGTERM, SIG_DFL); /* libfcgi only notes it */
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	for (;;) {
		if ((request = malloc(sizeof *request)) == NULL)
			err(1, "malloc");
		FCGX_InitRequest(request, listener, 0);
		if (FCGX_Accept_r(request) != 0)
			errx(1, "FCGX_Accept_r");
		c = pthread_create(&thread, &attr, serve, request);
		if (c != 0)
			errx(1, "pthread_create: error %d", c);
	}
}
