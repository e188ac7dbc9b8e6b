# SPDX-License-Identifier: ISC
#
# The table of the rows of channels and their list of figures; after
# figures.awk.  Of a row that ran several times: CPU, rates and the usual times
# are the median, memory, the worst times and lost events the worst run's.

function print_fan(row) {
	if (row in bad) {
		printf "| %s | %s | | | | | | | | | | |\n", title(row),
		    bad[row]
		return
	}
	if (!ran(row))
		return
	printf "| %s | %d / %d | %d | %.2f | %.2f | %s | %.1f | %.1f | %s | %s " \
	    "| %d | %d |\n", title(row), low[row, "established"],
	    high[row, "asked"], high[row, "broken"] + high[row, "lost"],
	    median(row, "each_cpu"), median(row, "each_cpu_all"),
	    times_column(row, "fan-floor", "each_cpu"),
	    median(row, "last_p50"), high[row, "last_max"],
	    flat(row, "flat_rate", "%d"), flat(row, "flat_cpu", "%.2f"),
	    high[row, "mem"], high[row, "mem_all"]
}

# Only rows without a front have this.
function flat(row, key, form) {
	return high[row, "flat_events"] > 0 ? sprintf(form, median(row, key)) \
	    : ""
}

function print_storm(    row) {
	row = "storm"
	if (row in bad)
		printf "storm: %s.\n\n", bad[row]
	if (!ran(row))
		return
	printf "%d streams closed and opened again at once, from 100 events " \
	    "back: after %.2f s %d have all of them and an event that was " \
	    "published after their connect, the slowest %.0f ms after it; " \
	    "%d events in that time, %d left out, %d twice.  500 streams that " \
	    "stayed had the events of that time after %.1f ms (p50), %.1f ms " \
	    "(p99).", high[row, "asked"], median(row, "back_s"),
	    low[row, "back"], high[row, "back_max"], high[row, "replayed"],
	    high[row, "holes"], high[row, "repeats"], high[row, "stay_p50"],
	    high[row, "stay_p99"]
	if ("storm-before" in bad)
		printf "  The version before: %s.", bad["storm-before"]
	if (ran("storm-before"))
		printf "  With the version before: after %.2f s.",
		    median("storm-before", "back_s")
	print "\n"
}

function print_posts(    row) {
	row = "posts"
	if (row in bad)
		printf "posts: %s.\n\n", bad[row]
	if (!ran(row))
		return
	printf "Publishing to nobody, from 8 connections: %d POST/s, %.1f us " \
	    "of CPU each", median(row, "rate"), median(row, "cpu")
	if (ran("posts-floor"))
		printf "; to the floor: %d POST/s, %.1f us",
		    median("posts-floor", "rate"), median("posts-floor", "cpu")
	print ".\n"
}

function failed_streams(row) {
	return high[row, "asked"] - low[row, "established"] + \
	    high[row, "broken"] + high[row, "lost"]
}

END {
	f = "fan-floor"
	s = "fan-sse-fcgi"
	o = "fan-sse-fcgi-off"
	n = "fan-nginx+sse-fcgi"
	l = "fan-lighttpd+sse-fcgi"
	print ""
	print "| channels | streams came / asked | broken or lost " \
	    "| CPU us/delivery, responder | CPU us/delivery, all | x floor " \
	    "| last stream has it ms, p50 | worst | deliveries/s | CPU us then " \
	    "| memory B/stream, responder | memory B/stream, all |"
	print "|---|---|---|---|---|---|---|---|---|---|---|---|"
	count = split(rows, name, " ")
	for (i = 1; i <= count; i++)
		if (name[i] ~ /^fan-/)
			print_fan(name[i])
	printf "\nEvents of 100 bytes, one by one, then as fast as they go.  " \
	    "Memory is RssAnon, the history not counted.\n\n"
	print_storm()
	print_posts()

	heading("9,000 streams")
	ratio_figure(s, f, "each_cpu",
	    "CPU per delivery as multiple of the floor", 0.65)
	ratio_figure(o, f, "each_cpu", "the same, waves off", 1.3)
	at_least(ran(s) && ran(f), "deliveries a second as multiple of the " \
	    "floor", times(s, f, "flat_rate"), 1.25, "")
	ratio_figure(s, f, "last_p50",
	    "POST until the last stream has it as multiple of the floor, p50", 1)
	ratio_figure(s, f, "last_max", "the same, worst of a run", 1)
	figure(ran(s), "streams not established or broken, and events lost",
	    failed_streams(s), 0, "")
	ratio_figure(n, "fan-nchan", "each_cpu_all", "CPU per delivery of " \
	    "nginx and sse-fcgi as multiple of nchan", 1.25)
	ratio_told(l, "fan-nchan", "each_cpu_all",
	    "the same of lighttpd and sse-fcgi")
	figure(ran(s), "memory per idle stream of the responder",
	    high[s, "mem"], 260, " bytes")
	figure(ran("storm"), "streams not back after the storm",
	    high["storm", "asked"] - low["storm", "back"], 0, "")
	figure(ran("storm"), "events left out or twice",
	    high["storm", "holes"] + high["storm", "repeats"] + \
	    high["storm", "stay_lost"], 0, "")
	ratio_figure("storm", "storm-before", "back_s",
	    "the time until all were whole and live as multiple of the version " \
	    "before" (ran("storm-before") ? "" : ", whose program BEFORE= would " \
	    "name (tests/bench/bench says how)"), 0.7)
	ratio_figure("posts", "posts-floor", "cpu",
	    "CPU per POST as multiple of the floor, which reads none", 12)
}
