/* SPDX-License-Identifier: ISC */
#include "unit.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <unistd.h>

#include "base/zone.h"

static const struct row {
	const char *tz;
	bool known;
} rows[] = {
    {"", true},
    {"UTC", true},
    {"GMT", true},
    {"UTC0", true},
    {"CET-1CEST", true},
    {"CET-1CEST,M3.5.0,M10.5.0/3", true},
    {"<-03>3", true},
    {"<Abcdefghi+14>-14", true},
    {"IST-5:30", true},
    {"EST+5", true},
    {"Here", true}, /* a file, see below */
    {":Here", true},
    {"There/Where", true},
    {"Mars/Phobos", false},
    {":Mars/Phobos", false},
    {"Europe/Berlni", false},
    {"CEST", false},
    {"CE-1", false},
    {"<CET", false},
    {"+1", false},
    {"../../no/such", false},
    {"/no/such/file", false},
};

static char dir[] = "/tmp/test_zone.XXXXXX";

static void
zone_is_known_or_not(void **state)
{
	const struct row *row = *state;

	assert_int_equal(zone_is_known(row->tz), row->known);
}

static void
no_zone_is_known(void **state)
{
	(void)state;
	assert_true(zone_is_known(NULL));
}

static int
make_database(void **state)
{
	char path[60];

	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/Here", dir);
	(void)close(open(path, O_CREAT | O_WRONLY, 0600));
	(void)snprintf(path, sizeof(path), "%s/There", dir);
	(void)mkdir(path, 0700);
	(void)snprintf(path, sizeof(path), "%s/There/Where", dir);
	(void)close(open(path, O_CREAT | O_WRONLY, 0600));
	return setenv("TZDIR", dir, 1);
}

static int
remove_database(void **state)
{
	char path[60];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/Here", dir);
	(void)unlink(path);
	(void)snprintf(path, sizeof(path), "%s/There/Where", dir);
	(void)unlink(path);
	(void)snprintf(path, sizeof(path), "%s/There", dir);
	(void)rmdir(path);
	return rmdir(dir);
}

int
main(void)
{
	static const struct CMUnitTest others[] = {
	    cmocka_unit_test(no_zone_is_known),
	};
	struct CMUnitTest tests[LENGTH(rows) + LENGTH(others)];
	size_t i;

	for (i = 0; i < LENGTH(rows); i++)
		tests[i] = row_test(rows[i].tz, zone_is_known_or_not, &rows[i]);
	memcpy(tests + i, others, sizeof(others));
	return _cmocka_run_group_tests("zone", tests, LENGTH(tests),
	    make_database, remove_database);
}
