// SPDX-License-Identifier: ISC
//
// Three responders on one Redis, behind nginx and HAProxy, while everything goes
// wrong: they are killed, Redis is, or hangs, or is another one, and forgets.  It
// is published by POST and by XADD.  Every event that was acknowledged is seen by
// every browser of its channel, once and in order, or a gap is in its place; while
// Redis loses nothing there is no gap at all.
//
//	FAULTS=300 EVENTS=100000 LONG=1 node --test tests/fronts/redis.test.mjs
//
// SEED says what chance does.

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventSource, openStream, post } from './browsers.mjs';
import { replaced } from './edits.mjs';
import { until } from './processes.mjs';
import { connectTo, redisAt } from './redis.mjs';
import { CHOSEN, newPlace, startFront, startResponder } from './sites.mjs';
import { judge, newJournal, newWitness, settle } from './witness.mjs';

const LONG = Boolean(process.env.LONG);
const FAULTS = Number(process.env.FAULTS || 40);
const EVENTS = Number(process.env.EVENTS || 0);	// at least
const CLIENTS = Number(process.env.CLIENTS || 500);
const MOVES = Number(process.env.MOVES || (LONG ? 1000 : 200));
const SEED = Number(process.env.SEED || Date.now() % 2 ** 31);
const PROCESSES = [1, 2, 3];
const CHANNELS = Array.from({ length: 10 }, (_, i) => `r.${i}`);
const PUBLISHERS = 4;	// of each sort
const PAUSE_MS = 60;	// of each
const HANG_MS = LONG ? 30000 : 3000;
const LATE_MS = 120000;
const ARGS = ['--retry', '100', '--heartbeat', '1', '--drain', '0.3',
	'--history', '20000', '--history-age', '0'];
const FRONTS = ['nginx', 'haproxy'];

// Chance, the same for the same seed (mulberry32).
function chanceOf(seed) {
	let state = seed;

	return (n) => {
		state = state + 0x6d2b79f5 | 0;
		let t = Math.imul(state ^ state >>> 15, 1 | state);
		t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t;
		return ((t ^ t >>> 14) >>> 0) % n;
	};
}

// The three processes, each by chance, or the one that the query names.
const EDITS = {
	nginx: (text, dir) => {
		const socket = (n) => `unix:${dir}/${n}/sse.sock`;
		const more = `	upstream responders {
${PROCESSES.map((n) => `\t\tserver ${socket(n)} max_fails=0;`).join('\n')}
	}
	map $arg_at $responder {
		default responders;
${PROCESSES.map((n) => `\t\t${n} ${socket(n)};`).join('\n')}
	}
`;
		return replaced(text, '\tserver {\n', more + '\tserver {\n')
			.replaceAll(/fastcgi_pass "unix:.*";/g,
				'fastcgi_pass $responder;');
	},
	haproxy: (text, dir) => text.replaceAll(
		/\tserver responder "(.*)\/sse.sock" proto fcgi/g,
		(line, run) => PROCESSES.map((n) =>
			`\tserver r${n} "${run}/${n}/sse.sock" proto fcgi`)
			.join('\n')),
};

// All of it.  master() is the one of the two Redis that is published to.
async function startWorld(fronts) {
	const place = newPlace();
	const passwordFile = join(place.dir, 'password');
	const world = { ...place, password: 'first', fronts: [],
		responders: [] };
	const redis = [7001, 7002].map((port) =>
		redisAt(place.dir, place.addr, port, () => world.password));

	world.setPassword = (password) => {
		world.password = password;
		writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
	};
	world.setPassword(world.password);
	world.master = redis[0];
	world.replica = redis[1];
	await world.master.start();
	await world.replica.start(world.master);
	await until(world.replica.isInStep, 'the replica');
	world.startResponder = async (n) => {
		world.responders[n] = await startResponder(
			join(place.dir, `${n}`), [...ARGS,
				'--redis', redis.map((one) => one.address).join(),
				'--redis-password-file', passwordFile]);
	};
	for (const n of PROCESSES) {
		mkdirSync(join(place.dir, `${n}`));
		await world.startResponder(n);
	}
	for (const [i, name] of fronts.entries())
		world.fronts.push(await startFront(name, place.dir, {
			...place, port: place.port + i,
			edit: (text) => EDITS[name](text, place.dir) }));
	world.stop = async () => {
		for (const n of PROCESSES)
			await world.responders[n].stop();
		for (const front of world.fronts)
			await front.stop();
		for (const one of redis)
			await one.stop();
	};
	return world;
}

