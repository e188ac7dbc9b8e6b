// SPDX-License-Identifier: ISC
//
// conf/run with every front that it knows: it serves, says what is wrong, and
// whatever happens leaves no process and no file.  Each is started as the
// leader of a session of its own, in a directory with a space in its name, and
// gets its signals as from a terminal: the whole group at once.

import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ask, openStream } from './browsers.mjs';
import { ROOT, processes, run, textOf, until } from './processes.mjs';
import { CHOSEN, LIMIT, PROGRAM, newPlace } from './sites.mjs';

function startScript(front) {
	const { dir, addr, port } = newPlace();
	const tmp = join(dir, 'with space');

	mkdirSync(tmp);
	chmodSync(dir, 0o711);	// Apache is not root
	chmodSync(tmp, 0o711);
	const env = { ...process.env, FRONT: front, ADDR: addr, PORT: port,
		PROGRAM, TMPDIR: tmp, SSE_ARGS: '--interval 0.2' };
	const script = run(join(ROOT, 'conf/run'), [], { detached: true, env });
	script.tmp = tmp;
	return script;
}

async function urlOf(script) {
	const line = /^sse-fcgi \(\d+\) behind \w+ \(\d+\): (http:\S+)/m;

	return (await until(() => line.exec(script.stdout), 'the URL'))[1];
}

async function nothingLeft({ pid, tmp }) {
	await until(() => membersOf(pid).length === 0, 'all to end', 5000);
	assert.deepEqual(readdirSync(tmp), []);
}

// The live processes of one session.
function membersOf(session) {
	return processes().filter((it) => it.session === session)
		.map(({ pid }) => pid);
}

async function servesUntilInterrupted(front) {
	const script = startScript(front);
	const url = await urlOf(script);

	assert.equal((await ask(url)).status, 200);
	const stream = await openStream(`${url}sse`);
	assert.equal((await stream.next()).id, '1');
	assert.ok(membersOf(script.pid).length >= 3);
	process.kill(-script.pid, 'SIGINT');
	assert.equal(await script.ended, 0, script.stderr);
	await stream.ended;
	await nothingLeft(script);
}

// At every moment of the start, more or less.
async function endsWhileItStarts(front, signal) {
	for (let ms = 0; ms < 400; ms += 80) {
		const script = startScript(front);

		await sleep(ms);
		process.kill(-script.pid, signal);
		await script.ended;
		await nothingLeft(script);
	}
}

// A signal to the script alone, as from a supervisor.
async function endsByTerm(front) {
	const script = startScript(front);

	await urlOf(script);
	process.kill(script.pid, 'SIGTERM');
	assert.equal(await script.ended, 0, script.stderr);
	await nothingLeft(script);
}

async function saysThatThePortIsInUse(front) {
	const script = startScript(front);
	const { hostname } = new URL(await urlOf(script));
	const env = { ...process.env, FRONT: front, ADDR: hostname, PROGRAM };
	const second = run(join(ROOT, 'conf/run'), [], { detached: true, env });

	assert.equal(await second.ended, 1);
	assert.match(second.stderr, /port 3000 of 127\.\S+ is in use/);
	assert.equal(second.stdout, '');
	assert.deepEqual(membersOf(second.pid), []);
	process.kill(script.pid, 'SIGTERM');
	await script.ended;
}

async function endsWithTheResponder(front) {
	const script = startScript(front);

	await urlOf(script);
	const responder = membersOf(script.pid).find((pid) =>
		textOf(`/proc/${pid}/cmdline`).includes('--listen'));
	process.kill(Number(responder), 'SIGKILL');
	assert.equal(await script.ended, 1);
	assert.match(script.stderr, /has ended/);
	await nothingLeft(script);
}

for (const front of CHOSEN)
	describe(`conf/run with ${front}`, () => {
		it('serves until Ctrl-C and leaves nothing', LIMIT,
			() => servesUntilInterrupted(front));
		it('ends by SIGTERM and leaves nothing', LIMIT,
			() => endsByTerm(front));
		for (const signal of ['SIGINT', 'SIGTERM'])
			it(`leaves nothing after ${signal} as it starts`, LIMIT,
				() => endsWhileItStarts(front, signal));
		it('says that the port is in use', LIMIT,
			() => saysThatThePortIsInUse(front));
		it('ends when the responder ends', LIMIT,
			() => endsWithTheResponder(front));
	});
