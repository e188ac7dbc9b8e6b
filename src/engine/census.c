/* SPDX-License-Identifier: ISC */
/*
 * Each process tells how many streams it has, and looks what others tell.
 */
#include "engine/census.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/platform.h"
#include "engine/resp.h"

#define PATIENCE   5.0	  /* seconds for an answer */
#define EXPIRES	   "3600" /* seconds, if nobody tells anything any more */
#define DELETIONS  24	  /* at a time: link_say() has room for 32 words */
#define DIGITS_MAX 15	  /* of a number that others tell */
#define MOST	   1e7	  /* streams of one process: see --max-streams */

enum { TAG_TELL = CENSUS_TAG, TAG_LOOK, TAG_EXPIRE, TAG_DELETE };

/* Another process. */
struct census_other {
	RB_ENTRY(census_other) link;
	char name[CENSUS_NAME + 1];
	uint64_t beat, streams;
	double heard;	/* when the beat changed */
	unsigned round; /* of the last answer that it was in */
};

static int
compare(const struct census_other *a, const struct census_other *b)
{
	return strcmp(a->name, b->name);
}

RB_PROTOTYPE(census_others, census_other, link, compare)
RB_GENERATE(census_others, census_other, link, compare)

/*
 * In a cluster it must be where the stream is: that is decided by what stands
 * between the first { and the } behind it, or if there is nothing by all.
 */
static void
name_hash(struct census *c, const char *key)
{
	const char *open = strchr(key, '{');
	const char *close = open == NULL ? NULL : strchr(open, '}');

	if (close != NULL && close > open + 1)
		(void)snprintf(c->hash, sizeof(c->hash), "%s:streams", key);
	else if (strchr(key, '}') == NULL)
		(void)snprintf(c->hash, sizeof(c->hash), "{%s}:streams", key);
}

int
census_init(struct census *c, struct link *l, const char *key,
    const size_t *streams)
{
	unsigned char bytes[CENSUS_NAME / 2];
	size_t i;

	*c = (struct census){.link = l, .streams = streams};
	RB_INIT(&c->others);
	if (platform_random(bytes, sizeof(bytes)) == -1)
		return -1;
	for (i = 0; i < sizeof(bytes); i++)
		(void)snprintf(c->name + 2 * i, 3, "%02x", bytes[i]);
	name_hash(c, key);
	return 0;
}

static void
remove_other(struct census *c, struct census_other *o)
{
	RB_REMOVE(census_others, &c->others, o);
	c->n--;
	free(o);
}

/* The answer that is on its way is of no use, or all here. */
static void
stop_looking(struct census *c)
{
	resp_value_free(c->name_of);
	c->name_of = NULL;
	c->asked = false;
}

void
census_free(struct census *c)
{
	struct census_other *o;

	stop_looking(c);
	while ((o = RB_MIN(census_others, &c->others)) != NULL)
		remove_other(c, o);
}

void
census_up(struct census *c)
{
	c->up_at = *c->link->set->now;
	stop_looking(c);
}

void
census_down(struct census *c, bool large)
{
	if (large && c->asked) {
		log_warn("census_full key",
		    "--redis: there is too much in %s: for an hour "
		    "streams of other processes are not counted",
		    c->hash);
		c->beat_at = *c->link->set->now + CENSUS_REST;
	}
	stop_looking(c);
}

void
census_second(struct census *c)
{
	double now = *c->link->set->now;
	char value[48];

	if (now < c->beat_at || c->asked || *c->hash == '\0')
		return;
	c->beat_at =
	    now + CENSUS_BEAT * (0.9 + 0.2 * (double)random() / 2147483648.0);
	(void)snprintf(value, sizeof(value), "%llu %zu", ++c->beat,
	    *c->streams);
	(void)link_say(c->link, TAG_TELL, PATIENCE,
	    (const char *const[]){"HSET", c->hash, c->name, value, NULL});
	(void)link_say(c->link, TAG_EXPIRE, PATIENCE,
	    (const char *const[]){"EXPIRE", c->hash, EXPIRES, NULL});
	(void)link_say(c->link, TAG_LOOK, PATIENCE,
	    (const char *const[]){"HGETALL", c->hash, NULL});
	c->asked = true;
	c->looked = 0;
	c->round++;
}

