// SPDX-License-Identifier: ISC
//
// Restarts under 2,000 streams, behind nginx with the shipped configuration, on
// a socket that is held as systemd holds it.  Who asks while no responder is
// there waits in the socket: no browser gets an error, nginx tells none to come
// back, all are back after each restart, and what was acknowledged to its
// publisher is seen by all readers of its channel, or they have a gap there.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { post } from './browsers.mjs';
import { assertCounts, comeBack, median, refusedNobody } from './expect.mjs';
import { until } from './processes.mjs';
import { CHOSEN, start } from './sites.mjs';

const RESTARTS = 20;
const CLOCKS = 1000;
const CHANNELS = Array.from({ length: 20 }, (_, i) => `a.${i}`);
const READERS = 50;	// of each channel
const PUBLISHERS = 4;
const PAUSE_MS = 100;	// from one publication of each to its next
const LATE = { ms: 60000 };	// patience for all of them on a busy machine
const ARGS = ['--interval', '1', '--retry', '100', '--drain', '0.5'];

// A crash now and then; otherwise what systemctl restart does.  Sometimes the
// next one comes when half of the browsers are back.
const isCrash = (n) => n % 5 === 4;
const isHurried = (n) => n % 10 === 6;

// Ids increase by these two numbers; above its twenty low bits the second one
// says which run of the responder gave it.
const partsOf = (id) => id.split('-').map(Number);
const runOf = (id) => Math.floor(partsOf(id)[1] / 2 ** 20);

function isBelow(a, b) {
	const [ms, n] = partsOf(a);
	const [otherMs, otherN] = partsOf(b);

	return ms < otherMs || ms === otherMs && n < otherN;
}

// Publishes to one channel after another until stopped.  What has no id was not
// acknowledged.
async function publish(site, channels, publications, isOver) {
	for (let n = 0; !isOver(); n++) {
		const channel = channels[n % channels.length];
		const it = { channel, data: `${channel} ${n}`,
			sent: performance.now() };

		publications.push(it);
		const { status, body } =
			await post(site, channel, { body: it.data })
				.catch(({ message }) => ({ status: message }));
		it.answered = performance.now();
		it.status = status;
		it.body = body;
		it.id = status === 200 ? JSON.parse(body).id : undefined;
		await sleep(PAUSE_MS);
	}
}

// Another turn of the clock, for all of its streams.
function turnOf(clocks) {
	const had = clocks.map(({ events }) => events.length);

	return until(() => clocks.every(({ events }, i) =>
		events.length > had[i]), 'the clock');
}

// All the restarts, and in figures how long the browsers were away.
async function restart(site, sources, clocks, crashes) {
	const away = [];
	const worst = [];

	for (let n = 0; n < RESTARTS; n++) {
		if (isHurried(n)) {
			const since = performance.now();
			await site.responder.signal('SIGTERM');
			await comeBack(sources, since,
				{ ...LATE, count: sources.length / 2 });
		}
		const since = performance.now();
		await site.responder.signal(isCrash(n) ? 'SIGKILL' : 'SIGTERM');
		if (isCrash(n))
			crashes.push(performance.now());
		await comeBack(sources, since, LATE);
		const times = sources.map(({ stream }) =>
			stream.opened - since);
		away.push(...times);
		worst.push(Math.max(...times));
		await turnOf(clocks);
	}
	return `away for ${Math.round(median(away))} ms (median), ` +
		`${Math.round(Math.max(...away))} ms (worst); all were back ` +
		`after ${Math.round(median(worst))} ms (median)`;
}

function checkAnswers({ failed, unanswered, cut }, crashes) {
	assert.equal(failed, '');
	assert.equal(unanswered, 0);
	assert.ok(cut <= crashes.length, `cut ${cut} times`);
}

