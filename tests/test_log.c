/* SPDX-License-Identifier: ISC */
/*
 * The log: one line a call whatever is in it, levels, reopening, and a reader
 * that does not read never makes us wait.
 */
#include "unit.h"

#include <sys/stat.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"

struct place {
	char dir[32], path[48], moved[48];
	char text[131072]; /* what read_file() and end_capture() found */
	int saved;	   /* standard error, while it is captured */
	int reader;
};

static int
set_up(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return -1;
	(void)strcpy(p->dir, "/tmp/test_log.XXXXXX");
	if (mkdtemp(p->dir) == NULL)
		return -1;
	(void)snprintf(p->path, sizeof(p->path), "%s/log", p->dir);
	(void)snprintf(p->moved, sizeof(p->moved), "%s/log.1", p->dir);
	*state = p;
	return 0;
}

static int
tear_down(void **state)
{
	struct place *p = *state;

	log_close();
	(void)log_open(NULL, false);
	(void)unlink(p->path);
	(void)unlink(p->moved);
	(void)rmdir(p->dir);
	free(p);
	return 0;
}

static const char *
read_file(struct place *p, const char *path)
{
	int fd = open(path, O_RDONLY);
	ssize_t n;

	assert_true(fd >= 0);
	n = read(fd, p->text, sizeof(p->text) - 1);
	assert_true(n >= 0);
	(void)close(fd);
	p->text[n] = '\0';
	return p->text;
}

/* From here standard error is a pipe; no assertion may fail before its end. */
static void
begin_capture(struct place *p)
{
	int fd[2];

	assert_int_equal(pipe(fd), 0);
	p->saved = dup(STDERR_FILENO);
	p->reader = fd[0];
	(void)dup2(fd[1], STDERR_FILENO);
	(void)close(fd[1]);
}

static const char *
end_capture(struct place *p)
{
	size_t len = 0;
	ssize_t n;

	(void)dup2(p->saved, STDERR_FILENO);
	(void)close(p->saved);
	while (
	    (n = read(p->reader, p->text + len, sizeof(p->text) - 1 - len)) > 0)
		len += (size_t)n;
	(void)close(p->reader);
	p->text[len] = '\0';
	return p->text;
}

static size_t
lines(const char *s)
{
	size_t n = 0;

	for (; *s != '\0'; s++)
		n += *s == '\n';
	return n;
}

static void
lines_to_standard_error_have_the_name(void **state)
{
	struct place *p = *state;

	assert_int_equal(log_open(NULL, false), 0);
	begin_capture(p);
	log_info("a_test", "%d streams", 7);
	log_warn("a_test", "no %s", "descriptors");
	log_debug("a_test", "not this one");
	assert_string_equal(end_capture(p),
	    "sse-fcgi: 7 streams\nsse-fcgi: warning: no descriptors\n");
}

static void
verbose_adds_debug(void **state)
{
	struct place *p = *state;

	assert_int_equal(log_open(NULL, true), 0);
	begin_capture(p);
	log_debug("a_test", "opened");
	assert_string_equal(end_capture(p), "sse-fcgi: opened\n");
}

static void
control_characters_are_escaped(void **state)
{
	struct place *p = *state;
	const char *got;
	char all[48], expected[200] = "sse-fcgi: ";
	int c;

	for (c = 1; c < 32; c++) {
		all[c - 1] = (char)c;
		(void)snprintf(expected + strlen(expected), 5, "\\x%02x", c);
	}
	(void)strcpy(all + 31, "\x7f\xc3\xa9~\xc2\xa0\xc2\x9b\x9b\xc3");
	strcat(expected, "\\x7f\xc3\xa9~\xc2\xa0\\xc2\\x9b\\x9b\\xc3\n");
	assert_int_equal(log_open(NULL, false), 0);
	begin_capture(p);
	log_info("a_test", "%s", all);
	got = end_capture(p);
	assert_string_equal(got, expected);
}

