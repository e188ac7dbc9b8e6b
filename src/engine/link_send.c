/* SPDX-License-Identifier: ISC */
/*
 * Commands on their way out, and what is known of how far they came.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/link_inner.h"

#define OUT_FIRST 4096UL /* bytes */
#define WORDS_MAX 32	 /* of link_say() */

/* Room for more bytes to write. */
static bool
make_room(struct link *l, size_t more)
{
	size_t cap = l->out_cap == 0 ? OUT_FIRST : l->out_cap;
	char *bytes;

	if (more > SIZE_MAX / 4 - l->out_len)
		return false;
	while (cap < l->out_len + more)
		cap *= 2;
	if (cap == l->out_cap)
		return true;
	bytes = realloc(l->out, cap);
	if (bytes == NULL)
		return false;
	l->out = bytes;
	l->out_cap = cap;
	return true;
}

static void
append(struct link *l, struct link_command *c, const char *bytes, size_t len)
{
	c->since = *l->set->now;
	c->begins = l->sent;
	STAILQ_INSERT_TAIL(&l->commands, c, link);
	l->pending++;
	memcpy(l->out + l->out_len, bytes, len);
	l->out_len += len;
	l->sent += len;
}

bool
link_put(struct link *l, int tag, double patience, size_t n,
    const char *const argv[], const size_t len[])
{
	struct link_command *c = malloc(sizeof(*c));
	char *bytes = NULL;
	size_t size = c == NULL ? 0 : resp_command(&bytes, n, argv, len);

	if (size == 0 || !make_room(l, size)) {
		free(c);
		if (size > 0)
			resp_command_free(bytes);
		link_again(l, "there is no memory for what Redis is told");
		return false;
	}
	*c = (struct link_command){.tag = tag, .patience = patience};
	append(l, c, bytes, size);
	resp_command_free(bytes);
	return true;
}

uint64_t
link_send(struct link *l, int tag, double patience, size_t n,
    const char *const argv[], const size_t len[])
{
	uint64_t begins = l->sent;

	if (l->state != LINK_UP || l->wish != LINK_STAYS ||
	    !link_put(l, tag, patience, n, argv, len))
		return UINT64_MAX;
	if (!l->in_handler) {
		/* Its end would do it. */
		bool outer = link_enter(l);

		link_leave(l, outer);
	}
	return begins;
}

uint64_t
link_say(struct link *l, int tag, double patience, const char *const argv[])
{
	size_t len[WORDS_MAX], n;

	for (n = 0; argv[n] != NULL; n++) {
		assert(n < WORDS_MAX);
		len[n] = strlen(argv[n]);
	}
	return link_send(l, tag, patience, n, argv, len);
}

bool
link_written(const struct link *l, uint64_t begins)
{
	return begins < l->written;
}

void
link_pause(struct link *l)
{
	if (l->state == LINK_UP)
		l->paused = true;
	if (!l->in_handler)
		link_watch(l);
}

struct resp *
link_resp(struct link *l)
{
	return &l->resp;
}
