/* SPDX-License-Identifier: ISC */
/*
 * The stream is kept as short as the options say: by age first, which needs the
 * clock of Redis, and then by length.  Redis bounds the work of one call, so
 * each is repeated while it does something.
 */
#include "engine/upkeep.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "engine/resp.h"

#define PATIENCE   5.0 /* seconds for an answer */
#define DIGITS_MAX 15  /* of what is a time or a size */

enum { TAG_TIME = UPKEEP_TAG, TAG_TRIM, TAG_INFO };

/* Uniform in [0, 1). */
static double
chance(void)
{
	return (double)random() / 2147483648.0;
}

/* A quarter of what may be, or up to half as much more, by chance. */
static unsigned long long
growth(const struct upkeep *u)
{
	return (unsigned long long)((double)u->set.history / 4 *
				    (1 + chance() / 2));
}

int
upkeep_init(struct upkeep *u, struct link *l, const struct upkeep_setup *set)
{
	*u = (struct upkeep){.link = l, .set = *set};
	u->grown = growth(u);
	return census_init(&u->census, l, set->key, set->streams);
}

void
upkeep_free(struct upkeep *u)
{
	census_free(&u->census);
}

/* What was under way is not any more; and processes do not all begin at once.
 */
void
upkeep_up(struct upkeep *u)
{
	u->step = UPKEEP_IDLE;
	u->trim_at = *u->link->set->now + UPKEEP_TRIM * chance();
	if (!u->knows_policy)
		(void)link_say(u->link, TAG_INFO, PATIENCE,
		    (const char *const[]){"INFO", "memory", NULL});
	census_up(&u->census);
}

void
upkeep_down(struct upkeep *u, bool large)
{
	census_down(&u->census, large);
}

/* By age or by length, as the step says. */
static void
trim(struct upkeep *u)
{
	bool by_age = u->step == UPKEEP_AGE;
	char bound[EVENTID_SIZE];

	if (by_age)
		(void)eventid_format(bound, u->limit);
	else
		(void)snprintf(bound, sizeof(bound), "%lu", u->set.history);
	u->calls++;
	(void)link_say(u->link, TAG_TRIM, PATIENCE,
	    (const char *const[]){"XTRIM", u->set.key,
		by_age ? "MINID" : "MAXLEN", "~", bound, NULL});
}

static void
begin_step(struct upkeep *u, enum upkeep_step step)
{
	u->step = step;
	u->calls = 0;
	if (step == UPKEEP_TIME)
		(void)link_say(u->link, TAG_TIME, PATIENCE,
		    (const char *const[]){"TIME", NULL});
	else if (step != UPKEEP_IDLE)
		trim(u);
}

/* It is trimmed again after a while, or when it has grown. */
static void
begin_trim(struct upkeep *u, unsigned long long entries)
{
	bool by_age = u->set.age > 0 && (u->newest.ms != 0 || u->newest.n != 0);

	u->trim_at = *u->link->set->now + UPKEEP_TRIM * (0.75 + chance() / 2);
	u->entries = entries;
	u->grown = growth(u);
	begin_step(u, by_age ? UPKEEP_TIME : UPKEEP_LENGTH);
}

void
upkeep_second(struct upkeep *u, struct eventid newest,
    unsigned long long entries)
{
	u->newest = newest;
	if (u->link->state != LINK_UP)
		return;
	census_second(&u->census);
	if (u->step == UPKEEP_IDLE && (*u->link->set->now >= u->trim_at ||
					  entries - u->entries > u->grown))
		begin_trim(u, entries);
}

/* Once, that Redis refuses something. */
static void
tell(bool *told, const char *what, const struct resp_value *error)
{
	if (*told)
		return;
	*told = true;
	log_warn("redis_refused command why",
	    "--redis: %s: Redis refuses it: %s", what, error->text);
}

/* [seconds, microseconds]: what is older than the age goes, but the newest. */
static void
on_time(struct upkeep *u, const struct resp_value *reply)
{
	const struct resp_value *seconds = resp_element(reply, 0);
	double ms = 0;

	if (reply->type == RESP_ERROR)
		tell(&u->told_trim, "the stream is not trimmed by age", reply);
	if (seconds != NULL && seconds->type == RESP_STRING &&
	    seconds->len <= DIGITS_MAX &&
	    strspn(seconds->text, "0123456789") == seconds->len)
		ms = ((double)strtoull(seconds->text, NULL, 10) - u->set.age) *
		     1000;
	u->limit = (struct eventid){ms > 0 ? (uint64_t)ms : 0, 0};
	if (eventid_compare(u->limit, u->newest) > 0)
		u->limit = u->newest;
	begin_step(u, ms > 0 ? UPKEEP_AGE : UPKEEP_LENGTH);
}

static void
on_trimmed(struct upkeep *u, const struct resp_value *reply)
{
	if (reply->type == RESP_ERROR)
		tell(&u->told_trim, "the stream is not trimmed", reply);
	if (reply->type == RESP_INTEGER && reply->number > 0 &&
	    u->calls < UPKEEP_CALLS)
		trim(u);
	else
		begin_step(u,
		    u->step == UPKEEP_AGE ? UPKEEP_LENGTH : UPKEEP_IDLE);
}

/* The value behind name: at the beginning of a line; or NULL. */
static const char *
info(const struct resp_value *reply, const char *name)
{
	const char *line = reply->text;

	while (strncmp(line, name, strlen(name)) != 0) {
		line = strchr(line, '\n');
		if (line == NULL)
			return NULL;
		line++;
	}
	return line + strlen(name);
}

static void
on_info(struct upkeep *u, const struct resp_value *reply)
{
	const char *policy, *most;

	if (reply->type == RESP_ERROR)
		tell(&u->told_policy,
		    "whether it may drop the stream is not known", reply);
	if (reply->type != RESP_STRING)
		return;
	u->knows_policy = true;
	policy = info(reply, "maxmemory_policy:");
	most = info(reply, "maxmemory:");
	if (policy == NULL || most == NULL ||
	    strncmp(policy, "allkeys-", 8) != 0 || strtod(most, NULL) <= 0)
		return;
	log_warn("redis_policy policy",
	    "--redis: its maxmemory-policy is %.*s, so it may drop the "
	    "stream when its memory is full: set noeviction, or a "
	    "volatile- one",
	    (int)strcspn(policy, "\r\n"), policy);
}

void
upkeep_part(struct upkeep *u, int tag, struct resp_value *reply)
{
	if (tag >= CENSUS_TAG)
		census_part(&u->census, tag, reply);
}

void
upkeep_reply(struct upkeep *u, int tag, struct resp_value *reply)
{
	switch (tag) {
	case TAG_TIME:
		on_time(u, reply);
		break;
	case TAG_TRIM:
		on_trimmed(u, reply);
		break;
	case TAG_INFO:
		on_info(u, reply);
		break;
	default:
		census_reply(&u->census, tag, reply);
		break;
	}
}
