/* SPDX-License-Identifier: ISC */
/*
 * See proc.h.  CPU time comes from the process's own CPU clock: nanoseconds
 * as the scheduler counts them, all threads (also ended ones) in one call.
 * Summing /proc/PID/task/N/schedstat gives the same figure, but for thousands
 * of threads it takes so long that it disturbs what is being measured.
 */
#include "proc.h"

#include <ctype.h>
#include <dirent.h>
#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static bool
has(const struct proc_group *group, pid_t pid)
{
	for (size_t i = 0; i < group->n; i++)
		if (group->pid[i] == pid)
			return true;
	return false;
}

static bool
add(struct proc_group *group, pid_t pid)
{
	if (has(group, pid))
		return false;
	if (group->n == PROC_MAX)
		errx(1, "more than %d processes in a group", PROC_MAX);
	group->pid[group->n++] = pid;
	return true;
}

/* The parent of a process, 0 if it has gone. */
static pid_t
parent_of(pid_t pid)
{
	char path[64], line[512], *after;
	FILE *file;
	int parent = 0;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	if ((file = fopen(path, "r")) == NULL)
		return 0;
	/* pid (name) state ppid: the name may hold blanks and brackets. */
	if (fgets(line, sizeof line, file) != NULL &&
	    (after = strrchr(line, ')')) != NULL &&
	    sscanf(after, ") %*c %d", &parent) != 1)
		parent = 0;
	fclose(file);
	return parent;
}

/* One round over /proc: true if some child of the group was still missing. */
static bool
add_children(struct proc_group *group)
{
	struct dirent *entry;
	bool added = false;
	DIR *dir;
	pid_t pid;

	if ((dir = opendir("/proc")) == NULL)
		err(1, "/proc");
	while ((entry = readdir(dir)) != NULL) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		pid = atoi(entry->d_name);
		if (has(group, parent_of(pid)) && add(group, pid))
			added = true;
	}
	closedir(dir);
	return added;
}

void
proc_group_add(struct proc_group *group, const char *list)
{
	const char *p = list;
	char *end;
	long pid;

	for (;; p = end + 1) {
		pid = strtol(p, &end, 10);
		if (end == p || pid < 2 || (*end != '\0' && *end != ','))
			errx(2, "bad list of processes: %s", list);
		add(group, (pid_t)pid);
		if (*end == '\0')
			break;
	}
	while (add_children(group))
		;
}

uint64_t
proc_group_cpu(const struct proc_group *group)
{
	struct timespec ts;
	clockid_t clock;
	uint64_t sum = 0;

	for (size_t i = 0; i < group->n; i++) {
		if (clock_getcpuclockid(group->pid[i], &clock) != 0 ||
		    clock_gettime(clock, &ts) == -1)
			errx(1, "process %d has gone", (int)group->pid[i]);
		sum += (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
	}
	return sum;
}

/* Bytes, by a line "name: N kB" of a process's file; -1 if it has none. */
static int64_t
kib_of(pid_t pid, const char *in, const char *name)
{
	char path[64], line[512];
	size_t len = strlen(name);
	long long kib = -1;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, in);
	if ((file = fopen(path, "r")) == NULL)
		return -1;
	while (kib == -1 && fgets(line, sizeof line, file) != NULL)
		if (strncmp(line, name, len) == 0)
			sscanf(line + len, ": %lld kB", &kib);
	fclose(file);
	return kib == -1 ? -1 : kib * 1024;
}

/*
 * RssAnon is some hundred KiB off on many kernels; the same figure of smaps is
 * exact, but not everybody may read it.
 */
static int64_t
memory_of(pid_t pid)
{
	int64_t bytes = kib_of(pid, "smaps_rollup", "Anonymous");

	if (bytes == -1)
		bytes = kib_of(pid, "status", "RssAnon");
	if (bytes == -1)
		errx(1, "process %d has gone", (int)pid);
	return bytes;
}

int64_t
proc_group_memory(const struct proc_group *group)
{
	int64_t sum = 0;

	for (size_t i = 0; i < group->n; i++)
		sum += memory_of(group->pid[i]);
	return sum;
}

static int64_t
rings_of(pid_t pid)
{
	char path[64], line[512];
	unsigned long long from, to;
	int64_t sum = 0;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
	if ((file = fopen(path, "r")) == NULL)
		errx(1, "process %d has gone", (int)pid);
	while (fgets(line, sizeof line, file) != NULL)
		if (strstr(line, "[io_uring]") != NULL &&
		    sscanf(line, "%llx-%llx", &from, &to) == 2)
			sum += (int64_t)(to - from);
	fclose(file);
	return sum;
}

int64_t
proc_group_shared(const struct proc_group *group)
{
	int64_t sum = 0, shared;

	for (size_t i = 0; i < group->n; i++) {
		shared = kib_of(group->pid[i], "status", "RssShmem");
		sum += rings_of(group->pid[i]) + (shared > 0 ? shared : 0);
	}
	return sum;
}