/* Digits and nothing else, up to the end character; the rest; or NULL. */
static const char *
read_number(uint64_t *number, const char *text, char end)
{
	size_t len = strspn(text, "0123456789");

	if (len == 0 || len > DIGITS_MAX || text[len] != end)
		return NULL;
	*number = strtoull(text, NULL, 10);
	return text + len + 1;
}

static bool
is_name(const struct resp_value *v)
{
	return v->type == RESP_STRING && v->len == CENSUS_NAME &&
	       strspn(v->text, "0123456789abcdef") == CENSUS_NAME;
}

/* The process of this name, new if need be; NULL: there is no room for it. */
static struct census_other *
find_other(struct census *c, const char *name)
{
	struct census_other wanted, *o;
	const struct census_other *same;

	memcpy(wanted.name, name, sizeof(wanted.name));
	o = RB_FIND(census_others, &c->others, &wanted);
	if (o != NULL || c->n == CENSUS_OTHERS ||
	    (o = calloc(1, sizeof(*o))) == NULL)
		return o;
	memcpy(o->name, name, sizeof(o->name));
	same = RB_INSERT(census_others, &c->others, o);
	assert(same == NULL);
	c->n++;
	return o;
}

/* What stands there under a name; it may be anything. */
static void
hear(struct census *c, const struct resp_value *name,
    const struct resp_value *value)
{
	struct census_other *o;
	uint64_t beat, streams;
	const char *rest;

	if (!is_name(name) || strcmp(name->text, c->name) == 0 ||
	    value->type != RESP_STRING || strlen(value->text) != value->len)
		return;
	rest = read_number(&beat, value->text, ' ');
	if (rest == NULL || read_number(&streams, rest, '\0') == NULL ||
	    (double)streams > MOST)
		return;
	o = find_other(c, name->text);
	if (o == NULL)
		return;
	if (o->round == 0 || o->beat != beat)
		o->heard = *c->link->set->now;
	o->beat = beat;
	o->streams = streams;
	o->round = c->round;
}

/* Names and values take turns. */
static void
look(struct census *c, struct resp *resp, struct resp_value *reply)
{
	struct resp_value *v;

	while ((v = resp_shift(resp, reply)) != NULL) {
		if (c->name_of == NULL) {
			c->name_of = v;
			continue;
		}
		if (c->looked++ < CENSUS_OTHERS)
			hear(c, c->name_of, v);
		resp_value_free(c->name_of);
		c->name_of = NULL;
		resp_value_free(v);
	}
}

/* Was it not heard of for so long that it has gone? */
static bool
has_gone(const struct census *c, const struct census_other *o)
{
	double since = o->heard > c->up_at ? o->heard : c->up_at;

	return *c->link->set->now - since > CENSUS_GONE;
}

/* The answer is all here. */
static void
count(struct census *c)
{
	const char *gone[DELETIONS + 3] = {"HDEL", c->hash};
	struct census_other *o, *next;
	size_t n = 2;

	c->theirs = 0;
	c->known_at = *c->link->set->now;
	for (o = RB_MIN(census_others, &c->others); o != NULL; o = next) {
		next = RB_NEXT(census_others, &c->others, o);
		if (o->round != c->round)
			remove_other(c, o);
		else if (!has_gone(c, o))
			c->theirs += o->streams;
		else if (n < DELETIONS + 2)
			gone[n++] = o->name;
	}
	if (n > 2)
		(void)link_say(c->link, TAG_DELETE, PATIENCE, gone);
}

void
census_part(struct census *c, int tag, struct resp_value *reply)
{
	if (tag == TAG_LOOK && reply->type == RESP_ARRAY)
		look(c, link_resp(c->link), reply);
}

void
census_reply(struct census *c, int tag, struct resp_value *reply)
{
	if (reply->type == RESP_ERROR && !c->told) {
		log_warn("census_refused key why",
		    "--redis: streams of all processes cannot be counted "
		    "in %s: %s",
		    c->hash, reply->text);
		c->told = true;
	}
	if (tag != TAG_LOOK)
		return;
	if (reply->type == RESP_ARRAY) {
		look(c, NULL, reply);
		count(c);
	}
	stop_looking(c);
}

size_t
census_streams(const struct census *c)
{
	double now = *c->link->set->now;
	uint64_t all = *c->streams;

	if (c->known_at > 0 && now - c->known_at <= CENSUS_GONE)
		all += c->theirs;
	return (size_t)all == all ? (size_t)all : SIZE_MAX;
}
