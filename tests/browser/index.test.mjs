// SPDX-License-Identifier: ISC
//
// The page in a real Chromium.  First as it is used: the shipped page, the
// shipped configuration of a real front, and the responder.  Then, with an
// EventSource that the test scripts, what a well-behaved server never shows:
// hostile text, a flood, a wait of an hour.

import assert from 'node:assert/strict';
import http from 'node:http';
import { before, describe, it } from 'node:test';
import { until } from '../fronts/processes.mjs';
import { newPlace } from '../fronts/sites.mjs';
import { assertCameBy, fits, LIGHTTPD_HTTP1, PHONES, scriptedEventSource, speaks, startSite, state, text, visit,
	WAYS } from './harness.mjs';

const CLOCK = /^Message: (\d+) - the time is \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{9} [+-]\d{4} \S+$/;

// The ids of the messages that the page shows, in the order they came.
const ids = (page) => page.$$eval('#messages li',
    (rows) => rows.map((row) => Number(row.dataset.id)).reverse());

const messages = (page, count) => page.waitForFunction((least) =>
    document.querySelectorAll('#messages li').length >= least, count);

for (const way of WAYS) {
	describe(`the page ${way.way}`, () => {
		let site;

		before(async () => { site = await startSite(way); });

		it('shows messages 1, 2, 3 as they come', () => visit(site.url, async (page) => {
			await messages(page, 3);
			const rows = await page.$$eval('#messages .data',
			    (data) => data.map((row) => row.textContent).reverse());
			assert.deepEqual(rows.slice(0, 3).map((row) => CLOCK.exec(row)?.[1]), ['1', '2', '3']);
			assert.equal(await text(page, '#state'), 'Live');
			assert.equal(await text(page, '#reconnects'), '0');
			assert.match(await text(page, '#plot-summary'), /^Median \d\.\d+ s/);
			await page.click('#toggle');
			await assertCameBy(page, way.protocol, '/sse');
		}));

		it('is not the only one: a page of another origin reads the stream too', async () => {
			const other = http.createServer((request, response) => response
				.setHeader('Content-Type', 'text/html')
				.end(`<!doctype html><title>another origin</title><ol></ol><script>
					new EventSource('${site.url}/sse').onmessage = (event) =>
						document.querySelector('ol').append(event.data, document.createElement('br'));
					</script>`));
			await new Promise((done) => other.listen(0, newPlace().addr, done));
			const { address, port } = other.address();
			try {
				await visit(`http://${address}:${port}/`, async (page) => {
					await page.waitForFunction(() => document.querySelectorAll('br').length >= 3);
					assert.match(await text(page, 'ol'), /^Message: 1 .*Message: 2 .*Message: 3 /);
				}, { hosts: [new URL(site.url).host] });
			} finally {
				other.closeAllConnections();
				other.close();
			}
		});
	});
}

describe('the page in the hands of its reader', () => {
	let site;

	before(async () => { site = await startSite(LIGHTTPD_HTTP1); });

	it('says that it gave up, and connects again when asked', () => visit('about:blank', async (page) => {
		await page.route('**/sse?*', (route) => route.fulfill({ status: 403 }));
		await page.goto(site.url);
		await state(page, 'closed');
		assert.match(await text(page, '#advice'), /given up. Its answer was 403/);
		await page.unroute('**/sse?*');
		await page.click('text=Connect again');
		await state(page, 'live');
	}, { hosts: [new URL(site.url).host], allow: /status of 403/ }));

	it('does not give up where the server errs', () => visit('about:blank', async (page) => {
		let asked = 0;
		await page.route('**/sse?*', (route) => {
			asked++;
			return route.fulfill({ status: 500 });
		});
		await page.goto(site.url);
		await until(() => asked >= 3, 'three questions');
		assert.equal(await text(page, '#state'), 'Connecting');
		await page.unroute('**/sse?*');
		await state(page, 'live');
	}, { hosts: [new URL(site.url).host], allow: /status of 500/ }));

	it('says so when nothing comes any more', () => visit(site.url, async (page) => {
		await messages(page, 3);
		process.kill(site.responder.pid, 'SIGSTOP');
		try {
			await state(page, 'late');
		} finally {
			process.kill(site.responder.pid, 'SIGCONT');
		}
		await state(page, 'live');
		assert.equal(await text(page, '#reconnects'), '0');
	}));

	for (const phone of PHONES) {
		it(`fits a screen ${phone.viewport.width} pixels wide`, () => visit(site.url, async (page) => {
			await messages(page, 3);
			await fits(page, phone.viewport.width);
		}, { options: phone }));
	}

	it('says so where JavaScript is off', () => visit(site.url, async (page) => {
		assert.match(await page.innerText('body'), /needs JavaScript/);
		assert.doesNotMatch(await page.innerText('body'), /Newest message/);
	}, { options: { javaScriptEnabled: false } }));

	it('says so where EventSource is missing', () => visit(site.url, async (page) => {
		assert.match(await page.innerText('body'), /This browser has no EventSource/);
		assert.equal(await text(page, '#state'), 'Not supported');
		assert.equal(await page.isVisible('#toggle'), false);
	}, { script: () => { delete window.EventSource; } }));
});

