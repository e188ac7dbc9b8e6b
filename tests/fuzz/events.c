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
#include <jansson.h>

#include "channel/batch.h"
#include "channel/reader.h"
#include "channel/type.h"
#include "engine/memory.h"
#include "read.h"

#define CHANNELS      3
#define PUBLISHED_MAX 256
#define HISTORY	      4 /* so that there are gaps */

/* A publication that was answered. */
struct post_made {
	struct eventid id;
	unsigned channels; /* a set */
	bool is_end;
	bool had;	      /* the browser has had it */
	struct sse_message m; /* in memory of its own */
};

static struct {
	struct hub hub;
	struct memory memory;
	struct readers readers;
	double now;
	uint64_t wall;
	const char *name[CHANNELS];
	size_t n;
	struct post_made made[PUBLISHED_MAX];
	struct published answer;
} it;

/* The stream, and what a browser on it knows. */
static struct {
	struct reader reader;
	struct bytes text; /* of this connection */
	struct eventid last;
	struct eventid told[CHANNELS]; /* nothing up to there is to come */
	char id[EVENTID_SIZE];	       /* the browser's; "": none */
} us;

static struct batch batch;

static bool
above(struct eventid a, struct eventid b)
{
	return eventid_compare(a, b) > 0;
}

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
	struct post_made *p = &it.made[it.n++];
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
	struct post post = {.channels = &it.name[first],
	    .channels_n = n,
	    .messages = m,
	    .n = m != NULL,
	    .end = m == NULL,
	    .erase = erase};

	if (it.n == PUBLISHED_MAX || !post_valid(&post))
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

/* A channel's number, or CHANNELS. */
static unsigned
find_channel(const char *name)
{
	unsigned i;

	for (i = 0; i < CHANNELS && strcmp(it.name[i], name) != 0; i++)
		continue;
	return i;
}

/* A string of the object, or NULL: there it is null. */
static const char *
string_of(json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	assert(json_is_string(value) || json_is_null(value));
	return json_string_value(value);
}

