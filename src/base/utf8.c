/* SPDX-License-Identifier: ISC */
/*
 * UTF-8 by the table of well-formed byte sequences (Unicode, table 3-7): the
 * first byte says how many follow and what the second one may be; the others
 * are 80 to BF.
 */
#include "base/utf8.h"

static const struct form {
	uint8_t first_min, first_max;
	uint8_t second_min, second_max;
	uint8_t more; /* bytes behind the first */
} forms[] = {
    {0xc2, 0xdf, 0x80, 0xbf, 1},
    {0xe0, 0xe0, 0xa0, 0xbf, 2},
    {0xe1, 0xec, 0x80, 0xbf, 2},
    {0xed, 0xed, 0x80, 0x9f, 2},
    {0xee, 0xef, 0x80, 0xbf, 2},
    {0xf0, 0xf0, 0x90, 0xbf, 3},
    {0xf1, 0xf3, 0x80, 0xbf, 3},
    {0xf4, 0xf4, 0x80, 0x8f, 3},
};

static const struct form *
form_of(uint8_t first)
{
	size_t i;

	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (first >= forms[i].first_min && first <= forms[i].first_max)
			return &forms[i];
	return NULL;
}

size_t
utf8_character(const uint8_t *p, size_t left)
{
	const struct form *f;
	size_t i;

	if (p[0] < 0x80)
		return 1;
	f = form_of(p[0]);
	if (f == NULL || left <= f->more || p[1] < f->second_min ||
	    p[1] > f->second_max)
		return 0;
	for (i = 2; i <= f->more; i++)
		if (p[i] < 0x80 || p[i] > 0xbf)
			return 0;
	return i;
}

bool
utf8_control(const uint8_t *c, size_t n)
{
	return n == 1 ? c[0] < 0x20 || c[0] == 0x7f :
			n == 2 && c[0] == 0xc2 && c[1] <= 0x9f;
}

bool
utf8_valid(const uint8_t *bytes, size_t len)
{
	size_t n;

	for (; len > 0; bytes += n, len -= n)
		if ((n = utf8_character(bytes, len)) == 0)
			return false;
	return true;
}
