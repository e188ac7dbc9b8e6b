/* SPDX-License-Identifier: ISC */
/*
 * Start, loop, end.  A turn of the loop: connections and bytes come in, the
 * clock wakes its streams, and before the loop sleeps all that were woken are
 * written to.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/config.h"
#include "stream/drain.h"
#include "fastcgi/flush.h"
#include "base/log.h"
#include "fastcgi/request.h"
#include "serve/probe.h"
#include "serve/route.h"
#include "serve/server.h"
#include "serve/ticket_make.h"
#include "base/platform.h"
#include "base/zone.h"

static const int signals[SERVER_SIGNALS] = {SIGTERM, SIGINT, SIGUSR1, SIGHUP};

static void
on_turn_begins(struct ev_loop *loop, ev_check *w, int revents)
{
	struct server *sv = w->data;

	(void)loop;
	(void)revents;
	conns_set_time(&sv->streams.conns, platform_clock());
}

static void
on_turn_ends(struct ev_loop *loop, ev_prepare *w, int revents)
{
	struct server *sv = w->data;
	struct conns *cs = &sv->streams.conns;
	bool more;

	(void)revents;
	hub_wake(&sv->hub);
	delivery_published(&sv->delivery, cs->now, sv->hub.published);
	if (conns_round_over(cs)) {
		hub_serving(&sv->hub);
		delivery_serving(&sv->delivery);
	}
	more = conns_flush(cs);
	if (conns_round_over(cs))
		hub_served(&sv->hub);
	if (!cs->behind)
		more |= hub_trim(&sv->hub);
	if (sv->aging)
		more |= sv->aging = hub_age(&sv->hub);
	if (more)
		ev_idle_start(loop, &sv->more);
	else
		ev_idle_stop(loop, &sv->more);
	server_measure_turn(sv);
	if (sv->end_now || drain_over(&sv->streams))
		ev_break(loop, EVBREAK_ALL);
}

static void
on_more(struct ev_loop *loop, ev_idle *w, int revents)
{
	(void)loop;
	(void)w;
	(void)revents;
}

/* Without a free descriptor it fails; the sweep tries again. */
static void
reopen_log(struct server *sv)
{
	bool failed = log_reopen() == -1;

	if (failed && !sv->log_is_stale)
		log_warn("log_not_opened why",
		    "the log cannot be opened again yet: %s", strerror(errno));
	sv->log_is_stale = failed;
}

/* If a file is bad, what was good before is better than nothing. */
static void
read_keys_again(struct server *sv)
{
	char err[512];

	if (sv->ticket_keys == NULL)
		return;
	if (server_read_keys(sv, err, sizeof(err)) == -1)
		log_warn("ticket_keys_kept why",
		    "%s; the keys stay as they were", err);
	else
		log_info("ticket_keys_read keys", "the keys of tickets: %zu",
		    sv->ticket_keys->n);
}

static void
on_sweep(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct server *sv = w->data;
	double now = sv->streams.conns.now;
	bool late = now - sv->swept > 2;

	(void)loop;
	(void)revents;
	sv->swept = now;
	sv->aging = true;
	if (!late) { /* we were stopped: what came meanwhile is read first */
		aheads_sweep(&sv->aheads);
		conns_sweep(&sv->streams.conns);
		producers_sweep(&sv->producers);
	}
	notify_again(&sv->notify);
	if (sv->log_is_stale)
		reopen_log(sv);
}

static void
on_watchdog(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct server *sv = w->data;

	(void)loop;
	(void)revents;
	notify_ping(&sv->notify);
}

/* The first signal drains, the second ends at once. */
static void
on_end_signal(struct server *sv, int signum)
{
	if (sv->streams.draining) {
		log_info("ending_at_once signal",
		    "signal %d again: ending at once", signum);
		sv->end_now = true;
		return;
	}
	log_info("draining signal streams", "signal %d: draining %zu streams",
	    signum, sv->streams.open);
	/* On inherited sockets the next process finds them waiting. */
	if (sv->listening)
		listener_leave(&sv->listener);
	notify_say(&sv->notify, NOTIFY_STOPPING);
	graces_end(&sv->producers.graces);
	drain_start(&sv->streams);
}

static void
on_signal(struct ev_loop *loop, ev_signal *w, int revents)
{
	struct server *sv = w->data;

	(void)loop;
	(void)revents;
	if (w->signum == SIGHUP) {
		reopen_log(sv);
		read_keys_again(sv);
	} else
		on_end_signal(sv, w->signum);
}

/* Descriptors 0 to 2 must be something, or a connection would become them. */
static void
open_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		(void)close(fd);
}

