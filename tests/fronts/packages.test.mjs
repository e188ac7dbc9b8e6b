// SPDX-License-Identifier: ISC
//
// tests/packages and tests/here, on systems that have not everything: each has
// the commands that are named here, and of those of this one what a shell needs.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ROOT } from './processes.mjs';

const NEEDED = ['sh', 'cat', 'grep', 'sed', 'awk', 'sort', 'ls', 'env', 'tee',
	'chmod', 'rm'];
const NOT_ROOT = { id: 'echo 1000' };
const NOTHING = { 'dpkg-query': 'exit 1', 'apt-cache': 'exit 100' };
const APT = { ...NOTHING, 'apt-get': 'exit 1' };

// What a script says on a system with these commands.
function on(commands, script, ...args) {
	const dir = mkdtempSync(join(tmpdir(), 'sse-fcgi-'));

	for (const name of NEEDED)
		symlinkSync(execFileSync('sh', ['-c', `command -v ${name}`],
			{ encoding: 'utf8' }).trim(), join(dir, name));
	for (const [name, text] of Object.entries(commands))
		writeFileSync(join(dir, name), `#!/bin/sh\n${text}\n`,
			{ mode: 0o755 });
	const { status, stdout, stderr } = spawnSync(join(ROOT, script), args,
		{ encoding: 'utf8', timeout: 10000, env: { PATH: dir },
			stdio: ['ignore', 'pipe', 'pipe'] });
	rmSync(dir, { recursive: true });
	return { status, stdout, stderr };
}

describe('tests/packages', () => {
	const cannot = (commands, why) => {
		const { status, stdout, stderr } = on(commands,
			'tests/packages', 'gcc=no-cc', 'sh=sh', 'libev-dev',
			'h2o?=no-h2o');

		assert.equal(status, 1, stderr);
		assert.equal(stdout, '');
		assert.equal(stderr, `${why}\n` +
			'This needs what Debian calls: gcc libev-dev h2o\n' +
			'Install that your system\'s way, then add ' +
			'NO_INSTALL=1.\n');
	};

	it('says what is missing where there is no apt-get', () =>
		cannot(NOT_ROOT, 'There is no apt-get.'));
	it('says so to who is not root, without sudo', () =>
		cannot({ ...NOT_ROOT, ...APT },
			'You are not root, and there is no sudo.'));
	it('says so where sudo wants a password, without a terminal', () =>
		cannot({ ...NOT_ROOT, ...APT,
			sudo: '[ "$1" = -n ] || sleep 60; exit 1' },
		'sudo wants a password, and there is no terminal.'));
	it('asks for nothing where only a front is missing that there is not',
		() => assert.deepEqual(on({ ...NOT_ROOT, ...APT },
			'tests/packages', 'sh=sh', 'h2o?=no-h2o'),
		{ status: 0, stdout: '', stderr: '' }));
	it('asks for a front that there is', () => {
		const { status, stderr } = on({ ...NOT_ROOT, ...APT,
			'apt-cache': '[ "$*" = "show h2o" ]' },
		'tests/packages', 'sh=sh', 'h2o?=no-h2o');

		assert.equal(status, 1);
		assert.match(stderr, /calls: h2o\n/);
	});
});

// The other fronts may be in /usr/sbin, where it looks too.
describe('tests/here', () => {
	const LEFT_OUT = 'This system has no h2o: left out.\n';

	it('leaves a front out that there is not, in so many words', () =>
		assert.deepEqual(on({ ...NOTHING, caddy: '' }, 'tests/here',
			'caddy', 'h2o'),
		{ status: 0, stdout: 'caddy\n', stderr: LEFT_OUT }));
	it('has a front that could be installed', () =>
		assert.deepEqual(on({ caddy: '',
			'apt-cache': '[ "$*" = "show h2o" ]' }, 'tests/here',
		'caddy', 'h2o'),
		{ status: 0, stdout: 'caddy h2o\n', stderr: '' }));
	it('fails without any, and names those that there are', () => {
		const { status, stdout, stderr } = on({ ...NOTHING, caddy: '' },
			'tests/here', 'h2o');

		assert.equal(status, 1);
		assert.equal(stdout, '');
		assert.match(stderr,
			/^This system has no h2o\. {2}Those that it has:.* caddy\b/);
	});
});
