/* SPDX-License-Identifier: ISC */
#ifndef STREAMLINK_H
#define STREAMLINK_H

/*
 * A link without a socket: what is sent to it stands in a list, a stream of the
 * test's answers (streamkey.h), and the bytes come in as the test likes.
 */
#include "streamkey.h"

#include "engine/link.h"
#include "engine/resp.h"

#define LINKS	 2
#define COMMANDS 4 /* without a reply */
#define WORDS	 10

struct fake {
	struct link *link;
	struct streamkey *key;
	struct {
		int tag;
		size_t n;
		char *word[WORDS];
	} command[COMMANDS];
	size_t n, done;	      /* commands; of these, that the server has done */
	bool blocked;	      /* the next one waits there */
	struct text_bytes in; /* of replies, not fed yet */
	size_t at;
	struct resp_value *held; /* a reply that is to come again */
	char why[300];		 /* link_again(), or empty */
	char last[200];		 /* the last command but for probe and read */
	unsigned ups, probes, reads;
};

static struct fake fakes[LINKS];

static inline struct fake *
fake_of(const struct link *l)
{
	struct fake *f = fakes;

	while (f->link != l)
		f++;
	return f;
}

static inline struct fake *
of(struct link *l)
{
	return fake_of(l);
}

void
link_init(struct link *l, const struct link_setup *set, const char *name,
    struct finder *finder, struct link *leader, const struct link_user *user)
{
	struct fake *f = fakes;

	assert_null(finder);
	assert_null(leader);
	*l = (struct link){.set = set, .name = name, .user = *user};
	while (f->link != NULL)
		f++;
	assert_true(f < fakes + LINKS);
	*f = (struct fake){.link = l, .key = f->key};
}

static inline void
fake_drop_command(struct fake *f)
{
	size_t i;

	for (i = 0; i < f->command[0].n; i++)
		free(f->command[0].word[i]);
	memmove(f->command, f->command + 1,
	    (COMMANDS - 1) * sizeof(f->command[0]));
	f->n--;
	f->done -= f->done > 0;
}

static inline void
fake_release(struct fake *f)
{
	while (f->n > 0)
		fake_drop_command(f);
	resp_value_free(f->held);
	f->held = NULL;
	free(f->in.p);
	f->in = (struct text_bytes){0};
	f->at = 0;
	if (f->link->state == LINK_UP)
		resp_free(&f->link->resp);
	f->link->paused = f->blocked = false;
}

void
link_start(struct link *l)
{
	l->state = LINK_WAITING;
}

void
link_stop(struct link *l)
{
	fake_release(of(l));
	l->state = LINK_OFF;
	of(l)->link = NULL;
}

uint64_t
link_say(struct link *l, int tag, double patience, const char *const argv[])
{
	struct fake *f = of(l);
	char *last = f->last;
	bool probe;
	size_t i;

	assert_int_equal(l->state, LINK_UP);
	assert_true(patience >= 1 && patience <= 5);
	if (f->why[0] != '\0')
		return UINT64_MAX;
	assert_true(f->n < COMMANDS);
	f->command[f->n].tag = tag;
	for (i = 0; argv[i] != NULL; i++) {
		assert_true(i < WORDS);
		f->command[f->n].word[i] = strdup(argv[i]);
	}
	f->command[f->n++].n = i;
	probe = strcmp(argv[0], "XREVRANGE") == 0 && strcmp(argv[5], "1") == 0;
	f->probes += probe;
	f->reads += strcmp(argv[0], "XREAD") == 0;
	if (!probe && strcmp(argv[0], "XREAD") != 0)
		for (i = 0; argv[i] != NULL && i < 5; i++)
			last += snprintf(last,
			    sizeof(f->last) - (size_t)(last - f->last), "%s%s",
			    i == 0 ? "" : " ", argv[i]);
	return 0;
}

void
link_pause(struct link *l)
{
	l->paused = true;
}

void
link_go_on(struct link *l)
{
	l->paused = false;
}

void
link_again(struct link *l, const char *why)
{
	if (l->state == LINK_UP && of(l)->why[0] == '\0')
		(void)snprintf(of(l)->why, sizeof(of(l)->why), "%s", why);
}

struct resp *
link_resp(struct link *l)
{
	return &l->resp;
}

/* The connection is there. */
static inline void
fake_up(struct fake *f)
{
	assert_int_equal(f->link->state, LINK_WAITING);
	assert_int_equal(resp_init(&f->link->resp, f->link->set->reply_max), 0);
	f->link->state = LINK_UP;
	f->why[0] = '\0';
	f->ups++;
	f->link->user.up(f->link->user.arg);
}

/* It has ended. */
static inline void
fake_down(struct fake *f, bool large)
{
	struct resp_value *part = f->link->resp.root;

	f->link->state = LINK_WAITING;
	f->link->user.down(f->link->user.arg, f->why, large,
	    large ? part : NULL);
	f->link->state = LINK_UP;
	fake_release(f);
	f->link->state = LINK_WAITING;
}

/* The server does what it was told, as far as it need not wait. */
static inline void
fake_serve(struct fake *f)
{
	f->blocked = false;
	while (f->done < f->n && !f->blocked) {
		f->blocked = !key_command(f->key, f->command[f->done].n,
		    f->command[f->done].word, &f->in);
		f->done += !f->blocked;
	}
}

/* It has waited for long enough. */
static inline void
fake_waited(struct fake *f)
{
	fake_serve(f);
	if (f->done < f->n) {
		put(&f->in, "*-1\r\n", 5);
		f->done++;
	}
	fake_serve(f);
}

/* One thing to tell; false: it needs more bytes. */
static inline bool
fake_tell(struct fake *f)
{
	struct link *l = f->link;
	enum resp_result result =
	    f->held != NULL ? RESP_WHOLE : resp_next(&l->resp, &f->held);

	if (result == RESP_MORE) {
		if (l->resp.root != NULL)
			l->user.part(l->user.arg, f->command[0].tag,
			    l->resp.root);
		return false;
	}
	if (result == RESP_WHOLE) {
		assert_true(f->done > 0);
		l->user.reply(l->user.arg, f->command[0].tag, f->held);
		if (l->paused)
			return false;
		fake_drop_command(f);
		resp_value_free(f->held);
		f->held = NULL;
		return f->why[0] == '\0';
	}
	assert_int_equal(result, RESP_LARGE);
	(void)snprintf(f->why, sizeof(f->why), "it is too large");
	fake_down(f, true);
	return false;
}

/*
 * Bytes come in: so many, as far as they are there, in pieces.  False: the
 * connection has ended, or nothing more is taken.
 */
static inline bool
fake_feed(struct fake *f, size_t bytes, size_t piece)
{
	size_t n;

	for (;;) {
		while (!f->link->paused && f->why[0] == '\0' && fake_tell(f))
			continue;
		if (f->link->state == LINK_UP && f->why[0] != '\0')
			fake_down(f, false);
		if (f->link->state != LINK_UP || f->link->paused)
			return false;
		n = f->in.len - f->at;
		n = n < piece ? n : piece;
		n = n < bytes ? n : bytes;
		if (n == 0)
			return true;
		assert_int_equal(resp_feed(&f->link->resp, f->in.p + f->at, n),
		    RESP_MORE);
		f->at += n;
		bytes -= n;
		if (f->at == f->in.len)
			f->at = f->in.len = 0;
	}
}

#endif
