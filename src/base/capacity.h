/* SPDX-License-Identifier: ISC */
#ifndef CAPACITY_H
#define CAPACITY_H

#include <stdbool.h>
#include <stdint.h>

#define CAPACITY_FILES_MAX 1048576 /* a larger limit of open files is none */

/* What the system's limits allow us. */
struct capacity {
	unsigned long files;   /* open files that we count with */
	unsigned long streams; /* that these and the memory allow */
	unsigned long waiting; /* connections without a whole request */
	bool by_memory;	       /* it is the memory that bounds the streams */
};

/*
 * files: how many may be open, however many, of which so many are the listening
 * sockets with their locks; memory: bytes that there are, 0 if that is not
 * known.
 */
struct capacity capacity_of(uint64_t files, unsigned long sockets,
    uint64_t memory);

#endif
