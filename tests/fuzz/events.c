/* SPDX-License-Identifier: ISC */
/*
 * What we write to a stream, whatever was published and from wherever it comes
 * back: read as a browser reads it, each event is one that was published, with
 * its type and data, in order, once, and none is missing that no gap told of.
 *
 * The input is steps with '|' between them, the first of them the names of
 * three channels with spaces between.  Of a step the first letter says what:
 *
 *     0 1 2 b   TYPE/DATA  published to that channel; b: to the first two
 *     e x       N          channel N ends; is erased, and ends
 *     r         N          the stream takes N+1 pieces at most, or all there is
 *     t                    a turn ends
 *     c                    the stream is cut and comes back as a browser does
 *     s         TEXT       likewise, with this Last-Event-ID
 *     i         N          likewise, with the id of the Nth that was published
 *     w         N          the wall clock goes N-4 seconds on, or back
 *     n                    the time goes on by 100 seconds
 */
#include "browser.h"
#include "channel/batch.h"
#include "channel/reader.h"
#include "channel/type.h"
#include "engine/memory.h"

#define HISTORY 4 /* so that there are gaps */

static struct {
	struct hub hub;
	struct memory memory;
	struct readers readers;
	struct reader reader; /* the stream */
	double now;
	uint64_t wall;
	struct published answer;
} it;

static struct batch batch;

static uint64_t
wall_ms(void)
{
	return it.wall;
}

static bool
relieve(void *arg, const size_t *account)
{
	(void)arg;
	(void)account;
	return false;
}

static bool
wake(struct subscriber *sub)
{
	(void)sub;
	return true;
}

static void
on_ready(void *arg)
{
	(void)arg;
}

static void
on_done(void *arg, const struct published *what)
{
	(void)arg;
	it.answer = *what;
}

static void
remember(unsigned channels, const struct sse_message *m)
{
	struct post_made *p = &published.made[published.n++];
	char *type = m == NULL || m->type == NULL ? NULL : strdup(m->type);
	char *data = malloc(m == NULL ? 1 : m->len + 1);

	assert(data != NULL);
	*p = (struct post_made){.id = it.answer.last,
	    .channels = channels,
	    .is_end = m == NULL,
	    .m = {.type = type, .data = data}};
	if (m == NULL)
		return;
	p->m.len = m->len;
	memcpy(data, m->data, m->len);
}

/* A message, or, without one, the end; of one channel or the first two. */
static void
publish(unsigned first, unsigned n, const struct sse_message *m, bool erase)
{
	struct post post = {.channels = &published.name[first],
	    .channels_n = n,
	    .messages = m,
	    .n = m != NULL,
	    .end = m == NULL,
	    .erase = erase};

	if (published.n == PUBLISHED_MAX || !post_valid(&post))
		return;
	it.memory.engine.publish(&it.memory.engine, &post, on_done, NULL);
	if (it.answer.result == PUBLISHED)
		remember(((1U << n) - 1) << first, m);
	else
		assert(it.answer.result == PUBLISH_ENDED);
}

static void
publish_text(unsigned first, unsigned n, struct input in)
{
	struct input word = input_until(&in, '/');
	char *type = input_text(word);
	struct sse_message m = {.type = *type == '\0' ? NULL : type,
	    .data = in.len > 0 ? (const char *)in.at : "",
	    .len = in.len};

	if (type_fault(type) == NULL)
		publish(first, n, &m, false);
	free(type);
}

/* The stream takes so many pieces; returns how many there were. */
static unsigned
take_pieces(unsigned max)
{
	struct subscriber *sub = &it.reader.sub;
	unsigned i;

	batch_begin(&batch);
	it.readers.feed.fill(sub, &batch, 0);
	for (i = 0; i < batch.n && i < max; i++) {
		bytes_add(&browser.text, batch.piece[i].data,
		    batch.piece[i].len);
		it.readers.feed.took(sub, &batch.piece[i]);
	}
	return i;
}

static void
end_turn(void)
{
	hub_wake(&it.hub);
	hub_serving(&it.hub);
	hub_served(&it.hub);
	(void)hub_trim(&it.hub);
	(void)hub_age(&it.hub);
}

/* Where this Last-Event-ID is, as subscribe.c sees it. */
static struct position
position_of(const char *text)
{
	struct position p = {.kind = POSITION_UNKNOWN};

	if (*text == '\0')
		p.kind = POSITION_NOW;
	else if (strcmp(text, "earliest") == 0)
		p.kind = POSITION_EARLIEST;
	else if (eventid_parse(&p.id, text))
		switch (it.memory.engine.place(&it.memory.engine, p.id)) {
		case PLACE_AFTER:
			p.kind = POSITION_AFTER;
			break;
		case PLACE_ANOTHER_LIFE:
			p.kind = POSITION_RESTART;
			break;
		default:
			break;
		}
	return p;
}

