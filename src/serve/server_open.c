/* SPDX-License-Identifier: ISC */
/*
 * What is opened before anything else is there, and whose rights it takes: the
 * log the user's, for it is opened again later; keys and sockets those of who
 * started us, which are then given up.
 */
#include "serve/server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/user.h"

static const char no_socket[] =
    "sse-fcgi: there is no socket to listen on; start it with one of\n"
    "  sse-fcgi --listen unix:/run/sse-fcgi/sse.sock\n"
    "  spawn-fcgi -s /run/sse-fcgi/sse.sock -f sse-fcgi\n";

_Noreturn static void
refuse_log(const struct config *cfg, int error)
{
	if (error == ENXIO)
		fatal("log_without_reader file",
		    "--log %s: nobody reads this FIFO: start its reader "
		    "first",
		    cfg->log);
	if (error == ENOENT)
		fatal("log_without_directory file",
		    "--log %s: its directory is not there: make it first",
		    cfg->log);
	fatal("log_not_opened file - - why",
	    "--log %s: it cannot be opened%s%s: %s", cfg->log,
	    cfg->user == NULL ? "" : " by ", cfg->user == NULL ? "" : cfg->user,
	    strerror(error));
}

/* By the user, who opens it again later. */
static void
open_log(const struct config *cfg, const struct user *user)
{
	char err[512];
	int error = 0;

	if (user_borrow(user, err, sizeof(err)) == -1)
		fatal("start_failed why", "%s", err);
	if (log_open(cfg->log, cfg->verbose) == -1)
		error = errno;
	if (user_return(user, err, sizeof(err)) == -1)
		fatal("start_failed why", "%s", err);
	if (error != 0)
		refuse_log(cfg, error);
}

/* All that there are are served: a front would wait at one that is not. */
static void
find_sockets(struct server *sv)
{
	const char *const *address;
	char err[512];
	size_t i;

	if (sockets_inherit(&sv->sockets, err, sizeof(err)) == -1)
		fatal("start_failed why", "%s", err);
	for (i = 0; i < sv->sockets.n; i++)
		log_info("listening descriptor", "listening on descriptor %d",
		    sv->sockets.one[i].fd);
	for (address = sv->cfg.listen; *address != NULL; address++) {
		if (sockets_listen(&sv->sockets, *address, err, sizeof(err)) ==
		    -1)
			fatal("start_failed why", "%s", err);
		log_info("listening address", "listening on %s", *address);
	}
	if (sv->sockets.n == 0) {
		(void)fputs(no_socket, stderr);
		exit(2);
	}
}

/* What is behind it is not root any more, if it was and --user is there. */
static void
become_user(struct server *sv, const struct user *user)
{
	const char *stays;
	char err[512];

	if (user->name == NULL) {
		if (geteuid() == 0)
			log_warn("root_without_user",
			    "this runs as root, and nothing here needs "
			    "that: name another with --user");
		return;
	}
	if (sockets_give(&sv->sockets, user->uid, user->gid, err,
		sizeof(err)) == -1 ||
	    user_become(user, err, sizeof(err)) == -1)
		fatal("start_failed why", "%s", err);
	log_info("user_changed name uid gid",
	    "user %s (%lu), group %lu: no rights but theirs", user->name,
	    (unsigned long)user->uid, (unsigned long)user->gid);
	if ((stays = sockets_staying(&sv->sockets)) != NULL)
		log_info("socket_stays path user",
		    "--listen unix:%s: it stays at the end, as %s may not "
		    "write to its directory; the next start removes it",
		    stays, user->name);
}

void
server_open(struct server *sv)
{
	struct user user;
	char err[512];

	log_set_format(
	    sv->cfg.log_format == CONFIG_LOG_JSON ? LOG_JSON : LOG_TEXT);
	if (user_find(&user, sv->cfg.user, sv->cfg.group, err, sizeof(err)) ==
		-1 ||
	    user_join(&user, err, sizeof(err)) == -1)
		fatal("start_failed why", "%s", err);
	open_log(&sv->cfg, &user);
	tickets_init(&sv->tickets, &sv->cfg);
	if (server_read_keys(sv, err, sizeof(err)) == -1)
		fatal("start_failed why", "%s", err);
	find_sockets(sv);
	become_user(sv, &user);
}
