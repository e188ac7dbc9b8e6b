/* SPDX-License-Identifier: ISC */
#ifndef MEMORY_H
#define MEMORY_H

#include "engine/engine.h"
#include "channel/eventid.h"
#include "channel/hub.h"

/* The engine within this process: the events are as old as it is. */
struct memory {
	struct engine engine; /* first: what it gets is cast to this */
	struct hub *hub;
	struct eventid_source source;
	uint64_t (*wall_ms)(void);
};

/*
 * Makes the hub too, empty (hub_init()), beginning with an id of its own.
 * wall_ms tells the wall clock's milliseconds.  The hub must outlive it.
 */
void memory_init(struct memory *, struct hub *, uint32_t epoch,
    uint64_t (*wall_ms)(void));

#endif