static bool
is_reason(const char *reason)
{
	static const char *const reasons[] = {"overflow", "restart", "unknown",
	    "source", "deleted"};
	size_t i;

	for (i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (strcmp(reason, reasons[i]) == 0)
			return true;
	return false;
}

/* The browser is told what it will not have. */
static void
take_gap(const struct message *m)
{
	json_t *gap = json_loadb(m->data.at, m->data.len, 0, NULL);
	const char *channel, *from, *reason;
	struct eventid to, other;
	unsigned i, which;

	assert(json_is_object(gap) && json_object_size(gap) == 4);
	channel = string_of(gap, "channel");
	from = string_of(gap, "from");
	reason = string_of(gap, "reason");
	assert(reason != NULL && is_reason(reason));
	assert(from == NULL || eventid_parse(&other, from));
	assert(eventid_parse(&to, string_of(gap, "to")));
	assert(!m->has_id || strcmp(m->id.at, string_of(gap, "to")) == 0);
	which = channel == NULL ? CHANNELS : find_channel(channel);
	assert(channel == NULL || which < CHANNELS);
	for (i = 0; i < CHANNELS; i++)
		if ((channel == NULL || i == which) && above(to, us.told[i]))
			us.told[i] = to;
	json_decref(gap);
}

/*
 * Of this channel none is missing up to this id: the browser has had it, or
 * knows that it will not.
 */
static bool
is_whole(unsigned channel, struct eventid upto)
{
	const struct post_made *p;

	for (p = it.made; p < it.made + it.n; p++)
		if (p->channels & 1U << channel && !p->is_end && !p->had &&
		    !above(p->id, upto) && above(p->id, us.told[channel]))
			return false;
	return true;
}

/* It comes from a channel that is whole, if another of its has lost it, too. */
static void
check_order(const struct post_made *p)
{
	unsigned i;

	for (i = 0; i < CHANNELS; i++)
		if (p->channels & 1U << i && is_whole(i, p->id))
			return;
	assert(!"an event is missing before it");
}

static void
take_event(const struct message *m, struct eventid id)
{
	struct post_made *p = it.made;
	json_t *end;

	while (p < it.made + it.n && eventid_compare(p->id, id) != 0)
		p++;
	assert(p < it.made + it.n && !p->had);
	p->had = true;
	check_order(p);
	if (!p->is_end) {
		assert(message_has_type(m, p->m.type));
		assert(message_has_data(m, p->m.data, p->m.len));
		return;
	}
	assert(message_has_type(m, "end"));
	end = json_loadb(m->data.at, m->data.len, 0, NULL);
	assert(json_is_object(end));
	assert(1U << find_channel(string_of(end, "channel")) == p->channels);
	json_decref(end);
}

static void
take(const struct message *m)
{
	bool gap = message_has_type(m, "gap");
	struct eventid id = us.last;

	if (m->has_id)
		assert(eventid_parse(&id, m->id.at) && above(id, us.last));
	if (gap)
		take_gap(m);
	else {
		assert(m->has_id);
		take_event(m, id);
	}
	if (!m->has_id)
		return;
	us.last = id;
	(void)eventid_format(us.id, id);
}

/* All that came on this connection. */
static void
read_all(void)
{
	static struct messages all;
	size_t i;

	messages_read(&all, us.text.at, us.text.len);
	assert(all.n <= READ_MAX);
	for (i = 0; i < all.n; i++)
		take(&all.one[i]);
	messages_free(&all);
	us.text.len = 0;
}

/* The stream takes so many pieces; returns how many there were. */
static unsigned
take_pieces(unsigned max)
{
	struct subscriber *sub = &us.reader.sub;
	unsigned i;

	batch_begin(&batch);
	it.readers.feed.fill(sub, &batch, 0);
	for (i = 0; i < batch.n && i < max; i++) {
		bytes_add(&us.text, batch.piece[i].data, batch.piece[i].len);
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

	us.last = (struct eventid){0, 0};
	for (m = it.made; m < it.made + it.n; m++)
		m->had = false; /* from there on it may have them again */
	for (i = 0; i < CHANNELS; i++) {
		ch = hub_find(&it.hub, it.name[i]);
		us.told[i] = (struct eventid){0, 0};
		if (p->kind == POSITION_NOW)
			us.told[i] = it.hub.last;
		else if (p->kind == POSITION_AFTER)
			us.told[i] = p->id;
		else if (p->kind == POSITION_EARLIEST && ch != NULL)
			us.told[i] = ch->lost.upto;
	}
	if (p->kind == POSITION_AFTER)
		us.last = p->id;
}

static void
begin(const char *id)
{
	struct position p = position_of(id);

	begin_knowing(&p);
	assert(reader_begin(&it.readers, &us.reader, it.name, CHANNELS, &p) ==
	       HUB_DONE);
}

static void
come_back(const char *id)
{
	it.readers.feed.leave(&us.reader.sub);
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

	if (n < it.n)
		(void)eventid_format(text, it.made[n].id);
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
		come_back(us.id);
	else if (what == 's')
		come_back_with(in);
	else if (what == 'i')
		come_back_with_nth(n);
	else if (what == 'w')
		it.wall += n * 1000 - 4000;
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
		it.name[i] = names[i];
	}
	for (i = 0; i < CHANNELS; i++)
		if (!channel_name_valid(names[i]) ||
		    find_channel(names[i]) != i) {
			it.name[0] = plain[0];
			it.name[1] = plain[1];
			it.name[2] = plain[2];
		}
}

static void
set_up(void)
{
	it.now = 1000;
	it.wall = 1795359156000;
	it.n = 0;
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
	us.text.len = 0;
	us.id[0] = '\0';
}

static void
tear_down(void)
{
	it.readers.feed.leave(&us.reader.sub);
	it.memory.engine.stop(&it.memory.engine);
	hub_free(&it.hub);
	while (it.n-- > 0) {
		free((char *)(uintptr_t)it.made[it.n].m.type);
		free((char *)(uintptr_t)it.made[it.n].m.data);
	}
	free(us.text.at);
	us.text = (struct bytes){.len = 0};
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
