/* SPDX-License-Identifier: ISC */
/*
 * Rules by the beginning of a channel's name.
 */
#include "channel/rule.h"

#include <math.h>
#include <string.h>

const struct channel_rule *
rule_for(const struct channel_rule rules[], size_t n, const char *name)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strncmp(name, rules[i].prefix, strlen(rules[i].prefix)) ==
		    0)
			return &rules[i];
	return NULL;
}

double
rule_longest_age(const struct channel_rule rules[], size_t n, double otherwise)
{
	double longest = otherwise;
	size_t i;

	for (i = 0; i < n && longest > 0; i++)
		if (isinf(rules[i].age))
			longest = 0;
		else if (rules[i].age > longest)
			longest = rules[i].age;
	return longest;
}
