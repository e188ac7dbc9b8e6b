/* SPDX-License-Identifier: ISC */
/*
 * What a group of processes costs: the CPU time and the anonymous memory of
 * given processes and all their descendants.
 */
#ifndef PROC_H
#define PROC_H

#include <sys/types.h>

#include <stddef.h>
#include <stdint.h>

enum { PROC_MAX = 256 };

struct proc_group {
	pid_t pid[PROC_MAX];
	size_t n;
};

/* "pid[,pid...]" and every descendant alive now; exits on a bad list. */
void proc_group_add(struct proc_group *, const char *list);
/* Nanoseconds of CPU time so far; exits if a process has gone. */
uint64_t proc_group_cpu(const struct proc_group *);
/* Bytes of RssAnon; the kernel's socket buffers are in no process's. */
int64_t proc_group_memory(const struct proc_group *);
/* Bytes that are not in that: shared memory, and rings of io_uring. */
int64_t proc_group_shared(const struct proc_group *);

#endif
