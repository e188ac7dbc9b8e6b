/* SPDX-License-Identifier: ISC */
/*
 * Hub and walk together against a simple model (model.h), over very many
 * random steps: visitors come, read some bytes, are cut off anywhere, and come
 * back with the id that they have; channels overflow, grow old, are forgotten
 * and made again, end and are erased; what is published, to one channel or to
 * several, is promised first, and kept or broken; the
 * process ends and goes on with what was kept, or begins a new life.
 *
 * SEED=n is another run, STEPS=n a longer one.
 */
#include "model_position.h"
#include "model_posts.h"
#include "entries.h"
#include "posts.h"

#define STEPS 1000000
#define KIND  5

/* The channels are joined, or none is: there may be no more. */
static bool
model_subscribe(const struct model_reads *r)
{
	unsigned i, joined;

	for (joined = 0; joined < r->n; joined++)
		if (!model_join(&run.model, r->channel[joined]))
			break;
	if (joined == r->n)
		return true;
	for (i = 0; i < joined; i++)
		model_leave(&run.model, r->channel[i]);
	return false;
}

static void
model_reader_opens(struct model_reader *v)
{
	bool back = v->page.event_id.len > 0 && below(10) > 0, joins;
	struct position p = back ? position_of(v) : choose_position(v);
	const char *names[MODEL_READS];
	unsigned i;
	int result;

	for (i = 0; i < v->reads.n; i++)
		names[i] = name(v->reads.channel[i]);
	joins = model_subscribe(&v->reads);
	v->woken = false;
	result = reader_begin(&run.readers, &v->reader, names, v->reads.n, &p);
	CHECK(result == (joins ? HUB_DONE : HUB_NO_CHANNEL));
	run.refused += !joins;
	if (!joins) {
		CHECK(v->reader.sub.feed == NULL);
		if (!back)
			v->page.event_id.len = 0;
		return;
	}
	CHECK(v->woken);
	v->woken = false;
	v->open = true;
	begin(v, &p);
	for (i = 0; i < MODEL_NAMES && !back; i++)
		v->had[i] = model_from(&v->reads, i, v->at);
	ask_position(v);
}

static void
model_reader_leaves(struct model_reader *v)
{
	unsigned i;

	run.readers.feed.leave(&v->reader.sub);
	for (i = 0; i < v->reads.n; i++)
		model_leave(&run.model, v->reads.channel[i]);
	v->open = false;
}

static void
count_gaps(const struct model_step *step)
{
	unsigned i;

	for (i = 0; i < step->gaps; i++)
		run.gaps[reason_of(step->gap[i])]++;
}

/*
 * Some pieces are on their way.  If the connection is cut, it is so anywhere in
 * their bytes: the visitor has had less than its stream thinks.
 */
static void
pieces_leave(struct model_reader *v, const struct batch *batch, unsigned n,
    bool cut)
{
	unsigned i, last = cut ? below(n) : n;
	const struct piece *p;

	for (i = 0; i < n; i++) {
		p = &batch->piece[i];
		CHECK(p->kind == KIND);
		v->step = expected_step(v);
		CHECK(v->step.kind != MODEL_NOTHING);
		if (i <= last)
			piece_arrives(v, p,
			    i == last && below(3) > 0 ? below(p->len) : p->len);
		if (v->lost != 0)
			run.gaps[v->lost]++;
		else if (v->step.kind == MODEL_GAP)
			count_gaps(&v->step);
		run.readers.feed.took(&v->reader.sub, p);
		v->lost = 0;
		v->at = v->step.id;
	}
}

/* All that there is was read: will there ever be more? */
static void
check_over(const struct model_reader *v)
{
	const char *names[MODEL_READS];
	bool over = model_over(&run.model, &v->reads, v->at);
	unsigned i;

	for (i = 0; i < v->reads.n; i++)
		names[i] = name(v->reads.channel[i]);
	CHECK(run.readers.feed.over(&v->reader.sub) == over);
	CHECK(hub_over(&run.hub, names, v->reads.n, v->at) == over);
	run.over += over;
}

static void
model_reader_reads(struct model_reader *v)
{
	static struct batch batch;
	bool cut = below(4) == 0, all = below(3) > 0;

	batch_begin(&batch);
	run.readers.feed.fill(&v->reader.sub, &batch, KIND);
	CHECK((batch.n == 0) == (expected_step(v).kind == MODEL_NOTHING));
	if (batch.n == 0) {
		nothing_is_missing(v);
		check_over(v);
		return;
	}
	pieces_leave(v, &batch, all ? batch.n : 1 + below(batch.n), cut);
	if (cut) {
		run.cuts++;
		model_reader_leaves(v);
	} else if (all && batch.n < BATCH_PIECES)
		/* A gap has waited for its room, but no event. */
		CHECK(expected_step(v).kind != MODEL_EVENT);
}

