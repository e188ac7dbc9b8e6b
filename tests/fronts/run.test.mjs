// SPDX-License-Identifier: ISC
//
// conf/run with every front that it knows: it serves, says what is wrong, and
// whatever happens leaves no process and no file.  Each is started as the
// leader of a session of its own, in a directory with a space in its name, and
// gets its signals as from a terminal: the whole group at once.

import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ask, openStream } from './browsers.mjs';
import { ROOT, filesOf, processes, run, textOf, until } from './processes.mjs';
import { CHOSEN, LIMIT, PROGRAM, newPlace } from './sites.mjs';

const STREAMS = 100;	// they are ended over a tenth of a second

function startScript(front, command = [join(ROOT, 'conf/run')], options = {},
	at = undefined) {
	const { dir, addr, port } = newPlace();
	const tmp = join(dir, 'with space');

	mkdirSync(tmp);
	chmodSync(dir, 0o711);	// Apache is not root
	chmodSync(tmp, 0o711);
	const env = { ...process.env, FRONT: front, ADDR: at ?? addr, PORT: port,
		PROGRAM, TMPDIR: tmp, SSE_ARGS: '--interval 0.2' };
	for (const name of ['MAKEFLAGS', 'MFLAGS', 'MAKELEVEL'])
		delete env[name];	// another make's
	const script = run(command[0], command.slice(1),
		{ detached: true, env, ...options });
	script.tmp = tmp;
	return script;
}

// make run in a terminal of its own, as script(1) has one; what is typed there
// is written to stdin.
function startMake(front) {
	const make = ['script', '-qefc', 'make -s run NO_INSTALL=1', '/dev/null'];

	return startScript(front, make, { stdio: ['pipe', 'pipe', 'pipe'] });
}

async function urlOf(script) {
	const line = /^sse-fcgi \(\d+\) behind \w+ \(\d+\): (http:\S+)/m;

	return (await until(() => line.exec(script.stdout), 'the URL'))[1];
}

async function nothingLeft(script) {
	await until(() => membersOf(script).length === 0, 'all to end', 5000);
	assert.deepEqual(readdirSync(script.tmp), []);
}

// The live processes that come from one start, whatever became of their parents
// and sessions: its directory is in their environment or, as nginx writes its
// title over that, among their open files.
function membersOf({ tmp }) {
	return processes().map(({ pid }) => pid).filter((pid) =>
		textOf(`/proc/${pid}/environ`).includes(`TMPDIR=${tmp}\0`) ||
		textOf(`/proc/${pid}/cmdline`).startsWith('nginx: ') &&
			filesOf(pid).some((path) => path.startsWith(tmp)));
}

async function servesUntilInterrupted(front) {
	const script = startScript(front);
	const url = await urlOf(script);

	assert.equal((await ask(url)).status, 200);
	const streams = await openStreams(url, STREAMS);
	assert.ok(membersOf(script).length >= 3);
	process.kill(-script.pid, 'SIGINT');
	await allEndInOrder(streams);
	assert.equal(await script.ended, 0, script.stderr);
	await nothingLeft(script);
}

async function openStreams(url, n) {
	const streams = await Promise.all(Array.from({ length: n },
		() => openStream(`${url}sse`)));

	await Promise.all(streams.map((stream) => stream.next()));
	return streams;
}

// What Ctrl-C is for browsers: each is told when to come back, and none is cut.
async function allEndInOrder(streams) {
	for (const stream of streams) {
		assert.equal(await stream.ended, 'end');
		assert.equal(stream.retries, 2);
	}
}

// The terminal's signal goes to all that are in its foreground, and make calls
// it an error.
async function makeEndsWithoutAnError(front) {
	const script = startMake(front);
	const streams = await openStreams(await urlOf(script), STREAMS);

	script.child.stdin.write('\x03');
	await allEndInOrder(streams);
	assert.equal(await script.ended, 0, script.stdout);
	assert.doesNotMatch(script.stdout, /make: |rror/);
	await nothingLeft(script);
}

const MANY = 1300;	// the second until a signal is sent again is too short

