# SPDX-License-Identifier: ISC
#
# The table of the rows of fronts and their list of figures; after figures.awk.

function print_front(row,    front) {
	front = substr(row, 8)		# behind-...
	if (row in bad) {
		printf "| %s | %s | | | | | | | | | | |\n", front, bad[row]
		return
	}
	if (!ran(row))
		return
	printf "| %s | %d / %d | %d | %d | %.2f | %.2f | %.2f | %d | %d | " \
	    "%.2f | %.2f | %.2f |\n", front, high[row, "established"],
	    high[row, "asked"], high[row, "broken"], high[row, "silent"],
	    high[row, "cpu1"], high[row, "cpu2"], high[row, "cpu_all"],
	    high[row, "mem1"], high[row, "mem2"], high[row, "first_p50"],
	    high[row, "first_p99"], high[row, "jitter_p99"]
}

function alive(row) {
	return high[row, "established"] - high[row, "broken"] - \
	    high[row, "silent"]
}

# How many the project wants to see.
function wanted(row) {
	if (row == "behind-apache")
		return 1500
	return row ~ /nginx|lighttpd/ ? 9000 : 4500
}

# The highest over all rows.
function worst(key,    i, most) {
	for (i = 1; i <= count; i++)
		if (high[name[i], key] + 0 > most + 0)
			most = high[name[i], key]
	return most
}

END {
	print ""
	print "| | streams came / asked | broken | silent " \
	    "| CPU us/event, responder | front | both " \
	    "| memory B/stream, responder | front | first event ms, p50 | p99 " \
	    "| interval error ms, p99 |"
	print "|---|---|---|---|---|---|---|---|---|---|---|---|"
	all = split(rows, every, " ")
	for (i = 1; i <= all; i++)
		if (every[i] ~ /^behind-/)
			name[++count] = every[i]
	for (i = 1; i <= count; i++)
		print_front(name[i])
	printf "\nOne event per stream every %s s for %d s, %s connects/s; the " \
	    "client used at most %.2f of one CPU.  Silent: without an event in " \
	    "the last two intervals.  Memory is RssAnon.\n\n", interval,
	    worst("window_s"), rate, worst("self")

	for (i = 1; i <= count; i++)
		at_least(ran(name[i]), "streams alive at the end, " \
		    substr(name[i], 8), alive(name[i]), wanted(name[i]), "")
	figure(1, "streams broken or silent, the worst of all",
	    worst("broken") + worst("silent"), 0, "")
	figure(1, "memory per stream of sse-fcgi, the same", worst("mem1"), 300,
	    " bytes")
}
