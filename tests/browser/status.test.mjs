// SPDX-License-Identifier: ISC
//
// The page of the figures in a real Chromium: first with a front and a
// responder that has something to tell, then with answers that the test
// scripts: several processes on one socket, restarts, errors, hostile names.

import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { openStream } from '../fronts/browsers.mjs';
import { until } from '../fronts/processes.mjs';
import { assertCameBy, fits, LIGHTTPD_HTTP1, PHONES, publish, startSite, state, text, visit, WAYS } from './harness.mjs';

const PAGE = '/status.html';

const fact = (page, name) => text(page, `#facts div:has(dt:text-is("${name}")) dd`);

// The rows of the table: name, streams, held, first, last.
const rows = (page) => page.$$eval('#channels tbody tr',
    (all) => all.map((row) => [...row.cells].map((cell) => cell.textContent)));

// The points of the lines that are drawn for one figure, of one process.
const points = (page, line, pid) => page.$$eval(
    `polyline[data-line=${line}]${pid ? `[data-pid="${pid}"]` : ''}`,
    (lines) => lines.map((one) => [...one.points].map(({ x, y }) => [x, y])));

const heights = async (...where) => (await points(...where)).flat().map(([, y]) => y);

// Until a figure has been what it is no more, and is drawn so: its legend tells of
// the last two answers alone.
const rises = (page, line, pid) => until(async () =>
    new Set(await heights(page, line, pid)).size > 1, `${line} to rise and fall`);

for (const way of WAYS) {
	describe(`the page of the figures ${way.way}`, () => {
		let site;

		before(async () => { site = await startSite(way); });

		it('shows and plots streams and events', async () => {
			const stream = await openStream(`${site.url}/events?channel=news&channel=sport`);

			await visit(site.url + PAGE, async (page) => {
				await state(page, 'live');
				assert.equal(await fact(page, 'Process'), String(site.responder.pid));
				assert.match(await fact(page, 'Streams'), /^1 of [1-9]/);
				const ids = [];
				for (const data of ['1', '2', '3'])
					ids.push((await publish(site, 'news', data)).id);
				await page.waitForFunction(() => /Published, sent3, 3/.test(document.getElementById('facts').textContent));
				await rises(page, 'published');
				assert.deepEqual(await rows(page),
				    [['news', '1', '3', ids[0], ids[2]], ['sport', '1', '0', '–', '–']]);
				assert.equal(await text(page, '#legend-0'), 'open 1');
				for (const line of ['streams', 'held'])
					assert.equal((await points(page, line)).length, 1, line);
				const held = await heights(page, 'held');
				assert.ok(held.at(-1) < held[0], 'the line of the bytes held goes up');
				assert.equal(await page.isVisible('#several'), false);
				await assertCameBy(page, way.protocol, '/status');
			});
			stream.close();
		});
	});
}

describe('the page of the figures in the hands of its reader', () => {
	let site;

	before(async () => { site = await startSite(LIGHTTPD_HTTP1); });

	it('keeps what was before a restart apart from what comes after', async () => {
		for (let n = 0; n < 100; n++)
			await publish(site, 'news', 'much');
		await visit(site.url + PAGE, async (page) => {
			await state(page, 'live');
			const before = await fact(page, 'Process');
			await until(async () => (await heights(page, 'published', before)).length, 'a rate');
			await site.restartResponder();
			await page.waitForSelector('#several');
			assert.equal(await fact(page, 'Process'), String(site.responder.pid));
			assert.equal(await page.locator('#processes label').count(), 2);
			await publish(site, 'news', 'one');
			await rises(page, 'published', site.responder.pid);
			await page.click(`#processes label:has-text("${before}")`);
			assert.equal(await fact(page, 'Process'), before);
			assert.equal((await rows(page))[0][2], '100');
		}, { allow: /status of 50\d/ });
	});

	for (const phone of PHONES) {
		it(`fits a screen ${phone.viewport.width} pixels wide`, async () => {
			await publish(site, 'a'.repeat(128), 'x');
			await visit(site.url + PAGE, async (page) => {
				await state(page, 'live');
				await fits(page, phone.viewport.width);
			}, { options: phone });
		});
	}

	it('says so where JavaScript is off', () => visit(site.url + PAGE, async (page) => {
		assert.match(await page.innerText('body'), /needs JavaScript/);
		assert.doesNotMatch(await page.innerText('body'), /Streams/);
	}, { options: { javaScriptEnabled: false } }));
});

// An answer as the responder gives it, but for what a test changes.
const figures = (changes) => ({
	pid: 7, version: '0.2.0', uptime: 100, position: '5-1', streams: 3, streams_max: 100,
	streams_opened: 4, connections: 4, connections_accepted: 9, events_published: 0, events_sent: 0,
	bytes_sent: 0, bytes_received: 0, gaps: { overflow: 0, restart: 0, unknown: 0, source: 0, deleted: 0 },
	stalled: 0, refused: { streams: 0, address: 0, channels: 0, draining: 0, memory: 0 },
	publish_refused: 0, history: { events: 0, bytes: 0, bytes_max: 1000 }, channels_held: 0,
	channels_max: 10, accept_pauses: 0, loop_lag: .001, rss: 1000000, cpu: 1, channels: [], ...changes,
});

