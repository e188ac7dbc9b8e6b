/* SPDX-License-Identifier: ISC */
#ifndef TICKETS_H
#define TICKETS_H

#include <stdbool.h>

#include "base/config.h"
#include "fastcgi/request.h"
#include "serve/arguments.h"
#include "serve/ticket.h"

/* What one process asks tickets for, and how that went. */
struct tickets {
	const struct config *cfg;
	struct ticket_keys *keys; /* NULL: there are none */
	unsigned long long refused[TICKET_FAULTS];
};

/* Without keys so far; cfg outlives it. */
void tickets_init(struct tickets *, const struct config *cfg);

/* What somebody would do, with all of the channels that he names. */
enum ticket_use { TICKET_READS, TICKET_PUBLISHES };

/*
 * What is wrong with the front's SSE_TICKET, which can be "required" and
 * nothing else, or with us: then nobody is to be let in.  NULL: nothing is, or
 * it is not there.
 */
const char *tickets_fault(const struct tickets *, const struct request *);

/*
 * Does the request have a ticket for this, if its location wants one?
 * TICKET_GOOD, and *ticket is it, to be freed, or NULL if none is wanted; all
 * else is counted, and to be refused with the status and the text of these,
 * which say nothing of the ticket.  But TICKET_NO_MEMORY is no reason to end a
 * browser's EventSource for good.
 */
enum ticket_fault tickets_check(struct tickets *, const struct request *,
    const struct arguments *, enum ticket_use, struct ticket **ticket);
int tickets_status(enum ticket_fault);
const char *tickets_text(enum ticket_fault, enum ticket_use);

#endif