// By POST, sometimes several events at once, until told that it is over.
async function publishByPost(world, journal, chance, channel, isOver) {
	for (let n = 0; !isOver(); n++) {
		const front = world.fronts[chance(world.fronts.length)];
		const events = Array.from({ length: chance(8) ? 1 : 3 }, () =>
			journal.made(channel));
		const texts = events.map(journal.dataOf);
		const { status, body } = await post(front, channel,
			events.length === 1 ? { body: texts[0] } : {
				body: texts.map((text) =>
					`data: ${text}\n\n`).join(''),
				headers: { 'Content-Type': 'text/event-stream' },
			}).catch(() => ({ status: 0 }));
		if (status === 200)
			journal.acknowledged(events, JSON.parse(body).id);
		else if (status === 503)
			journal.refused(events);
		else
			assert.ok([0, 502, 504].includes(status), `${status}`);
		await sleep(PAUSE_MS);
	}
}

// By XADD, as any program does it.
async function publishByXadd(world, journal, channel, isOver) {
	let client = null;

	while (!isOver()) {
		if (client === null || client.over || client.to !== world.master) {
			client?.close();
			client = Object.assign(connectTo(world.master,
				world.password), { to: world.master });
		}
		const event = journal.made(channel);
		await client.ask('XADD', 'sse', '*', 'c', channel,
			'd', journal.dataOf(event)).then(
			(id) => journal.acknowledged([event], id),
			({ refused }) => {
				if (refused)
					journal.refused([event]);
				client.close();
			});
		await sleep(PAUSE_MS);
	}
	client?.close();
}

// What goes wrong, while Redis loses nothing.
const HARMLESS = {
	'a process is killed': async (world, chance) => {
		const n = PROCESSES[chance(PROCESSES.length)];

		await world.responders[n].stop('SIGKILL');
		await world.startResponder(n);
	},
	'Redis is restarted': async ({ master }, chance) => {
		await master.stop(chance(2) ? 'SIGKILL' : 'SIGTERM');
		await sleep(chance(500));
		await master.start();
	},
	'Redis hangs': async ({ master }, chance) => {
		master.hang();
		await sleep(HANG_MS / 3 + chance(HANG_MS * 2 / 3));
		master.goOn();
	},
	'its clients are killed': async ({ master }) => {
		await master.ask('CLIENT', 'KILL', 'TYPE', 'normal',
			'SKIPME', 'yes');
	},
	'the password is another': async (world, chance) => {
		const now = `password-${chance(2 ** 31)}`;

		await inStep(world);
		for (const one of [world.replica, world.master])
			await one.setPassword(now);
		await world.master.ask('CLIENT', 'KILL', 'TYPE', 'normal',
			'SKIPME', 'yes');
		await sleep(chance(500));
		world.setPassword(now);
	},
	'the replica is promoted': async (world) => {
		const { master, replica } = world;

		await inStep(world);
		await master.ask('CLIENT', 'PAUSE', 60000, 'WRITE');
		await until(async () => await replica.offset() >=
			await master.offset(), 'the replica');
		await promote(world);
	},
	'a front is reloaded': async ({ fronts }, chance) => {
		await fronts[chance(fronts.length)].reload();
	},
	'browsers go to another process': async ({ sources }, chance) => {
		for (let i = 0; i < sources.length / 10; i++)
			sources[chance(sources.length)].stream?.close();
	},
};

// The next process begins with the copy, which it finds in order, so what is
// published then is with its readers before the others have told it of the loss.
const WITH_KILL = 'the same, while a process is killed';

// What goes wrong when it forgets.  The processes see nothing of it while they
// are stopped.
const LOSING = {
	'the key is deleted': (world, chance) => unseen(world, chance,
		() => world.master.ask('DEL', 'sse')),
	'the key is deleted while all look': async ({ master }) => {
		await master.ask('DEL', 'sse');
	},
	'it is trimmed past all readers': (world, chance) => unseen(world, chance,
		() => world.master.ask('XTRIM', 'sse', 'MAXLEN', 1)),
	'a replica without the last is promoted': async (world, chance) => {
		await inStep(world);
		await allFollow(world);
		await world.replica.ask('REPLICAOF', 'NO', 'ONE');
		await sleep(300 + chance(300));
		await promote(world);
	},
	[WITH_KILL]: async (world, chance) => {
		const n = PROCESSES[chance(PROCESSES.length)];

		await inStep(world);
		await allFollow(world);
		await world.replica.ask('REPLICAOF', 'NO', 'ONE');
		await sleep(300 + chance(300));
		await Promise.all([promote(world),
			sleep(chance(200)).then(async () => {
				await world.responders[n].stop('SIGKILL');
				await world.startResponder(n);
			})]);
	},
};