/* What it need not be told of is told. */
static void
begin_knowing(const struct position *p)
{
	const struct channel *ch;
	struct post_made *m;
	unsigned i;

	browser.last = (struct eventid){0, 0};
	for (m = published.made; m < published.made + published.n; m++)
		m->had = false; /* from there on it may have them again */
	for (i = 0; i < CHANNELS; i++) {
		ch = hub_find(&it.hub, published.name[i]);
		browser.told[i] = (struct eventid){0, 0};
		if (p->kind == POSITION_NOW)
			browser.told[i] = it.hub.last;
		else if (p->kind == POSITION_AFTER)
			browser.told[i] = p->id;
		else if (p->kind == POSITION_EARLIEST && ch != NULL)
			browser.told[i] = ch->lost.upto;
	}
	if (p->kind == POSITION_AFTER)
		browser.last = p->id;
}

static void
begin(const char *id)
{
	struct position p = position_of(id);

	begin_knowing(&p);
	assert(reader_begin(&it.readers, &it.reader, published.name, CHANNELS,
		   &p) == HUB_DONE);
}

static void
come_back(const char *id)
{
	it.readers.feed.leave(&it.reader.sub);
	read_all();
	begin(id);
}

static void
come_back_with(struct input in)
{
	char *text = input_text(in);

	come_back(text);
	free(text);
}

static void
come_back_with_nth(unsigned n)
{
	char text[EVENTID_SIZE] = "";

	if (n < published.n)
		(void)eventid_format(text, published.made[n].id);
	come_back(text);
}

static void
step(struct input in)
{
	uint8_t what = input_byte(&in);
	unsigned n = in.len > 0 ? (*in.at - '0' + 256U) % 10 : 0;

	if (what >= '0' && what < '0' + CHANNELS)
		publish_text(what - '0', 1, in);
	else if (what == 'b')
		publish_text(0, 2, in);
	else if (what == 'e' || what == 'x')
		publish(n % CHANNELS, 1, NULL, what == 'x');
	else if (what == 'r')
		(void)take_pieces(n + 1);
	else if (what == 't')
		end_turn();
	else if (what == 'c')
		come_back(browser.id);
	else if (what == 's')
		come_back_with(in);
	else if (what == 'i')
		come_back_with_nth(n);
	else if (what == 'w')
		it.wall = it.wall + n * 1000 - 4000;
	else if (what == 'n')
		it.now += 100;
}

/* Valid ones, all different; those that are none are a, b, c. */
static void
name_channels(struct input in, char *names[CHANNELS])
{
	static const char *const plain[] = {"a", "b", "c"};
	unsigned i;

	for (i = 0; i < CHANNELS; i++) {
		names[i] = input_text(input_until(&in, ' '));
		published.name[i] = names[i];
	}
	for (i = 0; i < CHANNELS; i++)
		if (!channel_name_valid(names[i]) ||
		    find_channel(names[i]) != i) {
			published.name[0] = plain[0];
			published.name[1] = plain[1];
			published.name[2] = plain[2];
		}
}

static void
set_up(void)
{
	it.now = 1000;
	it.wall = 1795359156000;
	published.n = 0;
	hub_init(&it.hub, &(struct hub_setup){.history = HISTORY,
			      .history_age = 300,
			      .bytes_max = 1 << 24,
			      .channels_max = 10,
			      .relieve = relieve,
			      .now = &it.now});
	assert(memory_init(&it.memory, 77, wall_ms) == 0);
	it.memory.engine.start(&it.memory.engine, &it.hub, NULL, on_ready,
	    NULL);
	readers_init(&it.readers, &it.hub);
	it.readers.feed.wake = wake;
	browser.text.len = 0;
	browser.id[0] = '\0';
}

static void
tear_down(void)
{
	it.readers.feed.leave(&it.reader.sub);
	it.memory.engine.stop(&it.memory.engine);
	hub_free(&it.hub);
	while (published.n-- > 0) {
		free((char *)(uintptr_t)published.made[published.n].m.type);
		free((char *)(uintptr_t)published.made[published.n].m.data);
	}
	free(browser.text.at);
	browser.text = (struct bytes){.len = 0};
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct input in = {data, len};
	char *names[CHANNELS];
	unsigned i;

	name_channels(input_until(&in, '|'), names);
	set_up();
	begin("");
	while (in.len > 0)
		step(input_until(&in, '|'));
	end_turn();
	while (take_pieces(UINT32_MAX) > 0)
		continue;
	read_all();
	for (i = 0; i < CHANNELS; i++)
		assert(is_whole(i, it.hub.last));
	tear_down();
	for (i = 0; i < CHANNELS; i++)
		free(names[i]);
	return 0;
}
