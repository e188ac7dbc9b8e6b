// SPDX-License-Identifier: ISC
//
// What the browser tests stand on: one Chromium for each file of tests, and
// sites of a front and a responder, all ended with the file.  Whatever a test
// does, a page may not err on the console nor ask any other host.
//
//	CHROMIUM         the browser              /usr/bin/chromium
//	BROWSER_MODULES  where npm ci was run     build/browser

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { after, before } from 'node:test';
import { ask } from '../fronts/browsers.mjs';
import { ROOT } from '../fronts/processes.mjs';
import { start } from '../fronts/sites.mjs';

const { CHROMIUM, BROWSER_MODULES } = process.env;
const modules = resolve(BROWSER_MODULES || join(ROOT, 'build/browser'));
export const need = createRequire(join(modules, 'package.json'));
const { chromium } = need('playwright-core');

const PATIENCE_MS = 120000;	// of a busy machine
const QUICK = ['--interval', '0.5', '--retry', '500', '--drain', '0.2'];

let browser;
const sites = [];

before(async () => {
	browser = await chromium.launch({
		executablePath: CHROMIUM || '/usr/bin/chromium',
		timeout: PATIENCE_MS,
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

// The ways from the pages to the responder.  A browser speaks HTTP/2 with TLS
// alone.
export const WAYS = [
	{ front: 'lighttpd', protocol: 'http/1.1' },
	{ front: 'nginx', protocol: 'http/1.1' },
	{ front: 'lighttpd', protocol: 'h2' },
	{ front: 'nginx', protocol: 'h2' },
].map(({ front, protocol }) => ({ front, protocol, tls: protocol === 'h2',
	way: `behind ${front} over ${protocol}` }));
export const [LIGHTTPD_HTTP1, NGINX_HTTP1, LIGHTTPD_HTTP2, NGINX_HTTP2] = WAYS;

export async function startSite({ front, tls }, args = [], more = {}) {
	const site = await start(front, { tls, args: [...QUICK, ...args], ...more });
	sites.push(site);
	return site;
}

// Opens url in a browser of its own, lets use() work with it, and then looks
// at what went wrong in any of its tabs, and at who was asked.
export async function visit(url, use, { options = {}, script, hosts = [], allow = /^$/ } = {}) {
	const context = await browser.newContext({ ignoreHTTPSErrors: true, reducedMotion: 'reduce', ...options });
	const page = await context.newPage();
	const faults = [], asked = [];

	context.setDefaultTimeout(PATIENCE_MS);
	context.on('console', (said) => faults.push(`${said.type()}: ${said.text()}`));
	context.on('weberror', (thrown) => faults.push(thrown.error().message));
	context.on('request', (request) => asked.push(new URL(request.url())));
	try {
		if (script)
			await context.addInitScript(script);
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

// Each answer that the page had came by this protocol; path's is one of them.
// The answer that is a stream counts once it is over.
export async function assertCameBy(page, protocol, path) {
	const all = await page.waitForFunction((wanted) => {
		const entries = ['navigation', 'resource'].flatMap((type) => performance.getEntriesByType(type))
			.filter(({ name }) => new URL(name).origin === location.origin)
			.map(({ name, nextHopProtocol }) => [new URL(name).pathname, nextHopProtocol]);
		return entries.some(([name]) => name === wanted) && entries;
	}, path);

	for (const [name, by] of await all.jsonValue())
		assert.equal(by, protocol, name);
}

export const text = (page, selector) => page.textContent(selector);

export const state = (page, name) => page.waitForSelector(`[data-state=${name}]`);

// Publishes from outside of any page; what the responder answers.
export async function publish(site, channel, data, { type, headers } = {}) {
	const asked = new URLSearchParams(type === undefined ? { channel } : { channel, event: type });
	const { status, body } = await ask(`${site.url}/publish?${asked}`, { method: 'POST', body: data, headers });

	assert.equal(status, 200, body);
	return JSON.parse(body);
}

// The phones that every page has to fit on.
export const PHONES = [320, 375].map((width) =>
	({ viewport: { width, height: 640 }, isMobile: true, hasTouch: true }));

export async function fits(page, width) {
	assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width);
	for (const button of await page.locator('button:visible').all())
		assert.ok((await button.boundingBox()).height >= 44);
}

// Scripts for browsers that cannot share a stream.
export const LACKS = {
	locks: () => Object.defineProperty(Navigator.prototype, 'locks', { value: undefined }),
	BroadcastChannel: () => { delete window.BroadcastChannel; },
};

// The scripted stream is there, which is at least the count-th.
export const speaks = (page, count = 1) => page.waitForFunction((least) => window.opened >= least, count);

// An EventSource without a server: the test speaks through window.stream, which
// is there once the page has opened one; window.opened counts them.
export function scriptedEventSource() {
	window.EventSource = class extends EventTarget {
		static CONNECTING = 0;
		static CLOSED = 2;
		readyState = 1;
		constructor(url) {
			super();
			this.url = String(url);
			window.stream = this;
			window.opened = (window.opened ?? 0) + 1;
			for (const type of ['open', 'error'])
				this.addEventListener(type, (event) => this[`on${type}`]?.(event));
		}
		close() {
			this.readyState = EventSource.CLOSED;
		}
		say(data, lastEventId = '', type = 'message') {
			this.dispatchEvent(new MessageEvent(type, { data, lastEventId }));
		}
		open() {
			this.readyState = 1;
			this.dispatchEvent(new Event('open'));
		}
		fail(readyState) {
			this.readyState = readyState;
			this.dispatchEvent(new Event('error'));
		}
	};
}
