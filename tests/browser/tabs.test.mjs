// SPDX-License-Identifier: ISC
//
// Many tabs of one browser at once.  Over HTTP/1.1 it opens six connections to
// one host, and each stream takes one: the seventh tab has to wait.  Over
// HTTP/2 there is one connection, with as many streams as the front allows.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { assertCameBy, LIGHTTPD_HTTP2, NGINX_HTTP1, NGINX_HTTP2, startSite, visit } from './harness.mjs';

// How many tabs are tried, and whether one more has to wait.  That six are all
// is not the front's doing.
const CASES = [
	{ ...NGINX_HTTP1, count: 6, full: true },
	{ ...LIGHTTPD_HTTP2, count: 8, full: true },
	{ ...NGINX_HTTP2, count: 12, full: false },
];

const received = (tab) => tab.evaluate(() => Number(document.getElementById('received').textContent));

// Each of the tabs shows this many messages more than it does now.
const receiveMore = (tabs, more) => Promise.all(tabs.map(async (tab) => tab.waitForFunction(
    (least) => Number(document.getElementById('received').textContent) >= least, await received(tab) + more)));

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

for (const { way, count, full, ...how } of CASES)
	it(`${count} tabs ${way} all receive${full ? ', and one more waits until one closes' : ''}`, async () => {
		const site = await startSite(how);

		await visit(site.url, async (first) => {
			const tabs = [first];
			while (tabs.length < count) {
				tabs.push(await first.context().newPage());
				await tabs.at(-1).goto(site.url);
			}
			await receiveMore(tabs, 3);
			assert.equal(site.responder.streams(), count);
			await assertCameBy(first, how.protocol, '/style.css');
			if (full)
				await openInVain(site, tabs);
		});
	});
