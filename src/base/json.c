/* SPDX-License-Identifier: ISC */
#include "base/json.h"

char *
json_escape(char *to, const char *text)
{
	char *at = to;

	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			*at++ = '\\';
		*at++ = *text;
	}
	*at = '\0';
	return to;
}
