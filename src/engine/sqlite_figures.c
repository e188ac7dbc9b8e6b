/* SPDX-License-Identifier: ISC */
/*
 * What the status says of the store.
 */
#include "engine/sqlite_inner.h"

#include <assert.h>
#include <string.h>

void
sqlite_count(struct sqlite *s, double seconds)
{
	static const double limit[SQLITE_BUCKETS] = {0.0005, 0.001, 0.0025,
	    0.005, 0.01, 0.025, 0.1, 1};
	unsigned i;

	for (i = 0; i < SQLITE_BUCKETS && seconds > limit[i]; i++)
		continue;
	s->bucket[i]++;
	s->commits++;
	s->commit_seconds += seconds;
}

#define COMMIT "ssefcgi_store_commit_seconds"
#define LE(text)                                              \
	{                                                     \
		NULL, COMMIT, "le=\"" text "\"", "histogram", \
		    "What a commit takes.", 0, "_bucket"      \
	}

size_t
sqlite_figures(const struct engine *engine,
    struct engine_figure row[ENGINE_FIGURES_MAX])
{
	static const struct engine_figure rows[] = {
	    {"store.up", "ssefcgi_store_up", "", "gauge",
		"1 if the store takes publications.", 0, NULL},
	    {"store.failures", "ssefcgi_store_failures_total", "", "counter",
		"Transactions that failed.", 0, NULL},
	    {"store.bytes", "ssefcgi_store_bytes", "", "gauge",
		"Bytes of the store's files.", 0, NULL},
	    {"store.queue", "ssefcgi_store_queue_events", "", "gauge",
		"Events that wait for the disk.", 0, NULL},
	    LE("0.0005"),
	    LE("0.001"),
	    LE("0.0025"),
	    LE("0.005"),
	    LE("0.01"),
	    LE("0.025"),
	    LE("0.1"),
	    LE("1"),
	    LE("+Inf"),
	    {"store.commit_seconds", COMMIT, "", "histogram",
		"What a commit takes.", 0, "_sum"},
	    {"store.commits", COMMIT, "", "histogram", "What a commit takes.",
		0, "_count"},
	};
	const struct sqlite *s = (const struct sqlite *)engine;
	size_t n = sizeof(rows) / sizeof(rows[0]), i;
	unsigned long long below = 0;

	assert(1 + n <= ENGINE_FIGURES_MAX);
	*row++ = engine_keys(s->keys.n);
	memcpy(row, rows, sizeof(rows));
	row[0].value = !s->down;
	row[1].value = (double)s->failures;
	row[2].value = (double)s->bytes;
	row[3].value = (double)(s->next.events + s->going.events);
	for (i = 0; i <= SQLITE_BUCKETS; i++) {
		below += s->bucket[i];
		row[4 + i].value = (double)below;
	}
	row[n - 2].value = s->commit_seconds;
	row[n - 1].value = (double)s->commits;
	return 1 + n;
}
