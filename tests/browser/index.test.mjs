// SPDX-License-Identifier: ISC
//
// The page in a real Chromium.  First as it is used: the shipped page, the
// shipped configuration of a real front, the responder, and a restart of it.
// Then, with an EventSource that the test scripts, what a well-behaved server
// never shows: hostile text, a flood, a wait of an hour.  Whatever a test
// does, the page may not err on the console nor ask any other host.
//
//	CHROMIUM         the browser              /usr/bin/chromium
//	BROWSER_MODULES  where npm ci was run     build/browser
//	PICTURE          where the picture goes   build/page.png

import assert from 'node:assert/strict';
import http from 'node:http';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { newPlace, ROOT, start } from '../fronts/harness.mjs';

const { CHROMIUM, BROWSER_MODULES, PICTURE } = process.env;
const modules = resolve(BROWSER_MODULES || join(ROOT, 'build/browser'));
const { chromium } = createRequire(join(modules, 'package.json'))('playwright-core');

const PATIENCE_MS = 30000;
const QUICK = ['--interval', '0.5', '--retry', '500', '--drain', '0.2'];
const CLOCK = /^Message: (\d+) - the time is \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{9} [+-]\d{4} \S+$/;

let browser;
const sites = [];

before(async () => {
	browser = await chromium.launch({
		executablePath: CHROMIUM || '/usr/bin/chromium',
		args: ['--no-sandbox', '--disable-gpu', '--disable-quic',
			'--no-first-run', '--disable-background-networking',
			'--disable-component-update', '--disable-sync'],
	});
});

after(async () => {
	await browser?.close();
	for (const site of sites)
		await site.stop();
});

async function startSite(name) {
	const site = await start(name, { args: QUICK });
	sites.push(site);
	return site;
}

// Opens url in a browser of its own, lets use() work with it, and then looks
// at what went wrong, and at who was asked.
async function visit(url, use, { options = {}, script, hosts = [], allow = /^$/ } = {}) {
	const context = await browser.newContext(options);
	const page = await context.newPage();
	const faults = [], asked = [];

	context.setDefaultTimeout(PATIENCE_MS);
	page.on('console', (said) => faults.push(`${said.type()}: ${said.text()}`));
	page.on('pageerror', (error) => faults.push(error.message));
	page.on('request', (request) => asked.push(new URL(request.url())));
	try {
		if (script)
			await page.addInitScript(script);
		await page.goto(url);
		await use(page);
	} finally {
		await context.close();
	}
	assert.deepEqual(faults.filter((fault) => !allow.test(fault)), []);
	const strangers = asked.filter(({ protocol, host }) => protocol !== 'data:' &&
	    ![new URL(url).host, ...hosts].includes(host));
	assert.deepEqual(strangers.map(String), []);
}

const text = (page, selector) => page.textContent(selector);

// The ids of the messages that the page shows, in the order they came.
const ids = (page) => page.$$eval('#messages li',
    (rows) => rows.map((row) => Number(row.dataset.id)).reverse());

const messages = (page, count) => page.waitForFunction((least) =>
    document.querySelectorAll('#messages li').length >= least, count);

const state = (page, name) => page.waitForSelector(`[data-state=${name}]`);

const countedFromOne = (numbers) => numbers.map((_, i) => i + 1);

// Restarts the responder below an open page; the page must come back by
// itself, once or more often, and show some messages more.
async function restartBelow(page, site, more) {
	const shown = (await ids(page)).length;

	await page.evaluate(() => { window.notReloaded = true; });
	await site.restartResponder();
	await page.waitForFunction(() =>
	    document.getElementById('reconnects').textContent !== '0');
	await messages(page, shown + more);
	assert.ok(await page.evaluate(() => window.notReloaded));
}