/* Those who read what was published in this turn are woken, and no others. */
static void
turn_ends(void)
{
	const struct model_channel *ch;
	struct model_reader *v;
	unsigned i;
	bool touched;

	hub_wake(&run.hub);
	hub_serving(&run.hub);
	model_serving(&run.model);
	for (v = run.visitor; v < run.visitor + MODEL_READERS; v++) {
		touched = false;
		for (i = 0; i < v->reads.n; i++) {
			ch = &run.model.channel[v->reads.channel[i]];
			touched = touched || ch->touched;
		}
		CHECK(v->woken == (v->open && touched));
		v->woken = false;
		if (v->open && touched && below(2) == 0)
			model_reader_reads(v);
	}
	if (below(4) > 0) { /* or it takes longer */
		hub_served(&run.hub);
		model_served(&run.model);
	}
	(void)hub_trim(&run.hub);
	model_trim(&run.model);
}

static void
time_passes(void)
{
	run.model.now += below(30) / 10.0;
	(void)hub_age(&run.hub);
	model_age(&run.model);
}

/* Who has been idle for longest goes first. */
static void
check_shelf(const struct channel_list *shelf)
{
	const struct channel *ch;
	unsigned long last = 0, idle;

	TAILQ_FOREACH (ch, shelf, link) {
		idle = run.model.channel[channel_of(ch->name)].idle;
		CHECK(idle > last);
		last = idle;
	}
}

/* All that the two know. */
static void
compare_all(void)
{
	struct channel *ch;
	unsigned i;

	(void)hub_age(&run.hub); /* of forgotten channels, all is dropped */
	CHECK(run.hub.named == model_named(&run.model));
	CHECK(run.hub.opened == model_opened(&run.model));
	CHECK(run.hub.spare_bytes == model_spare(&run.model, -1));
	CHECK(hub_bytes(&run.hub) == run.model.bytes);
	CHECK(run.hub.held_bytes == run.model.bytes);
	CHECK(same(run.hub.last, run.model.last));
	CHECK(same(run.hub.forgotten.upto, run.model.forgotten));
	CHECK(run.hub.published == run.published);
	for (i = 0; i < MODEL_NAMES; i++) {
		ch = hub_find(&run.hub, name(i));
		CHECK((ch != NULL) == run.model.channel[i].exists);
		if (ch == NULL)
			continue;
		CHECK(same(ch->lost.upto, run.model.channel[i].lost));
		CHECK((ch->lost.reason == LOSS_DELETED) ==
		      run.model.channel[i].deleted);
		CHECK(same(ch->ended, run.model.channel[i].ended));
		CHECK(!ch->published ||
		      same(ch->origin, run.model.channel[i].origin));
		CHECK(ch->ending == run.model.channel[i].ending);
		CHECK(!channel_has_ended(ch) ||
		      ch->ended_time == run.model.channel[i].ended_time);
		CHECK(channel_held(ch) == run.model.channel[i].held);
		CHECK(ch->reading == run.model.channel[i].readers);
	}
	check_shelf(&run.hub.unused);
	check_shelf(&run.hub.unread);
	for (i = 0; i < LOSS_REASONS; i++)
		CHECK(run.readers.gaps[i] == run.gaps[i]);
	check_keeper();
}

static bool
wake(struct subscriber *sub)
{
	((struct model_reader *)sub)->woken = true;
	return true;
}

static bool
relieve(void *arg, const size_t *account)
{
	(void)arg;
	(void)account;
	fail_msg("there is nothing to give up");
	return false;
}

/* What it costs to hold an event, without the event itself. */
static size_t
entry_cost(void)
{
	static const struct sse_message m = {.data = "", .len = 0};
	struct eventid id = {1, 0};
	size_t cost, reading;

	CHECK(hub_publish(&run.hub, POST_OF("a", &m, 1), &id, &reading) ==
	      HUB_DONE);
	cost = hub_bytes(&run.hub) - event_cost(newest_event(&run.hub));
	hub_free(&run.hub);
	return cost;
}

static void
begin_hub(struct eventid base)
{
	hub_init(&run.hub, &(struct hub_setup){.history = 1});
	hub_begin(&run.hub, base);
	run.hub.set.relieve = relieve;
	run.hub.set.now = &run.model.now;
	run.hub.set.history = 1;
	run.hub.set.bytes_max = SIZE_MAX;
	run.hub.set.channels_max = 1;
}

/* Of some channels there are rules, and the longest prefix wins. */
static void
choose_rules(struct hub_setup *set)
{
	static struct channel_rule rules[] = {{.prefix = "ch12"},
	    {.prefix = "ch1"}, {.prefix = "ch"}};
	size_t first = below(LENGTH(rules) + 1), i;

	for (i = first; i < LENGTH(rules); i++) {
		rules[i].history = below(2) == 0 ? 0 : 1 + below(20);
		rules[i].bytes = below(2) == 0 ? 0 : 100 + below(3000);
		rules[i].age = below(2) == 0 ? 0 : 1 + below(60);
		if (below(4) == 0)
			rules[i].age = (double)INFINITY;
	}
	set->rules = rules + first;
	set->rules_n = LENGTH(rules) - first;
}

