// SPDX-License-Identifier: ISC
//
// Runs in a real Chromium, with the browser's own EventSource: a page that is
// loaded again in the middle of a run, again and again, behind every front, has
// every token once, and stops at the end; and the page of a run, which is its
// model, too.

import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { ask, eventSource } from '../fronts/browsers.mjs';
import { until } from '../fronts/processes.mjs';
import { CHOSEN } from '../fronts/sites.mjs';
import { fits, NGINX_HTTP1, PHONES, publish, startSite, state, text, visit } from './harness.mjs';

const TOKENS = 400;
const RELOADS = 20;
const PAGE = '/run.html';

// A page that keeps nothing but where it is, which begins with all; or, without
// "keeps", begins with all each time.
const PROBE = `<!doctype html><title>probe</title><link rel="icon" href="data:,"><script>
const keeps = location.search.includes('keeps');
const log = keeps ? JSON.parse(sessionStorage.log ?? '[]') : [];
const channel = new URLSearchParams(location.search).get('channel');
const last = keeps && sessionStorage.last;
const source = new EventSource('events?channel=' + channel + (last ? '&last_event_id=' + last : '&history=all'));
for (const type of ['message', 'gap', 'end'])
	source.addEventListener(type, ({ data, lastEventId }) => {
		log.push(type === 'message' ? Number(data) : type);
		sessionStorage.log = JSON.stringify(log);
		sessionStorage.last = lastEventId;
	});
</script>`;

const logOf = (page) => page.evaluate(() => JSON.stringify(log)).then(JSON.parse);
const stopped = (page) => page.waitForFunction(() => source.readyState === EventSource.CLOSED);

// Opens a probe, and counts how often it asks for events, and what it is told.
async function openProbe(context, site, channel, how) {
	const page = await context.newPage();

	await page.route('**/probe*', (route) => route.fulfill({ contentType: 'text/html', body: PROBE }));
	page.told = [];
	page.on('response', (response) => {
		if (new URL(response.url()).pathname === '/events')
			page.told.push(response.status());
	});
	await page.goto(`${site.url}/probe?channel=${channel}&${how}`);
	return page;
}

const WHOLE = [...Array.from({ length: TOKENS }, (_, i) => i), 'end'];

for (const front of CHOSEN)
	describe(`a run behind ${front}`, { concurrency: false }, () => {
		let site;

		before(async () => {
			site = await startSite({ front }, ['--channel', `run-:history=${TOKENS + 10}`, '--retry', '300']);
		});

		it(`has every token once in a page that is loaded again ${RELOADS} times, and in another tab`, () =>
			visit(site.url + PAGE, async (first) => {
				const channel = 'run-1';
				const tabs = [await openProbe(first.context(), site, channel, 'keeps'),
					await openProbe(first.context(), site, channel, '')];
				let said = 0;

				for (let i = 0; i < RELOADS; i++) {
					const more = async () => {
						for (const until = said + TOKENS / RELOADS; said < until; said++)
							await publish(site, channel, `${said}`);
					};
					await Promise.all([more(), tabs[i % 5 === 4 ? 1 : 0].reload()]);
				}
				const { status } = await ask(`${site.url}/publish?channel=${channel}&end=1`,
					{ method: 'POST', body: '' });
				assert.equal(status, 200);
				await Promise.all(tabs.map(stopped));
				for (const tab of tabs) {
					assert.deepEqual(await logOf(tab), WHOLE);
					// One last stream, and the 204 to which it comes back.
					assert.deepEqual(tab.told.slice(-2), [200, 204]);
					assert.equal(tab.told.filter((one) => one === 204).length, 1);
				}
				// Whoever loads it later has it all, too, or that it is over.
				await Promise.all(tabs.map((tab) => tab.reload()));
				await Promise.all(tabs.map(stopped));
				assert.deepEqual(await logOf(tabs[1]), WHOLE);
				assert.equal(tabs[0].told.at(-1), 204);
			}));
	});

const count = (page) => text(page, '#count').then((all) => Number(all.split(' ')[0]));
const reaches = (page, least) => page.waitForFunction((n) =>
    parseInt(document.getElementById('count').textContent, 10) >= n, least);

async function begin(page, tokens, rate) {
	await page.fill('#tokens', `${tokens}`);
	await page.fill('#rate', `${rate}`);
	await page.click('text="Begin"');
	await reaches(page, 1);
	return new URL(page.url()).searchParams.get('channel');
}

// The tokens of a run, as one who reads it hears them.
async function heard(site, channel) {
	const source = eventSource(`${site.url}/events?channel=${encodeURIComponent(channel)}&history=all`);

	await until(() => source.failed, 'its end');
	assert.match(source.failed, /^204 /);
	assert.equal(source.events.filter(({ type }) => type === 'end').length, 1);
	return source.events.filter(({ type }) => type === 'token').map(({ data }) => JSON.parse(data));
}