// All processes are at the master: what is published there while there are two
// of them, nobody else can know of.
async function allFollow({ master }) {
	await until(async () => (await master.ask('CLIENT', 'LIST'))
		.split('cmd=xread').length > PROCESSES.length, 'the processes');
}

async function inStep({ replica }) {
	await until(replica.isInStep, 'the replica to be in step');
}

// The master is gone; it comes back as the replica of the other.
async function promote(world) {
	const old = world.master;

	await old.stop();
	await world.replica.ask('REPLICAOF', 'NO', 'ONE');
	[world.master, world.replica] = [world.replica, old];
	await old.start(world.master);
}

async function unseen({ responders }, chance, what) {
	const signal = (name) => PROCESSES.forEach((n) =>
		responders[n].child.kill(name));

	signal('SIGSTOP');
	await sleep(200 + chance(300));
	await what();
	signal('SIGCONT');
}

// So many of these faults, each of them at least once; their counts.
async function harm(world, journal, faults, count, chance, losing) {
	const names = Object.keys(faults);
	const counts = Object.fromEntries(names.map((name) => [name, 0]));
	let left = [];

	for (let n = 0; n < count; n++) {
		if (left.length === 0)
			left = [...names];
		const [name] = left.splice(chance(left.length), 1);
		if (process.env.VERBOSE)
			console.log(new Date().toISOString(), name);
		const from = performance.now();
		await faults[name](world, chance);
		if (losing(name))
			journal.losses.push({ from, to: performance.now(),
				late: name === WITH_KILL });
		counts[name]++;
		await sleep(chance(LONG ? 3000 : 1000));
	}
	return counts;
}

// A last event of each channel, by POST, which all its readers must get: those
// who do not are waited for in vain, and then it is seen what they lack.
async function lastEvents({ fronts: [front] }, journal, witnesses) {
	const last = new Map();
	const publish = async (channel) => {
		const event = journal.made(channel);
		const { status, body } = await post(front, channel,
			{ body: journal.dataOf(event) });

		if (status === 200)
			journal.acknowledged([event], JSON.parse(body).id);
		last.set(channel, event.number);
		return status === 200;
	};

	for (const channel of new Set(witnesses.flatMap((it) => it.channels)))
		await until(() => publish(channel), channel, LATE_MS);
	await until(() => witnesses.every(({ channels, latest, wrong }) =>
		wrong || channels.every((channel) =>
			latest.get(channel) === last.get(channel))),
	'the last events', LATE_MS).catch(() => {});
}

const sum = (values) => values.reduce((all, value) => all + value, 0);

async function everythingGoesWrong(t) {
	const world = await startWorld(FRONTS);
	const chance = chanceOf(SEED);
	const journal = newJournal();
	const witnesses = [];
	let over = false;

	t.diagnostic(`SEED=${SEED}`);
	try {
		world.sources = Array.from({ length: CLIENTS }, (_, i) => {
			const channels = [CHANNELS[i % CHANNELS.length],
				CHANNELS[(i + 1 + i / 10 % 8 | 0) % CHANNELS.length]];
			const witness = newWitness(journal, channels);
			const { url } = world.fronts[i % world.fronts.length];
			const source = eventSource(`${url}/events?` +
				channels.map((name) => `channel=${name}`).join('&'));

			source.events = witness;
			witnesses.push(witness);
			return source;
		});
		await until(() => world.sources.every(({ stream }) =>
			stream?.lastEventId), 'all streams', LATE_MS);
		const publishers = Array(PUBLISHERS).fill().flatMap((_, i) => [
			publishByPost(world, journal, chanceOf(SEED + i),
				CHANNELS[i], () => over),
			publishByXadd(world, journal, CHANNELS[PUBLISHERS + i],
				() => over)]);

		const harmless = await harm(world, journal, HARMLESS,
			FAULTS >> 1, chance, () => false);
		const falseGaps = sum(witnesses.map(({ gaps }) => gaps.length));
		const losing = await harm(world, journal,
			{ ...LOSING, ...HARMLESS }, FAULTS - (FAULTS >> 1),
			chance, (name) => name in LOSING);
		await until(() => journal.count('acknowledged') >= EVENTS,
			`${EVENTS} events`, 2 ** 31 - 1);
		over = true;
		await Promise.all(publishers);
		await lastEvents(world, journal, witnesses);
		conclude(t, { world, journal, witnesses, harmless, losing,
			falseGaps });
	} finally {
		over = true;
		await Promise.all((world.sources ?? []).map((source) =>
			source.close()));
		await world.stop();
	}
}

