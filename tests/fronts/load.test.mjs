// SPDX-License-Identifier: ISC
//
// Many runs at once, without a front: some connections publish to all of them,
// and readers come, go, and come back.  Nobody misses an event or has one twice,
// all have the end, and the memory is what it may be.  `make torture` has a
// thousand runs and two thousand readers.

import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from './processes.mjs';
import { PROGRAM, newPlace, startResponder } from './sites.mjs';

const RUNS = Number(process.env.RUNS || 100);
const READERS = Number(process.env.READERS || 2 * RUNS);
const SECONDS = Number(process.env.SECONDS_ || 4);
const PER_SECOND = 50;
const CONNECTIONS = 20;
const PIECES = 5;	// a second, of one run
const EACH = PER_SECOND / PIECES;
const TOTAL = SECONDS * PER_SECOND;
const BUDGET = Math.max(64 * 1048576, 256 * RUNS * TOTAL);
const PLAIN = !/asan/.test(PROGRAM);	// sanitizers have memory of their own

// What a front says.
function record(type, body) {
	const head = Buffer.from([1, type, 0, 1, 0, 0, 0, 0]);

	head.writeUInt16BE(body.length, 4);
	return Buffer.concat([head, body]);
}

function pair(name, value) {
	const [n, v] = [Buffer.from(name), Buffer.from(value)];
	const long = Buffer.alloc(4);

	long.writeUInt32BE((0x80000000 | v.length) >>> 0);
	return Buffer.concat([Buffer.from([n.length]), long, n, v]);
}

function request(role, query, body) {
	const params = { SSE_ROLE: role, QUERY_STRING: query,
		REQUEST_METHOD: body === undefined ? 'GET' : 'POST',
		CONTENT_TYPE: 'text/event-stream',
		CONTENT_LENGTH: `${Buffer.byteLength(body ?? '')}` };
	const all = Buffer.concat(Object.entries(params)
		.map(([name, value]) => pair(name, value)));

	return Buffer.concat([
		record(1, Buffer.from([0, 1, 1, 0, 0, 0, 0, 0])),	// it is kept
		record(4, all), record(4, Buffer.alloc(0)),
		...body ? [record(5, Buffer.from(body))] : [],
		record(5, Buffer.alloc(0)),
	]);
}

// A connection of it; text() is given what an answer has, over() its end, with
// false if the connection was cut.
function connect(path, { text, over }) {
	const socket = net.connect(path);
	let rest = Buffer.alloc(0);

	socket.on('data', (data) => {
		rest = rest.length ? Buffer.concat([rest, data]) : data;
		while (rest.length >= 8) {
			const length = rest.readUInt16BE(4);
			const end = 8 + length + rest[6];
			if (rest.length < end)
				return;
			const [type, body] = [rest[1],
				rest.subarray(8, 8 + length)];
			rest = rest.subarray(end);
			if (type === 6 && length)
				text(body.toString());
			else if (type === 3)
				over(true);
		}
	});
	socket.on('error', () => {}).on('close', () => over(false));
	return socket;
}

// Who publishes to some of the runs, one piece after the other, on a connection
// that is kept.
async function publishAll(path, runs) {
	let answer = '';
	let wake;
	const socket = connect(path, { text: (text) => { answer += text; },
		over: (whole) => wake?.(whole) });
	const post = async (query, body) => {
		answer = '';
		socket.write(request('publish', query, body));
		assert.ok(await new Promise((resolve) => { wake = resolve; }));
		assert.match(answer, /^(?!Status: [345])[^]*"id":/, answer);
	};
	const began = performance.now();

	for (let n = 0; n < TOTAL; n += EACH) {
		const body = Array.from({ length: EACH }, (_, i) =>
			`data: ${n + i}\n\n`).join('');
		for (const run of runs)
			await post(`channel=run-${run}${n + EACH === TOTAL ?
				'&end=1' : ''}`, body);
		await sleep(Math.max(began + 1000 * (n + EACH) / PER_SECOND -
			performance.now(), 0));	// their pace, and no more
	}
	wake = undefined;
	socket.destroy();
}

// Who reads a run until its end, and is away at times, by this chance.
async function readAll(path, run, chance) {
	const reader = { next: 0, ended: 0, wrong: '', comings: 0 };
	let last = '';

	const take = (event) => {
		const { id, event: type = 'message', data } = Object.fromEntries(
			event.split('\n').map((line) => line.split(/: ?/)));
		last = id ?? last;
		if (type === 'end')
			reader.ended++;
		else if (type === 'gap')
			reader.wrong ||= `a gap before ${reader.next}`;
		else if (type === 'message' && data !== undefined &&
			Number(data) !== reader.next++)
			reader.wrong ||= `${data}, not ${reader.next - 1}`;
	};
	while (!reader.ended && !reader.wrong) {
		let rest = null;
		const leaves = chance() % 200;
		let events = 0;
		reader.comings++;
		await new Promise((resolve) => {
			const socket = connect(path, { text: (text) => {
				const all = (rest === null ?
					text.replace(/^[^]*?\r\n\r\n/, '') :
					rest + text).split('\n\n');
				rest = all.pop();
				all.filter((event) => /^id: /m.test(event))
					.forEach(take);
				events += all.length;
				if (events > leaves)
					socket.destroy();
			}, over: resolve });
			socket.on('close', resolve);
			socket.write(request('stream', `channel=run-${run}&` +
				(last ? `last_event_id=${last}` : 'history=all')));
		}).catch(() => {});
	}
	return reader;
}

function newChance(seed) {
	return () => {
		seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
		return seed >>> 8;
	};
}

it(`${RUNS} runs and ${READERS} readers who come and go`,
	{ timeout: 600000 }, async () => {
		const { dir } = newPlace();
		const path = join(dir, 'sse.sock');
		const responder = await startResponder(dir, [
			'--channel', `run-:history=${TOTAL + 10}`,
			'--history-bytes', `${BUDGET}`]);
		const readers = Array.from({ length: READERS }, (_, i) =>
			readAll(path, i % RUNS, newChance(i + 1)));

		await Promise.all(Array.from({ length: CONNECTIONS }, (_, c) =>
			publishAll(path, Array.from({ length: RUNS }, (_, i) => i)
				.filter((run) => run % CONNECTIONS === c))));
		const seen = await Promise.all(readers);
		for (const { next, ended, wrong } of seen)
			assert.deepEqual({ next, ended, wrong },
				{ next: TOTAL, ended: 1, wrong: '' });
		assert.ok(seen.some(({ comings }) => comings > 1));
		let figures = '';
		const socket = connect(path, { text: (text) => {
			figures += text;
		}, over: () => {} });
		socket.write(request('status', 'format=json'));
		const { history, rss } = await until(() => {
			const [, json] = figures.split('\r\n\r\n');
			try {
				return JSON.parse(json);
			} catch {
				return null;	// not yet all of it
			}
		}, 'the figures');
		socket.destroy();
		assert.ok(history.bytes <= BUDGET);
		assert.ok(!PLAIN || rss < BUDGET + 4096 * READERS, `${rss}`);
		await responder.stop();
		rmSync(path, { force: true });
	});