static void
long_line_is_cut_but_is_one_line(void **state)
{
	struct place *p = *state;
	char text[5000];
	const char *got;

	assert_int_equal(log_open(NULL, false), 0);
	memset(text, '\n', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	begin_capture(p);
	log_info("a_test", "%s", text);
	memset(text, 'x', sizeof(text) - 1);
	log_warn("a_test", "%s", text);
	got = end_capture(p);
	assert_int_equal(lines(got), 2);
	assert_int_equal(got[strlen(got) - 1], '\n');
	assert_in_range(strlen(got), 500, 2048);
	assert_non_null(strstr(got, "\\x0a\nsse-fcgi: warning: xxx"));
}

static void
lines_to_a_file_have_the_time(void **state)
{
	struct place *p = *state;
	int year, month, day, hour, minute, second, ms, end = 0;
	long pid;
	const char *got;

	assert_int_equal(log_open(p->path, false), 0);
	log_info("a_test", "hello");
	got = read_file(p, p->path);
	assert_int_equal(sscanf(got,
			     "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ [%ld] hello%n",
			     &year, &month, &day, &hour, &minute, &second, &ms,
			     &pid, &end),
	    8);
	assert_int_equal(pid, getpid());
	assert_string_equal(got + end, "\n");
}

static void
file_is_appended_to(void **state)
{
	struct place *p = *state;
	const char *got;

	assert_int_equal(log_open(p->path, false), 0);
	log_info("a_test", "first");
	log_close();
	assert_int_equal(log_open(p->path, false), 0);
	log_info("a_test", "second");
	got = read_file(p, p->path);
	assert_int_equal(lines(got), 2);
	assert_non_null(strstr(got, "first"));
	assert_non_null(strstr(got, "second"));
}

static void
file_is_not_for_others(void **state)
{
	struct place *p = *state;
	struct stat st;

	assert_int_equal(log_open(p->path, false), 0);
	assert_int_equal(stat(p->path, &st), 0);
	assert_int_equal(st.st_mode & 0137, 0);
}

static void
reopen_begins_a_new_file(void **state)
{
	struct place *p = *state;

	assert_int_equal(log_open(p->path, true), 0);
	log_info("a_test", "before");
	assert_int_equal(rename(p->path, p->moved), 0);
	log_info("a_test", "between");
	assert_int_equal(log_reopen(), 0);
	log_debug("a_test", "after");
	assert_int_equal(lines(read_file(p, p->moved)), 2);
	assert_int_equal(lines(read_file(p, p->path)), 1);
	assert_non_null(strstr(p->text, "after"));
}

static void
reopen_that_fails_keeps_the_old_file(void **state)
{
	struct place *p = *state;

	assert_int_equal(log_open(p->path, false), 0);
	assert_int_equal(rename(p->path, p->moved), 0);
	assert_int_equal(mkdir(p->path, 0700), 0);
	assert_int_equal(log_reopen(), -1);
	log_info("a_test", "still here");
	assert_int_equal(rmdir(p->path), 0);
	assert_non_null(strstr(read_file(p, p->moved), "still here"));
}

static void
reopen_of_standard_error_is_nothing(void **state)
{
	(void)state;
	assert_int_equal(log_open(NULL, false), 0);
	assert_int_equal(log_reopen(), 0);
}

static void
file_that_cannot_be_opened_changes_nothing(void **state)
{
	struct place *p = *state;

	assert_int_equal(log_open(p->path, false), 0);
	assert_int_equal(log_open("/nowhere/at/all", true), -1);
	log_info("a_test", "kept");
	log_debug("a_test", "and still not verbose");
	assert_int_equal(lines(read_file(p, p->path)), 1);
}

static void
no_descriptor_is_left_by_reopening(void **state)
{
	struct place *p = *state;
	int before = dup(0), after, i;

	(void)close(before);
	assert_int_equal(log_open(p->path, false), 0);
	for (i = 0; i < 100; i++)
		assert_int_equal(log_reopen(), 0);
	log_close();
	after = dup(0);
	(void)close(after);
	assert_int_equal(after, before);
}

/* A pipe that nobody reads: lines are dropped, and told of when it can be. */
static void
full_pipe_drops_lines_and_never_waits(void **state)
{
	struct place *p = *state;
	struct timespec begin, end;
	const char *got;
	int i;

	assert_int_equal(log_open(NULL, false), 0);
	begin_capture(p);
	(void)alarm(20); /* it would wait for ever */
	(void)clock_gettime(CLOCK_MONOTONIC, &begin);
	for (i = 0; i < 10000; i++)
		log_info("a_test", "a line that nobody reads, number %d", i);
	(void)clock_gettime(CLOCK_MONOTONIC, &end);
	(void)alarm(0);
	got = end_capture(p);
	assert_in_range(end.tv_sec - begin.tv_sec, 0, 5);
	assert_in_range(strlen(got), 40, 65536);
	assert_int_equal(got[strlen(got) - 1], '\n'); /* no line is cut */
}

/* What other tests dropped is told here, where nobody looks. */
static void
tell_what_was_dropped(struct place *p)
{
	assert_int_equal(log_open(p->path, false), 0);
	log_info("a_test", "now");
	assert_int_equal(unlink(p->path), 0);
}

static void
dropped_lines_are_told_with_the_next_one(void **state)
{
	struct place *p = *state;

	if (access("/dev/full", W_OK) != 0)
		skip();
	tell_what_was_dropped(p);
	assert_int_equal(symlink("/dev/full", p->path), 0);
	assert_int_equal(log_open(p->path, false), 0);
	log_info("a_test", "one");
	log_info("a_test", "two");
	assert_int_equal(unlink(p->path), 0);
	assert_int_equal(log_reopen(), 0);
	log_info("a_test", "three");
	assert_non_null(strstr(read_file(p, p->path), "2 lines"));
	log_info("a_test", "four");
	assert_int_equal(lines(read_file(p, p->path)), 3);
}

static void
closed_reader_does_no_harm(void **state)
{
	struct place *p = *state;

	(void)signal(SIGPIPE, SIG_IGN);
	assert_int_equal(log_open(NULL, false), 0);
	begin_capture(p);
	(void)close(p->reader);
	p->reader = open("/dev/null", O_RDONLY);
	log_info("a_test", "to nobody");
	assert_string_equal(end_capture(p), "");
	(void)signal(SIGPIPE, SIG_DFL);
	tell_what_was_dropped(p);
}

/*
 * The file may not grow: nothing ends, and the line that was cut is ended
 * before the next one when it may again.
 */
static void
file_at_its_limit_does_no_harm(void **state)
{
	struct place *p = *state;
	struct rlimit before, rl;
	const char *got;
	int i;

	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	tell_what_was_dropped(p);
	assert_int_equal(log_open(p->path, false), 0);
	rl = before;
	rl.rlim_cur = 200;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &rl), 0);
	for (i = 0; i < 10; i++)
		log_info("a_test", "a line of which there is no room for ten");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	log_info("a_test", "there is room");
	got = read_file(p, p->path);
	assert_int_not_equal(got[199], '\n');
	assert_int_equal(got[200], '\n');
	assert_non_null(strstr(got + 201, " lines of the log were dropped\n"));
	assert_non_null(strstr(got + 201, "there is room\n"));
	assert_int_equal(lines(got + 201), 2);
	(void)signal(SIGXFSZ, SIG_DFL);
}