// One reader's events against all publications to its channel.
function checkChannel({ events }, publications) {
	const known = new Map(publications.map((it) => [it.data, it]));
	const seen = new Set();

	events.forEach(({ id, type, data }, i) => {
		const before = events[i - 1]?.id;

		assert.ok(!before || isBelow(before, id), `${before}, ${id}`);
		if (type === 'gap') {
			assert.deepEqual(JSON.parse(data), { channel: null,
				from: null, to: id, reason: 'restart' });
			assert.ok(!before || runOf(before) !== runOf(id));
			return;
		}
		assert.equal(type, 'message');
		assert.ok(known.has(data), data);
		assert.ok(!seen.has(data), `${data} twice`);
		assert.ok([undefined, id].includes(known.get(data).id), data);
		assert.ok(before === undefined || runOf(before) === runOf(id),
			`no gap before ${data}`);
		seen.add(data);
	});
	for (const { id, data } of publications)
		if (id && !seen.has(data)) {
			const next = events.find((it) => isBelow(id, it.id));
			assert.equal(next?.type, 'gap', `${data} is lost`);
		}
}

// How many were not acknowledged because of a crash, on their way.  Others are
// refused by a process that is about to end, which has them on a connection of
// before.
function checkPublications(publications, crashes) {
	const lost = publications.filter(({ id, status, body }) => !id &&
		!(status === 503 && body.includes('about to end')));

	for (const { status, sent, answered } of lost) {
		assert.equal(status, 502);
		assert.ok(crashes.some((at) => sent < at && at < answered));
	}
	return lost.length;
}

// No request was lost but publications with a crash.
function checkLog(lines, failures) {
	const lost = lines.filter((line) =>
		/while (reading response header|sending request)/.test(line));

	assert.ok(lost.every((line) => line.includes('POST /publish')));
	assert.equal(lost.length, failures);
}

async function activation(t) {
	const site = await start('nginx', { args: ARGS, held: true });
	const clocks = [];
	const readers = CHANNELS.map(() => []);
	const publications = [];
	const crashes = [];
	let over = false;

	try {
		for (let i = 0; i < CLOCKS; i++)
			clocks.push(site.eventSource());
		CHANNELS.forEach((channel, i) => {
			while (readers[i].length < READERS)
				readers[i].push(site.eventSource(
					`/events?channel=${channel}`));
		});
		const sources = [...clocks, ...readers.flat()];
		await until(() => sources.every(({ stream }) =>
			stream?.lastEventId), 'all streams', LATE.ms);
		const publishers = Array(PUBLISHERS).fill().map((_, i) =>
			publish(site, CHANNELS.filter((channel, n) =>
				n % PUBLISHERS === i), publications,
			() => over));
		await comeBack(sources, 0, LATE);

		t.diagnostic(await restart(site, sources, clocks, crashes));
		over = true;
		await Promise.all(publishers);
		await everybodyIsLive(site, clocks, readers, publications);
		sources.forEach((source) => checkAnswers(source, crashes));
		clocks.forEach(({ events }) => assertCounts(events));
		CHANNELS.forEach((channel, i) => {
			const all = publications.filter((it) =>
				it.channel === channel);
			for (const source of readers[i])
				checkChannel(source, all);
		});
		const failed = checkPublications(publications, crashes);
		checkLog(refusedNobody(site.dir), failed);
		const runs = new Set(publications.flatMap(({ id }) =>
			id ? runOf(id) : []));
		assert.ok(runs.size > RESTARTS, 'publications in every run');
		t.diagnostic(`${publications.length} publications, ` +
			`${failed} of them failed with a crash; ` +
			`${sources.flatMap(({ events }) => events).length} ` +
			'events');
	} finally {
		over = true;
		await site.stop();
	}
}

// A last publication to each channel, and another turn of the clock.
async function everybodyIsLive(site, clocks, readers, publications) {
	for (const [i, channel] of CHANNELS.entries()) {
		const data = `${channel} last`;
		const { body } = await post(site, channel, { body: data });
		const { id, streams } = JSON.parse(body);

		assert.equal(streams, READERS);
		publications.push({ channel, data, id });
		await until(() => readers[i].every(({ events }) =>
			events.at(-1).data === data), data);
	}
	await turnOf(clocks);
}

if (CHOSEN.includes('nginx'))
	it(`${RESTARTS} restarts under 2,000 streams lose nobody and nothing`,
		{ timeout: 600000 }, activation);
