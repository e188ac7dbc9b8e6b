// SPDX-License-Identifier: ISC
//
// The table of the fronts in conf/README.md, for the tests that hold it to its word.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './processes.mjs';

const COLUMNS = ['streams', 'leaving', 'down', 'reload', 'closed', 'notes'];

// A front's cells, by front and column.
export const TABLE = {};

const [, chapter] = readFileSync(join(ROOT, 'conf/README.md'), 'utf8')
	.split('\n## The fronts, compared\n');
const [section] = chapter.split('\n### ');
for (const [, front, row] of section.matchAll(/^\|[^|]+\| `(\w+)` \|(.*)\|$/gm)) {
	const cells = row.split('|').map((cell) => cell.trim());

	TABLE[front] = Object.fromEntries(COLUMNS.map((column, i) =>
		[column, cells[i]]));
}

// How many streams the shipped configuration is for.
export function roomOf(front) {
	const [number] = /[\d,]*\d/.exec(TABLE[front].streams);

	return Number(number.replace(',', ''));
}

// How many events or heartbeats are written to a browser that has gone until the
// responder sees it.
const WRITES = {
	'at once': 0,
	'with the next event or heartbeat': 1,
	'with the second': 2,
	'with the fourth': 4,
};

export function writesToSeeLeaving(front) {
	return WRITES[TABLE[front].leaving];
}