async function manyEndInOrder(front) {
	const script = startScript(front);
	const streams = await openStreams(await urlOf(script), MANY);

	process.kill(script.pid, 'SIGTERM');
	await allEndInOrder(streams);
	assert.equal(await script.ended, 0, script.stderr);
	await nothingLeft(script);
}

async function secondSignalEndsAtOnce(front) {
	const script = startScript(front);
	const streams = await openStreams(await urlOf(script), MANY);
	const ends = streams.map((stream) => stream.ended);

	process.kill(script.pid, 'SIGINT');
	await Promise.race(ends);
	process.kill(script.pid, 'SIGINT');
	await Promise.all(ends);	// some fronts end in order what is cut
	assert.ok(streams.some(({ retries }) => retries < 2));
	assert.equal(await script.ended, 0, script.stderr);
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

// Between the making of its directory and the moment it knows the name: mktemp
// takes its time here, and the signal is to all of the group.
async function endsBeforeItKnowsItsDirectory(front, signal) {
	const { dir } = newPlace();

	writeFileSync(`${dir}/mktemp`,
		'#!/bin/sh\nmade=$(/usr/bin/mktemp "$@")\nsleep 0.3\necho "$made"\n',
		{ mode: 0o755 });
	const script = startScript(front,
		['env', `PATH=${dir}:${process.env.PATH}`, join(ROOT, 'conf/run')]);
	await until(() => readdirSync(script.tmp).length === 1, 'its directory');
	process.kill(-script.pid, signal);
	await script.ended;
	await nothingLeft(script);
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
	const second = startScript(front, undefined, {}, hostname);

	assert.equal(await second.ended, 1);
	assert.match(second.stderr, /port 3000 of 127\.\S+ is in use/);
	assert.equal(second.stdout, '');
	await nothingLeft(second);
	process.kill(script.pid, 'SIGTERM');
	await script.ended;
}

// Some fronts would take another one for it.
async function takesNoPort(port) {
	const script = startScript(CHOSEN[0],
		['env', `PORT=${port}`, join(ROOT, 'conf/run')]);

	assert.equal(await script.ended, 1);
	assert.equal(script.stderr, `run: PORT is 1 to 65535, not ${port}\n`);
	await nothingLeft(script);
}

// A responder that was told to end is no failure, and one that was killed is.
async function endsWithTheResponder(front, signal, status) {
	const script = startScript(front);

	await urlOf(script);
	const responder = membersOf(script).find((pid) =>
		textOf(`/proc/${pid}/cmdline`).includes('--listen'));
	process.kill(Number(responder), signal);
	assert.equal(await script.ended, status);
	assert.equal(/has ended/.test(script.stderr), status !== 0);
	await nothingLeft(script);
}

for (const front of CHOSEN)
	describe(`conf/run with ${front}`, () => {
		it('serves until Ctrl-C and leaves nothing', LIMIT,
			() => servesUntilInterrupted(front));
		it('is make run, which Ctrl-C ends without an error', LIMIT,
			() => makeEndsWithoutAnError(front));
		it('gives many streams the time that their end takes', LIMIT,
			() => manyEndInOrder(front));
		it('ends at once by a second Ctrl-C', LIMIT,
			() => secondSignalEndsAtOnce(front));
		it('ends by SIGTERM and leaves nothing', LIMIT,
			() => endsByTerm(front));
		for (const signal of ['SIGINT', 'SIGTERM']) {
			it(`leaves nothing after ${signal} as it starts`, LIMIT,
				() => endsWhileItStarts(front, signal));
			it(`leaves nothing after ${signal} before it knows its directory`,
				LIMIT, () => endsBeforeItKnowsItsDirectory(front, signal));
		}
		it('says that the port is in use', LIMIT,
			() => saysThatThePortIsInUse(front));
		it('ends when the responder is killed', LIMIT,
			() => endsWithTheResponder(front, 'SIGKILL', 1));
		it('ends when the responder is told to end', LIMIT,
			() => endsWithTheResponder(front, 'SIGTERM', 0));
	});

for (const port of ['0', '65536', '99999999999999999999', '80a', '-1'])
	it(`conf/run does not take ${JSON.stringify(port)} for a port`, LIMIT,
		() => takesNoPort(port));
