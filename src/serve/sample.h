/* SPDX-License-Identifier: ISC */
#ifndef SAMPLE_H
#define SAMPLE_H

#include "serve/server.h"

/*
 * What is not kept but looked up: seconds and bytes, and start in seconds since
 * 1970; NAN where the system does not tell.
 */
struct sample {
	double ready, uptime, lag, cpu, rss, virtual, files, files_max, start;
};

/* As it is now. */
struct sample sample_take(const struct server *);

#endif
