// SPDX-License-Identifier: ISC
//
// The responder under those who start it, as conf/README.md says in "Other ways
// to start it", behind real servers: multiwatch starts it again and browsers come
// back, spawn-fcgi starts two, and lighttpd has one of its own.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { it } from 'node:test';
import { ask, openStream } from './browsers.mjs';
import { assertCounts, comeBack, refusedNobody } from './expect.mjs';
import { ROOT, accepts, adopt, childrenOf, end, exists, run, textOf, until }
	from './processes.mjs';
import { ARGS, CHOSEN, LIMIT, PROGRAM, start } from './sites.mjs';

const BROWSERS = 50;
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');
const WAYS = readFileSync(join(ROOT, 'conf/README.md'), 'utf8');

// The block that conf/README.md gives for one of them, for another directory and
// this program with more words.
function blockOf(name, dir, args) {
	const [, text] = WAYS.split(`\n**${name}**`);
	const [, block] = /\n\n((?: {4}.*\n)+)/.exec(text);

	return block.replaceAll('/run/sse-fcgi', dir)
		.replace('/usr/sbin/sse-fcgi', resolve(PROGRAM))
		.replace(/sse-fcgi\.log\b/, ['$&', '--verbose', ...args].join(' '));
}

// The words of its line with spawn-fcgi; as whoever runs the tests.
function wordsOf(name, dir, args) {
	const line = blockOf(name, dir, args).replaceAll('\\\n', '')
		.split('\n').find((text) => / spawn-fcgi /.test(text));

	return line.replace(/-u \S+/, '').replace(/-g \S+/, '')
		.trim().split(/\s+/).slice(1);
}

const linesOf = (dir, name) =>
	textOf(join(dir, name)).split('\n').filter(Boolean);

// The processes that opened a stream, by the log.
function openers(dir) {
	return new Set(linesOf(dir, 'sse-fcgi.log')
		.filter((line) => line.includes('stream opened'))
		.map((line) => Number(/\[(\d+)\]/.exec(line)[1])));
}

async function startByMultiwatch(dir, args) {
	const [command, ...words] = wordsOf('multiwatch', dir, args);
	const it = run(command, words);

	assert.ok(words.includes('/usr/bin/multiwatch'));
	it.stop = async () => assert.equal(await end(it, 'SIGTERM'), 0);
	await until(() => !it.alive() || accepts(join(dir, 'sse.sock')),
		'multiwatch');
	assert.ok(it.alive(), it.stderr);
	return it;
}

// Its children are nobody's then.
async function startTwo(dir, args) {
	const [command, ...words] = wordsOf('spawn-fcgi', dir, args);
	const it = run(command, ['-F', '2', ...words]);

	assert.equal(await it.ended, 0, it.stderr);
	it.children = linesOf(dir, 'sse-fcgi.pid').map(Number).map(adopt);
	it.stop = () => Promise.all(it.children.filter(({ pid }) => exists(pid))
		.map((child) => end(child, 'SIGTERM')));
	return it;
}

// So many browsers, all with an event.
async function come(site) {
	const sources = Array(BROWSERS).fill().map(() => site.eventSource());

	await comeBack(sources, 0);
	return sources;
}

function checkBrowsers(sources) {
	for (const { failed, unanswered, events } of sources) {
		assert.equal(failed, '');
		assert.equal(unanswered, 0);
		assertCounts(events);
	}
}

async function multiwatch() {
	const site = await start('nginx', { args: ARGS, by: startByMultiwatch });

	try {
		const sources = await come(site);
		for (const signal of ['SIGTERM', 'SIGKILL', 'SIGUSR1']) {
			const since = performance.now();
			const [pid] = childrenOf(site.responder.pid);
			process.kill(pid, signal);
			await comeBack(sources, since);
			assert.ok(!exists(pid));
		}
		assert.equal(openers(site.dir).size, 4);
		checkBrowsers(sources);
		refusedNobody(site.dir);
	} finally {
		await site.stop();
	}
}

async function spawnTwo() {
	const site = await start('nginx', { args: ARGS, by: startTwo });

	try {
		const [one, two] = site.responder.children;
		const sources = await come(site);
		while (openers(site.dir).size < 2) {
			assert.ok(sources.length < 1000);
			sources.push(...await come(site));
		}
		assert.deepEqual(openers(site.dir),
			new Set([one.pid, two.pid]));
		await end(one, 'SIGTERM');
		const had = sources.map(({ events }) => events.length);
		await until(() => sources.every(({ events }, i) =>
			events.length > had[i] + 2), 'all to go on with the other');
		checkBrowsers(sources);
		refusedNobody(site.dir);
	} finally {
		await site.stop();
	}
}

// Its lines go into the shipped configuration, and into the README's block for
// publishers, at another path.
function withBinPath(text, { dir }) {
	const lines = blockOf('lighttpd itself', dir, ARGS);
	const [, blocks] = README.split('\n### Open /publish\n');
	const [, publish] = /^```lighttpd\n(.*?)^```$/ms.exec(blocks);
	const whole = text + publish.replace('/publish"', '/more"')
		.replaceAll('/run/sse-fcgi', dir);

	assert.equal(whole.split(/^\t+"socket" =>/m).length, 3);
	return whole.replace(/^\t+"socket" =>.*\n/mg, `$&${lines}`);
}

async function lighttpd() {
	const none = { stop: () => {} };
	const site = await start('lighttpd',
		{ args: ARGS, edit: withBinPath, by: () => none });
	const responder = () => childrenOf(site.front.pid);

	try {
		const sources = await come(site);
		const [pid] = responder();
		assert.equal(responder().length, 1);
		assert.equal(await publishes(site, 'publish'), 'publish');
		assert.equal(await publishes(site, 'more'), 'more');

		const since = performance.now();
		process.kill(pid, 'SIGKILL');
		await comeBack(sources, since);
		checkBrowsers(sources);
		assert.equal(await publishes(site, 'more'), 'more');

		const [next] = responder();
		assert.notEqual(next, pid);
		await end(site.front, 'SIGTERM');
		await until(() => !exists(next), 'the responder to end too');
	} finally {
		await site.stop();
	}
}

// What a reader gets of a publication to a path.
async function publishes(site, path) {
	const stream = await openStream(`${site.url}/events?channel=news`);
	const { status } = await ask(`${site.url}/${path}?channel=news`,
		{ method: 'POST', body: path });

	assert.equal(status, 200);
	const { data } = await stream.next();
	stream.close();
	return data;
}

if (CHOSEN.includes('nginx')) {
	it('nginx: multiwatch starts it again and nobody is refused', LIMIT,
		multiwatch);
	it('nginx: spawn-fcgi starts two, and both have streams', LIMIT,
		spawnTwo);
}
if (CHOSEN.includes('lighttpd'))
	it('lighttpd starts one of its own, again if need be, and ends it',
		LIMIT, lighttpd);
