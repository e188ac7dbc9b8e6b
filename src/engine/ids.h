/* SPDX-License-Identifier: ISC */
#ifndef IDS_H
#define IDS_H

#include <stdbool.h>
#include <stddef.h>

#include "channel/eventid.h"

/* Ids, from the newest to the oldest.  All zero is none of them. */
struct ids {
	struct eventid *id;
	size_t n, cap;
};

/* Adds one, which is below all others.  -1: no memory, nothing has changed. */
int ids_add(struct ids *, struct eventid);

bool ids_have(const struct ids *, struct eventid);

/* Then it is empty. */
void ids_free(struct ids *);

#endif