static struct model_bounds
bounds_of(const struct hub_setup *set, const char *channel)
{
	struct model_bounds b = {.history = set->history,
	    .age = set->history_age};
	const struct channel_rule *rule = set->rules;

	while (rule < set->rules + set->rules_n &&
	       strncmp(channel, rule->prefix, strlen(rule->prefix)) != 0)
		rule++;
	if (rule == set->rules + set->rules_n)
		return b;
	b.bytes = rule->bytes;
	if (rule->history > 0)
		b.history = rule->history;
	if (rule->age > 0)
		b.age = rule->age;
	return b;
}

static void
choose_limits(void)
{
	struct hub_setup *set = &run.hub.set;
	struct model *m = &run.model;
	unsigned i;

	set->history = 1 + below(below(2) == 0 ? 4 : 40);
	set->history_age = below(2) == 0 ? 0 : 1 + below(60);
	set->bytes_max = m->bytes_max =
	    1000 + below(below(2) == 0 ? 3000 : 40000);
	set->channels_max = m->channels_max = 1 + below(MODEL_NAMES);
	choose_rules(set);
	for (i = 0; i < MODEL_NAMES; i++)
		m->bounds[i] = bounds_of(set, name(i));
}

/* A new life, with other limits; visitors will come back with former ids. */
static void
life_begins(void)
{
	struct model *m = &run.model;

	memset(run.gaps, 0, sizeof(run.gaps));
	eventid_begin(&run.source, chance(&run.seed), wall_ms());
	begin_hub(run.source.last);
	keeper_begins(run.source.last);
	readers_init(&run.readers, &run.hub);
	run.readers.feed.wake = wake;
	m->n = m->bytes = 0;
	memset(m->channel, 0, sizeof(m->channel));
	m->base = m->last = m->forgotten = m->serving = run.source.last;
	run.published = 0;
	choose_limits();
}

static void
life_ends(void)
{
	struct model_reader *v;

	promises_end();
	for (v = run.visitor; v < run.visitor + MODEL_READERS; v++)
		if (v->open)
			model_reader_leaves(v);
	compare_all();
	hub_free(&run.hub);
	CHECK(hub_bytes(&run.hub) == 0);
}

/*
 * The process ends and begins, and it is the same life, perhaps with other
 * limits: visitors come back, and it is for them as if nothing had been.
 */
static void
life_goes_on(void)
{
	struct model *m = &run.model;
	struct hub_setup before;

	life_ends();
	before = run.hub.set;
	begin_hub(run.source.last);
	run.hub.set = before;
	if (below(3) == 0)
		choose_limits();
	model_restart(m, run.source.last, below(100) / 10.0);
	keeper_restores(run.source.last);
	run.published = 0;
	run.restarts++;
	compare_all();
}

static void
one_step(void)
{
	unsigned dice = below(100), one = below(MODEL_READERS),
		 two = below(MODEL_READERS);
	struct model_reader *v =
	    &run.visitor[one < two ? one : two]; /* some lag */

	if (dice < 25)
		publish_some();
	else if (dice < 80 && !v->open)
		model_reader_opens(v);
	else if (dice < 75)
		model_reader_reads(v);
	else if (dice < 80)
		model_reader_leaves(v);
	else if (dice < 95)
		turn_ends();
	else if (dice < 97)
		time_passes();
	else if (v->open)
		ask_position(v);
	if (below(100) == 0)
		compare_all();
}

static void
readers_get_what_the_model_says(void **state)
{
	unsigned long steps = number_from("STEPS", STEPS);
	unsigned i;

	(void)state;
	run.first_seed = (uint32_t)number_from("SEED", 20261122);
	run.seed = run.first_seed == 0 ? 1 : run.first_seed;
	run.wall = 1795359156000;
	for (i = 0; i < MODEL_READERS; i++) {
		run.visitor[i].page.dispatched = see;
		run.visitor[i].page.arg = &run.visitor[i];
	}
	begin_hub((struct eventid){0, 1});
	run.entry = entry_cost();
	life_begins();
	for (run.step = 0; run.step < steps; run.step++) {
		one_step();
		if (below(1000) == 0)
			life_goes_on();
		if (below(4000) == 0 ||
		    run.model.n > MODEL_EVENTS - PROMISES * BATCH * TOGETHER) {
			life_ends();
			life_begins();
		}
	}
	life_ends();
	for (i = 0; i < HUB_NO_MEMORY; i++)
		CHECK(run.results[i] > 0);
	CHECK(run.restarts > 0 && run.broken > 0);
	CHECK(run.ends_seen > 0 && run.deleted > 0 && run.shared > 0);
	CHECK(run.over > 0);
	print_message("%llu events (%llu of several channels), %llu gaps "
		      "(%llu of forgotten channels), %llu ends, "
		      "%llu erasures, %llu cuts, %llu refused, %llu broken, "
		      "%llu restarts\n",
	    run.seen, run.shared, run.gaps_seen, run.false_gaps, run.ends_seen,
	    run.deleted, run.cuts, run.refused, run.broken, run.restarts);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(readers_get_what_the_model_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
