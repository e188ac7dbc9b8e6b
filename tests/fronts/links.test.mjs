// SPDX-License-Identifier: ISC
//
// The documentation's links: each leads to a file that is there and, where it
// names a heading, to one of that file.  The front door stays short, and the
// version is one.

import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { it } from 'node:test';
import { ROOT } from './processes.mjs';

const FILES = ['README.md', 'conf/README.md', 'conf/readers.md', 'conf/redis.md',
	'conf/runs.md', 'conf/sse-js.md', 'conf/tickets.md', 'src/README.md',
	'src/CHANGES.md', 'tests/README.md'];

const textOf = (file) => readFileSync(join(ROOT, file), 'utf8');

// Without what stands in blocks of code.
const proseOf = (file) => textOf(file)
	.replaceAll(/^```.*?^```$/gms, '').replaceAll(/^ {4}.*$/gm, '');

// As the places that show them make them of headings.
function anchorsOf(file) {
	const names = [...proseOf(file).matchAll(/^#+ (.*)$/gm)].map(([, text]) =>
		text.toLowerCase().replaceAll(/[^\w\- ]/g, '').replaceAll(' ', '-'));

	assert.equal(new Set(names).size, names.length, `${file}: one twice`);
	return names;
}

for (const file of FILES)
	it(`${file}: its links lead somewhere`, () => {
		for (const [, link] of proseOf(file).matchAll(/\]\(([^)]*)\)/g)) {
			if (/^\w+:/.test(link))
				continue;
			const [path, anchor] = link.split('#');
			const there = path ? join(dirname(file), path) : file;

			assert.ok(existsSync(join(ROOT, there)), link);
			assert.ok(anchor === undefined ||
				anchorsOf(there).includes(anchor), link);
		}
		anchorsOf(file);
	});

it('README.md has at most 300 lines', () => {
	assert.ok(textOf('README.md').split('\n').length <= 301);
});

it('a picture of README.md has less than 95,000 bytes', () => {
	const pictures = [...textOf('README.md').matchAll(/!\[[^\]]*\]\(([^)]*)\)/g)];

	assert.ok(pictures.length);
	for (const [, picture] of pictures) {
		const { size } = statSync(join(ROOT, picture));

		assert.ok(size < 95000, `${picture} has ${size}`);
	}
});

it('the version is the same wherever it stands', () => {
	const [, version] = /^VERSION\s*=\s*(\S+)$/m.exec(textOf('Makefile'));
	const [, changes] = /^## (\S+)$/m.exec(textOf('src/CHANGES.md'));
	const [, debian] = /^sse-fcgi \((\S+)\)/.exec(
		textOf('conf/debian/changelog'));

	assert.equal(changes, version);
	assert.equal(debian, version);
});
