/* SPDX-License-Identifier: ISC */
#ifndef CHANNEL_RULE_H
#define CHANNEL_RULE_H

#include <stddef.h>

#define RULE_PREFIX_MAX 255 /* bytes */

/*
 * What a --channel says of the channels whose names begin with the prefix.
 * What is 0 is as for all channels.
 */
struct channel_rule {
	char prefix[RULE_PREFIX_MAX + 1];
	size_t history; /* events */
	double age;	/* seconds; INFINITY: no limit */
	size_t bytes;	/* of all events of one channel */
};

#endif
