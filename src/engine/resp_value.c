/* SPDX-License-Identifier: ISC */
/*
 * What is in a reply: looked at, measured and freed, whether it is whole or
 * not.
 */
#include "engine/resp_value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool
resp_whole(const struct resp_value *v)
{
	for (; v != NULL; v = v->last) /* the others are, or it were not here */
		if (v->came != v->wanted)
			return false;
	return true;
}

size_t
resp_value_size(const struct resp_value *v)
{
	const struct resp_value *element;
	size_t size = RESP_VALUE_SIZE(v->len);

	for (element = v->first; element != NULL; element = element->next)
		size += resp_value_size(element);
	return size;
}

struct resp_value *
resp_element(const struct resp_value *array, size_t place)
{
	struct resp_value *v = array->first;

	while (v != NULL && place-- > 0)
		v = v->next;
	return v;
}

bool
resp_is(const struct resp_value *v, enum resp_type type, const char *text)
{
	return v->type == type && v->len == strlen(text) &&
	       memcmp(v->text, text, v->len) == 0;
}

const char *
resp_quote(char *text, size_t size, const struct resp_value *v)
{
	char *p;

	(void)snprintf(text, size, "%.*s", (int)v->len, v->text);
	for (p = text; *p != '\0'; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	return text;
}

bool
resp_error_is(const struct resp_value *v, const char *word)
{
	size_t len = strlen(word);

	return v->type == RESP_ERROR && strncmp(v->text, word, len) == 0 &&
	       (v->text[len] == ' ' || v->text[len] == '\0');
}

void
resp_value_free(struct resp_value *v)
{
	struct resp_value *element;

	if (v == NULL)
		return;
	while ((element = v->first) != NULL) {
		v->first = element->next;
		resp_value_free(
		    element); /* no deeper than resp.c lets one be */
	}
	free(v);
}
