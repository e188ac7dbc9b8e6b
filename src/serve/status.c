/* SPDX-License-Identifier: ISC */
/*
 * What the process says of itself.  Of several on one socket the one that took
 * the request answers for itself alone; its figures carry its pid.
 */
#include "serve/status.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "serve/arguments.h"
#include "serve/figures.h"
#include "serve/reply.h"
#include "base/text.h"

#define CHANNELS_MAX 1000 /* in one answer */

#define UNREAD_MAX (32 << 20) /* bytes of all answers that are not written */

/* id NULL: there is none. */
static void
add_id(struct text *t, const char *name, const struct eventid *id)
{
	char text[EVENTID_SIZE];

	if (id == NULL) {
		text_add(t, ",\"%s\":null", name);
		return;
	}
	(void)eventid_format(text, *id);
	text_add(t, ",\"%s\":\"%s\"", name, text);
}

static const struct eventid *
id_of(const struct channel *ch, uint64_t number)
{
	return channel_held(ch) == 0 ? NULL : &channel_entry(ch, number)->id;
}

static void
add_channel(struct text *t, const struct channel *ch, bool first)
{
	char name[JSON_SIZE(CHANNEL_NAME_MAX)];

	text_add(t, "%s{\"name\":\"%s\",\"streams\":%zu,\"held\":%zu",
	    first ? "" : ",", json_escape(name, ch->name), ch->reading,
	    channel_held(ch));
	add_id(t, "first", id_of(ch, ch->first));
	add_id(t, "last", id_of(ch, ch->end - 1));
	add_id(t, "ended", channel_has_ended(ch) ? &ch->ended : NULL);
	text_add(t, "}");
}

/* Those that are asked for, or as many as there is room for. */
static void
add_channels(struct text *t, const struct hub *h, const struct arguments *a)
{
	const struct channel *ch;
	size_t i, n = 0;

	for (i = 0; i < a->channels; i++)
		if ((ch = hub_find(h, a->channel[i])) != NULL)
			add_channel(t, ch, n++ == 0);
	if (a->channels > 0)
		return;
	TAILQ_FOREACH (ch, &h->all, all_link) {
		if (n == CHANNELS_MAX)
			break;
		add_channel(t, ch, n++ == 0);
	}
}

/* What they do not say is as for all; an age of 0 is no limit. */
static void
add_rules(struct text *t, const struct config *cfg)
{
	char prefix[JSON_SIZE(RULE_PREFIX_MAX)];
	const struct channel_rule *rule = cfg->rules;
	size_t i;

	for (i = 0; i < cfg->rules_n; i++, rule++) {
		text_add(t, "%s{\"prefix\":\"%s\"", i == 0 ? "" : ",",
		    json_escape(prefix, rule->prefix));
		if (rule->history > 0)
			text_add(t, ",\"history\":%zu", rule->history);
		if (rule->age > 0)
			text_add(t, ",\"age\":%.15g",
			    isinf(rule->age) ? 0 : rule->age);
		if (rule->bytes > 0)
			text_add(t, ",\"bytes\":%zu", rule->bytes);
		text_add(t, "}");
	}
}

static void
add_json(struct text *t, const struct server *sv, const struct arguments *a)
{
	char id[EVENTID_SIZE];

	(void)eventid_format(id, sv->hub.last);
	text_add(t, "{\"pid\":%ld,\"version\":\"%s\",\"position\":\"%s\",",
	    (long)getpid(), VERSION, id);
	figures_json(sv, t);
	text_add(t, ",\"rules\":[");
	add_rules(t, &sv->cfg);
	text_add(t, "],\"channels\":[");
	add_channels(t, &sv->hub, a);
	text_add(t, "]}\n");
}

void
status(struct server *sv, struct conn *c, const struct request *r)
{
	struct arguments a;
	struct text t = {0};
	const char *type = "text/plain; version=0.0.4";
	const char *wrong = arguments_read(&a, r);
	bool json = a.format != NULL && strcmp(a.format, "json") == 0;

	if (sv->unread > UNREAD_MAX) {
		reply(c, r->method, 503, "",
		    "there are too many of these answers that nobody reads: "
		    "try again");
		return;
	}
	if (wrong == NULL && a.format != NULL && !json &&
	    strcmp(a.format, "prometheus") != 0)
		wrong = "format= takes json or prometheus";
	if (wrong == NULL && json) {
		type = "application/json";
		add_json(&t, sv, &a);
	} else if (wrong == NULL)
		figures_prometheus(sv, &t);
	if (wrong != NULL)
		reply(c, r->method, 400, "", wrong);
	else if (t.failed)
		reply(c, r->method, 503, "", REPLY_NO_MEMORY);
	else
		reply_body(c, r->method, type, t.bytes, t.len, &sv->unread);
	text_free(&t);
}
