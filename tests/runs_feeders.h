/* SPDX-License-Identifier: ISC */
#ifndef RUNS_FEEDERS_H
#define RUNS_FEEDERS_H

/*
 * Those who feed runs: in turn on a connection that stays, or one of them for
 * as long as it lasts.
 */
#include "runs_cohorts.h"

/* As many events are due by now. */
static inline unsigned
due(const struct lane *l)
{
	const struct run *r = &l->run[l->at];
	unsigned n = (unsigned)((all.now - l->began) * RATE), most;

	n = n < r->events ? n : r->events;
	n = n > r->made ? n - r->made : 0;
	most = all.big ? MAX_BODY / 2 / LONG : BODY;
	return n < most ? n : most;
}

/* Is that all that the run will have? */
static inline bool
is_all(const struct lane *l, unsigned n)
{
	return l->run[l->at].made + n == l->run[l->at].events;
}

static inline void
make_events(struct cohort *co, struct run *r, unsigned n, bool mute)
{
	static const char token[] = "the quick brown fox jumps over the lazy";
	static const char *const types[] = {NULL, NULL, NULL, "token", "a b"};
	char rest[LONG];

	memset(rest, '.', sizeof(rest));
	for (; n > 0; n--, r->made++) {
		(void)snprintf(rest, sizeof(rest), "%s",
		    token + below(sizeof(token) - 1));
		if (all.big) {
			rest[strlen(rest)] = ' ';
			rest[sizeof(rest) - 1] = '\0';
		}
		(void)checker_event(&co->c, r->name,
		    mute ? NULL : types[below(LENGTH(types))], rest);
	}
}

/* The next of what the lane has. */
static inline void
make_body(struct feeder *f, unsigned n)
{
	struct run *r = &f->lane->run[f->lane->at];

	f->first = f->cohort->c.events;
	make_events(f->cohort, r, n, n == 1);
	f->end = r->made == r->events && (n == 0 || below(3) > 0);
	if (f->end)
		(void)checker_end(&f->cohort->c, r->name);
	f->count = n + f->end;
	checker_sent(&f->cohort->c, f->first, f->count);
}

/* Every fourth body is a feed's, and some are one event without a format. */
static inline void
feeder_sends(struct feeder *f, unsigned n)
{
	char query[QUERY_SIZE + 32];
	struct bytes text = {0};
	struct post what = {.query = query, .type = "text/event-stream"};
	size_t len;

	make_body(f, n);
	f->feed = n > 0 && below(4) == 0;
	if (n > 0)
		batch_text(&text, &f->cohort->c, f->first, n);
	what.body = text.at;
	what.len = text.len;
	what.piece = f->feed ? 1 + below(2000) : 0;
	if (n == 0 || (n == 1 && !f->feed)) {
		what.type = NULL;
		what.body = f->cohort->c.event[f->first].data;
		what.len = f->cohort->c.event[f->first].len;
	}
	len = query_channel(query, f->lane->run[f->lane->at].name, true);
	(void)snprintf(query + len, sizeof(query) - len, "%s%s",
	    f->feed ? "&feed=1" : "", f->end ? "&end=1" : "");
	assert_true(post_head(&f->f, KEEP, &what) && post_body(&f->f, &what));
	free(text.at);
	f->busy = true;
	all.posts++;
}

static inline struct site *
site_of(const struct cohort *co)
{
	struct site *p = all.site;

	while (p->now != co)
		p++;
	return p;
}

/* The lane goes on with its next run, or else the site, with a cohort. */
static inline void
run_ended(struct cohort *co, struct lane *l)
{
	all.ends++;
	l->began = l->next = all.now;
	if (++l->at < l->runs || ++co->ended < co->lanes)
		return;
	co->whole = true;
	site_begins(site_of(co));
}

/* The engine had no room: once more, as other events. */
static inline void
is_refused(struct feeder *f)
{
	checker_refused(&f->cohort->c, f->first);
	f->lane->run[f->lane->at].made -= f->count - f->end;
	all.refused++;
}

