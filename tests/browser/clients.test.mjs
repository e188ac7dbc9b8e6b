// SPDX-License-Identifier: ISC
//
// Whatever is cut, and wherever: each client gives what was published, once, in
// its order and nothing else, or is told what it cannot have.  A proxy cuts its
// streams behind each of their bytes, and it comes back by itself; and what is
// published while it is away from an idle stream is not lost.

import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { readRaw, sendRaw } from '../fronts/browsers.mjs';
import { until } from '../fronts/processes.mjs';
import { CLIENTS } from './clients.mjs';
import { LIGHTTPD_HTTP1, NGINX_HTTP1, publish, startSite, visit } from './harness.mjs';
import { startProxy } from './proxy.mjs';

const LAST = 'the last';

// Their channels, types (none is a plain message) and data.
const EVENTS = [
	[0, '', 'plain'],
	[1, 'score', '1:0'],
	[0, '', 'several\n\nlines\n'],
	[2, 'score', 'größer 😀'],
	[1, '', ''],
	[0, '', '0123456789'.repeat(80)],
	[2, 'score', ''],
	[0, '', 'id: 5'],
	[1, '', LAST],
];
const TYPES = ['message', 'score', 'gap'];

// A browser has six connections to one host and some 250 in all, and each
// proxy is a host to it.
const PROXIES = 40;
const AT_ONCE = PROXIES * 6;

// What Chromium says of a connection that is cut, and what the polyfill.
const CUT = new RegExp('^error: (Failed to load resource: net::ERR_(INCOMPLETE_CHUNKED_ENCODING|EMPTY_RESPONSE|' +
    'CONNECTION_(CLOSED|RESET))|TypeError: (network error|Failed to fetch))');

// Proxies before a site, and a page of it that may ask these too.
async function withProxies(site, count, use) {
	const proxies = await Promise.all(Array.from({ length: count }, () => startProxy(site)));

	try {
		await visit(site.url, (page) => use(proxies, page),
		    { hosts: proxies.map(({ host }) => host), options: { bypassCSP: true }, allow: CUT });
	} finally {
		proxies.forEach((proxy) => proxy.stop());
	}
}

// Every number of bytes behind the headers of the answer at path after which
// it can be cut, before its last event.
async function placesIn(site, path) {
	const answer = sendRaw(site.url, `GET ${path} HTTP/1.1\r\nHost: ${new URL(site.url).host}\r\n\r\n`);
	const body = (text) => readRaw({ text }).body;

	await until(() => body(answer.text).includes(`${LAST}\n`), 'the last event');
	answer.close();
	const head = answer.text.indexOf('\r\n\r\n') + 4;
	const whole = body(answer.text);
	const most = whole.lastIndexOf('\n\n', whole.indexOf(LAST)) + 2;
	const places = [];
	while (body(answer.text.slice(0, head + places.length)).length < most)
		places.push(places.length);
	return [...places, places.length];
}

const channelsOf = (name, n) => Array.from({ length: n }, (_, i) => `${name.replace(/\W/g, '')}-${i}`);

// The id of the event that a client does not give to anybody, if its stream is
// cut behind body: a limit of its own, in the table.
const takenEarly = (client, body) => client.takesIdsEarly && /(?:^|\n)id: (.*)\n$/.exec(body)?.[1];

async function publishAll(site, channels) {
	const expected = [];

	for (const [channel, type, data] of EVENTS) {
		const { id } = await publish(site, channels[channel], data, type ? { type } : {});
		expected.push([type || 'message', id, data]);
	}
	return expected;
}

// Opens streams with a client.  use() gets a function that waits until each has
// given an event with this data, and gives all that they gave.
async function withStreams(client, urls, page, use) {
	const { rows, close } = await client.open(urls, TYPES, page);

	try {
		return await use((last) => until(async () => {
			const all = await rows();
			return all.every((got) => got.at(-1)?.[2] === last) && all;
		}, `all streams to read ${last}`));
	} finally {
		await close();
	}
}

async function cutEverywhere(site, name, client, proxies, page) {
	const channels = channelsOf(name, 3);
	const path = `/events?history=100&channel=${channels.join('&channel=')}`;
	const expected = await publishAll(site, channels);
	const places = await placesIn(site, path);

	while (places.length > 0) {
		const some = places.splice(0, AT_ONCE).map((at) => ({ at, proxy: proxies[at % PROXIES] }));
		const urls = some.map(({ at, proxy }) => `http://${proxy.host}${path}&cut=${at}`);
		const all = await withStreams(client, urls, page, (have) => have(LAST));
		some.forEach(({ at, proxy }, i) => {
			const { body } = readRaw({ text: proxy.cut[at] });
			const early = takenEarly(client, body);
			assert.ok(proxy.cut[at], `${at} is no place in the stream`);
			assert.deepEqual(all[i], expected.filter(([, id]) => id !== early),
			    `cut at ${at}, behind ${JSON.stringify(body.slice(-50))}`);
		});
	}
}

async function endIdle(site, name, client, [proxy], page) {
	const [channel] = channelsOf(name, 1);
	const publishAway = async (...events) => {
		const { refused } = proxy;

		proxy.away = true;
		await until(() => proxy.refused > refused, 'the client to come back');
		for (const data of events)
			await publish(site, channel, data);
		proxy.away = false;
	};

	await withStreams(client, [`http://${proxy.host}/events?channel=${channel}`], page, async (have) => {
		await publishAway('missed');
		await have('missed');
		await publishAway('1', '2', '3', '4', '5');
		const [got] = await have('5');
		assert.deepEqual(got.map(([type, , data]) => type === 'gap' ? type : data),
		    ['missed', 'gap', '3', '4', '5']);
	});
}

for (const way of [NGINX_HTTP1, LIGHTTPD_HTTP1]) {
	describe(`a stream that is cut behind each of its bytes ${way.way}`, () => {
		let site;

		before(async () => { site = await startSite(way, ['--retry', '1', '--history-age', '0']); });

		for (const [name, client] of Object.entries(CLIENTS))
			it(`loses nothing with ${name}`, () => withProxies(site, PROXIES,
			    (proxies, page) => cutEverywhere(site, name, client, proxies, page)));
	});

	describe(`a stream that ends before its first event ${way.way}`, { concurrency: true }, () => {
		let site;

		before(async () => {
			site = await startSite(way, ['--retry', '1', '--max-age', '1', '--heartbeat', '1', '--history', '3']);
		});

		for (const [name, client] of Object.entries(CLIENTS).filter(([, { givesUp }]) => !givesUp))
			it(`goes on where it was with ${name}`, () => withProxies(site, 1,
			    (proxies, page) => endIdle(site, name, client, proxies, page)));
	});
}
