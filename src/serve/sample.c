/* SPDX-License-Identifier: ISC */
/*
 * What the system says of this process.
 */
#include "serve/sample.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void
look_up_memory(struct sample *s)
{
	FILE *f = fopen("/proc/self/statm", "re");
	double page = (double)sysconf(_SC_PAGESIZE);
	char line[128], *end;

	if (f == NULL)
		return;
	if (fgets(line, sizeof(line), f) != NULL) {
		s->virtual = (double)strtoul(line, &end, 10) * page;
		s->rss = (double)strtoul(end, NULL, 10) * page;
	}
	(void)fclose(f);
}

static double
seconds(struct timeval tv)
{
	return (double)tv.tv_sec + (double)tv.tv_usec / 1e6;
}

/* To a tenth of a millisecond: nothing here is known better. */
static double
rounded(double s)
{
	return round(s * 1e4) / 1e4;
}

struct sample
sample_take(const struct server *sv)
{
	struct sample s = {.rss = NAN,
	    .virtual = NAN,
	    .files = NAN,
	    .files_max = NAN};
	struct rusage usage;
	struct rlimit limit;
	struct stat st;

	s.ready = !sv->streams.draining &&
		  sv->engine->away(sv->engine) == NULL &&
		  engine_is_filled(sv->engine);
	s.uptime = rounded(sv->streams.conns.now - sv->started);
	s.start = sv->started_wall; /* whose changes are restarts */
	s.lag = rounded(fmax(sv->lag[0], sv->lag[1]));
	(void)getrusage(RUSAGE_SELF, &usage);
	s.cpu = seconds(usage.ru_utime) + seconds(usage.ru_stime);
	look_up_memory(&s);
	/* Linux 6.2 and newer give their number as the directory's size. */
	if (stat("/proc/self/fd", &st) == 0 && st.st_size > 0)
		s.files = (double)st.st_size;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
		s.files_max = (double)limit.rlim_cur;
	return s;
}
