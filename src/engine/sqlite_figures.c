/* SPDX-License-Identifier: ISC */
/*
 * What the status says of the store.
 */
#include "engine/sqlite_inner.h"

#include <assert.h>
#include <string.h>

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
	};
	const struct sqlite *s = (const struct sqlite *)engine;
	size_t n = sizeof(rows) / sizeof(rows[0]);

	assert(1 + n + ENGINE_HISTOGRAM_ROWS <= ENGINE_FIGURES_MAX);
	*row++ = engine_keys(s->keys.n);
	memcpy(row, rows, sizeof(rows));
	row[0].value = !s->down;
	row[1].value = (double)s->failures;
	row[2].value = (double)s->bytes;
	row[3].value = (double)(s->next.events + s->going.events);
	return 1 + n +
	       engine_histogram(row + n, &s->commits, "store.commit_seconds",
		   "store.commits", "ssefcgi_store_commit_seconds",
		   "What a commit takes.");
}
