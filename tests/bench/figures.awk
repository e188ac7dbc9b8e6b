# SPDX-License-Identifier: ISC
#
# What the bench's tables have in common: the lines "row key=value ..." of the
# measuring tools, read into high, low and sum (by row and key, over the runs of
# a row), and the list of figures to reach.

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
	for (key in now)
		add(row, key, now[key])
	ok[row] = 1
}

# A number as a text that is printed as it was measured.
function add(row, key, value) {
	sum[row, key] += value
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

# Over the runs of the row.
function mean(row, key) {
	return ratio(sum[row, key], runs[row])
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

# The same for what is to be at least so much.
function at_least(have, text, value, limit, unit) {
	if (!have)
		printf "- %s: not measured\n", text
	else
		printf "- %s: %s (%d%s, at least %d)\n", text,
		    (value >= limit ? "met" : "**not met**"), value, unit, limit
}
