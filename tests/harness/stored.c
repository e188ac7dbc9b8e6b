/* SPDX-License-Identifier: ISC */
/*
 * A responder with a store, and the next one, and what readers have of both.
 */
#include "stored.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "checks.h"

int
stored_start(void **state)
{
	(void)state;
	(void)setenv("STORE", "1", 1);
	return world_start_with(
	    (const char *[]){"--interval", "0.2", "--drain", "0.2", NULL});
}

const char *
stored_file(const char *name)
{
	static char path[4][128];
	static unsigned i;

	i = (i + 1) % 4;
	(void)snprintf(path[i], sizeof(path[i]), "%s/%s", world.r.dir, name);
	return path[i];
}

void
stored_restart(const char *const options[])
{
	(void)status_figure(&world.r, "{\"pid\":");
	assert_int_equal(responder_signal(&world.r, SIGTERM), 0);
	responder_again(&world.r, options);
}

void
stored_write(const char *path, long at, const char *text, size_t len)
{
	FILE *file = fopen(path, at == 0 ? "we" : "r+e");

	assert_non_null(file);
	assert_int_equal(fseek(file, at, SEEK_SET), 0);
	assert_int_equal(fwrite(text, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

static char slowdisk[64];

void
disk_begin(void)
{
	(void)snprintf(slowdisk, sizeof(slowdisk), "/tmp/sse-fcgi-disk-%ld",
	    (long)getpid());
	(void)setenv("SLOWDISK", slowdisk, 1);
	(void)setenv("LD_PRELOAD", "build/tests/slowdisk.so", 1);
	(void)setenv("ASAN_OPTIONS", "verify_asan_link_order=0", 1);
}

void
disk_end(void)
{
	(void)unsetenv("LD_PRELOAD");
	(void)unsetenv("ASAN_OPTIONS");
}

void
disk_does(const char *what)
{
	char name[80];

	(void)snprintf(name, sizeof(name), "%s.new", slowdisk);
	stored_write(name, 0, what, strlen(what));
	assert_int_equal(rename(name, slowdisk), 0);
}

void
disk_works(void)
{
	(void)unlink(slowdisk);
}

void
stored_read(struct subscriber *s, const char *channels, const char *position)
{
	subscriber_begin(s, &world.c, channels);
	subscriber_connect(s, &world.r, position, NULL);
	assert_true(subscriber_joined(s));
}

void
stored_check(struct subscriber *s)
{
	assert_true(subscriber_until_number(s, world.c.events - 1));
	assert_int_equal(s->page.gaps, 0);
	subscriber_check(s, true);
}

void
stored_check_all(const char *channels)
{
	struct subscriber s;

	stored_read(&s, channels, "earliest");
	stored_check(&s);
	subscriber_end(&s);
}
