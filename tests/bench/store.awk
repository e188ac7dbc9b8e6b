# SPDX-License-Identifier: ISC
#
# The table of the rows of --store and their list of figures; after figures.awk.
# Of a row that ran several times: the medians.

function print_store(row) {
	if (row in bad)
		printf "| %s | %s | | | | | | |\n", row, bad[row]
	else if (ran(row))
		printf "| %s | %s | %s | %.3f | %.3f | %s | %s | %s |\n", row,
		    has(row, "rate", "%d"), has(row, "cpu", "%.1f"),
		    median(row, "answer_p50"), median(row, "answer_p99"),
		    has(row, "batch", "%.1f"), has(row, "commit", "%.3f"),
		    row == "sync" ? "1.00" : ran("sync") ? sprintf("%.2f",
		    times(row, "sync", "answer_p50")) : ""
}

function has(row, key, form) {
	return (row, key) in high ? sprintf(form, median(row, key)) : ""
}

# Without --store, and without a disk, in the same run.
function beside(conns,    text) {
	text = ran("memory-" conns) ? sprintf("; without --store %d",
	    median("memory-" conns, "rate")) : ""
	if (ran("ram-" conns))
		text = text sprintf(", with the store in memory %d",
		    median("ram-" conns, "rate"))
	if (ran("sync"))
		text = text sprintf(", a sync %.3f ms",
		    median("sync", "answer_p50"))
	return text
}

function rate_figure(conns, limit,    row) {
	row = "store-" conns
	at_least(ran(row), "durable POST/s from " conns " connections" \
	    beside(conns), median(row, "rate"), limit, "")
}

END {
	print ""
	print "| | POST/s | CPU us/POST | answer ms, p50 | p99 " \
	    "| events/commit | ms/commit | answer x sync |"
	print "|---|---|---|---|---|---|---|---|"
	all = split(rows, every, " ")
	for (i = 1; i <= all; i++)
		if (every[i] ~ /^(sync|(store|memory|ram)-[0-9]+)$/)
			print_store(every[i])
	printf "\nPosts of 100 bytes to nobody from 1, 8 and 64 connections " \
	    "that each wait for their answer: with --store on %s, without, " \
	    "and with --store in memory.  sync: 4 KiB written and synced, on " \
	    "that disk.\n\n", disk
	if (ran("store-fan"))
		printf "Events to %d streams with --store and to as many " \
		    "without, by turns: %.2f and %.2f us of CPU a delivery.\n\n",
		    high["store-fan", "established"] / 2,
		    high["store-fan", "cpu"], high["store-fan", "cpu2"]
	if (ran("store-read"))
		printf "A history of %d events, as many as are held in 64 MiB, " \
		    "is read back %d ms after exec.\n\n",
		    high["store-read", "events"], high["store-read", "began"]

	print "Figures to reach, which follow the machine and the disk:\n"
	rate_figure(8, 25000)
	rate_figure(64, 45000)
	ratio_figure("store-1", "sync", "answer_p50", "a lone POST's answer " \
	    "as multiple of a sync, p50", 2)
	figure(ran("store-fan"), "CPU per delivery with --store as multiple of " \
	    "without", high["store-fan", "times"], 1.1, "")
	figure(ran("store-fan"), "streams not established or broken, and " \
	    "events lost", high["store-fan", "asked"] - \
	    low["store-fan", "established"] + high["store-fan", "broken"] + \
	    high["store-fan", "lost"], 0, "")
	figure(ran("store-read"), "64 MiB of history read back",
	    high["store-read", "began"], 1000, " ms")
}
