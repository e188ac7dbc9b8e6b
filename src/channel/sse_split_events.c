/* SPDX-License-Identifier: ISC */
/*
 * The events that a split stream has brought: looked at where they stand, kept
 * behind one another, and given up.
 */
#include "channel/sse_split.h"

#include <string.h>

#include "base/buffer.h"

#include "channel/sse_split_inner.h"

static struct sse_message
message(const char *at, struct split_head head)
{
	const char *data = at + sizeof(head);
	struct sse_message m = {.data = data, .len = head.data - 1};

	if (head.type > 1)
		m.type = data + head.data;
	return m;
}

struct sse_message
sse_split_event(const struct sse_split *s)
{
	const char *at = (const char *)s->text->bytes + s->text->kept;
	struct split_head head;

	memcpy(&head, at, sizeof(head));
	return message(at, head);
}

void
sse_split_keep(struct sse_split *s)
{
	buffer_keep(s->text);
	buffer_free(&s->type);
	s->typed = false;
}

void
sse_split_drop(struct sse_split *s)
{
	buffer_forget(&s->text);
	buffer_free(&s->type);
	s->typed = false;
}

size_t
sse_split_kept(const struct sse_split *s)
{
	return s->text == NULL ? 0 : s->text->kept;
}

bool
sse_split_next(const struct sse_split *s, size_t *at, struct sse_message *m)
{
	const char *here;
	struct split_head head;

	if (s->text == NULL || *at == s->text->kept)
		return false;
	here = (const char *)s->text->bytes + *at;
	memcpy(&head, here, sizeof(head));
	*m = message(here, head);
	*at += sizeof(head) + head.data + head.type;
	return true;
}

void
sse_split_give_up(struct sse_split *s)
{
	buffer_give_up(&s->text);
	buffer_shrink(&s->text); /* half an event may stay for long */
}
