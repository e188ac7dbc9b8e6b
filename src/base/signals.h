/* SPDX-License-Identifier: ISC */
#ifndef SIGNALS_H
#define SIGNALS_H

#include <signal.h>
#include <stddef.h>

#include "base/wake.h"

#define SIGNALS_MAX 8

struct ev_loop;

/*
 * Signals, as a loop has them: came() is called in it, once for a signal that
 * came several times meanwhile.  A process has one of these at most, since a
 * handler knows of nothing else than the process.
 */
struct signals {
	struct wake wake;
	int n, number[SIGNALS_MAX];
	atomic_bool pending[SIGNALS_MAX];
	void (*came)(void *arg, int number);
	void *arg;
};

/*
 * These, as long as they are not blocked, and until signals_stop(); came() may
 * not call that.  0, or -1 with errno: there is no descriptor for it.
 */
int signals_start(struct signals *, struct ev_loop *, const int *numbers,
    size_t n, void (*came)(void *arg, int number), void *arg);

/* They are ignored from now on. */
void signals_stop(struct signals *);

#endif