function conclude(t, { world, journal, witnesses, harmless, losing,
	falseGaps }) {
	const orders = settle(journal);
	const verdicts = witnesses.map((witness) =>
		judge(journal, orders, witness));
	const silent = verdicts.flatMap((verdict) => verdict.silent);
	const gaps = witnesses.flatMap((witness) => witness.gaps);
	const reasons = {};

	for (const { reason } of gaps)
		reasons[reason] = (reasons[reason] ?? 0) + 1;
	for (const [name, count] of Object.entries(harmless))
		t.diagnostic(`${count + (losing[name] ?? 0)} x ${name}`);
	for (const name of Object.keys(LOSING))
		t.diagnostic(`${losing[name]} x ${name}`);
	t.diagnostic(`${journal.count('acknowledged')} events acknowledged, ` +
		`${journal.count('refused')} refused, ` +
		`${journal.count('sent')} unknown; ` +
		`${sum(witnesses.map(({ events }) => events))} deliveries to ` +
		`${witnesses.length} browsers; ` +
		`${gaps.length} gaps ${JSON.stringify(reasons)} for ` +
		`${sum(verdicts.map(({ covered }) => covered))} events lost, ` +
		`${sum(verdicts.map(({ late }) => late))} of them late; ` +
		`${silent.length} silent losses`);
	for (const { failed } of world.sources)
		assert.equal(failed, '');
	assert.deepEqual(verdicts.map(({ wrong }) => wrong).filter(Boolean)
		.slice(0, 9), []);
	assert.deepEqual(silent.slice(0, 9), []);
	assert.equal(falseGaps, 0, 'gaps while nothing was lost');
	assert.ok(gaps.length > 0);
}

// A browser's streams, each at the process of this number, from the last id on.
// Between them it waits for news, or not.
function moverOf({ fronts: [front] }, witness) {
	const query = witness.channels.map((name) => `channel=${name}`).join('&');
	let lastId = '';

	return async (at, isEnough) => {
		const stream = await openStream(
			`${front.url}/events?at=${at}&${query}`,
			{ headers: lastId ? { 'Last-Event-ID': lastId } : {} });

		stream.arrived = witness.push;
		assert.equal(stream.status, 200);
		await isEnough(stream, lastId);
		stream.close();
		await stream.ended;
		lastId = stream.lastEventId || lastId;
	};
}

// A browser that is at another process each time, while events flow.
async function moves(t) {
	const world = await startWorld(['nginx']);
	const chance = chanceOf(SEED);
	const journal = newJournal();
	const witness = newWitness(journal, CHANNELS.slice(0, 4));
	const publishers = [];
	const news = (stream, lastId) => until(() =>
		!['', lastId].includes(stream.lastEventId), 'news');
	let over = false;

	try {
		const move = moverOf(world, witness);
		await move(PROCESSES[0], news);
		for (const [i, channel] of witness.channels.entries())
			publishers.push(i % 2 ?
				publishByXadd(world, journal, channel,
					() => over) :
				publishByPost(world, journal, chance, channel,
					() => over));
		for (let n = 1; n < MOVES; n++)
			await move(PROCESSES[n % PROCESSES.length],
				chance(2) ? news : () => sleep(chance(30)));
		over = true;
		await Promise.all(publishers);
		await move(PROCESSES[0], () =>
			lastEvents(world, journal, [witness]));
		const { wrong, silent } = judge(journal, settle(journal), witness);
		t.diagnostic(`${witness.events} events on ${MOVES} streams, ` +
			`${witness.gaps.length} gaps, ${silent.length} lost`);
		assert.equal(wrong, '');
		assert.deepEqual(silent, []);
		assert.deepEqual(witness.gaps, []);
	} finally {
		over = true;
		await world.stop();
	}
}

const skip = FRONTS.every((name) => CHOSEN.includes(name)) ? false :
	'nginx and HAProxy are not both here';

describe('three processes on one Redis', { skip }, () => {
	it(`${MOVES} moves between them are not noticed`,
		{ timeout: 600000 }, moves);
	it(`${FAULTS} faults lose nothing in silence`,
		{ timeout: 600000 + FAULTS * 60000 }, everythingGoesWrong);
});
