/* SPDX-License-Identifier: ISC */
/*
 * One thread, one order at a time.
 */
#include "engine/committer.h"

#include <assert.h>
#include <errno.h>
#include <time.h>

#include "base/platform.h"
#include "base/thread.h"

static enum store_result
obey(const struct committer *c)
{
	if (c->changes != NULL)
		return changes_commit(c->changes, c->store);
	return store_reopen(c->store) == 0 ? STORE_COMMITTED : STORE_NOT;
}

static void *
run(void *arg)
{
	struct committer *c = arg;
	void (*wake)(void *);
	double began;

	(void)pthread_mutex_lock(&c->lock);
	for (;;) {
		while (c->state == COMMITTER_IDLE)
			(void)pthread_cond_wait(&c->given, &c->lock);
		if (c->state == COMMITTER_END)
			break;
		(void)pthread_mutex_unlock(&c->lock);
		began = platform_clock();
		c->outcome = obey(c);
		c->seconds = platform_clock() - began;
		c->bytes = store_bytes(c->store);
		(void)pthread_mutex_lock(&c->lock);
		c->state = COMMITTER_IDLE;
		c->taken = false;
		wake = c->wake;
		(void)pthread_cond_signal(&c->done);
		(void)pthread_mutex_unlock(&c->lock);
		if (wake != NULL)
			wake(c->arg); /* who takes it finds the lock free */
		(void)pthread_mutex_lock(&c->lock);
	}
	(void)pthread_mutex_unlock(&c->lock);
	return NULL;
}

/* The limits of time are monotonic, whatever becomes of the wall clock. */
static int
make_locks(struct committer *c)
{
	pthread_condattr_t monotonic;
	int error = pthread_condattr_init(&monotonic);

	if (error == 0)
		error = pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	if (error == 0)
		error = pthread_cond_init(&c->done, &monotonic);
	(void)pthread_condattr_destroy(&monotonic);
	if (error == 0)
		error = pthread_cond_init(&c->given, NULL);
	return error == 0 ? pthread_mutex_init(&c->lock, NULL) : error;
}

int
committer_start(struct committer *c, struct store *s, void (*wake)(void *),
    void *arg)
{
	int error;

	*c = (struct committer){.state = COMMITTER_IDLE,
	    .taken = true,
	    .store = s,
	    .wake = wake,
	    .arg = arg};
	error = make_locks(c);
	if (error == 0)
		error = thread_start(&c->thread, COMMITTER_STACK, run, c);
	errno = error;
	return error == 0 ? 0 : -1;
}

bool
committer_idle(struct committer *c)
{
	bool idle;

	(void)pthread_mutex_lock(&c->lock);
	idle = c->state == COMMITTER_IDLE && c->taken;
	(void)pthread_mutex_unlock(&c->lock);
	return idle;
}

void
committer_give(struct committer *c, struct changes *changes)
{
	(void)pthread_mutex_lock(&c->lock);
	assert(c->state == COMMITTER_IDLE && c->taken);
	c->changes = changes;
	c->state = COMMITTER_BUSY;
	(void)pthread_mutex_unlock(&c->lock);
	(void)pthread_cond_signal(&c->given); /* it finds the lock free */
}

bool
committer_take(struct committer *c)
{
	bool done;

	(void)pthread_mutex_lock(&c->lock);
	done = c->state == COMMITTER_IDLE && !c->taken;
	c->taken = c->taken || done;
	(void)pthread_mutex_unlock(&c->lock);
	return done;
}

bool
committer_wait(struct committer *c, double seconds)
{
	double end = platform_clock() + seconds;
	struct timespec ts = {.tv_sec = (time_t)end,
	    .tv_nsec = (long)((end - (double)(time_t)end) * 1e9)};
	int error = 0;

	(void)pthread_mutex_lock(&c->lock);
	while (c->state == COMMITTER_BUSY && error == 0)
		error = pthread_cond_timedwait(&c->done, &c->lock, &ts);
	(void)pthread_mutex_unlock(&c->lock);
	return error == 0;
}

void
committer_abandon(struct committer *c)
{
	(void)pthread_mutex_lock(&c->lock);
	c->wake = NULL;
	(void)pthread_mutex_unlock(&c->lock);
}

void
committer_end(struct committer *c)
{
	(void)pthread_mutex_lock(&c->lock);
	assert(c->state == COMMITTER_IDLE);
	c->state = COMMITTER_END;
	(void)pthread_cond_signal(&c->given);
	(void)pthread_mutex_unlock(&c->lock);
	(void)pthread_join(c->thread, NULL);
	(void)pthread_cond_destroy(&c->given);
	(void)pthread_cond_destroy(&c->done);
	(void)pthread_mutex_destroy(&c->lock);
}
