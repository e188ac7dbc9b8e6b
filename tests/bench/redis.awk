# SPDX-License-Identifier: ISC
#
# The table of the rows of --redis and their list of figures; after figures.awk.
# Of a row that ran several times: the usual figures are the median, the worst
# times the worst run's.

function print_hop(row, key) {
	if (row in bad)
		printf "| %s | %s | | | |\n", row, bad[row]
	else if (ran(row))
		printf "| %s | %d | %.3f | %.3f | %.3f |\n", row,
		    ran(row) && key == "last" ? high[row, "each_events"] : high[row, "events"], median(row, key "_p50"),
		    median(row, key "_p99"), high[row, key "_max"]
}

function hop_figures(row, floor, text) {
	figure(ran(row), text ", p50" beside_hop(floor, "p50"),
	    median(row, "last_p50"), 1.5, " ms")
	figure(ran(row), "the same, p99" beside_hop(floor, "p99"),
	    median(row, "last_p99"), 5, " ms")
}

# Redis alone, and the program alone, in the same run.
function beside_hop(floor, p,    text) {
	if (ran(floor))
		text = sprintf("; Redis itself %.3f ms",
		    median(floor, "hop_" p))
	if (ran("memory-hop"))
		text = text sprintf(", without --redis %.3f ms",
		    median("memory-hop", "last_" p))
	return text
}

function print_flood(row, text) {
	if (row in bad)
		printf "%s: %s.\n\n", row, bad[row]
	else if (ran(row))
		printf "%s: %d events/s to %d streams, had after %.1f ms " \
		    "(p50), %.1f ms (p99); %.2f us of CPU a delivery in all, " \
		    "the client not counted.\n\n", text, high[row, "rate"],
		    high[row, "established"], high[row, "delay_p50"],
		    high[row, "delay_p99"], high[row, "cpu_all"]
}

function failed_flood(row) {
	return high[row, "asked"] - low[row, "established"] + \
	    high[row, "broken"] + high[row, "lost"] + high[row, "missing"]
}

function print_rows(    row) {
	row = "redis-xadd"
	if (ran(row))
		printf "XADD by a bare client: %d events/s, %.2f us of " \
		    "Redis' CPU each.\n\n", high[row, "rate"],
		    high[row, "cpu"]
	print_flood("redis-20000", "At a rate")
	print_flood("redis-flat", "As fast as they go")
	row = "redis-fan"
	if (ran(row))
		printf "Events to %d streams with --redis and to as many " \
		    "without, by turns: %.2f and %.2f us of CPU a delivery.\n\n",
		    high[row, "established"] / 2, high[row, "cpu"],
		    high[row, "cpu2"]
	row = "redis-crowd"
	if (row in bad)
		printf "%s: %s.\n\n", row, bad[row]
	if (ran(row))
		printf "%d of %d streams at three processes, %d events to " \
		    "each: %d deliveries, after %.0f ms (p50), %.0f ms (p99), " \
		    "%.0f ms at most; the clients used %.2f CPUs.\n\n",
		    high[row, "established"], high[row, "asked"],
		    high[row, "posted"], high[row, "events"],
		    high[row, "delay_p50"], high[row, "delay_p99"],
		    high[row, "delay_max"], high[row, "self"]
	row = "redis-back"
	if (row in bad)
		printf "%s: %s.\n\n", row, bad[row]
	if (ran(row))
		printf "The master killed and a replica promoted: a POST is " \
		    "answered after %.0f ms, and its event at a stream of " \
		    "another process after %.0f ms, at most %.0f ms.\n\n",
		    median(row, "answer"), median(row, "event"),
		    high[row, "event"]
}

# What Redis takes for an event, by the number of those who read.
function print_tails(    i, n, row, text) {
	n = split("1 10 100", tails, " ")
	for (i = 1; i <= n; i++) {
		row = "redis-tails-" tails[i]
		if (ran(row))
			text = text sprintf("%s%d us of CPU to %d processes",
			    text == "" ? "" : ", ", high[row, "cpu"], tails[i])
	}
	if (text != "")
		printf "An event of 1,000 a second takes Redis %s.\n\n", text
}

function failed_crowd(    row) {
	row = "redis-crowd"
	return high[row, "asked"] - low[row, "established"] + \
	    high[row, "broken"] + high[row, "lost"] + high[row, "short"] + \
	    high[row, "posted"] * high[row, "established"] - \
	    high[row, "events"]
}

END {
	print ""
	print "| | events | ms until it is there, p50 | p99 | worst |"
	print "|---|---|---|---|---|"
	print_hop("redis-floor", "hop")
	print_hop("memory-hop", "last")
	print_hop("redis-hop", "last")
	print_hop("redis-aof-floor", "hop")
	print_hop("redis-aof-hop", "last")
	printf "\nEvents of 100 bytes, one by one.  floor: XADD until XREAD " \
	    "has it; memory: POST until a stream of the same process has it; " \
	    "redis: of another.\n\n"
	print_rows()
	print_tails()

	print "Figures to reach, which follow the machine:\n"
	hop_figures("redis-hop", "redis-floor", "POST at one process until a " \
	    "stream of another has the event")
	hop_figures("redis-aof-hop", "redis-aof-floor",
	    "the same, appendonly everysec")
	at_least(ran("redis-flat"), "events/s by XADD, to 10 streams each at " \
	    "two processes" (ran("redis-xadd") ? sprintf("; to none %d",
	    high["redis-xadd", "rate"]) : ""), high["redis-flat", "rate"],
	    20000, "")
	figure(ran("redis-flat") && ran("redis-20000"), "streams not " \
	    "established or broken, and events lost",
	    failed_flood("redis-flat") + failed_flood("redis-20000"), 0, "")
	figure(ran("redis-crowd"), "the same at three processes, deliveries " \
	    "that did not come included", failed_crowd(), 0, "")
	figure(ran("redis-fan"), "CPU per delivery as multiple of that without " \
	    "--redis", high["redis-fan", "times"], 1.25, "")
	figure(ran("redis-fan"), "streams not established or broken, and " \
	    "events lost", high["redis-fan", "asked"] - \
	    low["redis-fan", "established"] + high["redis-fan", "broken"] + \
	    high["redis-fan", "lost"], 0, "")
	figure(ran("redis-back"), "back after a promotion, the worst",
	    high["redis-back", "event"], 2000, " ms")
}
