// SPDX-License-Identifier: ISC
//
// Restarts under 2,000 streams, behind nginx with the shipped configuration, on
// a socket that is held as systemd holds it.  Who asks while no responder is
// there waits in the socket: no browser gets an error, nginx tells none to come
// back, all are back after each restart, and what was acknowledged to its
// publisher is seen by all readers of its channel, or they have a gap there.
// With a store they never have one; also if the responder is killed each time.
//
//	KILLS=300 FRONTS=nginx node --test tests/fronts/activation.test.mjs

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openStream, post } from './browsers.mjs';
import { assertCounts, comeBack, median, refusedNobody } from './expect.mjs';
import { until } from './processes.mjs';
import { CHOSEN, start } from './sites.mjs';

const CHANNELS = Array.from({ length: 20 }, (_, i) => `a.${i}`);
const PUBLISHERS = 4;
const LATE = { ms: 60000 };	// patience for all of them on a busy machine
const ARGS = ['--interval', '1', '--retry', '100', '--drain', '0.5'];
const ALL = ['--history', '100000', '--history-age', '0'];	// with a store

// How often it ends, how many streams there are (readers: of each channel), and
// how long each publisher pauses between its publications.
//
// A crash now and then; otherwise what systemctl restart does.  Sometimes the
// next one comes when half of the browsers are back.
const RESTARTS = {
	count: 20,
	clocks: 1000,
	readers: 50,
	pauseMs: 100,
	isCrash: (n) => n % 5 === 4,
	isHurried: (n) => n % 10 === 6,
};

// At any moment, under more publications.
const KILLS = {
	count: Number(process.env.KILLS || 15),
	clocks: 0,
	readers: 25,
	pauseMs: 20,
	isCrash: () => true,
	isHurried: (n) => n % 3 === 1,
	moment: () => sleep(Math.random() * 300),
	store: true,
};

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
async function publish(site, channels, publications, pauseMs, isOver) {
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
		await sleep(pauseMs);
	}
}

// Another turn of the clock, for all of its streams.
function turnOf(clocks) {
	const had = clocks.map(({ events }) => events.length);

	return until(() => clocks.every(({ events }, i) =>
		events.length > had[i]), 'the clock');
}

// All the restarts, and in figures how long the browsers were away.
async function restart(site, kind, sources, clocks, crashes) {
	const away = [];
	const worst = [];
	const end = async (isCrash) => {
		await site.responder.signal(isCrash ? 'SIGKILL' : 'SIGTERM');
		if (isCrash)
			crashes.push(performance.now());
	};

	for (let n = 0; n < kind.count; n++) {
		await kind.moment?.();
		if (kind.isHurried(n)) {
			const since = performance.now();
			await end(kind === KILLS);
			await comeBack(sources, since,
				{ ...LATE, count: sources.length / 2 });
		}
		const since = performance.now();
		await end(kind.isCrash(n));
		await comeBack(sources, since, LATE);
		const times = sources.map(({ stream }) =>
			stream.opened - since);
		away.push(...times);
		worst.push(Math.max(...times));
		await turnOf(clocks);
	}
	return `away for ${Math.round(median(away))} ms (median), ` +
		`${Math.round(Math.max(...worst))} ms (worst); all were back ` +
		`after ${Math.round(median(worst))} ms (median)`;
}

function checkAnswers({ failed, unanswered, cut }, crashes) {
	assert.equal(failed, '');
	assert.equal(unanswered, 0);
	assert.ok(cut <= crashes.length, `cut ${cut} times`);
}

