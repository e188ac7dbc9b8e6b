// SPDX-License-Identifier: ISC
//
// What has to be, for more than one file of tests: of answers, of streams that
// come back, and of a front's log.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { ask, openStream, post } from './browsers.mjs';
import { until } from './processes.mjs';

export const ORIGIN = { Origin: 'https://app.example' };
export const STREAMS = ['/sse', '/events?channel=news'];

// CORS: pages of any origin may read it, without cookies.
export function readableByAny(headers) {
	assert.equal(headers['access-control-allow-origin'], '*');
	assert.equal(headers['access-control-allow-credentials'], undefined);
}

// Or pages of this origin alone, and with cookies: any status, so that their
// scripts see it.
export function readableBy(headers, origin) {
	assert.equal(headers['access-control-allow-origin'], origin);
	assert.equal(headers['access-control-allow-credentials'], 'true');
	assert.match(headers.vary, /\borigin\b/i);
}

// What a browser asks first for a page that sends headers of its own: without
// cookies, and without these headers.
export async function checkPreflight(url, readable = readableByAny) {
	const { status, headers, body } = await ask(url, { method: 'OPTIONS',
		headers: { ...ORIGIN, 'Access-Control-Request-Method': 'GET',
			'Access-Control-Request-Headers':
				'authorization,last-event-id' } });

	assert.equal(status, 204);
	assert.equal(body, '');
	readable(headers);
	for (const method of ['GET', 'HEAD', 'OPTIONS'])
		assert.match(headers['access-control-allow-methods'],
			new RegExp(`\\b${method}\\b`));
	for (const name of ['Authorization', 'Cache-Control', 'Last-Event-ID'])
		assert.match(headers['access-control-allow-headers'],
			new RegExp(`\\b${name}\\b`));
	assert.ok(Number(headers['access-control-max-age']) > 0);
}

// A browser's messages of the clock, over all of its connections.
export function assertCounts(events) {
	assert.deepEqual(events.map((event) => Number(event.id)),
		events.map((event, i) => i + 1));
}

// Whether a browser has a stream that opened since then, and an event of it.
const isBack = ({ stream, events }, since) =>
	stream?.opened > since && events.at(-1)?.at >= stream.opened;

// Waits until so many are back at a time.
export function comeBack(sources, since, { count = sources.length, ms } = {}) {
	const back = () => sources.filter((source) => isBack(source, since));

	return until(() => back().length >= count, `${count} browsers`, ms);
}

// The errors of nginx: nobody was refused.  Gives them.
export function refusedNobody(dir) {
	const lines = readFileSync(join(dir, 'nginx.log'), 'utf8').split('\n')
		.filter(Boolean);

	for (const text of ['connect()', '[alert]', '[crit]', '[emerg]'])
		assert.deepEqual(lines.filter((line) =>
			line.includes(text)).slice(0, 9), []);
	return lines;
}

// How long it takes until the responder has no stream.
export async function noStreams(site) {
	const from = performance.now();

	await until(() => site.responder.streams() === 0, 'streams to end');
	return performance.now() - from;
}

// Events come one by one and as they are, of the clock and of channels, small
// ones and larger ones than what a front may want to put together.
export async function streamsWork(site, options) {
	const clock = await openStream(site.url + '/sse', options);
	const stream = await openStream(site.url + '/events?channel=works',
		options);

	for (const { headers } of [clock, stream])
		assert.equal(headers['content-encoding'], undefined);
	for (const length of [1, 600, 5000, 1]) {
		const body = 'x'.repeat(length);

		assert.equal((await post(site, 'works', { body })).status, 200);
		assert.equal((await stream.next()).data, body);
	}
	assert.equal((await clock.next()).id, '1');
	assert.equal((await clock.next()).id, '2');
	stream.close();
	clock.close();
	await until(async () => {
		await post(site, 'works');	// by which it is seen
		return site.responder.streams() === 0;
	}, 'streams to end');
}

// What the stream of a browser that goes leaves behind is not for the next one,
// which comes at once, on a connection to the front that is there already.
export async function servedAfterLeaving(site) {
	for (let i = 0; i < 3; i++) {
		const agent = new http.Agent({ keepAlive: true });
		const left = await openStream(site.url + '/sse');

		await left.next();
		await ask(site.url + '/', { agent });
		left.close();
		const stream = await openStream(site.url + '/sse', { agent });
		assert.equal((await stream.next()).id, '1');
		stream.close();
		agent.destroy();
	}
	await noStreams(site);
}

export function median(values) {
	return values.sort((a, b) => a - b)[values.length >> 1];
}
