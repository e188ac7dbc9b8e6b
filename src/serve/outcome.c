/* SPDX-License-Identifier: ISC */
/*
 * What a publisher is told of what became of his post.
 */
#include "serve/outcome.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/json.h"
#include "channel/channel.h"

/* The names, with what is around each, and the rest with its two numbers. */
#define ANSWER_SIZE     \
	(EVENTID_SIZE + \
	    (POST_CHANNELS_MAX + 1) * (JSON_SIZE(CHANNEL_NAME_MAX) + 3) + 200)

int
outcome_status(enum publish_result result)
{
	static const int status[] = {[PUBLISHED] = 200,
	    [PUBLISH_NO_CHANNEL] = 503,
	    [PUBLISH_ENDED] = 409,
	    [PUBLISH_TOO_LARGE] = 413,
	    [PUBLISH_NO_ROOM] = 503,
	    [PUBLISH_NO_MEMORY] = 503,
	    [PUBLISH_AWAY] = 503,
	    [PUBLISH_UNKNOWN] = 504};

	return status[result];
}

__attribute__((format(printf, 2, 3))) static void
say(char words[REPLY_TEXT_MAX + 1], const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(words, REPLY_TEXT_MAX + 1, format, ap);
	va_end(ap);
}

void
outcome_words(char words[REPLY_TEXT_MAX + 1], const struct config *cfg,
    const struct post *post, const struct published *what)
{
	const char *why = what->why;

	switch (what->result) {
	case PUBLISHED:
		*words = '\0';
		break;
	case PUBLISH_NO_CHANNEL:
		say(words,
		    "there are as many channels as the %lu of --max-channels, "
		    "and all have streams: try again",
		    cfg->max_channels);
		break;
	case PUBLISH_ENDED:
		say(words, "%s",
		    post->channels_n == 1 ?
			"the channel has ended" :
			"one of the channels has ended: nothing is published "
			"to the others either");
		break;
	case PUBLISH_TOO_LARGE:
		say(words,
		    "the events take more memory than the %lu bytes of "
		    "--history-bytes: publish fewer at a time",
		    cfg->history_bytes);
		break;
	case PUBLISH_NO_ROOM:
		say(words, "%s: try again",
		    why != NULL ? why :
				  "what was published before is still being "
				  "written to streams");
		break;
	case PUBLISH_NO_MEMORY:
		say(words, REPLY_NO_MEMORY);
		break;
	case PUBLISH_AWAY:
		say(words, "%s: try again",
		    why != NULL ? why :
				  "what keeps the events is not there now");
		break;
	case PUBLISH_UNKNOWN:
		say(words, "it is not known whether this was published: %s",
		    why != NULL ? why :
				  "what keeps the events went away meanwhile");
		break;
	}
}

void
outcome_refuse(struct conn *c, int status, const char *words)
{
	reply(c, METHOD_POST, status, status == 503 ? "Retry-After: 5\r\n" : "",
	    words);
}

/* Text that is put together; there is room for it. */
struct line {
	char text[ANSWER_SIZE];
	size_t len;
};

__attribute__((format(printf, 2, 3))) static void
add(struct line *l, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	l->len += (size_t)vsnprintf(l->text + l->len, ANSWER_SIZE - l->len,
	    format, ap);
	va_end(ap);
	assert(l->len < ANSWER_SIZE);
}

static void
add_name(struct line *l, const char *before, const char *name)
{
	char escaped[JSON_SIZE(CHANNEL_NAME_MAX)];

	add(l, "%s\"%s\"", before, json_escape(escaped, name));
}

void
outcome_answer(struct conn *c, const struct post *post,
    const struct published *what, bool counted)
{
	char id[EVENTID_SIZE];
	struct line l;
	size_t i;

	l.len = 0;
	(void)eventid_format(id, what->last);
	add(&l, "{\"id\":\"%s\"", id);
	add_name(&l, ",\"channel\":", post->channels[0]);
	for (i = 0; post->channels_n > 1 && i < post->channels_n; i++)
		add_name(&l, i == 0 ? ",\"channels\":[" : ",",
		    post->channels[i]);
	add(&l, "%s,\"streams\":%zu", i > 0 ? "]" : "", what->streams);
	if (counted)
		add(&l, ",\"events\":%zu", what->events);
	add(&l, "%s%s}\n", post->end ? ",\"ended\":true" : "",
	    what->repeated ? ",\"repeated\":true" : "");
	reply_body(c, METHOD_POST, "application/json", l.text, l.len, NULL);
}
