// SPDX-License-Identifier: ISC
//
// The shipped configurations under the real servers: one table of checks, run
// against every front.  FRONTS in the environment chooses some of them.
//
//	node --test tests/fronts/*.test.mjs

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { CHOSEN, ROOT, ask, exists, fillConf, newPlace, openStream, start,
	startResponder, until } from './harness.mjs';

// Where the fronts differ:
//   check         the server's own check of its configuration
//   seesLeaving   in how many intervals the responder sees a browser leave:
//                 nginx closes at once, the others with one of the next events
//   reloadCuts    whether a reload cuts a running stream: lighttpd after 8 s,
//                 or at once on a busy machine, HAProxy at once; the others
//                 never
//   rescue        whether a browser gets retry: while the responder is down, and
//                 not an error, which it does not come back from
//   keeps         whether it keeps connections to the responder
//   room          how many streams it holds, where this is soon reached, and by
//                 which lines that is made less here
const FRONTS = {
	apache: {
		check: (conf) => ['/usr/sbin/apache2', '-t', '-f', conf],
		seesLeaving: 3,
		rescue: true,
		room: (text) => text.replace('max=1500', 'max=20')
			.replace('ThreadLimit 1600', 'ThreadLimit 25')
			.replace('ThreadsPerChild 1600', 'ThreadsPerChild 25')
			.replace('MaxRequestWorkers 1600',
				'MaxRequestWorkers 25')
			.replace('MaxSpareThreads 1601', 'MaxSpareThreads 26'),
	},
	caddy: {
		check: (conf) => ['/usr/bin/caddy', 'validate',
			'--adapter', 'caddyfile', '--config', conf],
		seesLeaving: 5,
		rescue: true,
	},
	h2o: {
		check: (conf) => ['/usr/bin/h2o', '-t', '-c', conf],
		seesLeaving: 3,
		rescue: false,
	},
	haproxy: {
		check: (conf) => ['/usr/sbin/haproxy', '-c', '-q', '-f', conf],
		seesLeaving: 3,
		rescue: true,
		reloadCuts: true,
		keeps: true,
	},
	lighttpd: {
		check: (conf) => ['/usr/sbin/lighttpd', '-tt', '-f', conf],
		seesLeaving: 3,
		reloadCuts: true,
		rescue: true,
	},
	nginx: {
		check: (conf, dir) => ['/usr/sbin/nginx', '-t', '-q',
			'-e', join(dir, 'nginx.log'), '-c', conf],
		seesLeaving: 0.5,
		rescue: true,
	},
};

const LIMIT = { timeout: 60000 };
const INTERVAL_MS = 200;
const ARGS = ['--interval', '0.2', '--heartbeat', '1', '--retry', '100'];
const ORIGIN = { Origin: 'https://app.example' };
const STREAMS = ['/sse', '/events?channel=news'];

