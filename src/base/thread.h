/* SPDX-License-Identifier: ISC */
#ifndef THREAD_H
#define THREAD_H

#include <pthread.h>
#include <stddef.h>

/*
 * A thread beside the loop's, for what may wait.  Its stack has so many bytes,
 * and no signal is its own.  0, or an error's number.
 */
int thread_start(pthread_t *, size_t stack, void *(*run)(void *), void *arg);

#endif
