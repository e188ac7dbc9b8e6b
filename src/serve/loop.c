/* SPDX-License-Identifier: ISC */
/*
 * A turn of the loop: connections and bytes come in, the clock wakes its
 * streams, and before the loop sleeps all that were woken are written to.  And
 * what it does each second, and at a signal.
 */
#include "serve/loop.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "base/log.h"
#include "base/platform.h"
#include "fastcgi/flush.h"
#include "stream/drain.h"

#define LAG_WINDOW 10.0 /* seconds */

static const int signals[] = {SIGTERM, SIGINT, SIGUSR1, SIGHUP};
#define SIGNALS (sizeof(signals) / sizeof(signals[0]))

static void
on_turn_begins(struct ev_loop *loop, ev_check *w, int revents)
{
	struct server *sv = w->data;

	(void)loop;
	(void)revents;
	conns_set_time(&sv->streams.conns, platform_clock());
}

/*
 * How long this turn, which is over, kept others waiting, and the events whose
 * round is over with it.
 */
static void
measure_turn(struct server *sv)
{
	double end = platform_clock(), lag = end - sv->streams.conns.now;

	if (conns_round_over(&sv->streams.conns))
		delivery_served(&sv->delivery, end,
		    sv->streams.conns.dirty_count == 0);
	if (sv->streams.conns.now - sv->lag_since >= LAG_WINDOW) {
		sv->lag_since = sv->streams.conns.now;
		sv->lag[1] = sv->lag[0];
		sv->lag[0] = 0;
	}
	if (lag > sv->lag[0])
		sv->lag[0] = lag;
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
	measure_turn(sv);
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

	if (sv->tickets.keys == NULL)
		return;
	if (server_read_keys(sv, err, sizeof(err)) == -1)
		log_warn("ticket_keys_kept why",
		    "%s; the keys stay as they were", err);
	else
		log_info("ticket_keys_read keys", "the keys of tickets: %zu",
		    sv->tickets.keys->n);
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
on_signal(void *arg, int signum)
{
	struct server *sv = arg;

	if (signum == SIGHUP) {
		reopen_log(sv);
		read_keys_again(sv);
	} else
		on_end_signal(sv, signum);
}

void
loop_watch(struct server *sv)
{
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
	if (signals_start(&sv->signals, sv->loop, signals, SIGNALS, on_signal,
		sv) == -1)
		fatal("signals_not_heard why", "signals cannot be heard: %s",
		    strerror(errno));
}

void
loop_hold_signals(int how)
{
	sigset_t set;
	size_t i;

	(void)sigemptyset(&set);
	for (i = 0; i < SIGNALS; i++)
		(void)sigaddset(&set, signals[i]);
	(void)sigprocmask(how, &set, NULL);
	(void)signal(SIGCHLD, SIG_IGN);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN);
	(void)signal(SIGTTOU, SIG_IGN);
}