// Each check gets the site, a front and a responder that run, and what is
// special about the front.
const CHECKS = {
	'the page comes at /, to be kept for a short time': async (site) => {
		const { status, headers, body } = await ask(site.url + '/');

		assert.equal(status, 200);
		assert.match(headers['content-type'], /^text\/html\b/);
		assert.match(body, /^<!doctype html>/im);
		const cache = headers['cache-control'];
		assert.ok(/max-age=(\d+)/.exec(cache)?.[1] <= 300, cache);
	},

	'what is not there is 404': async (site) => {
		assert.equal((await ask(site.url + '/sse/no')).status, 404);
		assert.equal((await ask(site.url + '/ssex')).status, 404);
	},

	'all pages come': async (site) => {
		const pages = readdirSync(join(ROOT, 'html'));

		assert.ok(pages.length >= 3);
		for (const page of pages) {
			const { status, headers, body } =
				await ask(`${site.url}/${page}`);

			assert.equal(status, 200);
			assert.match(headers['content-type'], /^text\/html\b/);
			assert.equal(body, readFileSync(join(ROOT, 'html', page),
				'utf8'));
		}
	},

	'the stream has its headers, and no compression': async (site) => {
		const headers = { ...ORIGIN, 'Accept-Encoding': 'gzip, br' };

		for (const path of STREAMS) {
			const stream = await openStream(site.url + path,
				{ headers });
			const got = stream.headers;

			stream.close();
			assert.equal(stream.status, 200);
			assert.equal(got['content-type'], 'text/event-stream');
			assert.equal(got['cache-control'],
				'no-cache, no-store, no-transform');
			assert.equal(got['content-encoding'], undefined);
			readableByAny(got);
		}
	},

	'a preflight is answered, with and without a query': async (site) => {
		for (const path of ['/sse?x=1', ...STREAMS])
			await checkPreflight(site.url + path);
	},

	'HEAD gives the headers and ends': async (site) => {
		for (const path of STREAMS) {
			const { status, headers, body } =
				await ask(site.url + path, { method: 'HEAD' });

			assert.equal(status, 200);
			assert.equal(headers['content-type'],
				'text/event-stream');
			assert.equal(body, '');
		}
	},

	'POST is refused with what is allowed': async (site) => {
		for (const path of STREAMS) {
			const { status, headers } = await ask(site.url + path,
				{ method: 'POST', body: 'x' });

			assert.equal(status, 405);
			assert.match(headers.allow, /\bGET\b/);
			assert.doesNotMatch(headers.allow, /\bPOST\b/);
		}
	},

	'retry: and the first event come within 200 ms': async (site) => {
		let best = Infinity;

		for (let i = 0; i < 3; i++) {
			const stream = await openStream(site.url + '/sse');
			const first = await stream.next();
			stream.close();
			assert.equal(first.id, '1');
			assert.match(first.data, /^Message: 1 - the time is /);
			assert.ok(stream.retry >= 100 && stream.retry <= 150,
				`retry: ${stream.retry}`);
			best = Math.min(best, first.at - stream.asked);
		}
		assert.ok(best < 200, `${best} ms`);
	},

	'events come one by one, in the rhythm': async (site) => {
		const stream = await openStream(site.url + '/sse');
		const times = [];

		for (let n = 1; n <= 9; n++) {
			const event = await stream.next();
			assert.equal(event.id, String(n));
			times.push(event.at);
		}
		stream.close();
		const gaps = times.slice(1).map((at, i) => at - times[i]);
		const gap = median(gaps);
		assert.ok(Math.abs(gap - INTERVAL_MS) < 40, `median ${gap} ms`);
	},

	'a browser that comes back goes on with the next': async (site) => {
		const stream = await openStream(site.url + '/sse',
			{ headers: { 'Last-Event-ID': '41' } });

		assert.equal((await stream.next()).id, '42');
		assert.equal((await stream.next()).id, '43');
		stream.close();
	},

	'the responder sees a browser leave': async (site, special) => {
		await noStreams(site);
		const stream = await openStream(site.url + '/sse');
		await stream.next();
		assert.equal(streamsOf(site.responder), 1);
		stream.close();
		const ms = await noStreams(site);
		const limit = special.seesLeaving * INTERVAL_MS + 100;
		assert.ok(ms < limit, `${ms} ms`);
	},

	'a responder that is down: when to come back, or an error':
	async (site, { rescue }) => {
		await site.restartResponder(async () => {
			for (const path of [...STREAMS, ...STREAMS])
				await (rescue ? checkRescue : checkError)(
					site.url + path);
			await checkPreflight(site.url + '/sse');
			assert.equal((await ask(site.url + '/')).status, 200);
		});
		const { status } = await ask(site.url + '/sse',
			{ method: 'HEAD' });
		assert.equal(status, 200);
	},

	'the times to come back are spread': async (site, { rescue }) => {
		const seen = new Set();

		await site.restartResponder(async () => {
			for (let i = 0; i < 40; i++)
				seen.add((await ask(site.url + '/sse')).body);
		});
		assert.ok(rescue ? seen.size >= 3 : seen.size === 1,
			[...seen].join());
	},

	'a restart brings browsers back, who count on':
	async (site, { rescue }) => {
		const source = site.eventSource();

		await until(() => source.events.length >= 3, 'three events');
		await site.restartResponder();
		await comesBack(source, rescue);
		await source.close();
		assert.ok(source.opened > 1 || !rescue);
		assertCounts(source.events);
	},

	'a killed responder brings browsers back too':
	async (site, { rescue }) => {
		const source = site.eventSource();

		await until(() => source.events.length >= 3, 'three events');
		await site.responder.stop('SIGKILL');
		assert.equal((await ask(site.url + '/sse')).status,
			rescue ? 200 : 503);
		if (!rescue)
			await until(() => source.failed, 'the browser to see it');
		site.responder = await startResponder(site.dir, ARGS);
		await comesBack(source, rescue);
		await source.close();
		assertCounts(source.events);
	},

	'connections to the responder are kept, or not':
	async (site, { keeps = false }) => {
		const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
		const accepted = async () => JSON.parse((await ask(
			`${site.url}/status?format=json`, { agent })).body)
			.connections_accepted;
		const before = await accepted();

		for (let i = 0; i < 10; i++)
			assert.equal((await ask(`${site.url}/publish?channel=a`,
				{ agent, method: 'POST', body: 'x' })).status,
			200);
		assert.equal(await accepted() - before, keeps ? 0 : 11);
		agent.destroy();
	},

	'three hundred streams at once': async (site) => {
		await noStreams(site);
		const streams = await Promise.all(Array.from({ length: 300 },
			() => openStream(site.url + '/sse')));
		const firsts = await Promise.all(streams.map((stream) =>
			stream.next()));

		assert.ok(firsts.every(({ id }) => id === '1'));
		assert.equal(streamsOf(site.responder), 300);
		assert.equal((await ask(site.url + '/')).status, 200);
		for (const stream of streams)
			stream.close();
		await noStreams(site);
	},

	'a reload of the front loses no browser':
	async (site, { reloadCuts }) => {
		const source = site.eventSource();

		await until(() => source.events.length >= 2, 'two events');
		const old = await site.front.reload();
		const oldEnds = () => old &&
			until(() => !exists(old), 'the old one to end');
		assert.equal((await ask(site.url + '/')).status, 200);
		if (reloadCuts) {
			await oldEnds();
			await until(() => source.opened > 1, 'the next stream');
		}
		const had = source.events.length;
		await until(() => source.events.length >= had + 5, 'five more');
		if (!reloadCuts)
			assert.equal(source.opened, 1);
		await source.close();
		await oldEnds();
		assert.equal(source.failed, '');
		assertCounts(source.events);
	},
};

