/* SPDX-License-Identifier: ISC */
/*
 * Two responders on one Redis, who publishes there, and who reads here.
 */
#define _GNU_SOURCE /* for pipe2 */
#include "shared.h"

#include <sys/wait.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "checks.h"
#include "verdict.h"

#define SEED "20261127"

struct shared shared;

static const char *const quick[] = {"--interval", "0.2", "--drain", "0.2",
    "--heartbeat", "1", NULL};

void
shared_address(const char *address)
{
	(void)setenv("REDIS_ADDRESS", address, 1);
}

/* Both are there: who was told to end before that would not do it in order. */
static void
wait_for_both(void)
{
	(void)status_figure(&world.r, "{\"pid\":");
	(void)status_figure(&shared.second, "{\"pid\":");
}

int
shared_start(void **state)
{
	(void)state;
	redis_start(&shared.redis, NULL);
	shared_address(shared.redis.address);
	responder_start(&world.r, 0, quick);
	responder_start(&shared.second, 0, quick);
	wait_for_both();
	return 0;
}

static void
become_proxy(int in, int out)
{
	char redis[96];

	(void)snprintf(redis, sizeof(redis), "%s", shared.redis.address);
	(void)dup2(in, 0);
	(void)dup2(out, 1);
	(void)execl("build/tests/proxy", "proxy", shared.proxy.address, redis,
	    SEED, (char *)NULL);
	_exit(127);
}

static void
proxy_said(const char *line)
{
	char said[32] = "";

	(void)fgets(said, sizeof(said), shared.proxy.out);
	assert_string_equal(said, line);
}

void
proxy_does(const char *word)
{
	assert_true(dprintf(shared.proxy.in, "%s\n", word) > 0);
	proxy_said("done\n");
}

static void
proxy_start(void)
{
	int in[2], out[2];

	(void)snprintf(shared.proxy.address, sizeof(shared.proxy.address),
	    "unix:%s/proxy.sock", shared.redis.dir);
	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	shared.proxy.pid = fork();
	assert_int_not_equal(shared.proxy.pid, -1);
	if (shared.proxy.pid == 0)
		become_proxy(in[0], out[1]);
	(void)close(in[0]);
	(void)close(out[1]);
	shared.proxy.in = in[1];
	shared.proxy.out = fdopen(out[0], "r");
	assert_non_null(shared.proxy.out);
	proxy_said("ready\n");
}

int
shared_start_behind_proxy(void **state)
{
	(void)state;
	redis_start(&shared.redis, NULL);
	shared_address(shared.redis.address);
	responder_start(&world.r, 0, quick);
	proxy_start();
	shared_address(shared.proxy.address);
	responder_start(&shared.second, 0, quick);
	wait_for_both();
	return 0;
}

static void
proxy_stop(void)
{
	if (shared.proxy.pid == 0)
		return;
	(void)close(shared.proxy.in);
	(void)waitpid(shared.proxy.pid, NULL, 0);
	(void)fclose(shared.proxy.out);
	shared.proxy.pid = 0;
}

int
shared_stop(void **state)
{
	proxy_stop();
	redis_stop(&shared.redis);
	responder_stop(&shared.second);
	return world_stop(state);
}

void
shared_restart(struct responder *r, const char *const options[])
{
	(void)status_figure(r, "{\"pid\":");
	assert_int_equal(responder_signal(r, SIGTERM), 0);
	responder_again(r, options == NULL ? quick : options);
}

const char *
add_id(const char *answer)
{
	struct id id;

	if (!id_parse(&id, answer, strlen(answer)))
		fail_msg("XADD: %s", answer);
	return answer;
}

void
add_some(const char *channel, unsigned n)
{
	unsigned number, i;
	const char *id;

	for (i = 0; i < n; i++) {
		number = checker_event(&world.c, channel, NULL, "added");
		checker_sent(&world.c, number, 1);
		id = redis_ask(&shared.redis, "XADD sse * c %s d %s", channel,
		    world.c.event[number].data);
		checker_acknowledged(&world.c, number, add_id(id));
	}
}

int
publish_to(const struct responder *r, const char *channel)
{
	unsigned number = checker_event(&world.c, channel, NULL, "posted");
	char query[128], id[48];
	struct post p = {.query = query};
	struct front f;
	int status;

	p.body = world.c.event[number].data;
	p.len = world.c.event[number].len;
	(void)snprintf(query, sizeof(query), "channel=%s", channel);
	checker_sent(&world.c, number, 1);
	post(&f, r, &p);
	status = answer_status(&f);
	answer_id(&f, id);
	if (status == 200)
		checker_acknowledged(&world.c, number, id);
	else if (status == 503 || status == 409)
		checker_refused(&world.c, number);
	else
		assert_int_equal(status, 504);
	front_close(&f);
	return status;
}

void
publish_until(const struct responder *r, const char *channel)
{
	double end = front_now() + PATIENCE / 1e3;

	while (publish_to(r, channel) != 200) {
		assert_true(front_now() < end);
		(void)poll(NULL, 0, 10);
	}
}

void
read_at(struct subscriber *s, const struct responder *r, const char *channels,
    const char *position)
{
	subscriber_begin(s, &world.c, channels);
	subscriber_connect(s, r, position, NULL);
	assert_true(subscriber_joined(s));
}

void
until_last(struct subscriber *s)
{
	if (!subscriber_until_number(s, world.c.events - 1))
		fail_msg("the last event does not come: %s", s->page.error);
}

void
check_told(struct subscriber *s)
{
	const char *error;

	until_last(s);
	error = verdict(&s->page, true);
	if (error != NULL)
		fail_msg("%s", error);
}

void
check_reader(struct subscriber *s, size_t gaps)
{
	check_told(s);
	assert_int_equal(s->page.gaps, gaps);
}

void
write_password(const char *path, const char *password)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	(void)fprintf(file, "%s\n", password);
	assert_int_equal(fclose(file), 0);
}

void
start_replica(struct redis *replica, const struct redis *master)
{
	char port[16];

	(void)snprintf(port, sizeof(port), "%d", master->port);
	redis_start(replica,
	    (const char *[]){"--replicaof", "127.0.0.1", port, NULL});
	redis_until(replica, "master_link_status:up", "INFO replication");
}
