# SPDX-License-Identifier: ISC
#
# What the rows of feeds found and their list of figures; after figures.awk.

function told(row) {
	if (row in bad)
		printf "%s: %s.\n\n", row, bad[row]
	return ran(row)
}

END {
	print ""
	if (told("feeds"))
		printf "Feeds, and nobody reads: %d events/s of 100 bytes, each " \
		    "in a record of its own, %.2f us of CPU each.\n\n",
		    low["feeds", "rate"], median("feeds", "cpu")
	if (told("feeds-read"))
		printf "One stream reads all feeds at %d events/s: %.2f ms (p50), " \
		    "%.2f ms (p99) from the producer to it, %.1f us of CPU " \
		    "each.\n\n", low["feeds-read", "rate"],
		    median("feeds-read", "delay_p50"),
		    median("feeds-read", "delay_p99"),
		    median("feeds-read", "cpu")
	if (told("run-back"))
		printf "A stream that comes to a run of %d events of 200 bytes " \
		    "has it after %.1f ms", high["run-back", "back_events"],
		    high["run-back", "back"]
	if (told("run-snapshot") && ran("run-back"))
		printf ", behind a snapshot after %.1f ms",
		    high["run-snapshot", "back"]
	print ".\n"

	heading("20 feeds")
	at_least(ran("feeds"), "events taken in, nobody reads",
	    low["feeds", "rate"], 200000, "/s")
	figure(ran("feeds-read"), "from a feed to its first reader at 50,000 " \
	    "events/s, p99", high["feeds-read", "delay_p99"], 2, " ms")
	figure(ran("feeds-read"), "of these, events that were not read",
	    high["feeds-read", "events"] - high["feeds-read", "heard"], 0, "")
	figure(ran("run-back"), "until a new stream has a run of 60,000 events",
	    high["run-back", "back"], 150, " ms")
	figure(ran("run-back"), "of these, events left out or twice",
	    high["run-back", "events"] - high["run-back", "back_events"] + \
	    high["run-back", "holes"], 0, "")
	figure(ran("run-snapshot"), "the same behind a snapshot",
	    high["run-snapshot", "back"], 5, " ms")
}
