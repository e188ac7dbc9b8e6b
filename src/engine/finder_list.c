/* SPDX-License-Identifier: ISC */
/*
 * Addresses with commas between, as --redis has them.
 */
#include <stdio.h>
#include <string.h>

#include "engine/finder_inner.h"

#define OPTION "--redis"

static int
refuse(const char *addresses, const char *fault, char *err, size_t size)
{
	(void)snprintf(err, size, OPTION " %.200s: %s", addresses, fault);
	return -1;
}

static int
add(struct finder *f, const char *address, size_t len, char *err, size_t size)
{
	struct finder_place *p = &f->place[f->n];
	char copy[sizeof(p->name)];

	if (len >= sizeof(copy))
		return refuse(address, "this is too long for an address", err,
		    size);
	memcpy(copy, address, len);
	copy[len] = '\0';
	if (endpoint_parse_peer(&p->at, OPTION, copy, err, size) == -1)
		return -1;
	memcpy(p->name, copy, len + 1);
	f->n++;
	return 0;
}

int
finder_list(struct finder *f, const char *addresses, char *err, size_t size)
{
	const char *p = addresses;
	size_t len;

	for (;;) {
		len = strcspn(p, ",");
		if (len == 0)
			return refuse(addresses,
			    *addresses == '\0' ?
				"give an address, as in 127.0.0.1:6379" :
				"an address is missing beside a comma",
			    err, size);
		if (f->n == FINDER_ADDRESSES)
			return refuse(addresses,
			    "these are more than 16 addresses", err, size);
		if (add(f, p, len, err, size) == -1)
			return -1;
		if (p[len] == '\0')
			return 0;
		p += len + 1;
	}
}
