// SPDX-License-Identifier: ISC
//
// What bash, zsh and fish make of a line with our options when TAB is pressed, by
// conf/completions, as it is installed.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { ROOT } from './processes.mjs';
import { LIMIT, PROGRAM } from './sites.mjs';

const DIR = join(ROOT, 'conf/completions');
const run = (command, ...args) => execFileSync(command, args,
	{ cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
const linesOf = (text) => text.split('\n').filter(Boolean);

const options = [...run(PROGRAM, '--help').matchAll(/^ {2}(--[a-z-]+)/gm)]
	.map(([, option]) => option);

// What a line's last word may become: as bash splits it, at = and :, too.
function bash(...words) {
	return linesOf(run('bash', '--norc', '-c', `
		source ${DIR}/sse-fcgi.bash
		compopt() { :; }
		COMP_WORDS=(sse-fcgi "$@") COMP_CWORD=$#
		_sse_fcgi
		printf '%s\\n' "\${COMPREPLY[@]}"`, 'bash', ...words));
}

// And here the word as a whole.
function fish(line) {
	return linesOf(run('fish', '--no-config', '-c',
		`source ${DIR}/sse-fcgi.fish; complete -C $argv[1]`,
		`sse-fcgi ${line}`)).map((each) => each.split('\t')[0]);
}

let place;

before(() => {
	place = mkdtempSync(join(tmpdir(), 'completions-'));
	copyFileSync(join(DIR, 'sse-fcgi.zsh'), join(place, '_sse-fcgi'));
});
after(() => rmSync(place, { recursive: true }));

// Here each line as it is afterwards: where there is one way to go on.
function zsh(lines) {
	return linesOf(run('zsh', '-f', 'tests/harness/complete.zsh', place,
		...lines.map((line) => `sse-fcgi ${line}`)))
		.map((line) => line.replace(/^sse-fcgi /, ''));
}

it('bash knows all options, and their values', LIMIT, () => {
	assert.deepEqual(bash('--'), options);
	assert.deepEqual(bash('--verbose', '--wa'), ['--waves']);
	assert.deepEqual(bash('--waves', ''), ['auto', 'always', 'off']);
	assert.deepEqual(bash('--waves', '=', 'al'), ['always']);
	assert.deepEqual(bash('--waves', '='), ['auto', 'always', 'off']);
	assert.deepEqual(bash('--store', 'conf/ngi'), ['conf/nginx.conf']);
	assert.deepEqual(bash('--ticket-key', '=', 'conf/ngi'),
		['conf/nginx.conf']);
	assert.deepEqual(bash('--listen', 'u'), ['unix:']);
	assert.deepEqual(bash('--listen', 'unix', ':', 'conf/ngi'),
		['conf/nginx.conf']);
	assert.ok(bash('--probe', '=', 'unix', ':').includes('conf'));
	assert.deepEqual(bash('--listen', 'localhost', ':', '9'), []);
	assert.deepEqual(bash('--user', 'www-d'), ['www-data']);
	assert.deepEqual(bash('--group', '=', 'www-d'), ['www-data']);
	assert.deepEqual(bash('--redis-user', 'www-d'), []);
	assert.deepEqual(bash('--interval', ''), []);
	assert.deepEqual(bash('--interval', '3', '--versi'), ['--version']);
});

it('fish knows all options, and their values', LIMIT, () => {
	assert.deepEqual(fish('--').map((each) => each.replace('=', ''))
		.sort(), [...options].sort());
	assert.deepEqual(fish('--verbose --wa'), ['--waves']);
	assert.deepEqual(fish('--waves ').sort(), ['always', 'auto', 'off']);
	assert.deepEqual(fish('--waves=al'), ['--waves=always']);
	assert.deepEqual(fish('--store conf/ngi'), ['conf/nginx.conf']);
	assert.deepEqual(fish('--listen unix:conf/ngi'),
		['unix:conf/nginx.conf']);
	assert.deepEqual(fish('--listen=unix:conf/ngi'),
		['--listen=unix:conf/nginx.conf']);
	assert.deepEqual(fish('--user www-d'), ['www-data']);
	assert.deepEqual(fish('--group www-d'), ['www-data']);
	assert.deepEqual(fish('--interval '), []);
});

it('zsh knows all options, and their values', LIMIT, () => {
	const table = {
		'--wa': '--waves=',
		'--waves of': '--waves off',
		'--waves=al': '--waves=always',
		'--store conf/ngi': '--store conf/nginx.conf',
		'--listen u': '--listen unix:',
		'--listen unix:conf/ngi': '--listen unix:conf/nginx.conf',
		'--listen a:1 --listen u': '--listen a:1 --listen unix:',
		'--store a --sto': '--store a --sto',
		'--user www-d': '--user www-data',
		'--group=www-d': '--group=www-data',
		'--interval 3 --versi': '--interval 3 --version',
	};

	for (const option of options)	// itself, or what others begin with, too
		table[option] ??= new RegExp(`^${option}=?$`);
	const got = zsh(Object.keys(table));
	for (const [i, [line, expected]] of Object.entries(table).entries())
		if (expected instanceof RegExp)
			assert.match(got[i], expected);
		else
			assert.equal(got[i], expected, line);
});