// A fetch without a server: it answers what is in window.answer when it is
// asked, at once or as many seconds later as that is late, or fails if that is
// nothing.
function scriptedFetch() {
	window.asked = 0;
	window.fetch = async () => {
		window.asked++;
		if (!window.answer)
			throw new TypeError('no network');
		const { status = 200, body, late } = window.answer;
		if (late)
			await new Promise((done) => { setTimeout(done, 1000 * late); });
		return { status, statusText: 'Word', ok: status === 200, json: async () => JSON.parse(body) };
	};
}

describe('the page of the figures with scripted answers', () => {
	let url;

	before(async () => { url = (await startSite(LIGHTTPD_HTTP1)).url + PAGE; });

	// The page with a clock that stands still, and has had no answer yet.
	// next() is what comes when the seconds between two questions are over.
	const scripted = (use) => visit('about:blank', async (page) => {
		const give = (answer, late = 0) => page.evaluate((given) => { window.answer = given; },
		    answer?.pid ? { body: JSON.stringify(figures(answer)), late } : answer);
		const next = async (answer, seconds = 2, late = 0) => {
			await give(answer, late);
			await page.clock.runFor(seconds * 1000);
		};

		await page.clock.install({ time: 0 });
		await page.goto(url);
		await page.clock.pauseAt(60000);
		await use(page, next, give);
	}, { script: scriptedFetch, hosts: [new URL(url).host] });

	it('makes rates of the differences', () => scripted(async (page, next) => {
		await next({ pid: 7, uptime: 100, events_published: 1000, events_sent: 5000 });
		assert.equal(await text(page, '#legend-1'), 'published –, sent –');
		await next({ pid: 7, uptime: 102, events_published: 1010, events_sent: 5101, cpu: 1.5 });
		assert.equal(await text(page, '#legend-1'), 'published 5, sent 50.5');
		assert.equal(await fact(page, 'Processor'), '25.0 %');
		assert.equal(await page.isVisible('#several'), false);
	}));

	it('makes no rate over a restart, even to the same pid', () => scripted(async (page, next) => {
		await next({ pid: 7, uptime: 100, events_published: 1000 });
		await next({ pid: 7, uptime: 102, events_published: 1100 });
		await next({ pid: 7, uptime: 1, events_published: 3 });
		assert.equal(await text(page, '#legend-1'), 'published –, sent –');
		await next({ pid: 7, uptime: 3, events_published: 7 });
		assert.equal(await text(page, '#legend-1'), 'published 2, sent 0');
		const zero = Math.max(...await heights(page, 'sent'));
		for (const height of await heights(page, 'published'))
			assert.ok(height <= zero, `${height} is below ${zero}, the line of 0`);
		assert.equal((await points(page, 'streams')).length, 2);
		assert.equal(await page.locator('#processes label').count(), 2);
	}));

	it('keeps the figures of several processes apart', () => scripted(async (page, next) => {
		for (let n = 0; n < 4; n++) {
			await next({ pid: 7, uptime: 100 + 4 * n, streams: 1, events_published: 4 * n });
			await next({ pid: 8, uptime: 202 + 4 * n, streams: 900, events_published: 4000 * n });
		}
		assert.equal(await fact(page, 'Process'), '7');
		assert.equal(await text(page, '#legend-1'), 'published 1, sent 0');
		const levels = [];
		for (const pid of [7, 8]) {
			const [line, ...others] = await points(page, 'streams', pid);
			assert.deepEqual([line.length, others], [4, []]);
			levels.push([...new Set(line.map(([, y]) => y))]);
		}
		assert.deepEqual(levels.map((level) => level.length), [1, 1]);
		await page.click('#processes label:has-text("8")');
		assert.equal(await text(page, '#legend-1'), 'published 1,000, sent 0');
		await next({ pid: 7, uptime: 116 });
		assert.equal(await fact(page, 'Process'), '8');
	}));

	it('takes who answers late for who he is', () => scripted(async (page, next) => {
		const several = () => page.isVisible('#several');

		await next({ pid: 7, uptime: 100 });
		await next({ pid: 7, uptime: 102 });
		await next({ pid: 7, uptime: 104 }, 2 + 3, 3);
		assert.equal(await fact(page, 'Up for'), '1 min 44 s');
		assert.equal(await several(), false);
		await next({ pid: 7, uptime: 109 });
		await next({ pid: 7, uptime: 111 }, 2 + 9, 9);
		assert.equal(await several(), false);
		await next({ pid: 7, uptime: 122 });
		assert.equal(await several(), false);
		assert.deepEqual((await points(page, 'streams', 7)).map((part) => part.length), [6]);
	}));

	// An hour that only the responder's clock has seen, and one that only the
	// page's has.  No rate is made over either.
	for (const [who, slept, uptime] of [['page', false, 3704], ['responder', true, 104]])
		it(`sees that who seemed to be two was one, when the ${who} slept`, () => scripted(async (page, next, give) => {
			const rate = async (published) =>
				assert.equal(await text(page, '#legend-1'), `published ${published}, sent 0`);

			await next({ pid: 7, uptime: 100, events_published: 0 });
			await next({ pid: 7, uptime: 102, events_published: 10 });
			await give({ pid: 7, uptime, events_published: 20 });
			await (slept ? page.clock.fastForward(200000) : page.clock.runFor(2000));
			await next({ pid: 7, uptime: uptime + 2, events_published: 28 });
			assert.equal(await page.locator('#processes label').count(), 2);
			await page.click('#processes label >> nth=0');
			await next({ pid: 7, uptime: uptime + 4, events_published: 36 });
			assert.equal(await page.isVisible('#several'), false);
			await rate('4');
			for (const [line, count] of [['streams', 5], ['published', 3]])
				assert.deepEqual((await points(page, line, 7)).map((part) => part.length), [count], line);
		}));

	it('says that there was another before, however long it is up', () => scripted(async (page, next) => {
		await next({ pid: 7, uptime: 100, bytes_sent: 9000 });
		for (let n = 0; n < 10; n++)
			await next({ pid: 7, uptime: 150 + 2 * n, bytes_sent: 100 * n });
		assert.equal(await page.locator('#processes label').count(), 2);
	}));

	it('says that two answer for as long as two do, of whatever pid', () => scripted(async (page, next) => {
		for (let n = 0; n < 40; n++) {
			await next({ pid: 7, uptime: 2 * n + (n % 10 === 5 ? 100 : 200) });
			assert.equal(await page.isVisible('#several'), n >= 5);
		}
		assert.equal(await page.locator('#processes label').count(), 2);
	}));

	it('says what is wrong, and goes on asking', () => scripted(async (page, next) => {
		const failure = async (answer, says) => {
			await next(answer);
			assert.equal(await text(page, '#state'), 'No figures');
			assert.match(await text(page, '#advice'), says);
		};

		await failure(null, /no answer/);
		await failure({ status: 403 }, /only to addresses .*403/);
		await failure({ status: 404 }, /said 404 Word/);
		await failure({ body: '<!doctype html>' }, /not the status/);
		await failure({ body: 'null' }, /not the status/);
		assert.equal(await page.isVisible('#content'), false);
		await next({ pid: 7, uptime: 100 });
		await next({ pid: 7, uptime: 102 });
		assert.equal(await text(page, '#state'), 'Live');
		await failure({ status: 500 }, /said 500/);
		assert.equal(await fact(page, 'Process'), '7');
		await next({ pid: 7, uptime: 106 });
		await next({ pid: 7, uptime: 108 });
		assert.deepEqual((await points(page, 'streams')).map((part) => part.length), [2, 2]);
	}));

	it('does not ask while nobody can see it', () => scripted(async (page, next) => {
		const asked = () => page.evaluate(() => window.asked);
		const hide = (hidden) => page.evaluate((value) => {
			Object.defineProperty(document, 'hidden', { configurable: true, value });
			document.dispatchEvent(new Event('visibilitychange'));
		}, hidden);

		await next({ pid: 7, uptime: 100 });
		const before = await asked();
		await hide(true);
		await next({ pid: 7, uptime: 160 }, 60);
		assert.equal(await asked(), before);
		await hide(false);
		assert.equal(await asked(), before + 1);
		await next({ pid: 7, uptime: 162 });
		assert.equal(await asked(), before + 2);
		await page.click('#toggle');
		await next({ pid: 7, uptime: 222 }, 60);
		assert.equal(await asked(), before + 2);
	}));

	it('shows hostile text as text, and a bounded table', () => scripted(async (page, next) => {
		const evil = '<img src="x" onerror="hacked = 1"><script>hacked = 1</script>';
		const channel = { name: evil, streams: 1, held: 2, first: evil, last: evil };
		await next({ pid: 7, version: evil, position: evil, channels_held: 5000,
			channels: Array(1000).fill(channel) });
		assert.deepEqual(await rows(page), Array(100).fill([evil, '1', '2', evil, evil]));
		assert.equal(await text(page, '#channels-summary'), '5,000 of 10; here are the first 100.');
		assert.equal(await fact(page, 'Version'), evil);
		assert.equal(await page.locator('img').count(), 0);
		assert.equal(await page.evaluate(() => window.hacked), undefined);
	}));

	it('plots the last five minutes', () => scripted(async (page, next) => {
		for (let n = 0; n < 200; n++)
			await next({ pid: 7, uptime: 100 + 2 * n, events_published: n });
		assert.deepEqual((await points(page, 'streams')).map((part) => part.length), [151]);
		assert.equal(await text(page, '#plot-0 text:nth-last-of-type(2)'), '5 min 0 s ago');
	}));
});