describe('the page of a run', () => {
	let site;

	before(async () => { site = await startSite(NGINX_HTTP1, ['--retry', '300']); });

	it('writes an answer, which goes on when it is loaded again, and ends', () => visit(site.url + PAGE, async (page) => {
		await state(page, 'idle');
		const offered = Number(await page.inputValue('#tokens'));
		const channel = await begin(page, offered, 400);

		for (const least of [40, 100, 160]) {
			await reaches(page, least);
			await page.reload();
			await reaches(page, least);
		}
		await state(page, 'stopped');
		assert.equal(await text(page, '#count'), `${offered} of ${offered}`);
		assert.equal(await text(page, '#gaps'), '0');
		const events = await heard(site, channel);
		assert.deepEqual(events.map(({ n }) => n), Array.from({ length: offered / 4 }, (_, i) => 4 * i));
		assert.equal(await text(page, '#text'), events.flatMap(({ tokens }) => tokens).join(''));
		assert.match(await text(page, '#plot-summary'), /^[\d.]+ on the average, most \d+, in \d+ s\.$/);
		assert.ok(await page.locator('#plot rect').count() > 0);

		await page.reload();
		await state(page, 'stopped');
		assert.equal(await text(page, '#count'), `${offered} of ${offered}`);
		assert.equal(await text(page, '#gaps'), '0');
		await page.click('text="Begin"');
		await reaches(page, 1);
		assert.notEqual(new URL(page.url()).searchParams.get('channel'), channel);
	}));

	it('is written by whichever tab is there, once', () => visit(site.url + PAGE, async (page) => {
		const channel = await begin(page, 120, 100);
		const tabs = [await page.context().newPage(), await page.context().newPage()];

		await Promise.all(tabs.map((tab) => tab.goto(page.url())));
		await Promise.all(tabs.map((tab) => reaches(tab, 8)));
		await page.close();
		await Promise.all(tabs.map((tab) => state(tab, 'stopped')));
		const events = await heard(site, channel);
		assert.deepEqual(events.map(({ n }) => n), Array.from({ length: 30 }, (_, i) => 4 * i));
		for (const tab of tabs)
			assert.equal(await text(tab, '#text'), events.flatMap(({ tokens }) => tokens).join(''));
	}));

	it('begins with a snapshot where the beginning is no longer there', async () => {
		const short = await startSite(NGINX_HTTP1, ['--history', '30', '--retry', '300']);

		await visit(short.url + PAGE, async (page) => {
			await begin(page, 300, 600);
			await state(page, 'stopped');
			const whole = await text(page, '#text');
			await page.reload();
			await state(page, 'stopped');
			assert.equal(await text(page, '#text'), whole);
			assert.equal(await text(page, '#gaps'), '1');
			assert.match(await text(page, '#lost'), /overflow.*newest snapshot/);
		});
	});

	it('shows what others feed, and that they are gone', async () => {
		const other = await startSite(NGINX_HTTP1, ['--feed-grace', '0.1']);

		await visit(`${other.url}${PAGE}?channel=of%2Fothers`, async (page) => {
			const { openFeed } = await import('../fronts/feeds.mjs');
			const feed = openFeed(`${other.url}/publish?channel=of%2Fothers&feed=1`);
			await feed.say('{"choices":[{"delta":{"content":"It "}}]}');
			await feed.say('rains.');
			await page.waitForFunction(() => document.getElementById('text').textContent === 'It rains.');
			feed.cut();
			await state(page, 'abandoned');
			assert.equal(await count(page), 2);
		});
	});

	it('pauses, and resumes', () => visit(site.url + PAGE, async (page) => {
		await begin(page, 10000, 40);	// more than there is time for
		await page.click('#toggle');
		await state(page, 'paused');
		const paused = await count(page);
		await page.click('#toggle');
		await reaches(page, paused + 1);
		assert.equal(await text(page, '#gaps'), '0');
	}));

	it('plans once what it publishes next, for each event', () => visit(site.url + PAGE, async (page) => {
		const [tokens, events] = [80, 20];

		await begin(page, tokens, 100);
		await state(page, 'stopped');
		// Before the first one, too.
		assert.equal(await page.evaluate(() => window.planned), events + 1);
	}, { script: () => {
		const { setTimeout } = window;

		window.planned = 0;
		window.setTimeout = (act, ...how) => {
			window.planned += act.name === 'produce' ? 1 : 0;
			return setTimeout(act, ...how);
		};
	} }));

	it('says why it cannot publish', () => visit(site.url + PAGE, async (page) => {
		await page.route('**/publish?*', (route) => route.fulfill({ status: 403, contentType: 'text/plain', body: 'no\n' }));
		await page.click('text="Begin"');
		await page.waitForFunction(() => document.getElementById('answer').textContent === 'Not published: no (403)');
	}, { allow: /status of 403/ }));

	for (const options of PHONES)
		it(`fits on a phone ${options.viewport.width} wide`, () => visit(site.url + PAGE, async (page) => {
			await begin(page, 100, 200);
			await fits(page, options.viewport.width);
		}, { options }));
});