for (const front of ['lighttpd', 'nginx']) {
	describe(`the page behind ${front}`, () => {
		let site;

		before(async () => { site = await startSite(front); });

		it('shows messages 1, 2, 3 as they come', () => visit(site.url, async (page) => {
			await messages(page, 3);
			const rows = await page.$$eval('#messages .data',
			    (data) => data.map((row) => row.textContent).reverse());
			assert.deepEqual(rows.slice(0, 3).map((row) => CLOCK.exec(row)?.[1]), ['1', '2', '3']);
			assert.equal(await text(page, '#state'), 'Live');
			assert.equal(await text(page, '#reconnects'), '0');
			assert.match(await text(page, '#plot-summary'), /^Median 0\.\d+ s/);
		}));

		it('goes on counting over a restart of the responder', () => visit(site.url, async (page) => {
			await messages(page, 3);
			await restartBelow(page, site, 3);
			const numbers = await ids(page);
			assert.deepEqual(numbers, countedFromOne(numbers));
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

	before(async () => { site = await startSite('lighttpd'); });

	it('pauses and resumes by the keyboard', () => visit(site.url, async (page) => {
		await state(page, 'live');
		await page.keyboard.press('Tab');
		assert.equal(await page.evaluate(() => document.activeElement.id), 'toggle');
		await page.keyboard.press('Enter');
		await state(page, 'paused');
		assert.equal(await text(page, '#toggle'), 'Resume');
		await page.keyboard.press('Space');
		await state(page, 'live');
		assert.equal(await text(page, '#reconnects'), '0');
	}));

	it('says that the browser gave up, and connects again when asked', () => visit('about:blank', async (page) => {
		await page.route('**/sse', (route) => route.fulfill({ status: 500 }));
		await page.goto(site.url);
		await state(page, 'closed');
		assert.match(await text(page, '#advice'), /given up/);
		await page.unroute('**/sse');
		await page.click('text=Connect again');
		await state(page, 'live');
	}, { hosts: [new URL(site.url).host], allow: /status of 500/ }));

	for (const width of [320, 375]) {
		it(`fits a screen ${width} pixels wide`, () => visit(site.url, async (page) => {
			await messages(page, 3);
			assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width);
			assert.ok((await page.locator('#toggle').boundingBox()).height >= 44);
		}, { options: { viewport: { width, height: 640 }, isMobile: true, hasTouch: true } }));
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

// An EventSource without a server: the test speaks through window.stream.
function scriptedEventSource() {
	window.EventSource = class extends EventTarget {
		static CONNECTING = 0;
		static CLOSED = 2;
		readyState = 1;
		constructor() {
			super();
			window.stream = this;
		}
		close() {
			this.readyState = EventSource.CLOSED;
		}
		say(data, lastEventId = '') {
			this.dispatchEvent(new MessageEvent('message', { data, lastEventId }));
		}
		fail(readyState) {
			this.readyState = readyState;
			this.dispatchEvent(new Event('error'));
		}
	};
}

describe('the page with a scripted stream', () => {
	const scripted = { script: scriptedEventSource };
	let url;

	before(async () => { ({ url } = await startSite('lighttpd')); });

	it('shows hostile text as text', () => visit(url, async (page) => {
		const evil = '<img src="x" onerror="hacked = 1"><script>hacked = 1</script>';
		const lines = [evil, `</li></ol>${evil}`,
			`Message: 1 - the time is ${evil.replaceAll(' ', '')} 12:00:00.5 ${evil}`,
			'wide'.repeat(2000)];
		const elements = () => page.$$eval('img, body script', (all) => all.length);
		const before = await elements();

		await page.evaluate(([all, id]) => all.forEach((line) => stream.say(line, id)), [lines, evil]);
		assert.deepEqual(await page.$$eval('#messages .data',
		    (data) => data.map((row) => row.textContent).reverse()), lines);
		assert.equal(await text(page, '#last-id'), evil);
		assert.equal(await elements(), before);
		assert.equal(await page.evaluate(() => window.hacked), undefined);
		assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 320);
	}, { ...scripted, options: { viewport: { width: 320, height: 640 } } }));

	it('keeps a bounded list and plot in a flood', () => visit(url, async (page) => {
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
		for (let n = 0; n < 9; n++) {
			await page.evaluate(() => stream.say('on time'));
			await page.clock.runFor(2000);
		}
		assert.match(await text(page, '#since'), /^(1\.9|2\.0) s$/);
		await page.clock.fastForward('59:58');
		await page.evaluate(() => stream.say('late'));
		assert.equal(await text(page, '#messages li:first-child .after'), 'after 1 h 0 min');
		assert.match(await text(page, '#plot-summary'), /^Median 2\.000 s, .* longest 1 h 0 min\.$/);
		assert.equal(await text(page, '#plot text.long'), '1 h 0 min');
		const [usual, long] = await page.$$eval('#plot rect',
		    (bars) => bars.slice(-2).map((bar) => bar.height.baseVal.value));
		assert.ok(usual < long && long < 2 * usual, `bars of ${usual} and ${long} pixels`);
	}, { ...scripted, hosts: [new URL(url).host] }));

	it('tells a lost stream from a closed one, and counts what came back', () => visit(url, async (page) => {
		const lose = (constant) => page.evaluate((name) => stream.fail(EventSource[name]), constant);

		await page.evaluate(() => stream.say('one'));
		assert.equal(await text(page, '#state'), 'Live');
		await lose('CONNECTING');
		await lose('CONNECTING');
		assert.equal(await text(page, '#state'), 'Reconnecting');
		assert.equal(await text(page, '#reconnects'), '0');
		await page.evaluate(() => stream.say('two'));
		assert.equal(await text(page, '#state'), 'Live');
		assert.equal(await text(page, '#reconnects'), '1');
		await lose('CLOSED');
		assert.equal(await text(page, '#state'), 'Closed');
	}, scripted));
});

it('takes the picture', async () => {
	const site = await startSite('lighttpd');
	const path = resolve(PICTURE || join(ROOT, 'build/page.png'));

	await visit(site.url, async (page) => {
		await messages(page, 24);
		await restartBelow(page, site, 18);
		const { length } = await page.screenshot({ path, animations: 'disabled' });
		assert.ok(length < 150000, `${length} bytes`);
	}, { options: { viewport: { width: 960, height: 640 }, colorScheme: 'light' } });
});