static void
watch_loop(struct server *sv)
{
	size_t i;

	ev_check_init(&sv->turn_begins, on_turn_begins);
	ev_set_priority(&sv->turn_begins, EV_MAXPRI);
	sv->turn_begins.data = sv;
	ev_check_start(sv->loop, &sv->turn_begins);
	ev_prepare_init(&sv->turn_ends, on_turn_ends);
	sv->turn_ends.data = sv;
	ev_prepare_start(sv->loop, &sv->turn_ends);
	ev_idle_init(&sv->more, on_more);
	ev_timer_init(&sv->sweep, on_sweep, 1, 1);
	ev_set_priority(&sv->sweep, EV_MINPRI);
	sv->sweep.data = sv;
	ev_timer_start(sv->loop, &sv->sweep);
	ev_timer_init(&sv->watchdog, on_watchdog, 0, sv->notify.watchdog);
	sv->watchdog.data = sv;
	if (sv->notify.watchdog > 0)
		ev_timer_start(sv->loop, &sv->watchdog);
	for (i = 0; i < SERVER_SIGNALS; i++) {
		ev_signal_init(&sv->signal[i], on_signal, signals[i]);
		sv->signal[i].data = sv;
		ev_signal_start(sv->loop, &sv->signal[i]);
	}
}

/* A line with a ticket; 0, or -1 with one line in err. */
static int
print_ticket(const struct config *cfg, char *err, size_t size)
{
	struct ticket_keys *keys = ticket_keys_read(cfg->ticket_key, err, size);
	char *ticket;

	if (keys == NULL)
		return -1;
	ticket = ticket_make(keys, cfg->make_ticket, time(NULL), err, size);
	ticket_keys_free(keys);
	if (ticket == NULL)
		return -1;
	(void)printf("%s\n", ticket);
	free(ticket);
	return 0;
}

/*
 * --help, --version, --check, --make-ticket, --probe and bad options: they all
 * end the program.
 */
static void
read_options(struct config *cfg, int argc, char *argv[])
{
	char err[512];
	int result = config_parse(cfg, argc, argv, err, sizeof(err));

	if (result == 0)
		result = server_check(cfg, err, sizeof(err));
	if (result == 0 && cfg->make_ticket != NULL)
		result = print_ticket(cfg, err, sizeof(err));
	if (result == -1) {
		(void)fprintf(stderr, "sse-fcgi: %s\n", err);
		exit(2);
	}
	if (cfg->help)
		config_help(stdout);
	else if (cfg->version)
		(void)printf("sse-fcgi %s\n", VERSION);
	else if (cfg->check)
		(void)printf("sse-fcgi: the options are good\n");
	else if (cfg->probe != NULL)
		exit(probe(cfg));
	else if (cfg->make_ticket == NULL)
		return;
	if (fflush(stdout) == EOF || ferror(stdout)) {
		(void)fprintf(stderr, "sse-fcgi: standard output: %s\n",
		    strerror(errno));
		exit(1);
	}
	exit(0);
}

/*
 * Signals wait until the loop can take them: libfcgi's own handlers would
 * swallow them, and without any the socket would be left behind.  What the log
 * meets is no reason to end or to stop: a reader that has gone, a file that may
 * not grow, a terminal that is another's.
 */
static void
hold_signals(int how)
{
	sigset_t set;
	size_t i;

	(void)sigemptyset(&set);
	for (i = 0; i < SERVER_SIGNALS; i++)
		(void)sigaddset(&set, signals[i]);
	(void)sigprocmask(how, &set, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN);
	(void)signal(SIGTTOU, SIG_IGN);
}

static void
start(struct server *sv)
{
	unsigned seed;

	open_standard_descriptors();
	hold_signals(SIG_BLOCK);
	server_open(sv);
	notify_open(&sv->notify);
	if (request_init() == -1)
		fatal("no_libfcgi", "libfcgi does not start");
	if (!zone_is_known(getenv("TZ")))
		log_warn("zone_unknown zone",
		    "TZ=%s is not known here, so the clock tells UTC: is "
		    "the package tzdata there?",
		    getenv("TZ"));
	if (platform_random(&seed, sizeof(seed)) == -1)
		fatal("no_random_number why", "no random number: %s",
		    strerror(errno));
	srandom(seed);
	sv->loop = ev_default_loop(0);
	if (sv->loop == NULL)
		fatal("no_libev", "libev does not start");
	server_make_hub(sv);
	if (streams_init(&sv->streams, sv->loop, &sv->cfg, &sv->hub,
		route_request, sv) == -1)
		fatal("no_memory", "no memory");
	sv->started = platform_clock();
	conns_set_time(&sv->streams.conns, sv->started);
	server_set_limits(sv);
	server_try_waves(sv);
	watch_loop(sv);
	server_begin(sv);
	conns_set_time(&sv->streams.conns, platform_clock()); /* no turn yet */
	hold_signals(SIG_UNBLOCK);
}

static void
stop(struct server *sv)
{
	if (sv->listening)
		listener_stop(&sv->listener);
	sockets_close(&sv->sockets);
	producers_stop(&sv->producers);
	sv->engine->stop(sv->engine);
	(void)conns_flush(&sv->streams.conns); /* what it has said */
	log_info("ended streams messages",
	    "ended: %llu streams served, %llu messages", sv->streams.opened,
	    sv->streams.messages);
	drain_stop(&sv->streams);
	streams_free(&sv->streams);
	producers_free(&sv->producers);
	hub_free(&sv->hub);
	ticket_keys_free(sv->ticket_keys);
	ev_loop_destroy(sv->loop);
	notify_close(&sv->notify);
	request_exit();
	log_close();
}

int
main(int argc, char *argv[])
{
	static struct server server;

	read_options(&server.cfg, argc, argv);
	start(&server);
	(void)ev_run(server.loop, 0);
	stop(&server);
	return 0;
}
