// SPDX-License-Identifier: ISC
//
// The responder, the front and the network go away and come back, below three
// open pages.  Each says what is true at each moment, comes back by itself, and
// goes on where it was.  What the browser says of it on the console is its own,
// and there is nothing else.

import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { publish, startSite, state, text, visit, WAYS } from './harness.mjs';

// What happens.  away() is called while it lasts, and waits until the pages say
// so; miss() publishes what the pages did not hear.
//
// A browser that is told to be offline begins nothing any more, but leaves the
// streams that it has open; a network that is gone cuts them, too.
//
//   lost     whether what was published before is lost
//   returns  how often the clock is back: a page is told by the browser at once
//            that it is offline, and sees later that its stream is cut
//   said     what the browser says: that the front answered with an error; that
//            a stream or a question was cut; that there was no connection
const failed = (why) => new RegExp(`^error: Failed to load resource: ${why}$`);
const ERROR = failed('the server responded with a status of 50[23] \\(.*\\)');
const CUT = failed('net::ERR_(INCOMPLETE_CHUNKED_ENCODING|EMPTY_RESPONSE|CONNECTION_(CLOSED|RESET))');
const REFUSED = failed('net::ERR_CONNECTION_REFUSED');
const OFFLINE = failed('net::ERR_INTERNET_DISCONNECTED');
const CASES = {
	'the responder is restarted': {
		happen: ({ site, away }) => site.restartResponder(away),
		lost: true,
		said: [ERROR],
	},
	'the responder is killed': {
		happen: ({ site, away }) => site.restartResponder(away, 'SIGKILL'),
		lost: true,
		said: [ERROR, CUT],
	},
	'the front is restarted': {
		said: [CUT, REFUSED],
		happen: async ({ site, away, miss }) => {
			await site.restartFront(away);
			await miss();
		},
	},
	'the network is gone': {
		returns: 2,
		said: [CUT, OFFLINE],
		happen: async ({ site, tabs, away, miss }) => {
			const context = tabs.clock.context();

			await context.setOffline(true);
			await state(tabs.status, 'failing');
			await messages(tabs.clock, 2);
			await state(tabs.clock, 'live');
			await site.restartFront();
			await away();
			await miss();
			await context.setOffline(false);
		},
	},
};

// Until the clock's page shows so many messages more than now.
async function messages(clock, more) {
	const least = Number(await text(clock, '#received')) + more;

	await clock.waitForFunction((count) =>
	    Number(document.getElementById('received').textContent) >= count, least);
}

const idsOf = (tab, list) => tab.$$eval(`#${list} li`,
    (rows) => rows.map((row) => row.dataset.id).reverse());

// What the clock's page has counted, and its list, of which it keeps the last:
// they agree if no count was left out and none came twice.
async function assertCounts(clock) {
	const [received, counts] = await clock.evaluate(() => [Number(document.getElementById('received').textContent),
		[...document.querySelectorAll('#messages li')].map((row) => Number(row.dataset.id)).reverse()]);

	assert.ok(counts.length > 3);
	assert.deepEqual(counts, counts.map((_, i) => received - counts.length + 1 + i));
}

// The events that the channels' page shows, in the order they came.
const eventsOf = (tab) => tab.$$eval('#events li', (rows) => rows.map((row) =>
	row.className === 'gap' ? 'a gap' : row.querySelector('.data').textContent).reverse());

const shows = (tab, data) => tab.waitForSelector(`#events .data:text-is("${data}")`);

// Event ids are increasing by their milliseconds and then by their number.
function assertIncreasing(ids) {
	const parts = ids.map((id) => id.split('-').map(Number));

	parts.slice(1).forEach(([ms, n], i) => assert.ok(
	    ms > parts[i][0] || (ms === parts[i][0] && n > parts[i][1]), `${ids[i]}, ${ids[i + 1]}`));
}

let made = 0;
async function goThrough(site, { happen, lost, said, returns = 1 }) {
	const channel = `away-${made++}`;
	const say = (data) => publish(site, channel, data);

	await visit(site.url, async (clock) => {
		const open = async (path) => {
			const tab = await clock.context().newPage();
			await tab.goto(site.url + path);
			return tab;
		};
		const tabs = { clock, status: await open('/status.html'),
			channels: await open(`/channels.html?channel=${channel}`) };
		const all = Object.values(tabs);
		const enter = (name) => all.map((tab) =>
		    state(tab, tab === tabs.status && name === 'reconnecting' ? 'failing' : name));

		await Promise.all(enter('live'));
		await Promise.all(all.map((tab) => tab.evaluate(() => { window.notReloaded = true; })));
		await messages(clock, 3);
		await say('before');
		await shows(tabs.channels, 'before');

		await happen({ site, tabs,
			away: () => Promise.all(enter('reconnecting')),
			miss: async () => {
				for (const data of ['missed 1', 'missed 2'])
					await say(data);
			} });
		await Promise.all(enter('live'));
		await messages(clock, 3);
		await say('after');
		await shows(tabs.channels, 'after');

		await assertCounts(clock);
		assert.deepEqual(await eventsOf(tabs.channels), lost ?
		    ['before', 'a gap', 'after'] : ['before', 'missed 1', 'missed 2', 'after']);
		assertIncreasing(await idsOf(tabs.channels, 'events'));
		assert.equal(await text(clock, '#reconnects'), String(returns));
		assert.notEqual(await text(tabs.channels, '#reconnects'), '0');
		assert.equal(await tabs.status.isVisible('#several'), Boolean(lost));
		for (const tab of all)
			assert.ok(await tab.evaluate(() => window.notReloaded));
	}, { allow: { test: (fault) => said.some((one) => one.test(fault)) } });
}

describe('three pages, away and back', { concurrency: WAYS.length }, () => {
	for (const way of WAYS)
		describe(way.way, { concurrency: 1 }, () => {
			let site;

			before(async () => { site = await startSite(way); });

			for (const [what, one] of Object.entries(CASES))
				it(what, () => goThrough(site, one));
		});
});
