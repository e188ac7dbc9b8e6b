/* SPDX-License-Identifier: ISC */
/*
 * Hub and walk together against a simple model (model.h), over very many
 * random steps: visitors come, read some bytes, are cut off anywhere, and come
 * back with the id that they have; channels overflow, grow old, are forgotten
 * and made again; what is published is promised first, and kept or broken; the
 * process ends and goes on with what was kept, or begins a new life.
 *
 * SEED=n is another run, STEPS=n a longer one.
 */
#include "model_keeper.h"
#include "entries.h"
#include "posts.h"

#define STEPS	 1000000
#define BATCH	 40 /* events published at once, at most */
#define KIND	 5
#define PROMISES 6 /* that stand at once, at most */

/* Publications that are prepared, in their order. */
static struct promised {
	struct promise *promise;
	unsigned channel;
	unsigned long number; /* of the first event */
	size_t n;
	struct eventid id[BATCH];
	size_t len[BATCH], cost[BATCH];
	bool is_new;
	struct eventid lost;
} promised[PROMISES];
static unsigned promises;

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
	if (p.kind == POSITION_HISTORY || p.kind == POSITION_EARLIEST)
		v->at = model_history(&run.model, &v->reads, p.n);
	for (i = 0; i < MODEL_NAMES && !back; i++)
		v->had[i] = v->at;
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
			run.gaps[LOSS_OVERFLOW] += v->step.gaps;
		run.readers.feed.took(&v->reader.sub, p);
		v->lost = 0;
		v->at = v->step.id;
	}
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

/* The wall clock goes on, mostly, and now and then back. */
static uint64_t
wall_ms(void)
{
	if (below(3) == 0)
		run.wall += below(5);
	if (below(100) == 0)
		run.wall -= below(10000);
	return run.wall;
}

/* The oldest promise is kept. */
static void
keep_one(void)
{
	struct promised p = promised[0];
	size_t i;

	memmove(promised, promised + 1, --promises * sizeof(p));
	CHECK(hub_keep(&run.hub, p.promise) ==
	      run.model.channel[p.channel].readers);
	for (i = 0; i < p.n; i++)
		model_append(&run.model, p.channel, p.id[i], p.number + i,
		    p.len[i], p.cost[i]);
	model_close(&run.model, p.channel);
	keeper_keeps(p.channel, p.n, p.is_new, p.lost);
}

/* Any is broken. */
static void
break_one(void)
{
	unsigned which = below(promises);
	struct promised p = promised[which];
	size_t i;

	memmove(promised + which, promised + which + 1,
	    (--promises - which) * sizeof(p));
	hub_break(&run.hub, p.promise);
	for (i = 0; i < p.n; i++)
		run.model.bytes -= p.cost[i];
	model_close(&run.model, p.channel);
	run.broken++;
}

static void
promises_end(void)
{
	while (promises > 0)
		if (below(6) == 0)
			break_one();
		else
			keep_one();
}

/* What is to be published, and its bytes in all. */
static size_t
choose_batch(struct promised *p)
{
	char id[EVENTID_SIZE];
	uint64_t ms = wall_ms();
	size_t i, all = 0;

	p->channel = below(MODEL_NAMES);
	p->n = below(4) > 0 ? 1 : 1 + below(below(8) == 0 ? BATCH : 5);
	p->number = run.number + 1;
	run.number += p->n;
	for (i = 0; i < p->n; i++) {
		p->id[i] = eventid_next(&run.source, ms);
		p->len[i] = (size_t)snprintf(NULL, 0, "%lu %*s", p->number + i,
		    (int)below(100), "");
		p->cost[i] = run.entry + sizeof(struct event) + 16 + p->len[i] +
			     strlen("id: \ndata: \n\n") +
			     eventid_format(id, p->id[i]);
		all += p->cost[i];
	}
	return all;
}

static enum hub_result
prepare_batch(struct promised *p)
{
	static char text[BATCH][DATA_MAX];
	struct sse_message m[BATCH];
	size_t i;

	for (i = 0; i < p->n; i++) {
		write_data(text[i], p->number + i, p->len[i]);
		m[i] = (struct sse_message){.data = text[i], .len = p->len[i]};
	}
	return hub_prepare(&run.hub, POST_OF(name(p->channel), m, p->n), p->id,
	    &p->promise);
}

static void
publish_some(void)
{
	struct promised *p = &promised[promises];
	size_t all = choose_batch(p);
	const struct model_channel *ch = &run.model.channel[p->channel];
	enum hub_result expected =
	    all > run.model.bytes_max		? HUB_TOO_LARGE :
	    !model_has_room(&run.model, all)	? HUB_NO_ROOM :
	    !model_open(&run.model, p->channel) ? HUB_NO_CHANNEL :
						  HUB_DONE;

	CHECK(prepare_batch(p) == expected);
	run.results[expected]++;
	if (expected != HUB_DONE)
		return;
	p->is_new = hub_promised_new(p->promise, 0);
	p->lost = hub_promised_lost(p->promise, 0);
	CHECK(p->is_new == !ch->published);
	CHECK(same(p->lost, ch->lost));
	run.model.bytes += all;
	model_keep_to_budget(&run.model);
	promises++;
	if (promises == PROMISES || below(2) == 0)
		promises_end();
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
	CHECK(run.hub.published == run.model.n - run.former);
	for (i = 0; i < MODEL_NAMES; i++) {
		ch = hub_find(&run.hub, name(i));
		CHECK((ch != NULL) == run.model.channel[i].exists);
		if (ch == NULL)
			continue;
		CHECK(same(ch->lost.upto, run.model.channel[i].lost));
		CHECK(channel_held(ch) == run.model.channel[i].held);
		CHECK(ch->reading == run.model.channel[i].readers);
	}
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

static void
choose_limits(void)
{
	struct model *m = &run.model;

	run.hub.set.history = m->history = 1 + below(below(2) == 0 ? 4 : 40);
	run.hub.set.history_age = m->age = below(2) == 0 ? 0 : 1 + below(60);
	run.hub.set.bytes_max = m->bytes_max =
	    1000 + below(below(2) == 0 ? 3000 : 40000);
	run.hub.set.channels_max = m->channels_max = 1 + below(MODEL_NAMES);
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
	run.former = 0;
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
	run.former = m->n;
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

static unsigned long
from_environment(const char *variable, unsigned long otherwise)
{
	const char *value = getenv(variable);

	return value == NULL ? otherwise : strtoul(value, NULL, 10);
}

static void
readers_get_what_the_model_says(void **state)
{
	unsigned long steps = from_environment("STEPS", STEPS);
	unsigned i;

	(void)state;
	run.first_seed = (uint32_t)from_environment("SEED", 20261122);
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
		    run.model.n > MODEL_EVENTS - PROMISES * BATCH) {
			life_ends();
			life_begins();
		}
	}
	life_ends();
	for (i = 0; i < HUB_ENDED; i++)
		CHECK(run.results[i] > 0);
	CHECK(run.restarts > 0 && run.broken > 0);
	print_message("%llu events, %llu gaps (%llu of forgotten channels), "
		      "%llu cuts, %llu refused, %llu broken, %llu restarts\n",
	    run.seen, run.gaps_seen, run.false_gaps, run.cuts, run.refused,
	    run.broken, run.restarts);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(readers_get_what_the_model_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
