/* SPDX-License-Identifier: ISC */
/*
 * What most tests of channels do.
 */
#include "world.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checks.h"
#include "redis.h"
#include "verdict.h"

struct world world;

/* With SHARED in the environment the world has a Redis of its own. */
static struct redis redis;

int
world_start_with(const char *const options[])
{
	if (getenv("SHARED") != NULL) {
		redis_start(&redis, NULL);
		(void)setenv("REDIS_ADDRESS", redis.address, 1);
	}
	responder_start(&world.r, 0, options);
	return 0;
}

int
world_start(void **state)
{
	(void)state;
	return world_start_with(NULL);
}

int
world_stop(void **state)
{
	(void)state;
	if (world.bystander.page.checker != NULL)
		subscriber_end(&world.bystander);
	redis_stop(&redis);
	responder_stop(&world.r);
	checker_free(&world.c);
	return 0;
}

void
world_redis_drops(void)
{
	(void)redis_ask(&redis, "CLIENT KILL TYPE normal SKIPME yes");
}

void
bystander_begin(const char *channels)
{
	subscriber_begin(&world.bystander, &world.c, channels);
	subscriber_connect(&world.bystander, &world.r, NULL, NULL);
	assert_true(subscriber_joined(&world.bystander));
}

void
bystander_saw_nothing(void)
{
	struct page *r = &world.bystander.page;
	char error[sizeof(r->error)];

	publish_some(world.c.channel[r->channel[0]].name, 1);
	assert_true(
	    subscriber_until_number(&world.bystander, world.c.events - 1));
	(void)verdict(r, true);
	memcpy(error, r->error, sizeof(error));
	r->error[0] = '\0'; /* the next test is judged by what it does */
	if (error[0] != '\0')
		fail_msg("the bystander: %s", error);
}

void
open_raw(struct front *f, const char *query, const char *name,
    const char *value)
{
	const char *more[] = {"QUERY_STRING", query, name, value, NULL};

	assert_true(front_connect(f, world.r.address));
	assert_true(front_request(f, 0, "GET", more));
}

static void
take_block(void *arg, const struct block *b)
{
	struct bytes *to = arg;
	size_t start;

	bytes_add(to, b->type.at, b->type.len);
	if (b->type.len == 0)
		bytes_add(to, b->has_data ? "message" : "nothing", 7);
	bytes_add(to, " ", 1);
	bytes_add(to, b->has_id ? b->id.at : "-", b->has_id ? b->id.len : 1);
	bytes_add(to, " ", b->data.len > 0);
	start = to->len;
	bytes_add(to, b->data.at, b->data.len);
	for (; start < to->len; start++)
		if (to->at[start] == '\n')
			to->at[start] = '|';
	bytes_add(to, "\n", 1);
}

const char *
blocks_of(const struct front *f)
{
	static struct bytes text;
	struct parser p = {.take = take_block, .arg = &text};
	const char *body = strstr(f->text, "\r\n\r\n");

	text.len = 0;
	bytes_add(&text, NULL, 0);
	if (body != NULL)
		parser_read(&p, body + 4,
		    (size_t)(f->text + f->text_len - body - 4));
	parser_free(&p);
	return text.at;
}

void
assert_blocks(struct front *f, const char *format, ...)
{
	double end = front_now() + PATIENCE / 1e3;
	char text[1024];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	while (strstr(blocks_of(f), text) == NULL)
		if (!front_read(f, PATIENCE) || front_now() > end)
			fail_msg("not here:\n%s\nbut:\n%s", text, blocks_of(f));
}

void
assert_comes(struct front *f, const char *format, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	if (!front_until_text(f, text, PATIENCE))
		fail_msg("not here:\n%s\nbut:\n%s", text, f->text);
}

void
first_position(struct front *f, char id[48])
{
	unsigned long retry;

	assert_comes(f, "\r\n\r\nretry: ");
	assert_comes(f, "\n\n");
	assert_int_equal(sscanf(answer_text(f),
			     "retry: %lu\nevent: position\ndata: \n"
			     "id: %47[0-9-]\n\n",
			     &retry, id),
	    2);
	assert_in_range(retry, 2000, 3000);
}

void
say(const char *query, const char *text, char id[48])
{
	struct post p = {.query = query, .body = text, .len = strlen(text)};
	struct front f;

	post(&f, &world.r, &p);
	assert_int_equal(answer_status(&f), 200);
	answer_id(&f, id);
	assert_string_not_equal(id, "");
	front_close(&f);
}

void
publish_some(const char *channel, unsigned n)
{
	unsigned i;

	for (i = 0; i < n; i++)
		publish(&world.r, &world.c,
		    checker_event(&world.c, channel, NULL, "some"));
}

void
assert_refusal(const struct front *f, int status)
{
	const char *line = strchr(answer_text(f), '\n');

	assert_int_equal(answer_status(f), status);
	assert_non_null(strstr(f->text, "Content-Type: text/plain"));
	assert_true(line != NULL && line > answer_text(f) && line[1] == '\0');
}
