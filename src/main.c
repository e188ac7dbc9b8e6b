/* SPDX-License-Identifier: ISC */
/*
 * Start and end.
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
#include "base/log.h"
#include "fastcgi/flush.h"
#include "fastcgi/request.h"
#include "serve/loop.h"
#include "serve/probe.h"
#include "serve/route.h"
#include "serve/server.h"
#include "serve/ticket_make.h"
#include "base/platform.h"
#include "base/zone.h"

static struct server server;

/* A start that fails, too, leaves no path at which nobody listens. */
static void
remove_sockets(void)
{
	sockets_close(&server.sockets);
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

static void
start(struct server *sv)
{
	unsigned seed;

	open_standard_descriptors();
	loop_hold_signals(SIG_BLOCK);
	(void)atexit(remove_sockets);
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
	sv->loop = ev_loop_new(EVFLAG_AUTO);
	if (sv->loop == NULL)
		fatal("no_libev", "libev does not start");
	server_make_hub(sv);
	if (streams_init(&sv->streams, sv->loop, &sv->cfg, &sv->hub,
		route_request, sv) == -1)
		fatal("no_memory", "no memory");
	sv->started = platform_clock();
	sv->started_wall = (double)platform_wall_ms() / 1e3;
	conns_set_time(&sv->streams.conns, sv->started);
	server_set_limits(sv);
	server_try_waves(sv);
	loop_watch(sv);
	server_begin(sv);
	conns_set_time(&sv->streams.conns, platform_clock()); /* no turn yet */
	loop_hold_signals(SIG_UNBLOCK);
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
	ticket_keys_free(sv->tickets.keys);
	signals_stop(&sv->signals);
	ev_loop_destroy(sv->loop);
	notify_close(&sv->notify);
	request_exit();
	log_close();
}

int
main(int argc, char *argv[])
{
	read_options(&server.cfg, argc, argv);
	start(&server);
	(void)ev_run(server.loop, 0);
	stop(&server);
	return 0;
}
