/* SPDX-License-Identifier: ISC */
/*
 * Signals, handed to a loop.
 */
#include "base/signals.h"

#include <assert.h>

/* All that a handler has; it is set while there is one. */
static struct signals *heard;

static void
handle(int number)
{
	int i;

	for (i = 0; heard->number[i] != number; i++)
		continue;
	atomic_store(&heard->pending[i], true);
	wake_send(&heard->wake);
}

static void
on_wake(void *arg)
{
	struct signals *s = arg;
	int i;

	for (i = 0; i < s->n; i++)
		if (atomic_exchange(&s->pending[i], false))
			s->came(s->arg, s->number[i]);
}

/* None comes in the middle of another one's handler. */
static void
have_done(const struct signals *s, void (*handler)(int))
{
	struct sigaction action = {.sa_handler = handler,
	    .sa_flags = SA_RESTART};
	int i;

	(void)sigfillset(&action.sa_mask);
	for (i = 0; i < s->n; i++)
		(void)sigaction(s->number[i], &action, NULL);
}

int
signals_start(struct signals *s, struct ev_loop *loop, const int *numbers,
    size_t n, void (*came)(void *, int), void *arg)
{
	int i;

	assert(heard == NULL && n <= SIGNALS_MAX);
	s->n = (int)n;
	for (i = 0; i < s->n; i++) {
		s->number[i] = numbers[i];
		atomic_init(&s->pending[i], false);
	}
	s->came = came;
	s->arg = arg;
	if (wake_start(&s->wake, loop, on_wake, s) == -1)
		return -1;
	heard = s;
	have_done(s, handle);
	return 0;
}

void
signals_stop(struct signals *s)
{
	have_done(s, SIG_IGN);
	heard = NULL;
	wake_stop(&s->wake);
	wake_close(&s->wake);
}