// One reader's events against all publications to its channel.  With a store
// all runs of the responder are as one, and nothing is lost.
function checkChannel({ events }, publications, store) {
	const known = new Map(publications.map((it) => [it.data, it]));
	const seen = new Set();

	events.forEach(({ id, type, data }, i) => {
		const before = events[i - 1]?.id;

		assert.ok(!before || isBelow(before, id), `${before}, ${id}`);
		if (type === 'gap' && !store) {
			assert.deepEqual(JSON.parse(data), { channel: null,
				from: null, to: id, reason: 'restart' });
			assert.ok(!before || runOf(before) !== runOf(id));
			return;
		}
		assert.equal(type, 'message', data);
		assert.ok(known.has(data), data);
		assert.ok(!seen.has(data), `${data} twice`);
		assert.ok([undefined, id].includes(known.get(data).id), data);
		assert.notEqual(known.get(data).status, 503, data);
		assert.ok(before === undefined || runOf(before) === runOf(id),
			`no gap before ${data}`);
		seen.add(data);
	});
	for (const { id, data } of publications)
		if (id && !seen.has(data)) {
			const next = events.find((it) => isBelow(id, it.id));
			assert.ok(next?.type === 'gap' && !store,
				`${data} is lost`);
		}
	return seen;
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

async function activation(t, kind) {
	const { store, pauseMs } = kind;
	const args = store ? [...ARGS, ...ALL] : ARGS;
	const site = await start('nginx', { args, held: true, store });
	const clocks = [];
	const readers = CHANNELS.map(() => []);
	const publications = [];
	const crashes = [];
	let over = false;

	try {
		for (let i = 0; i < kind.clocks; i++)
			clocks.push(site.eventSource());
		CHANNELS.forEach((channel, i) => {
			while (readers[i].length < kind.readers)
				readers[i].push(site.eventSource(
					`/events?channel=${channel}`));
		});
		const sources = [...clocks, ...readers.flat()];
		await until(() => sources.every(({ stream }) =>
			stream?.lastEventId), 'all streams', LATE.ms);
		const publishers = Array(PUBLISHERS).fill().map((_, i) =>
			publish(site, CHANNELS.filter((channel, n) =>
				n % PUBLISHERS === i), publications, pauseMs,
			() => over));
		await comeBack(sources, 0, LATE);

		t.diagnostic(await restart(site, kind, sources, clocks,
			crashes));
		over = true;
		await Promise.all(publishers);
		await everybodyIsLive(site, clocks, readers, publications);
		sources.forEach((source) => checkAnswers(source, crashes));
		clocks.forEach(({ events }) => assertCounts(events));
		CHANNELS.forEach((channel, i) => {
			const all = publications.filter((it) =>
				it.channel === channel);
			const [first, ...others] = readers[i].map((source) =>
				checkChannel(source, all, store));
			for (const other of store ? others : [])
				assert.deepEqual(other, first);
		});
		if (store)
			await checkHistory(site, readers);
		const failed = checkPublications(publications, crashes);
		checkLog(refusedNobody(site.dir), failed);
		const runs = new Set(publications.flatMap(({ id }) =>
			id ? runOf(id) : []));
		if (store)
			assert.equal(runs.size, 1);
		else
			assert.ok(runs.size > kind.count,
				'publications in every run');
		t.diagnostic(`${publications.length} publications, ` +
			`${failed} of them failed with a crash; ` +
			`${sources.flatMap(({ events }) => events).length} ` +
			'events');
	} finally {
		over = true;
		await site.stop();
	}
}

// Who comes now gets all that the others have had.
async function checkHistory(site, readers) {
	for (const [i, channel] of CHANNELS.entries()) {
		const [{ events }] = readers[i];
		const stream = await openStream(`${site.url}/events?channel=` +
			`${channel}&last_event_id=earliest`);

		for (const { id, data } of events) {
			const next = await stream.next();
			assert.deepEqual([next.id, next.data], [id, data]);
		}
		stream.close();
	}
}

// A last publication to each channel, and another turn of the clock.
async function everybodyIsLive(site, clocks, readers, publications) {
	for (const [i, channel] of CHANNELS.entries()) {
		const data = `${channel} last`;
		const { body } = await post(site, channel, { body: data });
		const { id, streams } = JSON.parse(body);

		assert.equal(streams, readers[i].length);
		publications.push({ channel, data, id });
		await until(() => readers[i].every(({ events }) =>
			events.at(-1).data === data), data);
	}
	await turnOf(clocks);
}

for (const [what, kind] of Object.entries({
	'restarts under 2,000 streams lose nobody and nothing': RESTARTS,
	'restarts under 2,000 streams with a store are not noticed':
		{ ...RESTARTS, store: true },
	'kills under 500 readers with a store are not noticed': KILLS,
}))
	if (CHOSEN.includes('nginx'))
		it(`${kind.count} ${what}`,
			{ timeout: 600000 + kind.count * 5000 },
			(t) => activation(t, kind));