static inline void
feeder_reads(void *of)
{
	struct feeder *f = of;
	char id[48];

	(void)front_read(&f->f, 0);
	assert_false(f->f.closed);
	if (!f->f.ended)
		return;
	answer_id(&f->f, id);
	f->busy = false;
	if (answer_status(&f->f) == 200) {
		checker_acknowledged(&f->cohort->c, f->first, id);
		all.events += f->count - f->end;
		if (f->end)
			run_ended(f->cohort, f->lane);
	} else if (answer_status(&f->f) == 503 && !f->feed)
		is_refused(f);
	else
		fail_msg("a feeder is told: %s", f->f.text);
	front_next(&f->f, (uint16_t)(f->f.id % 30000 + 2));
}

/* The next of its lanes of which something is due. */
static inline void
feeder_goes_on(struct feeder *f)
{
	unsigned lanes = f->sites * LANES, tried, n;
	bool is_last;

	for (tried = 0; tried < lanes && !f->busy; tried++) {
		unsigned i = f->turn++ % lanes;

		f->cohort = all.site[f->site + i / LANES].now;
		if (f->cohort == NULL)
			continue;
		f->lane = &f->cohort->lane[i % LANES];
		if (f->lane->at == f->lane->runs || all.now < f->lane->next)
			continue;
		n = due(f->lane);
		is_last = is_all(f->lane, n);
		f->lane->next = is_last ? all.now : all.now + PACE;
		if (n > 0 || is_last)
			feeder_sends(f, n);
	}
}

/* One long feed: its answer is here, and tells the last one's id, the end's. */
static inline void
feed_is_answered(void *of)
{
	struct feeder *f = of;
	char id[48];

	(void)front_read(&f->f, 0);
	if (!f->f.ended) {
		assert_false(f->f.closed);
		return;
	}
	if (answer_status(&f->f) != 200)
		fail_msg("a feed is told: %s", f->f.text);
	answer_id(&f->f, id);
	front_close(&f->f);
	checker_joined(&f->cohort->c, f->first, f->count);
	checker_acknowledged(&f->cohort->c, f->first, id);
	all.events += f->count - 1;
	f->busy = false;
	run_ended(f->cohort, f->lane);
}

static inline void
feed_begins(struct feeder *f)
{
	char query[QUERY_SIZE + 32];
	size_t len = query_channel(query, f->lane->run[f->lane->at].name, true);

	(void)snprintf(query + len, sizeof(query) - len, "&feed=1&end=1");
	f->source = (struct source){feed_is_answered, f};
	assert_true(front_connect(&f->f, world.r.address));
	assert_true(post_head(&f->f, 0,
	    &(struct post){.query = query, .type = "text/event-stream"}));
	watch(f->f.fd, &f->source);
	f->busy = true;
	f->end = false;
	f->first = f->cohort->c.events;
	f->count = 0;
}

/* What is due, and the body's end once all of it was. */
static inline void
feed_sends(struct feeder *f)
{
	struct run *r = &f->lane->run[f->lane->at];
	struct checker *c = &f->cohort->c;
	unsigned n = due(f->lane), number = c->events;
	struct post what = {.piece = 1 + below(200)};
	struct bytes text = {0};
	size_t at, len;

	bytes_add(&text, NULL, 0);
	make_events(f->cohort, r, n, false);
	batch_text(&text, c, number, n);
	f->end = r->made == r->events;
	if (f->end)
		(void)checker_end(c, r->name);
	f->count += n + f->end;
	for (; number < c->events; number++)
		checker_sent(c, number, 1);
	for (at = 0; at < text.len; at += len) {
		len = text.len - at < what.piece ? text.len - at : what.piece;
		assert_true(
		    front_record(&f->f, STDIN, f->f.id, text.at + at, len, 0));
	}
	if (f->end)
		assert_true(front_record(&f->f, STDIN, f->f.id, NULL, 0, 0));
	free(text.at);
	all.posts += f->end;
}

static inline void
feed_goes_on(struct site *p)
{
	struct feeder *f = &p->own;

	if (p->now == NULL)
		return;
	if (!f->busy) {
		f->cohort = p->now;
		f->lane = p->now->lane;
		feed_begins(f);
	}
	if (!f->end && all.now >= f->lane->next) {
		f->lane->next = all.now + PACE / 10;
		feed_sends(f);
	}
}

#endif
