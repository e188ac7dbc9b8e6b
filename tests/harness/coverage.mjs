// SPDX-License-Identifier: ISC
//
// What the tests have reached of src/, by gcov, in a tree that was built and
// tested with --coverage; and whether that is enough.
//
//	node tests/harness/coverage.mjs DIR [FILE ...]
//
// Of each FILE it prints what is not reached.  What cannot be reached stands in
// tests/coverage.list, a line of a function each, with the reason below it:
//
//	src/FILE FUNCTION: the line's text
//		why
//
// An entry for what is reached, or is not there, is an error, so that the list
// stays true.  assert() has a branch that cannot happen, by what it says, and
// code that a macro of the system makes is the system's.

import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const LINES = 98;
const BRANCHES = 95;
const WHOLE = ['fastcgi/gate', 'fastcgi/gate_rules', 'fastcgi/record',
	'channel/sse', 'channel/eventid', 'channel/channel'];
const MACRO = /^RB_(GENERATE|PROTOTYPE)\(/;

const [dir, ...shown] = process.argv.slice(2);
const sources = new Map();

function text(file) {
	if (!sources.has(file))
		sources.set(file, readFileSync(join(dir, file), 'utf8').split('\n'));
	return sources.get(file);
}

// Is the line part of an assert()?
function asserts(file, number) {
	const lines = text(file);

	for (let i = number - 1; i >= 0 && i > number - 8; i--) {
		if (/^\s*assert\(/.test(lines[i]))
			return true;
		if (i < number - 1 && /[;{}]\s*(\/\*.*\*\/)?$/.test(lines[i]))
			return false;
		if (lines[i].trim() === '')
			return false;
	}
	return false;
}

// Of all objects together: a line's counts are added up, and its branches'.
function read() {
	const objects = readdirSync(join(dir, 'build/asan'), { recursive: true })
		.filter((name) => name.endsWith('.gcda'))
		.map((name) => join('build/asan', name));
	const files = new Map();
	const out = execFileSync('gcov', ['--json-format', '--stdout', '-b',
		...objects], { cwd: dir, maxBuffer: 1 << 30 }).toString();

	for (const object of out.split('\n').filter(Boolean).map(JSON.parse))
		for (const { file, lines } of object.files)
			if (file.startsWith('src/'))
				for (const line of lines)
					add(files, file, line);
	return files;
}

function add(files, file, line) {
	if (!files.has(file))
		files.set(file, new Map());
	const key = line.line_number;
	const known = files.get(file).get(key);

	if (known === undefined) {
		files.get(file).set(key, { ...line,
			branches: line.branches.map((b) => b.count),
			text: text(file)[key - 1].trim() });
		return;
	}
	known.count += line.count;
	line.branches.forEach((b, i) => {
		known.branches[i] = (known.branches[i] ?? 0) + b.count;
	});
}

// The list: what may be missed, by "FILE FUNCTION: TEXT".
function readList() {
	const list = new Map();
	let entry;

	for (const line of readFileSync('tests/coverage.list', 'utf8').split('\n')) {
		if (line.startsWith('#') || line.trim() === '')
			continue;
		if (/^\s/.test(line))
			entry.why.push(line.trim());
		else
			list.set(line.trim(), entry = { why: [], used: false });
	}
	return list;
}

function share(hit, all) {
	return all === 0 ? 100 : 100 * hit / all;
}

const files = read();
const list = readList();
const total = { lines: 0, hit: 0, branches: 0, taken: 0, excused: 0 };
const wrong = [];

for (const file of [...files.keys()].sort()) {
	const own = { lines: 0, hit: 0, branches: 0, taken: 0 };

	for (const [number, line] of [...files.get(file)].sort((a, b) => a[0] - b[0])) {
		const branches = asserts(file, number) ? [] : line.branches;
		const taken = branches.filter((n) => n > 0).length;
		const missed = line.count === 0 || taken < branches.length;

		if (MACRO.test(line.text))
			continue;
		if (missed) {
			const excuse =
			    list.get(`${file} ${line.function_name}: ${line.text}`);

			if (excuse !== undefined) {
				excuse.used = true;
				total.excused++;
				continue;
			}
			if (shown.includes(file) || shown.includes('all'))
				console.log(`${file} ${line.function_name}: ${line.text}` +
				    (line.count === 0 ? '' :
					`   [${taken} of ${branches.length}]`));
		}
		own.lines++;
		own.hit += line.count > 0;
		own.branches += branches.length;
		own.taken += taken;
	}
	for (const key of Object.keys(own))
		total[key] += own[key];
	if (WHOLE.some((name) => file === `src/${name}.c`) &&
	    own.taken < own.branches)
		wrong.push(`${file}: ${own.taken} of ${own.branches} branches, ` +
		    'and all are wanted');
	if (own.hit < own.lines || own.taken < own.branches)
		console.log(`${file}: ${own.hit} of ${own.lines} lines, ` +
		    `${own.taken} of ${own.branches} branches`);
}
for (const [what, entry] of list) {
	if (!entry.used)
		wrong.push(`tests/coverage.list: it is reached, or not there: ${what}`);
	if (entry.why.length === 0)
		wrong.push(`tests/coverage.list: without a reason: ${what}`);
}
const lines = share(total.hit, total.lines);
const branches = share(total.taken, total.branches);

console.log(`coverage: ${lines.toFixed(2)} % of ${total.lines} lines, ` +
    `${branches.toFixed(2)} % of ${total.branches} branches; ` +
    `${total.excused} lines cannot be reached`);
if (lines < LINES)
	wrong.push(`fewer than ${LINES} % of the lines`);
if (branches < BRANCHES)
	wrong.push(`fewer than ${BRANCHES} % of the branches`);
for (const line of wrong)
	console.error(line);
process.exit(wrong.length === 0 ? 0 : 1);
