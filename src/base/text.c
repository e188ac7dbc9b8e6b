/* SPDX-License-Identifier: ISC */
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define SIZE_MIN 4096

static bool
grow(struct text *t, size_t need)
{
	size_t cap = t->cap == 0 ? SIZE_MIN : t->cap;
	char *bytes;

	while (cap - t->len <= need)
		cap *= 2;
	bytes = cap == t->cap ? t->bytes : realloc(t->bytes, cap);
	if (bytes == NULL)
		return false;
	t->bytes = bytes;
	t->cap = cap;
	return true;
}

void
text_add(struct text *t, const char *fmt, ...)
{
	va_list ap, again;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0 || t->failed || !grow(t, (size_t)n))
		t->failed = true;
	else
		t->len += (size_t)vsnprintf(t->bytes + t->len, t->cap - t->len,
		    fmt, ap);
	va_end(ap);
}

void
text_free(struct text *t)
{
	free(t->bytes);
	*t = (struct text){0};
}
