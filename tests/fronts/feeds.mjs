// SPDX-License-Identifier: ISC
//
// Who sends a feed: a publication whose body stays open, in pieces as he has them;
// and what conf/README.md says of the fronts, of which not all hand it on so.

import { readFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { ROOT } from './processes.mjs';

// A length that no feed comes to.
export const ENDLESS = 1e12;

// Each front's cells: what becomes of the events of a feed without a length, and with
// one, and when a feed that has its end in itself is answered.
export const FEEDS = {};

const [, section] = readFileSync(join(ROOT, 'conf/README.md'), 'utf8')
	.split('\n### Feeds\n');
for (const [, front, ...cells] of section.split('\n### ')[0]
	.matchAll(/^\|[^|]+\| `(\w+)` \|([^|]+)\|([^|]+)\|([^|]+)\|/gm)) {
	const [chunked, measured, answer] = cells.map((cell) => cell.trim());

	FEEDS[front] = { chunked, measured, answer };
}

// An open feed.  write() waits until the socket has it, or it is over; answer is
// what is said to it at its end, { status, body }, or a status of 0 if there was no
// answer; cut() breaks it off.
export function openFeed(url, { length, headers } = {}) {
	const request = http.request(url, { method: 'POST', agent: false,
		headers: { 'Content-Type': 'text/event-stream', ...headers,
			...length === undefined ?
				{ 'Transfer-Encoding': 'chunked' } :
				{ 'Content-Length': length } } });
	const feed = { over: false };

	feed.answer = new Promise((resolve) => {
		for (const over of ['error', 'close'])
			request.on(over, () => resolve({ status: 0, body: '' }));
		request.on('response', async (response) => {
			let body = '';
			request.removeAllListeners('close');
			try {
				for await (const text of
					response.setEncoding('utf8'))
					body += text;
			} catch {}	// what there is of it
			resolve({ status: response.statusCode, body });
		});
	}).finally(() => { feed.over = true; });
	feed.write = (text) => Promise.race([feed.answer, new Promise((resolve) =>
		request.write(text, resolve))]);
	feed.say = (data, type) => feed.write(
		`${type ? `event: ${type}\n` : ''}data: ${data}\n\n`);
	feed.end = () => {
		request.end();
		return feed.answer;
	};
	feed.cut = () => request.destroy();
	request.on('socket', (socket) => socket.setNoDelay(true));
	request.flushHeaders();
	return feed;
}