describe('the page with a scripted stream', () => {
	const scripted = { script: scriptedEventSource };
	let url;

	before(async () => { ({ url } = await startSite(LIGHTTPD_HTTP1)); });

	it('shows hostile text as text', () => visit(url, async (page) => {
		const evil = '<img src="x" onerror="hacked = 1"><script>hacked = 1</script>';
		const last = `${evil}-3`;
		const lines = [evil, `</li></ol>${evil}`,
			`Message: 1 - the time is ${evil.replaceAll(' ', '')} 12:00:00.5 ${evil}`,
			'wide'.repeat(2000)];
		const elements = () => page.$$eval('img, body script', (all) => all.length);
		await speaks(page);
		const before = await elements();

		await page.evaluate(([all, id]) => all.forEach((line, i) => stream.say(line, `${id}-${i}`)), [lines, evil]);
		assert.deepEqual(await page.$$eval('#messages .data',
		    (data) => data.map((row) => row.textContent).reverse()), lines);
		assert.equal(await text(page, '#last-id'), last);
		assert.equal(await elements(), before);
		assert.equal(await page.evaluate(() => window.hacked), undefined);
		assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 320);
	}, { ...scripted, options: { viewport: { width: 320, height: 640 } } }));

	it('keeps a bounded list and plot in a flood', () => visit(url, async (page) => {
		await speaks(page);
		await page.evaluate(() => {
			for (let n = 1; n <= 1000; n++)
				stream.say(`message ${n}`, String(n));
		});
		assert.deepEqual(await ids(page), Array.from({ length: 100 }, (_, i) => 901 + i));
		assert.equal(await page.locator('#plot rect').count(), 60);
		assert.equal(await text(page, '#received'), '1000');
	}, scripted));

	it('measures the intervals, and plots even an hour', () => visit('about:blank', async (page) => {
		await page.clock.install({ time: 0 });
		await page.goto(url);
		await page.clock.pauseAt(60000);
		await speaks(page);
		for (let n = 0; n < 9; n++) {
			await page.evaluate(() => stream.say('on time'));
			await page.clock.runFor(2000);
		}
		assert.match(await text(page, '#since'), /^(1\.9|2\.0) s$/);
		assert.equal(await text(page, '#state'), 'Live');
		await page.clock.runFor(8000);
		assert.equal(await text(page, '#state'), 'Late');
		const opened = await page.evaluate(() => window.opened);
		await page.clock.fastForward('59:50');
		assert.equal(await text(page, '#state'), 'Reconnecting');
		await speaks(page, opened + 1);
		await page.evaluate(() => stream.say('late'));
		assert.equal(await text(page, '#state'), 'Live');
		assert.equal(await text(page, '#reconnects'), '1');
		assert.equal(await text(page, '#messages li:first-child .after'), 'after 1 h 0 min');
		assert.match(await text(page, '#plot-summary'), /^Median 2\.000 s, .* longest 1 h 0 min\.$/);
		assert.equal(await text(page, '#plot text.long'), '1 h 0 min');
		const [usual, long] = await page.$$eval('#plot rect',
		    (bars) => bars.slice(-2).map((bar) => bar.height.baseVal.value));
		assert.ok(usual < long && long < 2 * usual, `bars of ${usual} and ${long} pixels`);
	}, { ...scripted, hosts: [new URL(url).host] }));

	it('tells a lost stream from a closed one, and counts what came back', () => visit(url, async (page) => {
		const lose = (constant) => page.evaluate((name) => stream.fail(EventSource[name]), constant);

		await speaks(page);
		await page.evaluate(() => { stream.open(); stream.say('one'); });
		assert.equal(await text(page, '#state'), 'Live');
		await lose('CONNECTING');
		await lose('CONNECTING');
		assert.equal(await text(page, '#state'), 'Reconnecting');
		assert.equal(await text(page, '#reconnects'), '0');
		await speaks(page, 2);
		await page.evaluate(() => stream.say('two'));
		assert.equal(await text(page, '#state'), 'Live');
		assert.equal(await text(page, '#reconnects'), '1');
		await page.route('**/sse?*', (route) => route.fulfill({ status: 404 }));
		await lose('CLOSED');
		await state(page, 'closed');
		assert.equal(await text(page, '#state'), 'Closed');
	}, { ...scripted, allow: /status of 404/ }));
});
