/* SPDX-License-Identifier: ISC */
/*
 * A long time: N streams of a channel that has an event a second, of which some
 * leave every second and others come; or beside N streams as many that never
 * read.
 *
 *	soak [-n streams] [-c connects/s] [-k stalled] [-d seconds] -u POST
 *	    -p pid TARGET
 *
 * TARGET and POST are as with fan, pid is the responder's.  With -k there are
 * no others that come, and the time is measured twice: without those who do not
 * read, and then with them, once nothing more goes into their sockets.  A third
 * of the time with -c passes before the slope of the memory is measured: it
 * takes that until all that grows has its size.
 *
 * It prints asked, established, came (again), broken (by the responder), lost
 * (numbers left out or repeated), slope (KiB/min of RssAnon, by least squares
 * over a sample a second), mem (bytes of RssAnon at the end), descriptors
 * before the first stream and after the last; with -k base_p50, base_p99,
 * p50 and p99 (ms from the POST until a stream that reads had it), and stalled
 * (bytes of RssAnon more than without them).
 */
#include <sys/socket.h>

#include <dirent.h>
#include <err.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "load.h"
#include "option.h"
#include "post.h"
#include "proc.h"

enum { BURST = 2000, PAUSE_MS = 10 };

/* Of what was measured each second, all that the slope needs. */
struct line {
	double n, t, y, tt, ty;
};

struct soak {
	struct load load;
	struct post post;
	struct proc_group responder;
	const char *pid;
	double churn;
	size_t stalled;
	uint64_t duration, came;
	int *silent; /* the descriptors of those who do not read */
	struct line line;
};

static size_t
descriptors(const struct soak *s)
{
	char path[64];
	size_t n = 0;
	DIR *dir;

	(void)snprintf(path, sizeof(path), "/proc/%s/fd", s->pid);
	if ((dir = opendir(path)) == NULL)
		err(1, "%s", path);
	while (readdir(dir) != NULL)
		n++;
	(void)closedir(dir);
	return n;
}

static void
weigh(struct soak *s, double seconds)
{
	double kib = (double)proc_group_memory(&s->responder) / 1024;
	struct line *l = &s->line;

	l->n++;
	l->t += seconds;
	l->y += kib;
	l->tt += seconds * seconds;
	l->ty += seconds * kib;
}

static double
slope_per_minute(const struct line *l)
{
	double under = l->n * l->tt - l->t * l->t;

	return under == 0 ? 0 : (l->n * l->ty - l->t * l->y) / under * 60;
}

/* As many have come as are due; each takes the place of one that leaves. */
static void
churn(struct soak *s, uint64_t start)
{
	double due =
	    (double)(load_now() - start) * s->churn / (double)LOAD_SECOND;
	int i;

	for (i = 0; i < 64 && (double)s->came < due; i++) {
		if (!load_again(&s->load, s->came % s->load.n))
			return;
		s->came++;
	}
}

/* An event a second, for so long. */
static void
go_on(struct soak *s, uint64_t duration)
{
	uint64_t start = load_now(), now, second = 0;

	while ((now = load_now()) < start + duration) {
		if (now >= start + second * LOAD_SECOND) {
			(void)post_send(&s->post, now);
			if (s->churn == 0 || now > start + duration / 3)
				weigh(s, (double)second);
			second++;
		}
		churn(s, start);
		load_turn(&s->load, PAUSE_MS);
		post_turn(&s->post, 0);
	}
}

/* They send a request and never read. */
static void
stall(struct soak *s)
{
	struct target *t = &s->load.target;
	size_t i;

	if ((s->silent = calloc(s->stalled, sizeof(*s->silent))) == NULL)
		err(1, "calloc");
	for (i = 0; i < s->stalled; i++) {
		s->silent[i] = target_socket(t, i);
		while (connect(s->silent[i], (struct sockaddr *)&t->addr,
			   t->addr_len) == -1)
			load_turn(&s->load, 1);
		if (send(s->silent[i], t->request, t->request_len,
			MSG_NOSIGNAL) != (ssize_t)t->request_len)
			err(1, "send");
	}
	for (i = 0; i < BURST;) { /* until their sockets are full */
		i += post_send(&s->post, load_now());
		load_turn(&s->load, 1);
		post_turn(&s->post, 0);
	}
	load_run(&s->load, 5 * (uint64_t)LOAD_SECOND);
}

