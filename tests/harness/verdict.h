/* SPDX-License-Identifier: ISC */
#ifndef VERDICT_H
#define VERDICT_H

#include "page.h"

/*
 * Everything that the reader saw against everything that was published.
 * to_the_end: nothing may be missing at the end.  Returns what is wrong, or
 * NULL; and counts the gaps of what was not lost, in false_gaps, and those that
 * begin behind something that was, in short_gaps.
 */
const char *verdict(struct page *, bool to_the_end);

#endif
