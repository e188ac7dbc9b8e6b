/* SPDX-License-Identifier: ISC */
/*
 * UTF-8: a table of edges, and every code point that there is or might be.
 */
#include "unit.h"

#include "base/utf8.h"

static const struct text {
	const char *bytes;
	size_t len;
	bool valid;
} texts[] = {
    {"", 0, true},
    {"plain", 5, true},
    {"\xe1\x80\x41", 3, false},
    {"\xe1\x80\xc0", 3, false},
    {"\0", 1, true},
    {"\x7f", 1, true},
    {"\xc2\x80", 2, true},
    {"\xdf\xbf", 2, true},
    {"\xe0\xa0\x80", 3, true},
    {"\xed\x9f\xbf", 3, true},
    {"\xee\x80\x80", 3, true},
    {"\xef\xbb\xbf", 3, true}, /* BOM */
    {"\xef\xbf\xbf", 3, true},
    {"\xf0\x90\x80\x80", 4, true},
    {"\xf4\x8f\xbf\xbf", 4, true},
    {"\x80", 1, false}, /* begins with a continuation */
    {"\xbf", 1, false},
    {"\xc0\x80", 2, false},	    /* overlong NUL */
    {"\xc1\xbf", 2, false},	    /* overlong */
    {"\xe0\x9f\xbf", 3, false},	    /* overlong */
    {"\xf0\x8f\xbf\xbf", 4, false}, /* overlong */
    {"\xed\xa0\x80", 3, false},	    /* a surrogate */
    {"\xed\xbf\xbf", 3, false},
    {"\xf4\x90\x80\x80", 4, false}, /* above U+10FFFF */
    {"\xf5\x80\x80\x80", 4, false},
    {"\xfe", 1, false},
    {"\xff", 1, false},
    {"\xc2", 1, false}, /* cut off */
    {"\xe2\x82", 2, false},
    {"\xf0\x9f\x98", 3, false},
    {"\xc2\x41", 2, false},
    {"\xe2\x82\x41", 3, false},
    {"\xe2\x41\x82", 3, false},
    {"\xf0\x9f\x41\x80", 4, false},
    {"ok \xf0\x9f\x98\x80 \xc3\xa4", 10, true},
    {"ok \xf0\x9f\x98\x80 \xc3", 9, false},
};

static void
edges_are_as_the_standard_says(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(texts); i++)
		assert_int_equal(utf8_valid((const uint8_t *)texts[i].bytes,
				     texts[i].len),
		    texts[i].valid);
}

/* Writes a code point in n bytes, whether or not that is its shortest form. */
static void
encode(uint8_t *to, uint32_t c, int n)
{
	static const uint8_t first[] = {0, 0, 0xc0, 0xe0, 0xf0};
	int i;

	for (i = n - 1; i > 0; i--, c >>= 6)
		to[i] = (uint8_t)(0x80 | (c & 0x3f));
	to[0] = (uint8_t)(first[n] | c);
}

static void
each_code_point_has_one_form(void **state)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	uint8_t bytes[4];
	uint32_t c;
	int n;

	(void)state;
	for (n = 2; n <= 4; n++)
		for (c = 0; c < UINT32_C(1) << (n == 2 ? 11 :
						n == 3 ? 16 :
							 21);
		     c++) {
			encode(bytes, c, n);
			assert_int_equal(utf8_valid(bytes, (size_t)n),
			    c >= least[n] && c <= 0x10ffff &&
				(c < 0xd800 || c > 0xdfff));
		}
}

static void
terminals_obey_control_characters(void **state)
{
	uint8_t bytes[2] = {0};
	uint32_t c;

	(void)state;
	for (c = 0; c < 0x80; c++) {
		bytes[0] = (uint8_t)c;
		assert_int_equal(utf8_control(bytes, 1), c < ' ' || c == 0x7f);
	}
	for (c = 0x80; c < 0x800; c++) {
		encode(bytes, c, 2);
		assert_int_equal(utf8_control(bytes, 2), c < 0xa0);
	}
	assert_false(utf8_control((const uint8_t *)"\xe2\x80\x80", 3));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(edges_are_as_the_standard_says),
	    cmocka_unit_test(each_code_point_has_one_form),
	    cmocka_unit_test(terminals_obey_control_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
