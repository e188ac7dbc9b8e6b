/* SPDX-License-Identifier: ISC */
/*
 * Which reply is whose, and what becomes of it.  Commands are read whole, and
 * replies too.
 */
#include "scripted_inner.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define CUT_ALL	   100 /* replies are cut behind each of so many bytes, */
#define CUT_RARELY 16  /* and behind each such a one from there on */
#define CUT_CHANCE 8   /* one of so many, by chance */

/* --- RESP. */

static size_t
line_len(const char *text, size_t len)
{
	const char *end = len == 0 ? NULL : memchr(text, '\n', len);

	return end == NULL ? 0 : (size_t)(end - text) + 1;
}

size_t
resp_len(const char *text, size_t len)
{
	size_t line = line_len(text, len), at = line, one;
	long n;

	if (line == 0 || strchr("$*%~>", text[0]) == NULL)
		return line;
	n = strtol(text + 1, NULL, 10);
	if (text[0] == '$') {
		at = n < 0 ? line : line + (size_t)n + 2;
		return at <= len ? at : 0;
	}
	for (n = text[0] == '%' ? 2 * n : n; n > 0; n--) {
		one = resp_len(text + at, len - at);
		if (one == 0)
			return 0;
		at += one;
	}
	return at;
}

/* The command's name is its first element. */
static void
name_of(char name[24], const char *text, size_t len)
{
	size_t at = line_len(text, len), n;

	n = (size_t)strtol(text + at + 1, NULL, 10);
	at += line_len(text + at, len - at);
	n = n < 23 ? n : 23;
	memcpy(name, text + at, n);
	name[n] = '\0';
}

void
drop_front(struct bytes *b, size_t len)
{
	memmove(b->at, b->at + len, b->len - len);
	b->len -= len;
}

/* --- The script. */

static struct tally *
tally_of(struct scripted_board *b, const char *name)
{
	unsigned i;

	for (i = 0; i < b->commands; i++)
		if (strcasecmp(b->tally[i].name, name) == 0)
			return &b->tally[i];
	if (i == SCRIPTED_COMMANDS)
		return NULL;
	(void)strcpy(b->tally[i].name, name);
	b->tally[i].cut = b->first;
	b->commands = i + 1;
	return &b->tally[i];
}

static bool
is_greeting(const struct tally *t)
{
	static const char *const names[] = {"AUTH", "SELECT", "ROLE", "HELLO",
	    "CLIENT", "PING"};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcasecmp(t->name, names[i]) == 0)
			return true;
	return false;
}

/* Is the reply the script's to give, or to change? */
static bool
is_meant(const struct scripted_board *b, const struct tally *t)
{
	return t != NULL && !t->done &&
	       (b->place == SCRIPTED_INSTEAD || b->place == SCRIPTED_BEFORE ||
		   b->place == SCRIPTED_BEHIND) &&
	       (*b->command == '\0' || strcasecmp(b->command, t->name) == 0);
}

static void
script(struct between *w, struct pair *p, struct tally *t)
{
	struct scripted_board *b = w->board;
	size_t i;

	bytes_add(&p->out, b->text, b->head);
	for (i = 0; i < b->times; i++)
		bytes_add(&p->out, b->text + b->head, b->unit);
	bytes_add(&p->out, b->text + b->head + b->unit, b->tail);
	p->ends = b->then == SCRIPTED_CLOSE;
	p->silent = b->then == SCRIPTED_SILENCE;
	t->used++;
	b->used++;
}

/* The connection ends within the reply. */
static void
end_within(struct between *w, struct pair *p, struct tally *t, const char *text,
    size_t len)
{
	bytes_add(&p->out, text, len);
	t->used++;
	w->board->used++;
	p->ends = true;
}

static bool
cut(struct between *w, struct pair *p, struct tally *t, const char *text,
    size_t len)
{
	size_t step = w->board->step;

	if (t->cut >= len || (is_greeting(t) && p->clean))
		return false;
	w->was_cut = is_greeting(t);
	end_within(w, p, t, text, t->cut);
	t->cut += t->cut < CUT_ALL ? step : step * CUT_RARELY;
	return true;
}

static uint32_t
chance(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

static bool
cut_by_chance(struct between *w, struct pair *p, struct tally *t,
    const char *text, size_t len)
{
	if (chance(&w->seed) % CUT_CHANCE != 0)
		return false;
	end_within(w, p, t, text, chance(&w->seed) % len);
	return true;
}

/* A reply of Redis' is here. */
static void
answer(struct between *w, struct pair *p, struct tally *t, const char *text,
    size_t len)
{
	struct scripted_board *b = w->board;
	bool meant = is_meant(b, t);

	if (t != NULL)
		t->seen++;
	if (t != NULL &&
	    ((b->place == SCRIPTED_CUT && cut(w, p, t, text, len)) ||
		(b->place == SCRIPTED_CHANCE &&
		    cut_by_chance(w, p, t, text, len))))
		return;
	if (meant)
		t->done = true;
	if (meant && b->place == SCRIPTED_BEFORE)
		script(w, p, t);
	if (meant && b->place == SCRIPTED_INSTEAD)
		script(w, p, t);
	else
		bytes_add(&p->out, text, len);
	if (meant && b->place == SCRIPTED_BEHIND)
		script(w, p, t);
}

void
script_takes(struct between *w, struct pair *p, size_t len)
{
	char name[24];

	name_of(name, p->asked.at, len);
	p->due[(p->first + p->dues++) % DUE_MAX] = tally_of(w->board, name);
}

/* Replies of Redis, whole ones. */
void
script_gives(struct between *w, struct pair *p)
{
	size_t len;

	while (p->dues > 0 && !p->ends && !p->silent &&
	       (len = resp_len(p->said.at, p->said.len)) > 0) {
		answer(w, p, p->due[p->first], p->said.at, len);
		drop_front(&p->said, len);
		p->first = (p->first + 1) % DUE_MAX;
		p->dues--;
	}
}
