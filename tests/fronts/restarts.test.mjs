// SPDX-License-Identifier: ISC
//
// The responder and the front go away and come back, under the real servers
// with the shipped configurations: what browsers see of it.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ask, openStream, post } from './browsers.mjs';
import { ORIGIN, STREAMS, assertCounts, checkPreflight, readableByAny }
	from './expect.mjs';
import { exists, until } from './processes.mjs';
import { ARGS, CHOSEN, LIMIT, start, startResponder } from './sites.mjs';

// Where the fronts differ:
//   reloadCuts    whether a reload cuts a running stream: lighttpd after 8 s,
//                 or at once on a busy machine, HAProxy at once; the others
//                 never
//   rescue        whether a browser gets retry: while the responder is down, and
//                 not an error, which it does not come back from
//   room          how many streams it holds, where this is soon reached, and by
//                 which lines that is made less here
const FRONTS = {
	apache: {
		rescue: true,
		room: (text) => text.replace('max=1500', 'max=20')
			.replace('ThreadLimit 1600', 'ThreadLimit 25')
			.replace('ThreadsPerChild 1600', 'ThreadsPerChild 25')
			.replace('MaxRequestWorkers 1600',
				'MaxRequestWorkers 25')
			.replace('MaxSpareThreads 1601', 'MaxSpareThreads 26'),
	},
	caddy: {
		rescue: true,
	},
	h2o: {
		rescue: false,
	},
	haproxy: {
		rescue: true,
		reloadCuts: true,
	},
	lighttpd: {
		reloadCuts: true,
		rescue: true,
	},
	nginx: {
		rescue: true,
	},
};

// Each check gets the site, a front and a responder that run, and what is
// special about the front.
const CHECKS = {
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

// The browser has more events, or an error that is the truth.
async function comesBack(source, rescue) {
	const had = source.events.length;

	await until(() => source.events.length >= had + 3 || source.failed,
		'more');
	if (rescue)
		assert.equal(source.failed, '');
	else if (source.failed)
		assert.match(source.failed, /^503 /);
}

async function checkRescue(url) {
	const { status, headers, body } = await ask(url, { headers: ORIGIN });

	assert.equal(status, 200);
	assert.equal(headers['content-type'], 'text/event-stream');
	assert.equal(headers['cache-control'], 'no-store');
	assert.match(body, /^retry: (2\d\d\d|3000)\n\n$/);
	readableByAny(headers);
}

// Not a lie, at least: an error, and no event stream.
async function checkError(url) {
	const { status, headers } = await ask(url, { headers: ORIGIN });

	assert.equal(status, 503);
	assert.doesNotMatch(headers['content-type'] ?? '', /event-stream/);
}

for (const name of CHOSEN) {
	const special = FRONTS[name];

	describe(`${name}, away and back`, () => {
		let site;

		before(async () => {
			site = await start(name, { args: ARGS });
		});
		after(() => site?.stop());
		for (const [what, check] of Object.entries(CHECKS))
			it(what, LIMIT, () => check(site, special));
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
		assert.equal((await post(site, 'a')).status, 200);
		assert.equal((await streams[0].next()).id, '1');
		streams.pop().close();
		await until(() => site.responder.streams() === 19, 'room');
		const next = await openStream(site.url + '/sse');
		assert.equal((await next.next()).id, '1');
		next.close();
	} finally {
		streams.forEach((stream) => stream.close());
		await site.stop();
	}
}
