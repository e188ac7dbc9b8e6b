/* SPDX-License-Identifier: ISC */
/*
 * hiredis' reader parses, and the values that it asks for are ours.  It never
 * frees one: the tree hangs on resp.root from its first value on, so it can be
 * walked, and plucked, while the rest is still to come, and is still there when
 * the reader has given up.
 *
 * The reader keeps pointers to the arrays that are under way and to nothing
 * else; resp_shift() takes out what is whole.
 */
#include "engine/resp.h"

#include <assert.h>
#include <hiredis/hiredis.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 7 /* arrays in arrays: XREAD has 5, hiredis 0.14 takes 8 */
/* Of what is one line: an error, a length. */
#define LINE_BYTES (64UL * 1024)

#if HIREDIS_MAJOR == 0
#define ELEMENTS int
#else
#define ELEMENTS size_t
#endif

/* No value; the reader gives up, and says that there is no memory. */
static void *
refuse(const redisReadTask *task, enum resp_result fault)
{
	struct resp *r = task->privdata;

	r->fault = fault;
	return NULL;
}

/* The value is the next one of its array, or a reply's first. */
static void
attach(struct resp *r, const redisReadTask *task, struct resp_value *v)
{
	struct resp_value *array;

	if (task->parent == NULL) {
		assert(r->root == NULL);
		r->root = v;
		return;
	}
	array = task->parent->obj;
	if (array->last == NULL)
		array->first = v;
	else
		array->last->next = v;
	array->last = v;
	array->came++;
}

static struct resp_value *
make(const redisReadTask *task, enum resp_type type, size_t len)
{
	struct resp *r = task->privdata;
	struct resp_value *v;

	if (RESP_VALUE_SIZE(len) > r->max - r->bytes)
		return refuse(task, RESP_LARGE);
	v = malloc(RESP_VALUE_SIZE(len));
	if (v == NULL)
		return NULL;
	*v = (struct resp_value){.type = type, .len = len};
	v->text[len] = '\0';
	r->bytes += RESP_VALUE_SIZE(len);
	attach(r, task, v);
	return v;
}

/*
 * The length may be more than is here, where a size_t has 32 bits: it wraps in
 * the reader.  And of a text with a length nobody has looked at its end.
 */
static void *
make_text(const redisReadTask *task, char *text, size_t len)
{
	const struct resp *r = task->privdata;
	size_t here = r->reader->len - (size_t)(text - r->reader->buf);
	struct resp_value *v;
	enum resp_type type;

	if (task->type == REDIS_REPLY_STRING)
		type = RESP_STRING;
	else if (task->type == REDIS_REPLY_STATUS)
		type = RESP_STATUS;
	else if (task->type == REDIS_REPLY_ERROR)
		type = RESP_ERROR;
	else
		return refuse(task, RESP_BAD);
	if (here < 2 || len > here - 2 || memcmp(text + len, "\r\n", 2) != 0)
		return refuse(task, RESP_BAD);
	v = make(task, type, len);
	if (v != NULL)
		memcpy(v->text, text, len);
	return v;
}

/* The reader counts what came in an int. */
static void *
make_array(const redisReadTask *task, ELEMENTS elements)
{
	const redisReadTask *t;
	struct resp_value *v;
	unsigned depth = 1;

	for (t = task->parent; t != NULL; t = t->parent)
		depth++;
	if (task->type != REDIS_REPLY_ARRAY || depth > DEPTH_MAX ||
	    (size_t)elements > INT_MAX)
		return refuse(task, RESP_BAD);
	v = make(task, RESP_ARRAY, 0);
	if (v != NULL)
		v->wanted = (size_t)elements;
	return v;
}

static void *
make_integer(const redisReadTask *task, long long number)
{
	struct resp_value *v = make(task, RESP_INTEGER, 0);

	if (v != NULL)
		v->number = number;
	return v;
}

