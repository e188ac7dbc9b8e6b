/* SPDX-License-Identifier: ISC */
/*
 * What a channel may be called.
 */
#include "channel/name.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/utf8.h"

bool
channel_name_valid(const char *name)
{
	const uint8_t *c, *bytes = (const uint8_t *)name;
	size_t n, len = strnlen(name, CHANNEL_NAME_MAX + 1);

	for (c = bytes; c < bytes + len; c += n) {
		n = utf8_character(c, (size_t)(bytes + len - c));
		if (n == 0 || *c == ' ' || utf8_control(c, n))
			return false;
	}
	return len > 0 && len <= CHANNEL_NAME_MAX;
}