/* Who started it looks there, whatever the log is. */
static void
fatal_is_text_on_standard_error(struct place *p, const char *path,
    enum log_format format)
{
	int status = 0;
	pid_t pid;

	begin_capture(p);
	pid = fork();
	if (pid == 0) {
		log_set_format(format);
		assert_int_equal(log_open(path, false), 0);
		fatal("no_memory", "no %s", "memory");
	}
	(void)waitpid(pid, &status, 0);
	assert_string_equal(end_capture(p), "sse-fcgi: fatal: no memory\n");
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 1);
}

static void
fatal_is_said_to_standard_error_too(void **state)
{
	struct place *p = *state;

	fatal_is_text_on_standard_error(p, p->path, LOG_TEXT);
	assert_non_null(strstr(read_file(p, p->path), "fatal: no memory\n"));
}

static void
fatal_says_why_and_exits_with_1(void **state)
{
	fatal_is_text_on_standard_error(*state, NULL, LOG_TEXT);
}

/* See test_log_json.c for what is in a line. */
static void
json_is_the_same_lines_as_objects(void **state)
{
	struct place *p = *state;
	const char *got;

	assert_int_equal(log_open(NULL, false), 0);
	log_set_format(LOG_JSON);
	begin_capture(p);
	log_info("begun streams", "%d streams", 7);
	log_debug("a_test", "not this one");
	log_warn("ended", "over");
	got = end_capture(p);
	log_set_format(LOG_TEXT);
	assert_memory_equal(got, "{\"time\":\"", 9);
	assert_non_null(strstr(got, "\"level\":\"info\",\"pid\":"));
	assert_non_null(strstr(got,
	    ",\"event\":\"begun\",\"streams\":7,\"message\":\"7 streams\"}\n"));
	assert_non_null(
	    strstr(got, ",\"event\":\"ended\",\"message\":\"over\"}\n"));
	assert_int_equal(lines(got), 2);
}

