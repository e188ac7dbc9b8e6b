/* SPDX-License-Identifier: ISC */
#ifndef TAILSCENE_H
#define TAILSCENE_H

/*
 * Processes that tail one stream, each with its hub, and readers, whose page
 * shows what they have: "a:data", {a from-to} for what the source has lost and
 * [a from-to] for other gaps, end-of-a, ids without their n if that is 0.
 */
#include "engine.h"
#include "eventsource.h"
#include "streamlink.h"

#include "channel/reader.h"
#include "engine/tail.h"

#define PROCESSES LINKS
#define SHOWN	  8192
#define REPLY_MAX (1UL << 16) /* a piece of 4096 bytes takes half of that */

static struct ev_loop *loop;

static struct process {
	struct hub hub;
	struct readers readers;
	struct tail tail;
	struct link_setup links;
	struct streamkey *key;
	struct fake *fake;
} processes[PROCESSES];

static struct streamkey key;

struct viewer {
	struct reader reader; /* first */
	bool woken;
	struct eventsource page;
	unsigned run; /* of these the channel r is */
	size_t len;
	char shown[SHOWN];
};

static inline bool
is_loaded(const struct tail *t)
{
	return tail_place(t, (struct eventid){0, 0}) != PLACE_NOT_YET;
}

static inline bool
wake(struct subscriber *sub)
{
	((struct viewer *)sub)->woken = true;
	return true;
}

static inline void
process_begins(struct process *p, const struct tail_setup *setup)
{
	p->links = (struct link_setup){.loop = loop,
	    .now = &now,
	    .reply_max = REPLY_MAX};
	hub_init(&p->hub, &(struct hub_setup){.history = 1000,
			      .bytes_max = 1 << 20,
			      .channels_max = 100,
			      .relieve = relieve,
			      .now = &now});
	hub_wait(&p->hub);
	readers_init(&p->readers, &p->hub);
	p->readers.feed.wake = wake;
	ready = 0;
	assert_int_equal(tail_init(&p->tail, setup, &p->links, NULL, &p->hub,
			     on_ready, &ready),
	    0);
	p->fake = of(&p->tail.link);
	p->fake->key = &key;
	tail_start(&p->tail);
}

static inline void
process_ends(struct process *p)
{
	tail_stop(&p->tail);
	hub_free(&p->hub);
	assert_int_equal(hub_bytes(&p->hub), 0);
}

/* The end of a turn. */
static inline void
turn_ends(struct process *p)
{
	hub_wake(&p->hub);
	hub_serving(&p->hub);
	hub_served(&p->hub);
	while (hub_trim(&p->hub))
		continue;
}

/* It waits for the next entry, and for nothing else. */
static inline bool
is_settled(const struct process *p)
{
	const struct fake *f = p->fake;

	return is_loaded(&p->tail) && p->tail.link.state == LINK_UP &&
	       !p->tail.link.paused && f->in.len == 0 && f->n == 1 &&
	       f->done == 0 && strcmp(f->command[0].word[0], "XREAD") == 0;
}

/* The connection is made if need be; all that the server says comes. */
static inline void
process_runs_once(struct process *p)
{
	if (p->tail.link.state == LINK_WAITING)
		fake_up(p->fake);
	fake_serve(p->fake);
	(void)fake_feed(p->fake, SIZE_MAX, 4096);
	(void)ev_run(loop, EVRUN_NOWAIT);
	turn_ends(p);
}

static inline void
process_runs(struct process *p)
{
	unsigned n = 0;

	do {
		process_runs_once(p);
		assert_true(++n < 1000000);
		fake_serve(p->fake);
	} while (!is_settled(p));
}

/* XREAD has waited. */
static inline void
process_waits(struct process *p)
{
	now += 1;
	fake_waited(p->fake);
	process_runs(p);
}

static inline void
show_id(struct viewer *v, const char *id)
{
	size_t len = strlen(id);

	if (len > 2 && strcmp(id + len - 2, "-0") == 0)
		len -= 2;
	v->len += (size_t)snprintf(v->shown + v->len, SHOWN - v->len, "%.*s",
	    (int)len, id);
}

