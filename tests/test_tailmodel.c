/* SPDX-License-Identifier: ISC */
/*
 * Two processes tail one stream over very many random steps, in which that is
 * published to, trimmed, deleted, and exchanged for an older copy whose clock
 * may be behind; connections are cut anywhere, processes end and begin, and
 * visitors go from one to the other with the id that they have.  Each event
 * must come to each visitor, once and in order, or a gap that says, later than
 * it was published, that what was up to its id is lost.  While nothing is done
 * to the stream but what every stream must bear, there may be no gap at all.
 *
 * An event may be of several channels, and may be published again with its key.
 * In each phase there is a channel r, a run that ends or is deleted by the way:
 * its end comes to each visitor like an event, and nothing behind it does.
 *
 * SEED=n is another run, STEPS=n a longer one.
 */
#include "tailscene.h"

#include "base/log.h"

#define STEPS	 100000
#define PHASE	 300  /* steps at most, between two reckonings */
#define EVENTS	 4096 /* published in one phase */
#define GAPS	 4096 /* told to one visitor in one */
#define VISITORS 6
#define CHANNELS "abcr"
#define LETTERS	 4
#define RETRIES	 4 /* of one event */

struct visitor {
	struct viewer viewer; /* first */
	struct process *at;   /* NULL: it is on its way */
	struct process *to;   /* where it waits for its place */
	char channels[LETTERS + 1];
	bool ended;	     /* it was told so of this phase's run */
	struct eventid last; /* that it has */
	enum place place;
	bool waits, known;
	unsigned long since; /* the step in which it came for the first time */
	bool rewound;	     /* it was told to begin anew, in this phase */
	struct {
		unsigned long step;
		char channel; /* 0: all */
		struct eventid to;
	} gap[GAPS];
	size_t gaps;
};

static struct {
	uint32_t first_seed, seed;
	unsigned long step;
	bool calm;
	bool replaced; /* in this phase, the stream was */
	/*
	 * Something was trimmed or deleted in this phase, or in the one before:
	 * who had not read it knows less keys than others.
	 */
	bool cut, was_cut, trimmed; /* trimmed: in order, in the one before */
	bool forgotten; /* and a process that knew of it has ended */
	struct visitor visitor[VISITORS];
	struct streamkey older;
	bool dead[PROCESSES];	     /* its server is not there any more */
	unsigned long first, number; /* of events, of this phase and of all */
	struct publication {
		struct eventid id[1 + RETRIES];
		unsigned ids;
		char channels[3];
		unsigned long step;
		unsigned long gone; /* since then it is in no copy; or 0 */
		unsigned seen;	    /* a bit for each visitor */
		bool unknown;	    /* gone, and nobody knew it */
		bool behind;	    /* the end of one of its channels */
		bool erased;	    /* in r */
	} event[EVENTS];
	/*
	 * The last id before this phase.  Whoever is below it, because what
	 * came last was passed over, may be told of what was lost then.
	 */
	struct eventid begun;
	unsigned run;		/* the channel r of this phase */
	unsigned long end_step; /* when it ended; 0: it has not */
	struct publication end; /* likewise, as one of r */
	unsigned long long seen, gaps, moves, awaited, losses, faults, copies,
	    unknown, retries, ends;
} run;

