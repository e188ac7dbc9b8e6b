/* SPDX-License-Identifier: ISC */
#ifndef RULE_H
#define RULE_H

#include <stddef.h>

#include "base/channel_rule.h"

/*
 * The rule of the channel with this name, of those that are here, the longest
 * prefixes first; NULL: it is as all others.
 */
const struct channel_rule *rule_for(const struct channel_rule rules[], size_t n,
    const char *name);

/*
 * How long any channel holds its events at most, where those without a rule do
 * it for so many seconds; in that and the result 0 is no limit.
 */
double rule_longest_age(const struct channel_rule rules[], size_t n,
    double otherwise);

#endif
