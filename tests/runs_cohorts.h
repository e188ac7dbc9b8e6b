/* SPDX-License-Identifier: ISC */
#ifndef RUNS_COHORTS_H
#define RUNS_COHORTS_H

/*
 * Runs that are there together, one cohort behind the other, and what all their
 * readers must have seen.
 */
#include "runs_readers.h"
#include "verdict.h"

static inline void
lane_begins(struct lane *l, double seconds)
{
	unsigned events = (unsigned)(seconds * RATE), i;

	l->runs = 1 + below(TURNS);
	for (i = 0; i < l->runs; i++) {
		struct run *r = &l->run[i];

		(void)snprintf(r->name, sizeof(r->name), "run-%u/%c",
		    all.names++, 'a' + (char)i);
		r->events = i + 1 < l->runs ? below(events) : events;
		events -= r->events;
	}
	l->began = all.now;
	l->next = within(PACE);
}

static inline void
cohort_begins(struct cohort *co, unsigned lanes, unsigned guests)
{
	STAILQ_INIT(&co->guests);
	STAILQ_INSERT_TAIL(&all.all, co, link);
	co->lanes = lanes;
	co->began = all.now;
	for (lanes = 0; lanes < co->lanes; lanes++)
		lane_begins(&co->lane[lanes], life());
	while (guests-- > 0)
		guest_comes(co);
}

/* Another cohort, or none, if there were as many as there are to be. */
static inline void
site_begins(struct site *p)
{
	bool fed = p >= all.site + all.sites - all.fed;

	p->now = NULL;
	if (p->left == 0)
		return;
	p->left--;
	p->now = no_less(calloc(1, sizeof(*p->now)));
	cohort_begins(p->now, fed ? 1 : LANES,
	    fed ? 4 :
		  (all.readers - 4 * (unsigned)all.fed) /
		      (unsigned)(all.sites - all.fed));
}

/* What has ended takes no more, and what was erased is not there. */
static inline void
run_is_erased(struct cohort *co, const struct run *r)
{
	char query[QUERY_SIZE], method[] = "REQUEST_METHOD";
	const char *more[] = {method, "DELETE", NULL};
	struct front f;

	if (below(8) == 0)
		assert_int_equal(try_publish(&world.r, &co->c,
				     checker_event(&co->c, r->name, NULL, "x"),
				     0),
		    409);
	(void)query_channel(query, r->name, true);
	post(&f, &world.r, &(struct post){.query = query, .more = more});
	assert_int_equal(answer_status(&f), 200);
	front_close(&f);
}

static inline void
check_guest(struct guest *g)
{
	const char *error = verdict(&g->s.page, true);
	bool spared = !all.tight || g->steady || g->of->lanes == 0;
	size_t i;

	if (error != NULL)
		fail_msg("a reader of %s%s: %s",
		    g->of->c.channel[g->s.page.channel[0]].name,
		    g->steady ? ", who did not leave" : "", error);
	assert_int_equal(g->s.page.false_gaps, 0);
	if (spared && g->s.page.gaps > 0)
		fail_msg("a gap for a reader of %s, %s",
		    g->of->c.channel[g->s.page.channel[0]].name,
		    g->steady ? "who did not leave" : "of which all is held");
	for (i = 0; i < g->s.page.gaps; i++)
		assert_true(g->s.page.gap[i].has_channel); /* overflow */
	all.seen += g->s.page.events;
	all.gaps += g->s.page.gaps;
}

/* All its readers were told that nothing more comes. */
static inline void
cohort_ends(struct cohort *co)
{
	struct guest *g;
	unsigned i, k;

	STAILQ_REMOVE(&all.all, co, cohort, link);
	while ((g = STAILQ_FIRST(&co->guests)) != NULL) {
		check_guest(g);
		STAILQ_REMOVE_HEAD(&co->guests, link);
		subscriber_end(&g->s);
		free(g);
	}
	for (i = 0; i < co->lanes && !all.tight; i++)
		for (k = 0; k < co->lane[i].runs; k++)
			run_is_erased(co, &co->lane[i].run[k]);
	checker_free(&co->c);
	if (co != &all.quiet)
		free(co);
}

static inline void
cohorts_go_on(void)
{
	struct cohort *co, *next;
	struct guest *g;

	for (co = STAILQ_FIRST(&all.all); co != NULL; co = next) {
		next = STAILQ_NEXT(co, link);
		STAILQ_FOREACH (g, &co->guests, link)
			guest_changes(g);
		if (co->whole && co->reading == 0)
			cohort_ends(co);
	}
}

#endif
