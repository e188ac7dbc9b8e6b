/* SPDX-License-Identifier: ISC */
/*
 * See load.h.  Every event costs one recv, one clock read and a share of an
 * epoll_wait, so that the client keeps up with the fastest server measured.
 */
#include "load.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MS 1000000u

enum { BATCH = 512, BURST = 64 };

uint64_t
load_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * LOAD_SECOND + (uint64_t)ts.tv_nsec;
}

static void
stream_close(struct stream *stream)
{
	if (stream->fd != -1)
		close(stream->fd);
	stream->fd = -1;
	parser_free(&stream->parser);
}

static void
stream_break(struct load *load, struct stream *stream)
{
	stream_close(stream);
	if (stream->state != LIVE)
		load->settled++;
	else
		load->live--;
	stream->state = BROKEN;
	load->broken++;
}

static void
stream_send(struct load *load, struct stream *stream)
{
	struct epoll_event event = {.events = EPOLLIN};
	ssize_t n;

	event.data.ptr = stream;
	n = send(stream->fd, load->target.request, load->target.request_len,
	    MSG_NOSIGNAL);
	if (n == (ssize_t)load->target.request_len)
		stream->state = WAITING;
	else if (n == -1 && errno == EAGAIN) /* not connected yet */
		event.events = EPOLLOUT;
	else {
		stream_break(load, stream);
		return;
	}
	if (epoll_ctl(load->ep, EPOLL_CTL_MOD, stream->fd, &event) == -1)
		err(1, "epoll_ctl");
}

/* Numbers must follow each other.  A gap's notice has none. */
static void
check_number(struct load *load, struct stream *stream, uint64_t number)
{
	uint64_t next = stream->next != 0 ? stream->next : load->begin;

	if (number == 0)
		return;
	if (number < next) {
		load->repeats++;
		return;
	}
	if (next != 0)
		load->holes += number - next;
	stream->next = (uint32_t)number + 1;
}

static void
take_time(struct load *load, const struct stream *stream, uint64_t stamp)
{
	uint64_t gap = load->at - stream->last, off;

	off =
	    gap > load->interval ? gap - load->interval : load->interval - gap;
	if (stamp != 0 && load->measuring)
		sample_add(&load->delay, load->at - stamp);
	else if (stamp == 0 && stream->events == 1)
		sample_add(&load->gap1, off);
	else if (stamp == 0 && stream->events > 1 && load->measuring)
		sample_add(&load->jitter, off);
}

static void
stream_event(struct parser *p)
{
	struct stream *stream =
	    (struct stream *)((char *)p - offsetof(struct stream, parser));
	struct load *load = p->arg;

	take_time(load, stream, p->stamp);
	check_number(load, stream, p->number);
	if (stream->state == WAITING &&
	    (!load->fresh || p->stamp >= stream->opened)) {
		stream->state = LIVE;
		load->established++;
		load->live++;
		load->settled++;
		load->progress = load->at;
		sample_add(&load->first, load->at - stream->opened);
	}
	if (load->measuring)
		load->events++;
	stream->events++;
	stream->last = load->at;
	if (load->heard != NULL)
		load->heard(load, p);
}

/* False if the backlog is full: the same stream is to be tried again. */
static bool
stream_open(struct load *load, struct stream *stream)
{
	struct target *target = &load->target;
	struct epoll_event event = {0};

	if (stream->opened == 0) /* the first try counts */
		stream->opened = load_now();
	stream->fd = target_socket(target, (size_t)(stream - load->streams));
	if (connect(stream->fd, (struct sockaddr *)&target->addr,
		target->addr_len) == -1 &&
	    errno != EINPROGRESS) {
		if (errno != EAGAIN && errno != EADDRNOTAVAIL) {
			stream_break(load, stream);
			return true;
		}
		stream_close(stream);
		load->refused++;
		return false;
	}
	parser_init(&stream->parser, target->kind, stream_event, load);
	stream->state = CONNECTING;
	event.data.ptr = stream;
	if (epoll_ctl(load->ep, EPOLL_CTL_ADD, stream->fd, &event) == -1)
		err(1, "epoll_ctl");
	stream_send(load, stream);
	return true;
}

