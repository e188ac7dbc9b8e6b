# SPDX-License-Identifier: ISC
#
# The clock's table and list of figures; after figures.awk.  Of a row that ran
# several times: CPU is the mean over all events, memory, times and broken
# streams are the worst run's.

{
	events[row] += now["events"]
	cpu[row] += now["cpu"] * now["events"]
	cpu_all[row] += now["cpu_all"] * now["events"]
	if (now["self"] > self)
		self = now["self"]
}

function per_event(of, row) {
	return ratio(of[row], events[row])
}

function print_row(row,    c, a) {
	if (row in bad) {
		printf "| %s | %s | | | | | | | | | |\n", row, bad[row]
		return
	}
	if (!ran(row))
		return
	c = per_event(cpu, row)
	a = per_event(cpu_all, row)
	printf "| %s | %d / %d | %d | %.2f | %.2f | %s | %d | %d | " \
	    "%.2f | %.2f | %.2f |\n", row, low[row, "established"],
	    high[row, "asked"], high[row, "broken"], c, a,
	    (floor > 0 ? sprintf("%.2f", ratio(c, floor)) : ""),
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
	    per_event(cpu, row), high[row, "jitter_p99"]
}

function print_reconnect(    row) {
	row = "reconnect"
	if (!ran(row))
		return
	printf "%d streams closed and opened again at once: %d have an event " \
	    "again after %.2f s, the slowest %.0f ms after its connect; %d " \
	    "connects found the backlog full and were tried again.\n\n",
	    high[row, "asked"], high[row, "again_established"], high[row, "again_s"],
	    high[row, "again_max"], high[row, "again_refused"]
}

END {
	if (ran("floor"))
		floor = per_event(cpu, "floor")
	s = "sse-fcgi"
	n = "nginx+sse-fcgi"
	print ""
	print "| | streams came / asked | broken | CPU us/event, responder " \
	    "| CPU us/event, all | x floor | memory B/stream, responder " \
	    "| memory B/stream, all | first event ms, p50 | p99 " \
	    "| interval error ms, p99 |"
	print "|---|---|---|---|---|---|---|---|---|---|---|"
	count = split(rows, name, " ")
	for (i = 1; i <= count; i++)
		if (name[i] != "big" && name[i] != "reconnect")
			print_row(name[i])
	printf "\nOne event per stream every %s s, %s connects/s; the client " \
	    "used at most %.2f of one CPU.  Memory is RssAnon.\n\n", interval,
	    rate, self
	print_big()
	print_reconnect()

	print "Figures to reach, meant for 9,000 and 19,000 streams at 2 s:\n"
	figure(ran(s), "CPU per event of sse-fcgi", per_event(cpu, s), 2.5, " us")
	figure(ran(s) && floor > 0, "the same as multiple of the floor",
	    ratio(per_event(cpu, s), floor), 1.8, "")
	figure(ran(s), "memory per stream", high[s, "mem"], 256, " bytes")
	figure(ran(s), "streams not established or broken", all_served(s), 0,
	    "")
	figure(ran(s), "first event p99", high[s, "first_p99"], 5, " ms")
	figure(ran(s), "interval error p99", high[s, "jitter_p99"], 35, " ms")
	figure(ran("big"), "streams of the big row not established, broken " \
	    "or silent", all_served("big"), 0, "")
	figure(ran(n), "CPU per event of nginx and sse-fcgi",
	    per_event(cpu_all, n), 16, " us")
	figure(ran(n) && ran("nchan"), "the same as multiple of nchan",
	    ratio(per_event(cpu_all, n), per_event(cpu_all, "nchan")), 1.4, "")
	figure(ran("reconnect"), "not served again after a reconnect at once",
	    high["reconnect", "asked"] - high["reconnect", "again_established"],
	    0, "")
	figure(ran("reconnect"), "the time until all others were",
	    high["reconnect", "again_s"], 5, " s")
}