/* RESP 3 has a nil that is neither's. */
static void *
make_nil(const redisReadTask *task)
{
	if (task->type != REDIS_REPLY_STRING && task->type != REDIS_REPLY_ARRAY)
		return refuse(task, RESP_BAD);
	return make(task, RESP_NIL, 0);
}

#if HIREDIS_MAJOR > 0
static void *
refuse_double(const redisReadTask *task, double d, char *text, size_t len)
{
	(void)d;
	(void)text;
	(void)len;
	return refuse(task, RESP_BAD);
}

static void *
refuse_bool(const redisReadTask *task, int b)
{
	(void)b;
	return refuse(task, RESP_BAD);
}
#endif

static const redisReplyObjectFunctions makers = {
    .createString = make_text,
    .createArray = make_array,
    .createInteger = make_integer,
    .createNil = make_nil,
#if HIREDIS_MAJOR > 0
    .createDouble = refuse_double,
    .createBool = refuse_bool,
#endif
};

int
resp_init(struct resp *r, size_t max)
{
	*r = (struct resp){.max = max, .fault = RESP_MORE};
	r->reader = redisReaderCreateWithFunctions(
	    (redisReplyObjectFunctions *)&makers); /* it only reads them */
	if (r->reader == NULL)
		return -1;
	r->reader->privdata = r;
	/* Else it makes its buffer anew now and then, and 0.14 aborts if that
	 * fails. */
	r->reader->maxbuf = 0;
	return 0;
}

void
resp_free(struct resp *r)
{
	redisReaderFree(r->reader);
	resp_value_free(r->root);
	*r = (struct resp){.fault = RESP_BAD};
}

enum resp_result
resp_feed(struct resp *r, const char *bytes, size_t len)
{
	if (r->fault == RESP_MORE &&
	    redisReaderFeed(r->reader, bytes, len) != REDIS_OK)
		r->fault = RESP_NO_MEMORY;
	return r->fault;
}

/*
 * What is not parsed is the beginning of one value.  The reader looks for the
 * end of its line from there anew each time, so that may not be far.
 */
static enum resp_result
judge_unparsed(const struct redisReader *reader, size_t max)
{
	size_t n = reader->len - reader->pos;

	if (n > max)
		return RESP_LARGE;
	if (n > LINE_BYTES &&
	    memchr(reader->buf + reader->pos, '\n', LINE_BYTES) == NULL)
		return RESP_LARGE;
	return RESP_MORE;
}

enum resp_result
resp_next(struct resp *r, struct resp_value **value)
{
	void *reply;

	*value = NULL;
	if (r->fault != RESP_MORE)
		return r->fault;
	if (redisReaderGetReply(r->reader, &reply) != REDIS_OK) {
		if (r->fault == RESP_MORE)
			r->fault = r->reader->err == REDIS_ERR_OOM ?
				       RESP_NO_MEMORY :
				       RESP_BAD;
		return r->fault;
	}
	if (reply == NULL)
		return r->fault = judge_unparsed(r->reader, r->max);
	assert(reply == r->root);
	*value = r->root;
	r->root = NULL;
	r->bytes = 0;
	return RESP_WHOLE;
}

struct resp_value *
resp_shift(struct resp *r, struct resp_value *array)
{
	struct resp_value *v = array->first;

	if (v == NULL || !resp_whole(v))
		return NULL;
	array->first = v->next;
	if (array->first == NULL)
		array->last = NULL;
	v->next = NULL;
	if (r != NULL)
		r->bytes -= resp_value_size(v);
	return v;
}

size_t
resp_command(char **bytes, size_t n, const char *const argv[],
    const size_t len[])
{
	long long size;

	assert(n <= INT_MAX);
	size = redisFormatCommandArgv(bytes, (int)n, (const char **)argv, len);
	return size < 0 ? 0 : (size_t)size;
}

void
resp_command_free(char *bytes)
{
	redisFreeCommand(bytes);
}