#define CHECK(condition)                                             \
	do {                                                         \
		if (!(condition))                                    \
			fail_msg("SEED=%lu, step %lu: %s",           \
			    (unsigned long)run.first_seed, run.step, \
			    #condition);                             \
	} while (0)

static struct tail_setup setup = {.key = "k",
    .entries = 1000,
    .max_event = 1000,
    .wall_ms = wall_ms};

static uint32_t
below(uint32_t n)
{
	return chance(&run.seed) % n;
}

static bool
above(struct eventid a, struct eventid b)
{
	return eventid_compare(a, b) > 0;
}

/* The first channel that it reads of those of the event; 0: it reads none. */
static char
reads(const struct visitor *v, const struct publication *e)
{
	const char *c;

	for (c = e->channels; *c != '\0'; c++)
		if (strchr(v->channels, *c) != NULL &&
		    (*c != 'r' || v->viewer.run == run.run))
			return *c;
	return '\0';
}

static bool
is_of(const struct publication *e, struct eventid id)
{
	unsigned i;

	for (i = 0; i < e->ids; i++)
		if (eventid_compare(e->id[i], id) == 0)
			return true;
	return false;
}

static void
see_gap(struct visitor *v, const char *data)
{
	char channel[16] = "", from[50], to[50], reason[20];

	if (sscanf(data,
		"{\"channel\":\"%15[^\"]\",\"from\":\"%49[^\"]\","
		"\"to\":\"%49[^\"]\",\"reason\":\"%19[^\"]\"}",
		channel, from, to, reason) != 4) {
		channel[0] = '\0';
		CHECK(sscanf(data,
			  "{\"channel\":null,\"from\":null,\"to\":\"%49[^\"]\","
			  "\"reason\":\"%19[^\"]\"}",
			  to, reason) == 2);
		v->rewound |=
		    strcmp(reason, "source") != 0 || above(v->last, id_of(to));
	}
	CHECK(v->gaps < GAPS);
	v->gap[v->gaps].step = run.step;
	v->gap[v->gaps].channel = channel[0];
	v->gap[v->gaps++].to = id_of(to);
	run.gaps++;
	CHECK(!run.calm || strcmp(reason, "deleted") == 0 ||
	      !above(id_of(to), run.begun));
}

static void
see_end(struct visitor *v, const char *data, struct eventid id)
{
	char channel[40];

	CHECK(above(id, v->last));
	CHECK(sscanf(data, "{\"channel\":\"r%39[^\"]\"}", channel) == 1);
	if (strtoul(channel, NULL, 10) != run.run) /* of an earlier phase */
		return;
	CHECK(!v->ended || v->rewound || !run.calm);
	CHECK(run.end_step > 0);
	v->ended = true;
	run.ends++;
}

static void
see_event(struct visitor *v, const char *data, struct eventid id)
{
	unsigned long number = strtoul(data, NULL, 10);
	unsigned bit = 1U << (v - run.visitor);
	struct publication *e;

	CHECK(above(id, v->last));
	CHECK(number <= run.number);
	run.seen++;
	if (number < run.first) {
		CHECK(v->rewound || run.was_cut || run.cut || run.trimmed);
		return;
	}
	e = &run.event[number - run.first];
	CHECK(is_of(e, id));
	CHECK(reads(v, e) != '\0');
	CHECK(!run.calm || !e->behind);
	CHECK(!run.calm || eventid_compare(e->id[0], id) == 0);
	CHECK(v->rewound || (e->seen & bit) == 0 || (e->ids > 1 && run.cut));
	e->seen |= bit;
}

static void
see(struct eventsource *page)
{
	struct visitor *v = page->arg;
	char data[400] = "", text[EVENTID_SIZE] = "";
	struct eventid id = v->last;

	CHECK(page->event_data.len < sizeof(data));
	CHECK(page->event_id.len < sizeof(text));
	memcpy(data, page->event_data.s, page->event_data.len);
	memcpy(text, page->event_id.s, page->event_id.len);
	if (text[0] != '\0')
		id = id_of(text);
	if (is_name(page->event_type.s, page->event_type.len, HUB_GAP))
		see_gap(v, data);
	else if (is_name(page->event_type.s, page->event_type.len, HUB_END))
		see_end(v, data, id);
	else
		see_event(v, data, id);
	v->last = id;
}

/* Some of what there is for it, and perhaps its position. */
static void
visitor_reads(struct visitor *v, bool settles)
{
	char text[EVENTID_SIZE];

	viewer_reads(&v->viewer);
	if ((settles || below(3) == 0) &&
	    v->at->readers.feed.position(&v->viewer.reader.sub, text) > 0) {
		v->last = id_of(text);
		field_set(&v->viewer.page.id, text, strlen(text));
		field_copy(&v->viewer.page.event_id, &v->viewer.page.id);
	}
}

static void
visitor_opens(struct visitor *v, struct process *p, const struct position *at)
{
	char text[EVENTID_SIZE];

	viewer_opens(&v->viewer, p, v->channels, at);
	v->viewer.page.dispatched = see;
	v->at = p;
	v->known = true;
	field_set(&v->viewer.page.id, text, eventid_format(text, v->last));
}

/* A new one, of whom nobody knows. */
static void
visitor_comes(struct visitor *v, struct process *p)
{
	const struct position at = {.kind = POSITION_NOW};
	char text[EVENTID_SIZE];
	unsigned i, n = 0;

	for (i = 0; i < LETTERS; i++)
		if (below(2) == 0)
			v->channels[n++] = CHANNELS[i];
	if (n == 0)
		v->channels[n++] = 'a';
	v->channels[n] = '\0';
	v->viewer.run = run.run;
	v->since = run.step;
	v->gaps = 0;
	v->rewound = v->ended = false;
	for (i = 0; i < EVENTS; i++)
		run.event[i].seen &= ~(1U << (v - run.visitor));
	visitor_opens(v, p, &at);
	CHECK(p->readers.feed.position(&v->viewer.reader.sub, text) > 0);
	v->last = id_of(text);
}

static void
visitor_leaves(struct visitor *v)
{
	if (v->at != NULL)
		viewer_closes(&v->viewer);
	v->at = NULL;
}

static void
placed(void *arg, enum place place)
{
	struct visitor *v = arg;

	v->place = place;
	v->waits = false;
}

/* It goes somewhere, or goes on with that. */
static void
visitor_goes(struct visitor *v)
{
	struct position at = {.kind = POSITION_AFTER, .id = v->last};
	struct process *p = v->to;

	if (v->waits)
		return;
	if (p == NULL) {
		p = &processes[below(PROCESSES)];
		v->place = tail_place(&p->tail, v->last);
		if (v->place == PLACE_NOT_YET)
			return;
		run.moves++;
		if (v->place == PLACE_AHEAD) {
			v->to = p;
			v->waits = true;
			run.awaited++;
			tail_await(&p->tail, v->last, placed, v);
			return;
		}
	}
	v->to = NULL;
	if (v->place == PLACE_AHEAD) /* its process has ended */
		return;
	if (v->place == PLACE_LOST)
		at.kind = POSITION_LOST;
	else if (v->place != PLACE_AFTER)
		at.kind = v->place == PLACE_UNKNOWN ? POSITION_UNKNOWN :
						      POSITION_RESTART;
	visitor_opens(v, p, &at);
}

static void
visitor_steps(struct visitor *v)
{
	if (v->at == NULL)
		visitor_goes(v);
	else if (below(6) == 0)
		visitor_leaves(v);
	else
		visitor_reads(v, false);
}

/* Who waits at the server for something is served at once. */
static void
serve_blocked(void)
{
	unsigned i;

	for (i = 0; i < PROCESSES; i++)
		if (fakes[i].blocked && !run.dead[i])
			fake_serve(&fakes[i]);
}

/* Words of an entry, without its own: c CHANNEL for each. */
static size_t
put_channels(char *words, const struct publication *e)
{
	char name[16];
	const char *c;
	size_t n = 0;

	for (c = e->channels; *c != '\0'; c++) {
		channel_name(name, *c, run.run);
		n += (size_t)sprintf(words + n, "c %s ", name);
	}
	return n;
}

/* Once more, or for the first time. */
static void
submit(unsigned long number)
{
	struct publication *e = &run.event[number - run.first];
	char words[100];
	size_t n = put_channels(words, e);

	if (below(3) > 0)
		key.ms += below(3);
	(void)sprintf(words + n, "d %lu k k%lu", number, number);
	CHECK(e->ids < LENGTH(e->id));
	e->id[e->ids++] = key_add_words(&key, words);
	if (e->gone != 0 && !e->unknown)
		e->gone = 0;
}

static void
publish(const char *channels)
{
	struct publication *e;

	run.number++;
	CHECK(run.number - run.first < EVENTS);
	e = &run.event[run.number - run.first];
	*e = (struct publication){.step = run.step, .unknown = run.forgotten};
	(void)snprintf(e->channels, sizeof(e->channels), "%s", channels);
	e->behind = run.end_step > 0 && strchr(channels, 'r') != NULL;
	submit(run.number);
}

/* Whoever had no answer sends it again. */
static void
publish_again(void)
{
	unsigned long number =
	    run.first + below((uint32_t)(run.number - run.first + 1));

	if (run.event[number - run.first].ids > RETRIES)
		return;
	run.retries++;
	submit(number);
}

static void
publish_some(void)
{
	unsigned n = below(8) > 0 ? 1 : 1 + below(12), i, j;
	char channels[3] = "";

	while (n-- > 0) {
		i = below(LETTERS);
		j = below(LETTERS);
		channels[0] = CHANNELS[i];
		channels[1] = i != j && below(4) == 0 ? CHANNELS[j] : '\0';
		publish(channels);
		if (below(6) == 0)
			publish_again();
	}
	serve_blocked();
}

/* It may have ended before, and may be ended again by chance. */
static void
end_run(void)
{
	bool deletes = below(2) == 0;
	unsigned long i;
	char words[40];

	(void)sprintf(words, "c r%u e %s", run.run, deletes ? "delete" : "1");
	if (run.end_step == 0) {
		run.end_step = run.step;
		run.end = (struct publication){.channels = "r",
		    .step = run.step,
		    .unknown = run.forgotten};
	}
	if (run.end.ids < LENGTH(run.end.id))
		run.end.id[run.end.ids++] = key_add_words(&key, words);
	for (i = 0; deletes && i <= run.number - run.first; i++)
		run.event[i].erased |=
		    strchr(run.event[i].channels, 'r') != NULL;
	serve_blocked();
}

static void
cut(unsigned which)
{
	struct fake *f = &fakes[which];

	if (f->link->state == LINK_UP)
		fake_down(f, false);
	run.dead[which] = false;
}

/* Bytes come and go on a connection. */
static void
process_steps(unsigned which)
{
	struct fake *f = &fakes[which];

	if (f->link->state == LINK_WAITING) {
		fake_up(f);
		return;
	}
	if (!run.dead[which] && below(4) > 0)
		fake_serve(f);
	(void)fake_feed(f, below(3) == 0 ? below(100) : 1 + below(4000),
	    1 + below(500));
	if (run.dead[which] && (below(3) == 0 || f->in.len == 0))
		cut(which);
}

static void
turn(void)
{
	struct visitor *v;
	unsigned i;

	(void)ev_run(loop, EVRUN_NOWAIT);
	for (i = 0; i < PROCESSES; i++)
		turn_ends(&processes[i]);
	for (v = run.visitor; v < run.visitor + VISITORS; v++)
		if (v->viewer.woken && v->at != NULL) {
			v->viewer.woken = false;
			visitor_reads(v, false);
		}
}

static void
time_passes(void)
{
	unsigned which = below(PROCESSES);

	now += 1;
	if (fakes[which].blocked && !run.dead[which])
		fake_waited(&fakes[which]);
	else if (below(4) == 0)
		cut(which);
}

/* The oldest go that all have read. */
static void
trim_in_order(void)
{
	struct eventid at = key.last;
	unsigned i;
	size_t n;

	for (i = 0; i < PROCESSES; i++)
		if (!is_loaded(&processes[i].tail))
			return;
		else if (above(at, processes[i].tail.at))
			at = processes[i].tail.at;
	n = key_find(&key, at, true);
	run.trimmed |= n > 0;
	if (n > 0)
		key_cut(&key, 0,
		    n - below((uint32_t)n < 20 ? (uint32_t)n : 20));
}

/* The newest was read by all; so this is somebody's wish, and no loss. */
static void
delete_newest(void)
{
	unsigned long e;
	unsigned i;

	for (i = 0; i < PROCESSES; i++)
		if (above(key.last, processes[i].tail.at))
			return;
	if (key.n == 0)
		return;
	for (e = 0; e <= run.number - run.first; e++)
		run.event[e].unknown |=
		    is_of(&run.event[e], key.entry[key.n - 1].id);
	run.end.unknown |= is_of(&run.end, key.entry[key.n - 1].id);
	key_cut(&key, key.n - 1, 1);
}

/*
 * What is not there any more has an id that may be given out again: so that is
 * not what tells that it is lost.
 */
static void
mark(struct publication *e)
{
	unsigned i;
	size_t n;

	for (i = 0; i < e->ids; i++) {
		n = key_find(&key, e->id[i], true);
		if (n < key.n &&
		    eventid_compare(key.entry[n].id, e->id[i]) == 0)
			return;
	}
	if (e->gone == 0)
		e->gone = run.step;
}

static void
mark_gone(void)
{
	unsigned long i;

	for (i = 0; i <= run.number - run.first; i++)
		mark(&run.event[i]);
	mark(&run.end);
}

static bool
has_read(const struct process *p, struct eventid id)
{
	return is_loaded(&p->tail) && !above(id, p->tail.at);
}

/* What the copy lacks, and no process had read: nobody knows that it was. */
static void
mark_if_unknown(struct publication *e)
{
	unsigned i;

	for (i = 0; i < e->ids; i++)
		if (above(e->id[i], run.older.last) &&
		    !has_read(&processes[0], e->id[i]) &&
		    !has_read(&processes[1], e->id[i]))
			e->unknown = true;
}

static void
mark_unknown(void)
{
	unsigned long i;

	for (i = 0; i <= run.number - run.first; i++)
		mark_if_unknown(&run.event[i]);
	mark_if_unknown(&run.end);
}

/* Who may have known has gone: of what is lost, and of ids given out again. */
static void
mark_forgotten(void)
{
	unsigned long i;

	run.forgotten |= run.replaced;
	for (i = 0; run.forgotten && i <= run.number - run.first; i++)
		run.event[i].unknown = true;
	run.end.unknown |= run.forgotten;
}

/* Another server has it, as it was some time ago. */
static void
fail_over(void)
{
	unsigned i;

	for (i = 0; i < PROCESSES; i++)
		if (fakes[i].link->state == LINK_UP)
			run.dead[i] = true;
	mark_unknown();
	key_copy(&key, &run.older);
	run.replaced = true;
	mark_gone();
	for (i = 0; i < PROCESSES; i++)
		if (!is_loaded(&processes[i].tail))
			mark_forgotten(); /* it has only just begun */
	if (below(2) == 0)
		key.ms -= below(20);
	run.copies++;
}

static void
process_restarts(unsigned which)
{
	struct process *p = &processes[which];
	struct visitor *v;

	cut(which);
	mark_forgotten();
	run.losses += p->tail.losses;
	for (v = run.visitor; v < run.visitor + VISITORS; v++)
		if (v->at == p)
			visitor_leaves(v);
	process_ends(p);
	for (v = run.visitor; v < run.visitor + VISITORS; v++)
		if (v->to == p)
			v->to = NULL;
	process_begins(p, &setup);
}

static void
something_goes_wrong(void)
{
	unsigned dice = below(9);

	run.faults++;
	run.cut |= dice < 6;
	if (dice < 3 && run.replaced)
		return; /* ids that were given out again leave no trace then */
	switch (dice) {
	case 0:
	case 1:
		key_trim(&key, below(5));
		break;
	case 2:
		key_trim(&key, below(100));
		break;
	case 3:
		delete_newest();
		break;
	case 4:
		if (below(3) == 0) { /* which takes a millisecond */
			if (key.ms <= key.last.ms)
				key.ms = key.last.ms + 1;
			key_delete(&key);
			run.replaced = true;
			mark_gone();
		}
		break;
	case 5:
		fail_over();
		break;
	case 6:
		process_restarts(below(PROCESSES));
		break;
	case 7:
		key.refuses = key.refuses == NULL ? "NOPERM no" : NULL;
		break;
	default:
		key_copy(&run.older, &key);
		break;
	}
}

static void
one_step(void)
{
	unsigned dice = below(100);

	if (dice < 20)
		publish_some();
	else if (dice < 60)
		process_steps(below(PROCESSES));
	else if (dice < 72)
		turn();
	else if (dice < 77)
		time_passes();
	else if (dice < 95)
		visitor_steps(&run.visitor[below(VISITORS)]);
	else if (dice < 97)
		cut(below(PROCESSES));
	else if (dice < 98 && below(2) == 0)
		end_run();
	else if (run.calm)
		trim_in_order();
	else
		something_goes_wrong();
}

static bool
all_have_all(void)
{
	unsigned i;

	for (i = 0; i < PROCESSES; i++)
		if (eventid_compare(processes[i].tail.at, key.last) != 0)
			return false;
	return true;
}

/* Everybody is there, and has all that he can have. */
static void
all_settles(void)
{
	unsigned i, round, away;
	struct visitor *v;

	key.refuses = NULL;
	for (i = 0; i < PROCESSES; i++)
		if (run.dead[i])
			cut(i);
	do {
		for (round = 0; round < 4 || !all_have_all(); round++)
			for (i = 0; i < PROCESSES; i++)
				process_waits(&processes[i]);
		away = 0;
		for (v = run.visitor; v < run.visitor + VISITORS; v++) {
			if (v->at == NULL)
				visitor_goes(v);
			away += v->at == NULL;
		}
	} while (away > 0);
	for (v = run.visitor; v < run.visitor + VISITORS; v++)
		visitor_reads(v, true);
}

static bool
is_told(const struct visitor *v, const struct publication *e)
{
	size_t i;

	for (i = v->gaps; i-- > 0;)
		if (v->gap[i].step >= e->step &&
		    (!above(e->id[0], v->gap[i].to) ||
			(e->gone != 0 && v->gap[i].step >= e->gone)) &&
		    (v->gap[i].channel == 0 ||
			strchr(e->channels, v->gap[i].channel) != NULL))
			return true;
	return false;
}

/*
 * What an older copy lacks may be found out behind the end of a run, or that
 * has an id that was given out again, and is below what somebody has: then
 * there is nobody to be told.
 */
static bool
is_over(const struct visitor *v, const struct publication *e)
{
	return run.replaced && run.end_step > 0 && reads(v, e) == 'r';
}

static void
reckon_event(const struct visitor *v, const struct publication *e)
{
	if (e->step < v->since || reads(v, e) == '\0' || e->behind)
		return;
	if (e->seen & 1U << (v - run.visitor))
		return;
	CHECK(!run.calm || (e->erased && reads(v, e) == 'r'));
	if (is_over(v, e))
		return;
	CHECK(e->unknown || is_told(v, e));
	run.unknown += e->unknown;
}

static void
reckon(void)
{
	const struct visitor *v;
	unsigned long i;

	for (v = run.visitor; v < run.visitor + VISITORS; v++) {
		for (i = 0; i <= run.number - run.first; i++)
			reckon_event(v, &run.event[i]);
		if (run.end_step == 0 || run.end_step < v->since ||
		    reads(v, &run.end) == '\0' || v->ended)
			continue;
		CHECK(!run.calm);
		CHECK(run.end.unknown || is_over(v, &run.end) ||
		      is_told(v, &run.end));
	}
}

static void
phase_begins(void)
{
	struct visitor *v;
	unsigned i;

	run.step++;
	run.first = run.number + 1;
	run.calm = !run.calm;
	run.begun = key.last;
	run.was_cut = run.cut;
	run.replaced = run.forgotten = run.cut = false;
	run.trimmed &= !run.calm; /* that it was, when this one was calm */
	run.run++;
	run.end_step = 0;
	run.end = (struct publication){.step = 0};
	for (i = 0; i < LETTERS; i++)
		publish((const char[]){CHANNELS[i], '\0'});
	serve_blocked();
	run.step++;
	for (v = run.visitor; v < run.visitor + VISITORS; v++) {
		v->gaps = 0;
		v->rewound = v->ended = false;
		if (below(5) == 0) {
			visitor_leaves(v);
			visitor_comes(v, &processes[below(PROCESSES)]);
		}
	}
}

static void
begin(void)
{
	unsigned i;

	run.first_seed = (uint32_t)number_from("SEED", 20261127);
	run.seed = run.first_seed == 0 ? 1 : run.first_seed;
	loop = ev_loop_new(EVFLAG_AUTO);
	CHECK(loop != NULL);
	now = 100000;
	key.ms = 1000000;
	for (i = 0; i < PROCESSES; i++) {
		process_begins(&processes[i], &setup);
		process_runs(&processes[i]);
	}
	for (i = 0; i < VISITORS; i++)
		visitor_comes(&run.visitor[i], &processes[i % PROCESSES]);
}

static void
every_event_comes_or_a_gap_that_says_so(void **state)
{
	unsigned long steps = number_from("STEPS", STEPS), n;
	unsigned i;

	(void)state;
	begin();
	while (run.step < steps) {
		phase_begins();
		for (n = 1 + below(PHASE); n > 0; n--, run.step++)
			one_step();
		all_settles();
		reckon();
	}
	for (i = 0; i < VISITORS; i++)
		visitor_leaves(&run.visitor[i]);
	for (i = 0; i < PROCESSES; i++)
		process_ends(&processes[i]);
	key_free(&key);
	key_free(&run.older);
	ev_loop_destroy(loop);
	print_message("%llu events and %llu ends seen, %llu gaps, %llu moves "
		      "(%llu waited), %llu retries, %llu faults, %llu copies, "
		      "%llu not to be known\n",
	    run.seen, run.ends, run.gaps, run.moves, run.awaited, run.retries,
	    run.faults, run.copies, run.unknown);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_event_comes_or_a_gap_that_says_so),
	};

	(void)log_open("/dev/null", false); /* each loss is a line */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