static void
stream_read(struct load *load, struct stream *stream)
{
	static uint8_t buf[65536];
	enum parser_state state;
	ssize_t n;

	/* One read a turn: what is left makes the socket ready again. */
	n = recv(stream->fd, buf, sizeof buf, 0);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		stream_break(load, stream);
		return;
	}
	load->at = load_now();
	state = parser_feed(&stream->parser, buf, (size_t)n);
	if (state == PARSER_STATUS)
		load->badstatus++;
	if (state != PARSER_OPEN)
		stream_break(load, stream);
}

void
load_turn(struct load *load, int timeout_ms)
{
	static struct epoll_event events[BATCH];
	struct stream *stream;
	int n;

	n = epoll_wait(load->ep, events, BATCH, timeout_ms);
	if (n == -1 && errno != EINTR)
		err(1, "epoll_wait");
	for (int i = 0; i < n; i++) {
		stream = events[i].data.ptr;
		if (stream->state == CONNECTING)
			stream_send(load, stream);
		else
			stream_read(load, stream);
	}
}

void
load_run(struct load *load, uint64_t duration)
{
	uint64_t end = load_now() + duration, t;

	while ((t = load_now()) < end)
		load_turn(load, (int)((end - t) / MS) + 1);
}

/* Opens what is due; when the backlog is full, no more before the pause. */
static void
open_due(struct load *load, uint64_t start, uint64_t *pause)
{
	uint64_t t = load_now();
	double due = load->rate > 0 ?
			 (double)(t - start) * load->rate / LOAD_SECOND + 1 :
			 (double)load->n;

	for (int i = 0; i < BURST; i++) {
		if (load->tried == load->n || (double)load->tried >= due ||
		    t < *pause)
			return;
		if (!stream_open(load, &load->streams[load->tried])) {
			*pause = load_now() + MS;
			return;
		}
		load->tried++;
	}
}

bool
load_again(struct load *load, size_t i)
{
	struct stream *stream = &load->streams[i];

	if (stream->state == LIVE) {
		load->live--;
		load->settled--;
	} else if (stream->state == BROKEN)
		load->settled--;
	stream_close(stream);
	*stream = (struct stream){.fd = -1};
	return stream_open(load, stream);
}

/* Until every stream has its first event or has failed; returns the time. */
uint64_t
load_open(struct load *load)
{
	uint64_t start = load_now(), pause = 0;
	bool flat_out;

	load->progress = start;
	while (load->settled < load->n) {
		open_due(load, start, &pause);
		flat_out = load->rate == 0 && load->tried < load->n &&
			   load_now() >= pause;
		load_turn(load, flat_out ? 0 : 1);
		if (load_now() - load->progress > load->patience)
			break;
	}
	/* Those that did not come are given up; they are not "broken". */
	for (size_t i = 0; i < load->n; i++)
		if (load->streams[i].state == WAITING ||
		    load->streams[i].state == CONNECTING) {
			stream_close(&load->streams[i]);
			load->streams[i].state = IDLE;
		}
	return load->progress - start;
}

void
load_init(struct load *load)
{
	if ((load->ep = epoll_create1(EPOLL_CLOEXEC)) == -1)
		err(1, "epoll_create1");
	if ((load->streams = calloc(load->n, sizeof *load->streams)) == NULL)
		err(1, "calloc");
	for (size_t i = 0; i < load->n; i++)
		load->streams[i].fd = -1;
}

void
load_close(struct load *load)
{
	for (size_t i = 0; i < load->n; i++) {
		stream_close(&load->streams[i]);
		memset(&load->streams[i], 0, sizeof load->streams[i]);
		load->streams[i].fd = -1;
	}
	load->tried = load->settled = load->established = load->refused = 0;
	load->live = load->badstatus = load->broken = load->first.n = 0;
	load->holes = load->repeats = 0;
}

void
load_free(struct load *load)
{
	load_close(load);
	close(load->ep);
	free(load->streams);
	free(load->first.us);
	free(load->gap1.us);
	free(load->jitter.us);
	free(load->delay.us);
}
