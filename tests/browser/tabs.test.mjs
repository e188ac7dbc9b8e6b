// SPDX-License-Identifier: ISC
//
// Many tabs of one browser at once.  Those that show the same share one stream.
// Where the browser has no way for that each has its own: over HTTP/1.1 it opens
// six connections to one host, and each stream takes one, so that the seventh tab
// has to wait.  Over HTTP/2 there is one connection, with as many streams as the
// front allows.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { until } from '../fronts/processes.mjs';
import { assertCameBy, LACKS, LIGHTTPD_HTTP2, NGINX_HTTP1, NGINX_HTTP2, publish, startSite, state, text, visit, WAYS }
	from './harness.mjs';

const SHARERS = 8;

// How many tabs are tried alone, and whether one more has to wait.  That six are
// all is not the front's doing.
const ALONE = [
	{ ...NGINX_HTTP1, count: 6, full: true },
	{ ...LIGHTTPD_HTTP2, count: 8, full: true },
	{ ...NGINX_HTTP2, count: 12, full: false, lacks: 'BroadcastChannel' },
];

const received = (tab) => tab.evaluate(() => Number(document.getElementById('received').textContent));

// Each of the tabs shows this many messages more than it does now.
const receiveMore = (tabs, more) => Promise.all(tabs.map(async (tab) => tab.waitForFunction(
    (least) => Number(document.getElementById('received').textContent) >= least, await received(tab) + more)));

async function openTabs(first, count, url = first.url()) {
	const tabs = [first];

	while (tabs.length < count) {
		tabs.push(await first.context().newPage());
		await tabs.at(-1).goto(url);
	}
	return tabs;
}

const oneStream = (site) => until(() => site.responder.streams() === 1, 'one stream');

const idsOf = (tab) => tab.$$eval('#messages li', (rows) => rows.map((row) => Number(row.dataset.id)).reverse());

// What a tab has shown behind that message is all that came, each once.
async function assertWhole(tab, behind) {
	const ids = (await idsOf(tab)).filter((id) => id > behind);

	assert.deepEqual(ids, ids.map((_, i) => behind + 1 + i));
}

describe(`${SHARERS} tabs share one stream`, { concurrency: 2 }, () => {
	for (const { way, ...how } of WAYS) {
		it(`of the clock, ${way}, and go on when that which has it is closed`, async () => {
			const site = await startSite(how);

			await visit(site.url, async (first) => {
				const tabs = await openTabs(first, SHARERS);
				await receiveMore(tabs, 3);
				await oneStream(site);	// a tab whose question found nobody in time had its own
				const at = Math.max(...(await Promise.all(tabs.map(idsOf))).flat());
				await assertCameBy(first, how.protocol, '/sse.js');
				for (let closed = 0; closed < 2; closed++) {
					await tabs.shift().close();
					await receiveMore(tabs, 3);
					await oneStream(site);
				}
				await Promise.all(tabs.map((tab) => assertWhole(tab, at)));
			});
		});
	}

	for (const { way, ...how } of [NGINX_HTTP1, LIGHTTPD_HTTP2])
		it(`of the channels, ${way}, and of a run`, async () => {
			const site = await startSite(how);
			const all = (tabs, count) => Promise.all(tabs.map((tab) => tab.waitForFunction((least) =>
			    document.querySelectorAll('#events li').length >= least, count)));

			await visit(`${site.url}/channels.html?channel=news`, async (first) => {
				await publish(site, 'news', 'before');
				const tabs = await openTabs(first, SHARERS / 2);
				await all(tabs, 1);
				await publish(site, 'news', 'one');
				await all(tabs, 2);
				await oneStream(site);
				const { streams } = await publish(site, 'news', 'two');
				assert.equal(streams, 1);
				await all(tabs, 3);
				for (const tab of tabs)
					assert.deepEqual(await tab.locator('#events .data').allTextContents(), ['two', 'one', 'before']);
				await Promise.all(tabs.slice(1).map((tab) => tab.close()));

				await first.goto(`${site.url}/run.html`);
				await first.click('text="Begin"');
				await state(first, 'live');
				const readers = await openTabs(first, SHARERS / 2);
				await oneStream(site);
				await Promise.all(readers.map((tab) => state(tab, 'stopped')));
				const whole = await text(first, '#text');
				for (const tab of readers) {
					assert.equal(await text(tab, '#text'), whole);
					assert.equal(await text(tab, '#gaps'), '0');
				}
			});
		});
});

// Opens one more, which waits as long as all others are there: its stream, if
// the browser has kept the page, and otherwise the page.
async function openInVain(site, tabs) {
	const late = await tabs[0].context().newPage();
	const asked = late.waitForEvent('request');
	let came = false;
	const opened = late.goto(site.url).then(() => { came = true; });

	await asked;
	await receiveMore(tabs, 3);
	if (came)
		assert.equal(await received(late), 0);
	await tabs.shift().close();
	await opened;
	await receiveMore([...tabs, late], 3);
}

for (const { way, count, full, lacks = 'locks', ...how } of ALONE)
	it(`${count} tabs ${way} without ${lacks} all receive${full ? ', and one more waits until one closes' : ''}`, async () => {
		const site = await startSite(how);

		await visit(site.url, async (first) => {
			const tabs = await openTabs(first, count);
			await receiveMore(tabs, 3);
			assert.equal(site.responder.streams(), count);
			await assertCameBy(first, how.protocol, '/style.css');
			if (full)
				await openInVain(site, tabs);
		}, { script: LACKS[lacks] });
	});
