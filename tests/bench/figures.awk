# SPDX-License-Identifier: ISC
#
# What the bench's tables have in common: the lines "row key=value ..." of the
# measuring tools, read into high and low (by row and key, over the runs of a
# row) and value (by line and key), and the list of figures to reach.

{
	row = $1
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
	of[NR] = row
	for (key in now)
		add(row, key, now[key])
	ok[row] = 1
}

# A number as a text that is printed as it was measured.
function add(row, key, value) {
	value_of[NR, key] = value
	if (!((row, key) in high) || value + 0 > high[row, key] + 0)
		high[row, key] = value
	if (!((row, key) in low) || value + 0 < low[row, key] + 0)
		low[row, key] = value
}

function ran(row) {
	return (row in ok) && !(row in bad)
}

function ratio(a, b) {
	return b > 0 ? a / b : 0
}

# The median of list[1] to list[n], which are sorted in passing.
function middle(list, n,    i, j, x) {
	for (i = 2; i <= n; i++) {
		x = list[i]
		for (j = i - 1; j > 0 && list[j] > x; j--)
			list[j + 1] = list[j]
		list[j + 1] = x
	}
	if (n == 0)
		return 0
	return (list[int((n + 1) / 2)] + list[int((n + 2) / 2)]) / 2
}

# Over the runs of the row.
function median(row, key,    i, n, list) {
	for (i = 1; i <= NR; i++)
		if (of[i] == row)
			list[++n] = value_of[i, key] + 0
	return middle(list, n)
}

# How many times the base's is the row's: the median over all neighbours, each
# run of the row with the nearest of the base before it and after it.
function times(row, base, key,    i, j, n, list) {
	if (!ran(row) || !ran(base))
		return 0
	for (i = 1; i <= NR; i++) {
		if (of[i] != row)
			continue
		for (j = i - 1; j > 0 && of[j] != base; j--)
			continue
		if (j > 0)
			list[++n] = ratio(value_of[i, key], value_of[j, key])
		for (j = i + 1; j <= NR && of[j] != base; j++)
			continue
		if (j <= NR)
			list[++n] = ratio(value_of[i, key], value_of[j, key])
	}
	return middle(list, n)
}

# As a column of the table.
function times_column(row, base, key) {
	if (row == base)
		return "1.00"
	return ran(base) ? sprintf("%.2f", times(row, base, key)) : ""
}

function title(row) {
	sub(/-off$/, ", waves off", row)
	return row
}

# Of a list of figures; how much a wave gains follows the bare call.
function heading(streams) {
	printf "Figures to reach, meant for %s; a bare system call costs %d ns " \
	    "here:\n\n", streams, bare
}

function plain(x) {
	return x >= 1000 ? sprintf("%d", x) : sprintf("%.4g", x)
}

# One figure: met if value <= limit.
function figure(have, text, value, limit, unit) {
	judge(have, text, value, limit, unit, "at most", value + 0 <= limit)
}

# The same for what is to be at least so much.
function at_least(have, text, value, limit, unit) {
	judge(have, text, value, limit, unit, "at least", value + 0 >= limit)
}

function judge(have, text, value, limit, unit, bound, met) {
	if (!have)
		printf "- %s: not measured\n", text
	else
		printf "- %s: %s (%s%s, %s %s)\n", text,
		    met ? "met" : "**not met**", plain(value), unit, bound,
		    plain(limit)
}

# A figure that is a ratio of two rows.
function ratio_figure(row, base, key, text, limit) {
	figure(ran(row) && ran(base), text, times(row, base, key), limit, "")
}

# The same without a limit.
function ratio_told(row, base, key, text) {
	if (ran(row) && ran(base))
		printf "- %s: %s\n", text, plain(times(row, base, key))
	else
		printf "- %s: not measured\n", text
}