async function comesBack(source, rescue) {
	const had = source.events.length;

	await until(() => source.events.length >= had + 3 || source.failed,
		'more');
	if (rescue)
		assert.equal(source.failed, '');
	else if (source.failed)
		assert.match(source.failed, /^503 /);
}

function readableByAny(headers) {
	assert.equal(headers['access-control-allow-origin'], '*');
	assert.equal(headers['access-control-allow-credentials'], undefined);
}

async function checkRescue(url) {
	const { status, headers, body } = await ask(url, { headers: ORIGIN });

	assert.equal(status, 200);
	assert.equal(headers['content-type'], 'text/event-stream');
	assert.equal(headers['cache-control'], 'no-store');
	assert.match(body, /^retry: 2\d\d\d\n\n$/);
	readableByAny(headers);
}

// Not a lie, at least: an error, and no event stream.
async function checkError(url) {
	const { status, headers } = await ask(url, { headers: ORIGIN });

	assert.equal(status, 503);
	assert.doesNotMatch(headers['content-type'] ?? '', /event-stream/);
}

async function checkPreflight(url) {
	const { status, headers, body } = await ask(url, { method: 'OPTIONS',
		headers: { ...ORIGIN, 'Access-Control-Request-Method': 'GET',
			'Access-Control-Request-Headers': 'last-event-id' } });

	assert.equal(status, 204);
	assert.equal(body, '');
	readableByAny(headers);
	for (const method of ['GET', 'HEAD', 'OPTIONS'])
		assert.match(headers['access-control-allow-methods'],
			new RegExp(`\\b${method}\\b`));
	for (const name of ['Cache-Control', 'Last-Event-ID'])
		assert.match(headers['access-control-allow-headers'],
			new RegExp(`\\b${name}\\b`));
	assert.ok(Number(headers['access-control-max-age']) > 0);
}