static void
fatal_is_an_object_in_the_file_and_text_elsewhere(void **state)
{
	struct place *p = *state;

	fatal_is_text_on_standard_error(p, p->path, LOG_JSON);
	assert_non_null(strstr(read_file(p, p->path),
	    "\"event\":\"no_memory\",\"message\":\"no memory\"}\n"));
}

static void
dropped_lines_are_an_object_too(void **state)
{
	struct place *p = *state;

	if (access("/dev/full", W_OK) != 0)
		skip();
	tell_what_was_dropped(p);
	log_set_format(LOG_JSON);
	assert_int_equal(symlink("/dev/full", p->path), 0);
	assert_int_equal(log_open(p->path, false), 0);
	log_info("a_test", "one");
	assert_int_equal(unlink(p->path), 0);
	assert_int_equal(log_reopen(), 0);
	log_info("a_test", "two");
	log_set_format(LOG_TEXT);
	assert_non_null(strstr(read_file(p, p->path),
	    "\"event\":\"log_dropped\",\"lines\":1,"));
	assert_int_equal(lines(p->text), 2);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(lines_to_standard_error_have_the_name),
	    TEST(verbose_adds_debug),
	    TEST(control_characters_are_escaped),
	    TEST(long_line_is_cut_but_is_one_line),
	    TEST(lines_to_a_file_have_the_time),
	    TEST(file_is_appended_to),
	    TEST(file_is_not_for_others),
	    TEST(reopen_begins_a_new_file),
	    TEST(reopen_that_fails_keeps_the_old_file),
	    TEST(reopen_of_standard_error_is_nothing),
	    TEST(file_that_cannot_be_opened_changes_nothing),
	    TEST(no_descriptor_is_left_by_reopening),
	    TEST(full_pipe_drops_lines_and_never_waits),
	    TEST(dropped_lines_are_told_with_the_next_one),
	    TEST(closed_reader_does_no_harm),
	    TEST(file_at_its_limit_does_no_harm),
	    TEST(fatal_is_said_to_standard_error_too),
	    TEST(fatal_says_why_and_exits_with_1),
	    TEST(json_is_the_same_lines_as_objects),
	    TEST(fatal_is_an_object_in_the_file_and_text_elsewhere),
	    TEST(dropped_lines_are_an_object_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
