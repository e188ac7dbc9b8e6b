/* SPDX-License-Identifier: ISC */
/*
 * Tells the process that stands between what to do, and what it has seen.
 */
#define _GNU_SOURCE /* for what the headers below want */
#include "scripted_inner.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <signal.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "checks.h"

static int
listen_at(const char *address)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)strncpy(sun.sun_path, address + 5, sizeof(sun.sun_path) - 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	assert_int_equal(listen(fd, 64), 0);
	return fd;
}

void
scripted_start(struct scripted *s, const char *address, const char *to)
{
	int ends[2], listening = listen_at(address);

	s->board = mmap(NULL, sizeof(*s->board), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(s->board, MAP_FAILED);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
			     ends),
	    0);
	s->pid = fork();
	assert_int_not_equal(s->pid, -1);
	if (s->pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)close(ends[0]);
		between(s->board, ends[1], listening, to);
	}
	(void)close(ends[1]);
	(void)close(listening);
	s->control = ends[0];
}

void
scripted_stop(struct scripted *s)
{
	int status;

	/* Another's process may have the socket, too. */
	assert_int_equal(write(s->control, "e", 1), 1);
	(void)close(s->control);
	assert_int_equal(waitpid(s->pid, &status, 0), s->pid);
	assert_int_equal(status, 0);
	(void)munmap(s->board, sizeof(*s->board));
	s->pid = 0;
}

static void
say(struct scripted *s, char word)
{
	assert_int_equal(write(s->control, &word, 1), 1);
	assert_int_equal(read(s->control, &word, 1), 1);
}

static size_t
add(struct scripted_board *b, size_t at, const char *text, size_t len)
{
	assert_true(at + len <= SCRIPTED_TEXT);
	if (len > 0)
		memcpy(b->text + at, text, len);
	return len;
}

static size_t
length(const char *text)
{
	return text == NULL ? 0 : strlen(text);
}

void
scripted_tell(struct scripted *s, const struct script *is)
{
	struct scripted_board *b = s->board;
	size_t head = is->head_len > 0 ? is->head_len : length(is->head);

	scripted_pass(s);
	b->then = is->then;
	b->head = add(b, 0, is->head, head);
	b->unit = add(b, b->head, is->unit, length(is->unit));
	b->tail = add(b, b->head + b->unit, is->tail, length(is->tail));
	b->times = is->times;
	(void)strcpy(b->command, is->command == NULL ? "" : is->command);
	b->place = is->place;
	say(s, 's');
}

void
scripted_pass(struct scripted *s)
{
	s->board->place = SCRIPTED_NOWHERE;
	s->board->trickle = false;
	say(s, 's');
}

void
scripted_trickle(struct scripted *s)
{
	scripted_pass(s);
	s->board->trickle = true;
	say(s, 's');
}

void
scripted_cut(struct scripted *s, size_t first, size_t step)
{
	scripted_pass(s);
	s->board->first = first;
	s->board->step = step;
	s->board->place = SCRIPTED_CUT;
	say(s, 's');
}

void
scripted_chance(struct scripted *s, unsigned seed)
{
	scripted_pass(s);
	s->board->first = seed;
	s->board->place = SCRIPTED_CHANCE;
	say(s, 's');
}

void
scripted_drop(struct scripted *s)
{
	say(s, 'd');
}

unsigned
scripted_used(const struct scripted *s)
{
	return s->board->used;
}

static const struct tally *
tally(const struct scripted *s, const char *command)
{
	unsigned i;

	for (i = 0; i < s->board->commands; i++)
		if (strcasecmp(s->board->tally[i].name, command) == 0)
			return &s->board->tally[i];
	return NULL;
}

unsigned
scripted_used_for(const struct scripted *s, const char *command)
{
	const struct tally *t = tally(s, command);

	return t == NULL ? 0 : t->used;
}

unsigned
scripted_seen(const struct scripted *s, const char *command)
{
	const struct tally *t = tally(s, command);

	return t == NULL ? 0 : t->seen;
}

const char *
scripted_command(const struct scripted *s, size_t number)
{
	return number < s->board->commands ? s->board->tally[number].name :
					     NULL;
}

unsigned
scripted_connections(const struct scripted *s)
{
	return s->board->connections;
}
