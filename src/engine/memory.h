/* SPDX-License-Identifier: ISC */
#ifndef MEMORY_H
#define MEMORY_H

#include "engine/engine.h"
#include "channel/eventid.h"
#include "channel/hub.h"
#include "channel/keys.h"

/* The engine within this process: the events are as old as it is. */
struct memory {
	struct engine engine;
	struct hub *hub; /* from start() on */
	struct eventid_source source;
	struct keys keys; /* of publications */
	uint64_t (*wall_ms)(void);
};

_Static_assert(offsetof(struct memory, engine) == 0,
    "what its calls get is cast to struct memory");

/*
 * A life of its own: the epoch is in its ids; 0 is made a random one.  wall_ms
 * tells the wall clock's milliseconds.  -1 with errno: no random number.
 */
int memory_init(struct memory *, uint32_t epoch, uint64_t (*wall_ms)(void));

#endif
