# SPDX-License-Identifier: ISC
#
# The table of the rows of channels and their list of figures; after
# figures.awk.  Of a row that ran several times: CPU, rates and the usual times
# are the mean, memory, the worst times and lost events the worst run's.

function print_fan(row,    c) {
	if (row in bad) {
		printf "| %s | %s | | | | | | | | | | |\n", row, bad[row]
		return
	}
	if (!ran(row))
		return
	c = mean(row, "each_cpu")
	printf "| %s | %d / %d | %d | %.2f | %.2f | %s | %.1f | %.1f | %s | %s " \
	    "| %d | %d |\n", row, low[row, "established"], high[row, "asked"],
	    high[row, "broken"] + high[row, "lost"], c,
	    mean(row, "each_cpu_all"),
	    (floor > 0 ? sprintf("%.2f", ratio(c, floor)) : ""),
	    mean(row, "last_p50"), high[row, "last_max"],
	    flat(row, "flat_rate", "%d"), flat(row, "flat_cpu", "%.2f"),
	    high[row, "mem"], high[row, "mem_all"]
}

# Only rows without a front have this.
function flat(row, key, form) {
	return sum[row, "flat_events"] > 0 ? sprintf(form, mean(row, key)) : ""
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
	    "(p99).\n\n", high[row, "asked"], high[row, "back_s"],
	    low[row, "back"], high[row, "back_max"], high[row, "replayed"],
	    high[row, "holes"], high[row, "repeats"], high[row, "stay_p50"],
	    high[row, "stay_p99"]
}

function print_posts(    row) {
	row = "posts"
	if (row in bad)
		printf "posts: %s.\n\n", bad[row]
	if (!ran(row))
		return
	printf "Publishing to nobody, from 8 connections: %d POST/s, %.1f us " \
	    "of CPU each.\n\n", low[row, "rate"], high[row, "cpu"]
}

function failed_streams(row) {
	return high[row, "asked"] - low[row, "established"] + \
	    high[row, "broken"] + high[row, "lost"]
}

END {
	if (ran("fan-floor"))
		floor = mean("fan-floor", "each_cpu")
	s = "fan-sse-fcgi"
	n = "fan-nginx+sse-fcgi"
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

	print "Figures to reach, meant for 9,000 streams:\n"
	figure(ran(s) && floor > 0, "CPU per delivery as multiple of the floor",
	    ratio(mean(s, "each_cpu"), floor), 1.5, "")
	figure(ran(s), "POST until the last stream has it, p50",
	    mean(s, "last_p50"), 40, " ms")
	figure(ran(s), "the same, worst", high[s, "last_max"], 40, " ms")
	at_least(ran(s), "deliveries a second", mean(s, "flat_rate"), 350000, "")
	figure(ran(s), "streams not established or broken, and events lost",
	    failed_streams(s), 0, "")
	figure(ran(n) && ran("fan-nchan"), "CPU per delivery of nginx and " \
	    "sse-fcgi as multiple of nchan", ratio(mean(n, "each_cpu_all"),
	    mean("fan-nchan", "each_cpu_all")), 1.4, "")
	figure(ran(n), "memory per stream of the responder", high[n, "mem"], 300,
	    " bytes")
	figure(ran("storm"), "streams not back after the storm",
	    high["storm", "asked"] - low["storm", "back"], 0, "")
	figure(ran("storm"), "events left out or twice",
	    high["storm", "holes"] + high["storm", "repeats"] + \
	    high["storm", "stay_lost"], 0, "")
	figure(ran("storm"), "the time until all were whole and live",
	    high["storm", "back_s"], 5, " s")
	at_least(ran("posts"), "POST/s", low["posts", "rate"], 20000, "")
}
