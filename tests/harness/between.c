/* SPDX-License-Identifier: ISC */
/*
 * The process that stands between the program and Redis.
 */
#define _GNU_SOURCE /* for accept4 */
#include "scripted_inner.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "checker.h"

static void
forget(struct pair *p)
{
	(void)close(p->near);
	(void)close(p->far);
	free(p->asked.at);
	free(p->said.at);
	free(p->out.at);
	*p = (struct pair){.near = -1, .far = -1};
}

/* false: it has ended. */
static bool
get(int fd, struct bytes *to)
{
	char buf[65536];
	ssize_t n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);

	if (n == -1 && errno == EAGAIN)
		return true;
	if (n <= 0)
		return false;
	bytes_add(to, buf, (size_t)n);
	return true;
}

static bool
near_says(struct between *w, struct pair *p)
{
	size_t len;

	if (!get(p->near, &p->asked))
		return false;
	while (p->dues < DUE_MAX &&
	       (len = resp_len(p->asked.at, p->asked.len)) > 0) {
		script_takes(w, p, len);
		if (send(p->far, p->asked.at, len, MSG_NOSIGNAL) !=
		    (ssize_t)len)
			p->ends = true;
		drop_front(&p->asked, len);
	}
	return true;
}

/* Nothing more may be read by the other side before all before was. */
static bool
is_unread(const struct pair *p)
{
	int n = 0;

	return ioctl(p->near, SIOCOUTQ, &n) == 0 && n > 0;
}

/* false: it is at its end. */
static bool
put(struct between *w, struct pair *p)
{
	size_t len = w->board->trickle && p->out.len > 0 ? 1 : p->out.len;
	ssize_t n;

	if (w->board->trickle && is_unread(p))
		return true;
	if (len == 0)
		return !p->ends;
	n = send(p->near, p->out.at, len, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n == -1)
		return errno == EAGAIN;
	drop_front(&p->out, (size_t)n);
	return p->out.len > 0 || !p->ends;
}

static void
serve(struct between *w, struct pair *p, short near, short far)
{
	bool on = true;

	if (near & (POLLIN | POLLHUP))
		on = near_says(w, p);
	if (on && far & (POLLIN | POLLHUP))
		on = get(p->far, &p->said);
	if (on) {
		script_gives(w, p);
		on = put(w, p);
	}
	if (!on)
		forget(p);
}

static int
connect_to(const char *address)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)strncpy(sun.sun_path, address + 5, sizeof(sun.sun_path) - 1);
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

static void
welcome(struct between *w)
{
	int fd = accept4(w->listening, NULL, NULL, SOCK_CLOEXEC);
	size_t i = 0;

	while (i < PAIRS && w->pair[i].near != -1)
		i++;
	if (i == PAIRS || (w->pair[i].far = connect_to(w->to)) == -1) {
		(void)close(fd);
		return;
	}
	w->pair[i].near = fd;
	w->pair[i].clean = w->was_cut;
	w->was_cut = false;
	w->board->connections++;
}

/* Another script; false: there is to be an end. */
static bool
obey(struct between *w)
{
	char word;
	size_t i;

	if (read(w->control, &word, 1) != 1 || word == 'e')
		return false;
	for (i = 0; word == 's' && i < SCRIPTED_COMMANDS; i++) {
		w->board->tally[i].done = false;
		w->board->tally[i].used = 0;
		w->board->tally[i].cut = w->board->first;
	}
	w->seed = (uint32_t)w->board->first;
	w->board->used = word == 's' ? 0 : w->board->used;
	for (i = 0; word == 'd' && i < PAIRS; i++)
		if (w->pair[i].near != -1)
			forget(&w->pair[i]);
	return write(w->control, &word, 1) == 1;
}

/* Connections, and what of them is waited for; true: no time is lost. */
static bool
watch(const struct between *w, struct pollfd fd[2 + 2 * PAIRS])
{
	const struct pair *p = w->pair;
	bool more, slow = false;
	size_t i;

	fd[0] = (struct pollfd){.fd = w->control, .events = POLLIN};
	fd[1] = (struct pollfd){.fd = w->listening, .events = POLLIN};
	for (i = 2; i < 2 + 2 * PAIRS; i += 2, p++) {
		more = p->near != -1 && p->out.len > 0;
		slow |= more && w->board->trickle;
		fd[i] = (struct pollfd){.fd = p->near,
		    .events = (short)(POLLIN | (more ? POLLOUT : 0))};
		fd[i + 1] = (struct pollfd){.fd = p->far, .events = POLLIN};
	}
	return slow;
}

_Noreturn void
between(struct scripted_board *board, int control, int listening,
    const char *to)
{
	struct between *w = no_less(calloc(1, sizeof(*w)));
	struct pollfd fd[2 + 2 * PAIRS], *p;
	bool slow;
	size_t i;

	*w = (struct between){.board = board,
	    .control = control,
	    .listening = listening,
	    .to = to};
	for (i = 0; i < PAIRS; i++)
		w->pair[i].near = w->pair[i].far = -1;
	for (;;) {
		slow = watch(w, fd);
		(void)poll(fd, 2 + 2 * PAIRS, slow ? 0 : -1);
		for (i = 0, p = fd + 2; i < PAIRS; i++, p += 2)
			if (p[0].revents != 0 || p[1].revents != 0)
				serve(w, &w->pair[i], p[0].revents,
				    p[1].revents);
		if (fd[1].revents != 0)
			welcome(w);
		if (fd[0].revents != 0 && !obey(w))
			_exit(0);
	}
}