function assertCounts(events) {
	assert.deepEqual(events.map((event) => Number(event.id)),
		events.map((event, i) => i + 1));
}

function median(values) {
	return values.sort((a, b) => a - b)[values.length >> 1];
}

// How many streams the responder has open, by its own log since it started.
function streamsOf(responder) {
	const log = responder.logText().split('listening on').at(-1);

	return log.split('stream opened').length -
		log.split('stream closed').length;
}

async function noStreams(site) {
	const from = performance.now();

	await until(() => streamsOf(site.responder) === 0, 'streams to end');
	return performance.now() - from;
}

for (const name of CHOSEN) {
	const special = FRONTS[name];

	describe(name, () => {
		let site;

		before(async () => {
			site = await start(name, { args: ARGS });
		});
		after(() => site?.stop());
		for (const [what, check] of Object.entries(CHECKS))
			it(what, LIMIT, () => check(site, special));
	});

	it(`${name}'s own check passes its configuration`, () => {
		const place = newPlace();
		const conf = fillConf(name, place.dir, place);
		const [command, ...args] = special.check(conf, place.dir);

		execFileSync(command, args, { stdio: 'pipe' });
	});

	it(`${name} with a socket that is held loses nobody`, LIMIT,
		() => heldSocket(name));

	if (special.room)
		it(`${name} with no room tells when to come back`, LIMIT,
			() => noRoom(name, special.room));
}

// As with systemd: the responder is away for half a second, and who asks then
// waits.
async function heldSocket(name) {
	const site = await start(name, { args: ARGS, held: true });
	const source = site.eventSource();

	try {
		await until(() => source.events.length >= 3, 'three events');
		for (let i = 1; i <= 3; i++) {
			await until(() => source.opened === i, 'the browser');
			await site.responder.lose();
			const stream = await openStream(site.url + '/sse');
			assert.equal((await stream.next()).id, '1');
			stream.close();
		}
		await comesBack(source, true);
		assert.ok(source.opened > 1);
		assertCounts(source.events);
	} finally {
		await site.stop();
	}
}

// Streams up to the limit, who comes then is told so, and all else goes on.
async function noRoom(name, edit) {
	const site = await start(name, { args: ARGS, edit });
	const streams = [];

	try {
		for (let i = 0; i < 20; i++)
			streams.push(await openStream(site.url + '/sse'));
		await checkRescue(site.url + '/sse');
		await checkRescue(site.url + '/events?channel=a');
		assert.equal((await ask(site.url + '/')).status, 200);
		assert.equal((await ask(site.url + '/publish?channel=a',
			{ method: 'POST', body: 'x' })).status, 200);
		assert.equal((await streams[0].next()).id, '1');
		streams.pop().close();
		await until(() => streamsOf(site.responder) === 19, 'room');
		const next = await openStream(site.url + '/sse');
		assert.equal((await next.next()).id, '1');
		next.close();
	} finally {
		streams.forEach((stream) => stream.close());
		await site.stop();
	}
}
