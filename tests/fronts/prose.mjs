// SPDX-License-Identifier: ISC
//
// The documentation's blocks of code, as they stand there, and how those that are
// programs are run.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, run } from './processes.mjs';

// How a block of each language is run: the file's name and the command.
export const LANGUAGES = {
	sh: ['example.sh', 'sh'],
	php: ['example.php', 'php'],
	python: ['example.py', 'python3'],
	js: ['example.mjs', 'node'],
	yaml: ['prometheus.yml', 'promtool', 'check', 'config'],
};

// The blocks between two headings.
export function blocksOf(file, heading) {
	const text = readFileSync(join(ROOT, file), 'utf8');
	const [, part] = text.split(new RegExp(`\n##+ ${heading}\n`));
	const [section] = part.split(/\n##/);

	return [...section.matchAll(/^```(\w+)\n(.*?)^```$/gms)]
		.map(([, language, code]) => ({ language, code }));
}

// Runs one in dir, with something replaced that must be there.
export async function runBlock(dir, { language, code }, replace, by) {
	const [name, command, ...args] = LANGUAGES[language];
	const path = join(dir, name);

	assert.notEqual(code.search(replace), -1, code);
	writeFileSync(path, code.replaceAll(replace, by));
	const it = run(command, [...args, path]);
	it.status = await it.ended;
	return it;
}
