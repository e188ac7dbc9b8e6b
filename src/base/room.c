/* SPDX-License-Identifier: ISC */
#include "base/room.h"

#include <string.h>

size_t
room_for(const char *text)
{
	return text == NULL ? 0 : strlen(text) + 1;
}

char *
room_put_bytes(char **room, const char *bytes, size_t len)
{
	char *copy = *room;

	if (bytes == NULL)
		return NULL;
	memcpy(copy, bytes, len);
	*room += len;
	return copy;
}

char *
room_put(char **room, const char *text)
{
	return room_put_bytes(room, text, room_for(text));
}
