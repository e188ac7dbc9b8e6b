/* SPDX-License-Identifier: ISC */
#include "unit.h"

#include "base/room.h"

static void
texts_stand_one_behind_the_other(void **state)
{
	char all[16], *room = all, *a, *none, *b, *bytes;

	(void)state;
	memset(all, '?', sizeof(all));
	a = room_put(&room, "one");
	none = room_put(&room, NULL);
	b = room_put(&room, "");
	bytes = room_put_bytes(&room, "x\0y", 3);
	assert_ptr_equal(a, all);
	assert_null(none);
	assert_ptr_equal(b, all + 4);
	assert_ptr_equal(bytes, all + 5);
	assert_ptr_equal(room, all + 8);
	assert_memory_equal(all, "one\0\0x\0y?", 9);
}

static void
text_takes_its_nul_and_none_takes_nothing(void **state)
{
	(void)state;
	assert_int_equal(room_for("one"), 4);
	assert_int_equal(room_for(""), 1);
	assert_int_equal(room_for(NULL), 0);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(texts_stand_one_behind_the_other),
	    cmocka_unit_test(text_takes_its_nul_and_none_takes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
