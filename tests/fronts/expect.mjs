// SPDX-License-Identifier: ISC
//
// What answers have to be like, for more than one file of tests.

import assert from 'node:assert/strict';
import { ask } from './browsers.mjs';

export const ORIGIN = { Origin: 'https://app.example' };
export const STREAMS = ['/sse', '/events?channel=news'];

// CORS: pages of any origin may read it, without cookies.
export function readableByAny(headers) {
	assert.equal(headers['access-control-allow-origin'], '*');
	assert.equal(headers['access-control-allow-credentials'], undefined);
}

export async function checkPreflight(url) {
	const { status, headers, body } = await ask(url, { method: 'OPTIONS',
		headers: { ...ORIGIN, 'Access-Control-Request-Method': 'GET',
			'Access-Control-Request-Headers': 'last-event-id' } });

	assert.equal(status, 204);
	assert.equal(body, '');
	readableByAny(headers);
	for (const method of ['GET', 'HEAD', 'OPTIONS'])
		assert.match(headers['access-control-allow-methods'],
			new RegExp(`\\b${method}\\b`));
	for (const name of ['Cache-Control', 'Last-Event-ID'])
		assert.match(headers['access-control-allow-headers'],
			new RegExp(`\\b${name}\\b`));
	assert.ok(Number(headers['access-control-max-age']) > 0);
}