static inline void
show_text(struct viewer *v, const char *text)
{
	v->len +=
	    (size_t)snprintf(v->shown + v->len, SHOWN - v->len, "%s", text);
	assert_true(v->len < SHOWN - 200);
}

static inline void
show_gap(struct viewer *v, const char *data)
{
	char channel[140] = "", from[50] = "", to[50], reason[20];
	bool source;

	if (sscanf(data,
		"{\"channel\":\"%139[^\"]\",\"from\":\"%49[^\"]\","
		"\"to\":\"%49[^\"]\",\"reason\":\"%19[^\"]\"}",
		channel, from, to, reason) != 4)
		assert_int_equal(
		    sscanf(data,
			"{\"channel\":null,\"from\":null,\"to\":\"%49[^\"]\","
			"\"reason\":\"%19[^\"]\"}",
			to, reason),
		    2);
	source = strcmp(reason, "source") == 0;
	show_text(v, source ? "{" : "[");
	show_text(v, *channel == '\0' ? reason : channel);
	show_text(v, " ");
	show_id(v, from);
	show_text(v, *channel == '\0' ? "" : "-");
	show_id(v, to);
	show_text(v, source ? "} " : "] ");
}

static inline void
show_end(struct viewer *v, const char *data)
{
	char channel[140];

	assert_int_equal(sscanf(data, "{\"channel\":\"%139[^\"]\"}", channel),
	    1);
	show_text(v, "end-of-");
	show_text(v, channel);
	show_text(v, " ");
}

static inline void
show(struct eventsource *page)
{
	struct viewer *v = page->arg;
	char data[400];

	assert_true(page->event_data.len < sizeof(data));
	memcpy(data, page->event_data.s, page->event_data.len);
	data[page->event_data.len] = '\0';
	if (is_name(page->event_type.s, page->event_type.len, HUB_GAP)) {
		show_gap(v, data);
		return;
	}
	if (is_name(page->event_type.s, page->event_type.len, HUB_END)) {
		show_end(v, data);
		return;
	}
	show_text(v, data);
	show_text(v, " ");
}

/* The name of a channel; r stands for one run after the other. */
static inline void
channel_name(char name[16], char letter, unsigned run)
{
	if (letter == 'r')
		(void)snprintf(name, 16, "r%u", run);
	else
		(void)snprintf(name, 16, "%c", letter);
}

/* channels: a letter each. */
static inline void
viewer_opens(struct viewer *v, struct process *p, const char *channels,
    const struct position *at)
{
	char text[READER_CHANNELS_MAX][16];
	const char *names[READER_CHANNELS_MAX];
	size_t n = strlen(channels), i;

	for (i = 0; i < n; i++) {
		channel_name(text[i], channels[i], v->run);
		names[i] = text[i];
	}
	eventsource_reset(&v->page);
	v->page.dispatched = show;
	v->page.arg = v;
	v->len = 0;
	v->shown[0] = '\0';
	assert_int_equal(reader_begin(&p->readers, &v->reader, names, n, at),
	    HUB_DONE);
}

/* Takes all that there is. */
static inline void
viewer_reads(struct viewer *v)
{
	static struct batch b;
	unsigned i;

	do {
		batch_begin(&b);
		v->reader.sub.feed->fill(&v->reader.sub, &b, 1);
		for (i = 0; i < b.n; i++) {
			read_stream(&v->page, (const char *)b.piece[i].data,
			    b.piece[i].len);
			v->reader.sub.feed->took(&v->reader.sub, &b.piece[i]);
		}
	} while (b.n > 0);
}

/* What it has shown since it was last asked. */
static inline const char *
viewer_shows(struct viewer *v)
{
	viewer_reads(v);
	while (v->len > 0 && v->shown[v->len - 1] == ' ')
		v->len--;
	v->shown[v->len] = '\0';
	v->len = 0;
	return v->shown;
}

static inline void
viewer_closes(struct viewer *v)
{
	if (v->reader.sub.feed != NULL)
		v->reader.sub.feed->leave(&v->reader.sub);
	v->reader.sub.feed = NULL;
}

#endif
