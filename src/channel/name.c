/* SPDX-License-Identifier: ISC */
/*
 * What a channel may be called.
 */
#include "channel/name.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/utf8.h"

/* A space, or a control character: of ASCII, or U+0080 to U+009F. */
static bool
is_forbidden(const uint8_t *c)
{
	return c[0] <= ' ' || c[0] == 0x7f ||
	       (c[0] == 0xc2 && c[1] >= 0x80 && c[1] <= 0x9f);
}

bool
channel_name_valid(const char *name)
{
	const uint8_t *c, *bytes = (const uint8_t *)name;
	size_t len = strnlen(name, CHANNEL_NAME_MAX + 1);

	if (len == 0 || len > CHANNEL_NAME_MAX || !utf8_valid(bytes, len))
		return false;
	for (c = bytes; c < bytes + len; c++)
		if (is_forbidden(c))
			return false;
	return true;
}
