# SPDX-License-Identifier: ISC
#
# From the client's lines ("row key=value ...") the table of the bench and the
# list of figures to reach.  Of a row that ran several times: CPU is the mean
# over all events, memory, times and broken streams are the worst run's.

function worst(row, key, value) {
	if (!((row, key) in v) || value + 0 > v[row, key] + 0)
		v[row, key] = value
}

{
	row = $1
	runs[row]++
	delete now
	for (i = 2; i <= NF; i++) {
		eq = index($i, "=")
		now[substr($i, 1, eq - 1)] = substr($i, eq + 1)
	}
	if ("failed" in now) {		# one failure fails the row
		gsub("_", " ", now["failed"])
		bad[row] = now["failed"]
		next
	}
	ok[row] = 1
	for (key in now)
		worst(row, key, now[key])
	if (!(row in least) || now["established"] + 0 < least[row])
		least[row] = now["established"] + 0
	if (!(row in few) || now["events"] + 0 < few[row])
		few[row] = now["events"] + 0
	events[row] += now["events"]
	cpu[row] += now["cpu"] * now["events"]
	cpu_all[row] += now["cpu_all"] * now["events"]
	if (now["self"] > self)
		self = now["self"]
}

function ran(row) {
	return (row in ok) && !(row in bad)
}

function mean(sum, row) {
	return ratio(sum, events[row])
}

function ratio(a, b) {
	return b > 0 ? a / b : 0
}

function print_row(row,    c, a) {
	if (row in bad) {
		printf "| %s | %s | | | | | | | | | |\n", row, bad[row]
		return
	}
	if (!ran(row))
		return
	c = mean(cpu[row], row)
	a = mean(cpu_all[row], row)
	printf "| %s | %d / %d | %d | %.2f | %.2f | %s | %d | %d | " \
	    "%.2f | %.2f | %.2f |\n", row, least[row], v[row, "asked"],
	    v[row, "broken"], c, a,
	    (floor > 0 ? sprintf("%.2f", ratio(c, floor)) : ""),
	    v[row, "mem"], v[row, "mem_all"], v[row, "first_p50"],
	    v[row, "first_p99"], v[row, "jitter_p99"]
}

# One figure: met if value <= limit.
function figure(have, text, value, limit, unit) {
	value += 0	# from the input it may be a string, compared as one
	if (!have)
		printf "- %s: not measured\n", text
	else
		printf "- %s: %s (%.4g%s, at most %.4g)\n", text,
		    (value <= limit ? "met" : "**not met**"), value, unit, limit
}

function all_served(row) {
	return v[row, "asked"] - least[row] + v[row, "broken"] + v[row, "silent"]
}

function print_big(    row) {
	row = "big"
	if (!ran(row))
		return
	printf "%d of %d streams in one process for %d s: %d broken, %d " \
	    "silent, %d events (%.1f %% of what was due), %.2f us of CPU an " \
	    "event, interval error p99 %.2f ms.\n\n", least[row],
	    v[row, "asked"], v[row, "window_s"], v[row, "broken"],
	    v[row, "silent"], few[row], 100 * ratio(few[row] * interval,
	    v[row, "window_s"] * v[row, "asked"]), mean(cpu[row], row), v[row, "jitter_p99"]
}

function print_reconnect(    row) {
	row = "reconnect"
	if (!ran(row))
		return
	printf "%d streams closed and opened again at once: %d have an event " \
	    "again after %.2f s, the slowest %.0f ms after its connect; %d " \
	    "connects found the backlog full and were tried again.\n\n",
	    v[row, "asked"], v[row, "again_established"], v[row, "again_s"],
	    v[row, "again_max"], v[row, "again_refused"]
}

END {
	if (ran("floor"))
		floor = mean(cpu["floor"], "floor")
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
	figure(ran(s), "CPU per event of sse-fcgi", mean(cpu[s], s), 2.5, " us")
	figure(ran(s) && floor > 0, "the same as multiple of the floor",
	    ratio(mean(cpu[s], s), floor), 1.8, "")
	figure(ran(s), "memory per stream", v[s, "mem"], 256, " bytes")
	figure(ran(s), "streams not established or broken", all_served(s), 0,
	    "")
	figure(ran(s), "first event p99", v[s, "first_p99"], 5, " ms")
	figure(ran(s), "interval error p99", v[s, "jitter_p99"], 35, " ms")
	figure(ran("big"), "streams of the big row not established, broken " \
	    "or silent", all_served("big"), 0, "")
	figure(ran(n), "CPU per event of nginx and sse-fcgi",
	    mean(cpu_all[n], n), 16, " us")
	figure(ran(n) && ran("nchan"), "the same as multiple of nchan",
	    ratio(mean(cpu_all[n], n), mean(cpu_all["nchan"], "nchan")), 1.4, "")
	figure(ran("reconnect"), "not served again after a reconnect at once",
	    v["reconnect", "asked"] - v["reconnect", "again_established"], 0, "")
	figure(ran("reconnect"), "the time until all others were",
	    v["reconnect", "again_s"], 5, " s")
}
