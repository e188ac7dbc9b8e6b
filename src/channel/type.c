/* SPDX-License-Identifier: ISC */
/*
 * Which types of events are a publisher's to choose.
 */
#include "channel/type.h"

#include <stddef.h>
#include <string.h>

#include "base/utf8.h"
#include "channel/hub.h"

/*
 * What we say ourselves is nobody else's, and to a page, open and error are of
 * its connection.
 */
const char *
type_fault(const char *type)
{
	static const char *const ours[] = {HUB_GAP, SSE_POSITION, HUB_END,
	    TYPE_ABANDONED, "open", "error"};
	size_t i;

	if (type == NULL)
		return NULL;
	if (type[strcspn(type, "\r\n")] != '\0')
		return "an event's type is one line, without CR and LF";
	if (!utf8_valid((const uint8_t *)type, strlen(type)))
		return "an event's type is not UTF-8";
	for (i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (strcmp(type, ours[i]) == 0)
			return "gap, position, end, abandoned, open and error "
			       "are not a publisher's types: choose another";
	return NULL;
}
