/* SPDX-License-Identifier: ISC */
#ifndef NOTICE_H
#define NOTICE_H

#include <stdbool.h>

#include "page.h"

/*
 * What the program says itself, of a channel that the page reads: what a gap's
 * data says, and whose end it is.  false: it is none.
 */
bool notice_gap(const struct page *, struct seen_gap *, const char *text);
bool notice_end(const struct page *, unsigned *channel, const char *text);

#endif
