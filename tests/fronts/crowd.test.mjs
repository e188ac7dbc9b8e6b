// SPDX-License-Identifier: ISC
//
// Many streams at once, and many events one after the other, through the real
// servers with the shipped configurations.  CROWD in the environment is how many
// streams, at most as many as conf/README.md says, less a few.
//
//	CROWD=10000 FRONTS=nginx node --test tests/fronts/crowd.test.mjs

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ask, openStream, post } from './browsers.mjs';
import { noStreams } from './expect.mjs';
import { best, descriptorsOf, familyOf, until } from './processes.mjs';
import { CHOSEN, LIMIT, start } from './sites.mjs';
import { roomOf } from './table.mjs';

const CROWD = Number(process.env.CROWD || 1000);
const AT_ONCE = 1000;	// more would not fit into the backlogs of all systems
const KEPT = 4;		// both ends of a connection or two for the next request
const PUBLISHED = 200;
const READERS = 5;
const P99_MS = 50;
const PACE = 2;		// or so many times what their publishers wait for

const CHECKS = {
	'all of a crowd are served, and all is free after it':
	async (site, room) => {
		// Pages and publishers need some of the room, too.
		const count = Math.min(CROWD, room - 20);
		const had = descriptors(site);

		await crowd(site, count);
		await until(() => descriptors(site) <= had + KEPT,
			`no more than ${had + KEPT} descriptors`);
	},

	'an event is with its readers at once': async (site) => {
		const share = await best(async () => {
			const { events, answers } = await lags(site);
			return p99(events) /
				Math.max(P99_MS, PACE * p99(answers));
		}, 1, 5);
		assert.ok(share < 1, `${share} of what it may take`);
	},
};

function descriptors({ front, responder }) {
	return descriptorsOf([...familyOf(front.pid), responder.pid]);
}

// So many browsers come, have an event at once and another one later, and go.
async function crowd(site, count) {
	const streams = [];
	const all = (what) => Promise.all(streams.map(what));
	const publish = async (body) => {
		const answer = await post(site, 'crowd', { body });
		assert.equal(answer.status, 200);
		return JSON.parse(answer.body).streams;
	};

	await publish('first');
	while (streams.length < count) {
		const next = Math.min(AT_ONCE, count - streams.length);
		streams.push(...await Promise.all(Array.from({ length: next },
			() => openStream(`${site.url}/events?channel=crowd` +
				'&history=1'))));
	}
	await all(async ({ status, next }) => {
		assert.equal(status, 200);
		assert.equal((await next()).data, 'first');
	});
	assert.equal(site.responder.streams(), count);
	assert.equal((await ask(site.url + '/')).status, 200);
	assert.equal(await publish('second'), count);
	await all(async ({ next }) => {
		assert.equal((await next()).data, 'second');
	});
	await all(({ close }) => close());
	await until(async () => await publish('seen by this') === 0,
		'streams to end');
	await noStreams(site);
}

// How long each event took from its publisher to each reader, in milliseconds,
// and the answer to that.
async function lags(site) {
	const events = [];
	const answers = [];
	const readers = await Promise.all(Array.from({ length: READERS },
		() => openStream(site.url + '/events?channel=lag')));

	for (let i = 0; i < PUBLISHED; i++) {
		const from = performance.now();

		assert.equal((await post(site, 'lag', { body: `${i}` }))
			.status, 200);
		answers.push(performance.now() - from);
		for (const reader of readers) {
			const { data, at } = await reader.next();
			assert.equal(data, `${i}`);
			events.push(at - from);
		}
	}
	for (const reader of readers)
		reader.close();
	return { events, answers };
}

function p99(values) {
	return values.sort((a, b) => a - b)[Math.floor(values.length * 0.99)];
}

for (const name of CHOSEN)
	describe(`a crowd behind ${name}`, () => {
		let site;

		before(async () => {
			site = await start(name);
		});
		after(() => site?.stop());
		for (const [what, check] of Object.entries(CHECKS))
			it(what, LIMIT, () => check(site, roomOf(name)));
	});
