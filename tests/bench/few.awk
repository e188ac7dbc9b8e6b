# SPDX-License-Identifier: ISC
#
# The table of the rows of few streams and their list of figures, that of the
# ring's memory included; after figures.awk.

function print_few(row,    n) {
	n = substr(row, 5)		# few-...
	if (row in bad)
		printf "| %s | %s | | | | | |\n", n, bad[row]
	else if (ran(row))
		printf "| %s | %d | %.2f | %.2f | %.3f | %.3f | %.3f |\n", n,
		    low[row, "events"], low[row, "cpu"], low[row, "cpu2"],
		    low[row, "times"], low[row, "times_p25"],
		    low[row, "times_p75"]
}

function kib(key,    i, most) {
	for (i = 1; i <= count; i++)
		if (high[name[i], key] + 0 > most + 0)
			most = high[name[i], key]
	return most / 1024
}

END {
	print ""
	print "| streams | deliveries to each | CPU us/delivery, waves | off " \
	    "| x off | p25 | p75 |"
	print "|---|---|---|---|---|---|---|"
	all = split(rows, every, " ")
	for (i = 1; i <= all; i++)
		if (every[i] ~ /^few-/)
			name[++count] = every[i]
	for (i = 1; i <= count; i++)
		print_few(name[i])
	printf "\nTwo responders, one with waves and one without, have events " \
	    "by turns, each when all have the one before.  The program with " \
	    "waves takes %d KiB before its first stream, all in all.\n\n",
	    kib("whole")

	heading("10, 100 and 1,000 streams")
	for (i = 1; i <= count; i++)
		figure(ran(name[i]), "CPU per delivery as multiple of waves " \
		    "off, " substr(name[i], 5) " streams",
		    low[name[i], "times"], 1.05, "")
	for (i = 1; i <= count; i++) {
		all_ran += ran(name[i])
		lost += high[name[i], "asked"] - low[name[i], "established"] + \
		    high[name[i], "broken"] + high[name[i], "lost"]
	}
	figure(all_ran == count, "streams not established or broken, and " \
	    "events lost", lost, 0, "")
	figure(kib("whole") > 0, "memory of the ring and its arena: with waves " \
	    "less without, before the first stream", kib("empty"), 1024, " KiB")
	figure(kib("whole") > 0, "the same after all events", kib("used"), 1024,
	    " KiB")
}
