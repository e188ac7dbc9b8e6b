/* SPDX-License-Identifier: ISC */
#include "unit.h"

#include "base/capacity.h"

#define MB UINT64_C(1048576)
#define GB (1024 * MB)

static const struct row {
	const char *name;
	uint64_t files, memory;
	unsigned long counted, streams, waiting;
	bool by_memory;
	unsigned long more; /* sockets and locks than one */
} rows[] = {
    {"debian_s_default", 1024, 8 * GB, 1024, 1004, 32, false, 0},
    {"twenty_thousand", 20000, 24 * GB, 20000, 19900, 625, false, 0},
    {"systemd_s_hard_limit", 524288, 64 * GB, 524288, 521667, 1024, false, 0},
    {"a_container_s_billion", UINT64_C(1) << 30, 64 * GB, 1048576, 1043334,
	1024, false, 0},
    {"no_limit_at_all", UINT64_MAX, 64 * GB, 1048576, 1043334, 1024, false, 0},
    {"a_container_s_billion_in_little_memory", UINT64_C(1) << 30, 512 * MB,
	1048576, 65536, 1024, true, 0},
    {"no_limit_in_little_memory", UINT64_MAX, 64 * MB, 1048576, 8192, 1024,
	true, 0},
    {"no_limit_in_a_gigabyte", UINT64_MAX, GB, 1048576, 131072, 1024, true, 0},
    {"few_files_in_little_memory", 1024, 64 * MB, 1024, 1004, 32, false, 0},
    {"memory_that_is_not_known", UINT64_MAX, 0, 1048576, 1043334, 1024, false,
	0},
    {"hardly_a_file", 21, 8 * GB, 21, 1, 1, false, 0},
    {"no_file_to_spare", 3, 8 * GB, 3, 1, 1, false, 0},
    {"no_file", 0, 8 * GB, 0, 1, 1, false, 0},
    {"hardly_any_memory", 1024, 1, 1024, 1, 32, true, 0},
    {"sixteen_sockets", 1024, 8 * GB, 1024, 973, 32, false, 31},
    {"sixteen_sockets_among_many", 20000, 24 * GB, 20000, 19900, 625, false,
	31},
};

static void
streams_are_what_there_is_room_for(void **state)
{
	const struct row *row = *state;
	struct capacity l = capacity_of(row->files, 1 + row->more, row->memory);

	assert_int_equal(l.files, row->counted);
	assert_int_equal(l.streams, row->streams);
	assert_int_equal(l.waiting, row->waiting);
	assert_int_equal(l.by_memory, row->by_memory);
}

int
main(void)
{
	struct CMUnitTest tests[LENGTH(rows)];
	size_t i;

	for (i = 0; i < LENGTH(rows); i++)
		tests[i] = row_test(rows[i].name,
		    streams_are_what_there_is_room_for, &rows[i]);
	return _cmocka_run_group_tests("capacity", tests, LENGTH(tests), NULL,
	    NULL);
}
