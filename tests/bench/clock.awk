# SPDX-License-Identifier: ISC
#
# The clock's table and list of figures; after figures.awk.  Of a row that ran
# several times: CPU is the median, memory, times and broken streams are the
# worst run's.

{
	if (now["self"] > self)
		self = now["self"]
}

function print_row(row) {
	if (row in bad) {
		printf "| %s | %s | | | | | | | | | |\n", title(row), bad[row]
		return
	}
	if (!ran(row))
		return
	printf "| %s | %d / %d | %d | %.2f | %.2f | %s | %d | %d | " \
	    "%.2f | %.2f | %.2f |\n", title(row), low[row, "established"],
	    high[row, "asked"], high[row, "broken"], median(row, "cpu"),
	    median(row, "cpu_all"), times_column(row, "floor", "cpu"),
	    high[row, "mem"], high[row, "mem_all"], high[row, "first_p50"],
	    high[row, "first_p99"], high[row, "jitter_p99"]
}

function all_served(row) {
	return high[row, "asked"] - low[row, "established"] + \
	    high[row, "broken"] + high[row, "silent"]
}

function print_big(    row) {
	row = "big"
	if (!ran(row))
		return
	printf "%d of %d streams in one process for %d s: %d broken, %d " \
	    "silent, %d events (%.1f %% of what was due), %.2f us of CPU an " \
	    "event, interval error p99 %.2f ms.\n\n", low[row, "established"],
	    high[row, "asked"], high[row, "window_s"], high[row, "broken"],
	    high[row, "silent"], low[row, "events"],
	    100 * ratio(low[row, "events"] * interval,
	    high[row, "window_s"] * high[row, "asked"]),
	    median(row, "cpu"), high[row, "jitter_p99"]
}

function print_reconnect(    row) {
	row = "reconnect"
	if (!ran(row))
		return
	printf "%d streams closed and opened again at once: %d have an event " \
	    "again after %.2f s, the slowest %.0f ms after its connect; %d " \
	    "connects found the backlog full and were tried again.",
	    high[row, "asked"], low[row, "again_established"],
	    median(row, "again_s"), high[row, "again_max"],
	    high[row, "again_refused"]
	if (ran(row "-floor"))
		printf "  Those of the floor: after %.2f s.",
		    median(row "-floor", "again_s")
	print "\n"
}

END {
	s = "sse-fcgi"
	o = "sse-fcgi-off"
	n = "nginx+sse-fcgi"
	r = "reconnect"
	print ""
	print "| | streams came / asked | broken | CPU us/event, responder " \
	    "| CPU us/event, all | x floor | memory B/stream, responder " \
	    "| memory B/stream, all | first event ms, p50 | p99 " \
	    "| interval error ms, p99 |"
	print "|---|---|---|---|---|---|---|---|---|---|---|"
	count = split(rows, name, " ")
	for (i = 1; i <= count; i++)
		if (name[i] !~ /^(big|reconnect.*)$/)
			print_row(name[i])
	printf "\nOne event per stream every %s s, %s connects/s; the client " \
	    "used at most %.2f of one CPU.  Memory is RssAnon.\n\n", interval,
	    rate, self
	print_big()
	print_reconnect()

	heading("9,000 and 19,000 streams at 2 s")
	ratio_figure(s, "floor", "cpu",
	    "CPU per event as multiple of the floor", 0.75)
	ratio_figure(o, "floor", "cpu", "the same, waves off", 1.3)
	figure(ran(s), "memory per idle stream", high[s, "mem"], 260, " bytes")
	figure(ran(s), "streams not established or broken", all_served(s), 0,
	    "")
	ratio_figure(s, "floor", "first_p99",
	    "first event p99 as multiple of the floor", 2)
	ratio_figure(s, "floor", "jitter_p99", "interval error p99, the same",
	    1.5)
	figure(ran("big"), "streams of the big row not established, broken " \
	    "or silent", all_served("big"), 0, "")
	ratio_figure(n, "nchan", "cpu_all",
	    "CPU per event of nginx and sse-fcgi as multiple of nchan", 1.4)
	figure(ran(r), "not served again after a reconnect at once",
	    high[r, "asked"] - low[r, "again_established"], 0, "")
	ratio_figure(r, r "-floor", "again_s",
	    "the time until all others were as multiple of the floor", 2)
}
