/* SPDX-License-Identifier: ISC */
#ifndef TEXT_H
#define TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Text that grows.  All zero is the empty one. */
struct text {
	char *bytes;
	size_t len, cap;
	bool failed; /* for want of memory: it is not whole */
};

void text_add(struct text *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

void text_free(struct text *);

#endif
