/* SPDX-License-Identifier: ISC */
#ifndef RUNS_READERS_H
#define RUNS_READERS_H

/*
 * Those who read runs: they come, leave within what they were sent, come back,
 * and stay away when they are told.
 */
#include <math.h>

#include "runs.h"

static inline void
guest_connects(struct guest *g)
{
	static const char *const begin[][2] = {{"all", "history"},
	    {"earliest", NULL}, {NULL, NULL}, {"7", "history"}};
	unsigned how = below(g->steady || g->of->lanes == 0 ? 2 : 4);

	/* The earliest is what is held: an end is not, and need not come. */
	if (how == 1 && (all.tight || g->s.page.channels > 1))
		how = 0;
	if (g->s.page.connections > 0)
		subscriber_again(&g->s, &world.r,
		    below(2) == 0 ? NULL : "lastEventId");
	else
		subscriber_connect(&g->s, &world.r, begin[how][0],
		    begin[how][1]);
	watch(g->s.f.fd, &g->source);
	g->mood = READING;
	g->until = within(1.5);
}

static inline void guest_comes(struct cohort *);

/* The stream has ended, or it was told that none will ever be. */
static inline void
guest_is_told(struct guest *g)
{
	if (!g->s.page.over)
		fail_msg("a stream ended of which there is more");
	if (!g->s.page.fresh) {
		guest_connects(g);
		return;
	}
	subscriber_cut(&g->s);
	g->mood = OVER;
	g->of->reading--;
	all.told++;
	if (!g->of->whole)
		guest_comes(g->of);
}

/* It was too slow on a busy machine for what can be held, and comes back. */
static inline void
guest_is_shed(struct guest *g)
{
	if (!all.tight)
		fail_msg("a stream is closed of which all can be held");
	subscriber_cut(&g->s);
	g->steady = false;
	g->mood = AWAY;
	g->until = all.now;
	all.shed++;
}

static inline void
guest_reads(void *of)
{
	struct guest *g = of;

	(void)subscriber_read(&g->s, 0);
	if (g->s.page.error[0] != '\0')
		fail_msg("a reader: %s", g->s.page.error);
	if (g->s.f.ended)
		guest_is_told(g);
	else if (g->s.f.closed)
		guest_is_shed(g);
}

static inline void
guest_leaves(struct guest *g)
{
	subscriber_leave(&g->s, below(UINT16_MAX));
	g->mood = AWAY;
	g->leaves++;
	all.left++;
	g->until = within(below(6) == 0 ? life() / 2 : 0.2);
}

/* Its time has come to do something else. */
static inline void
guest_changes(struct guest *g)
{
	if (g->mood == AWAY && (all.now >= g->until || g->of->whole))
		guest_connects(g);
	else if (g->mood == READING && !g->steady && all.now >= g->until &&
		 g->leaves < LEAVES)
		guest_leaves(g);
}

static inline void
add_name(char *to, const char *name)
{
	if (*to != '\0')
		(void)strcat(to, " ");
	(void)strcat(to, name);
}

/* One run, or a lane's, or those of all lanes. */
static inline void
choose(const struct cohort *co, char *names)
{
	unsigned only = below(co->lanes + 1), i, k, how = below(10);
	const struct lane *l;

	*names = '\0';
	if (only == co->lanes)
		only = 0;
	l = &co->lane[only];
	if (co->lanes == 0)
		add_name(names, "quiet");
	else if (how < 6)
		add_name(names, l->run[below(l->runs)].name);
	else
		for (i = 0; i < co->lanes; i++)
			for (k = 0; k < co->lane[i].runs; k++)
				if (how == 9 || i == only)
					add_name(names,
					    co->lane[i].run[k].name);
}

/* Two of ten stay from the beginning to the end, and one comes behind it. */
static inline void
guest_comes(struct cohort *co)
{
	struct guest *g = no_less(calloc(1, sizeof(*g)));
	char names[LANES * TURNS * sizeof(co->lane[0].run[0].name) + 8];
	unsigned how = below(10);

	g->source = (struct source){guest_reads, g};
	g->of = co;
	g->steady = how < 2 && all.now - co->began < 0.01;
	g->until = g->steady ? all.now :
		   how == 9  ? (double)INFINITY :
			       within(life());
	choose(co, names);
	subscriber_begin(&g->s, &co->c, names);
	STAILQ_INSERT_TAIL(&co->guests, g, link);
	co->reading++;
	if (g->steady)
		guest_connects(g);
}

#endif
