// SPDX-License-Identifier: ISC
//
// Pages of other origins, in Chromium: one that a front lets in, as its configuration
// has it, reads with a ticket, as a cookie or a header, and learns what is refused.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { COMMENTED, without } from '../fronts/edits.mjs';
import { ROOT } from '../fronts/processes.mjs';
import { newKey } from '../fronts/signed.mjs';
import { CHOSEN, newPlace } from '../fronts/sites.mjs';
import { LIGHTTPD_HTTP2, NGINX_HTTP2, publish, startSite, visit } from './harness.mjs';

const { file, ticket } = newKey(newPlace().dir);
const NEWS = '/events?channel=news&history=all';

// What a browser says on the console of the answers that it refuses.
const REFUSED = /^error: (Access to |Failed to load resource: )/;

// The configuration with tickets, and that origin in place of those in the file.
function letsIn(name, text, origin) {
	const { deny, tickets, origins } = COMMENTED[name];

	return tickets(origins(without(text, deny)))
		.replaceAll('https://app.example', origin)
		.replaceAll('https://app\\.example', origin.replaceAll('.', '\\.'));
}

// What an EventSource gets first: a message's data, or that it has failed.
const firstOf = (page, url, options) => page.evaluate(([from, more]) => new Promise((resolve) => {
	const source = new EventSource(from, more);
	const say = (what) => {
		source.close();
		resolve(what);
	};

	source.onmessage = ({ data }) => say(data);
	source.onerror = () => source.readyState === EventSource.CLOSED && say('failed');
}), [url, options]);

// What fetch() gets: the status and the first bytes, or that the page may not know.
const fetched = (page, url, options) => page.evaluate(async ([from, more]) => {
	try {
		const { status, body } = await fetch(from, { cache: 'no-store', ...more });
		const { value } = await body.getReader().read();
		return { status, text: new TextDecoder().decode(value) };
	} catch ({ name }) {
		return name;
	}
}, [url, options]);

// Why a stream of sse.js has ended.
const endOf = (page, url) => page.evaluate(async (from) => {
	const { Stream } = await import('/sse.js');

	return new Promise((resolve) => {
		new Stream(from, { withCredentials: true,
			onstate: (state, why) => state === 'ended' && resolve(why) });
	});
}, url);

// A page, and the module beside it, at an origin of its own on that address.
async function pageAt(addr, port) {
	const server = createServer((request, response) => {
		response.writeHead(200, { 'Content-Type': 'text/javascript' });
		response.end(readFileSync(join(ROOT, 'html/sse.js')));
	}).listen(port, addr);

	await once(server, 'listening');
	servers.push(server);
	return `http://${addr}:${port}`;
}

const servers = [];
after(() => servers.forEach((server) => server.close().closeAllConnections()));

// The page of this origin reads, and that of another does not.  The browser sends the
// cookie if both are one site, with whatever ports.
async function check(site, known, stranger, cookies) {
	const hosts = [new URL(site.url).host];
	const url = site.url + NEWS;
	const Authorization = `Bearer ${ticket({ channels: ['news'] })}`;
	const cookie = { name: 'sse_ticket', value: ticket({ channels: ['news'] }), url: site.url, sameSite: 'Lax' };

	await publish(site, 'news', 'rain', { headers: { Authorization: `Bearer ${ticket({ publish: ['news'] })}` } });
	await visit(`${known}/sse.js`, async (page) => {
		await page.context().addCookies([cookie]);
		assert.equal(await firstOf(page, `${url}&ticket=${cookie.value}`, {}), 'rain');
		assert.equal(await firstOf(page, url, {}), 'failed');
		assert.equal(await firstOf(page, url, { withCredentials: true }), cookies ? 'rain' : 'failed');
		const { status, text } = await fetched(page, url, { headers: { Authorization, 'Last-Event-ID': '1-1' } });
		assert.equal(status, 200);
		assert.match(text, /^retry: /);
		assert.equal(await endOf(page, `${site.url}/events?channel=other`), cookies ? 403 : 401);
	}, { hosts, allow: REFUSED });
	await visit(`${stranger}/sse.js`, async (page) => {
		await page.context().addCookies([cookie]);
		assert.equal(await firstOf(page, url, { withCredentials: true }), 'failed');
		assert.equal(await fetched(page, url, { headers: { Authorization } }), 'TypeError');
	}, { hosts, allow: REFUSED });
}

describe('pages of other origins', () => {
	for (const front of CHOSEN)
		it(`another port is let in, and no third, by ${front}`, async () => {
			const site = await startSite({ front }, ['--ticket-key', file],
			    { edit: (text, { addr }) => letsIn(front, text, `http://${addr}:3001`) });
			const { hostname } = new URL(site.url);

			await check(site, await pageAt(hostname, 3001), await pageAt(hostname, 3002), true);
		});

	for (const way of [LIGHTTPD_HTTP2, NGINX_HTTP2])
		it(`another site is let in, and no third, ${way.way}`, async () => {
			const pages = await startSite(NGINX_HTTP2), others = await startSite(NGINX_HTTP2);
			const site = await startSite(way, ['--ticket-key', file],
			    { edit: (text) => letsIn(way.front, text, pages.url) });

			await check(site, pages.url, others.url, false);
		});
});