static void
end_all(struct soak *s)
{
	size_t i;

	load_close(&s->load);
	for (i = 0; s->silent != NULL && i < s->stalled; i++)
		(void)close(s->silent[i]);
	free(s->silent);
}

static void
beside_stalled(struct soak *s)
{
	int64_t before;

	s->load.measuring = true;
	go_on(s, s->duration);
	sample_print("base", &s->load.delay);
	s->load.measuring = false;
	before = proc_group_memory(&s->responder);
	stall(s);
	s->load.delay.n = 0;
	s->load.measuring = true;
	go_on(s, s->duration);
	sample_print("beside", &s->load.delay);
	printf(" stalled=%jd",
	    (intmax_t)(proc_group_memory(&s->responder) - before));
}

static void
options(struct soak *s, int argc, char **argv)
{
	const char *post = NULL;
	int c;

	while ((c = getopt(argc, argv, "n:c:k:d:u:p:P:")) != -1) {
		switch (c) {
		case 'n':
			s->load.n = (size_t)option_number(optarg, 1, 1e6);
			break;
		case 'c':
			s->churn = option_number(optarg, 0, 1e6);
			break;
		case 'k':
			s->stalled = (size_t)option_number(optarg, 0, 1e6);
			break;
		case 'd':
			s->duration = option_ns(optarg);
			break;
		case 'u':
			post = optarg;
			break;
		case 'p':
			s->pid = optarg;
			proc_group_add(&s->responder, optarg);
			break;
		case 'P':
			target_param(&s->load.target, optarg);
			break;
		default:
			exit(2);
		}
	}
	if (optind + 1 != argc || post == NULL || s->pid == NULL)
		errx(2, "-u POST, -p pid and one TARGET, please");
	target_parse(&s->load.target, argv[optind]);
	post_init(&s->post, post, 1);
}

/* They have been closed when the responder has heard of it. */
static size_t
descriptors_at_last(const struct soak *s, size_t before)
{
	uint64_t end = load_now() + 10 * (uint64_t)LOAD_SECOND;

	while (descriptors(s) > before && load_now() < end)
		(void)poll(NULL, 0, PAUSE_MS);
	return descriptors(s);
}

int
main(int argc, char **argv)
{
	static struct soak s = {
	    .load = {.n = 1,
		.rate = 2000,
		.patience = 10 * (uint64_t)LOAD_SECOND},
	    .duration = 60 * (uint64_t)LOAD_SECOND,
	};
	size_t before;

	options(&s, argc, argv);
	option_descriptors(s.load.n + s.stalled);
	load_init(&s.load);
	sample_reserve(&s.load.delay,
	    s.stalled == 0 ? 0 : s.load.n * (s.duration / LOAD_SECOND + 1));
	post_some(&s.post, 150);
	before = descriptors(&s);
	load_open(&s.load);
	printf("asked=%zu established=%zu", s.load.n, s.load.established);
	if (s.stalled > 0)
		beside_stalled(&s);
	else
		go_on(&s, s.duration);
	printf(" came=%ju broken=%zu lost=%ju slope=%.3f mem=%jd",
	    (uintmax_t)s.came, s.load.broken,
	    (uintmax_t)(s.load.holes + s.load.repeats),
	    slope_per_minute(&s.line),
	    (intmax_t)proc_group_memory(&s.responder));
	end_all(&s);
	printf(" descriptors=%zu descriptors_after=%zu\n", before,
	    descriptors_at_last(&s, before));
	return 0;
}
