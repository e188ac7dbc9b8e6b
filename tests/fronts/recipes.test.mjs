// SPDX-License-Identifier: ISC
//
// What conf/redis.md has for others between us and Redis, as it stands there: each
// is started, and entries go through it, to one who waits for them; so do events
// of ours, behind nginx.  10.0.0.1 to 10.0.0.3 are addresses of this machine.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { post } from './browsers.mjs';
import { accepts, end, run, until } from './processes.mjs';
import { blocksOf } from './prose.mjs';
import { connectTo, redisAt } from './redis.mjs';
import { ARGS, LIMIT, newPlace, start } from './sites.mjs';

const PORT = 6379;
const SENTINEL = 26379;
const TLS = 6390;
const OTHER = 6380;	// where one of the others listens

const missing = (command) =>
	spawnSync('sh', ['-c', `command -v ${command}`]).status !== 0 &&
	`${command} is not here`;

// The block of a language, with the addresses of these places.
function blockOf(heading, language, places) {
	const { code } = blocksOf('conf/redis.md', heading)
		.find((block) => block.language === language);

	return places.reduce((text, { addr }, i) =>
		text.replaceAll(`10.0.0.${i + 1}`, addr), code)
		.replaceAll('127.0.0.1', places[0].addr);
}

// Without the second address of a machine, which is its own to itself.
const bound = (text, { addr }) => text.replace(/^bind .*/, `bind ${addr}`);

// A command that listens on a port, by its configuration, until stop().
async function startBy(command, words, { dir, addr }, port, text) {
	const path = join(dir, `${command}.conf`);

	writeFileSync(path, text);
	const it = run(command, words(path));
	it.stop = () => end(it, 'SIGTERM');
	await until(() => !it.alive() || accepts({ host: addr, port }), command);
	assert.ok(it.alive(), it.stderr + it.stdout);
	return it;
}

// Servers, of which the first is the master of the others.  They have to say
// which addresses they have, because all of 127.0.0.0/8 is 127.0.0.1 to others.
async function startRedis(places) {
	const all = places.map(({ dir, addr }) => redisAt(dir, addr, PORT));
	const [master, ...others] = all;

	await master.start();
	for (const other of others) {
		await other.start();
		await other.ask('CONFIG', 'SET', 'replica-announce-ip', other.host);
		await other.ask('REPLICAOF', master.host, master.port);
		await until(other.isInStep, 'a replica');
	}
	return all;
}

// One waits there for the next entry, another adds it; its id.
async function goesThrough(host, port) {
	const reader = connectTo({ host, port });
	const writer = connectTo({ host, port });
	const add = () => writer.ask('XADD', 'sse', '*', 'c', 'news', 'd', 'x');

	try {
		const last = await add();
		const read = reader.ask('XREAD', 'COUNT', 1, 'BLOCK', 5000,
			'STREAMS', 'sse', last);
		const [id, [[, [[got]]]]] = await Promise.all([add(), read]);
		assert.equal(got, id);
		return id;
	} finally {
		reader.close();
		writer.close();
	}
}

const has = (redis, id) => until(async () =>
	(await redis.ask('XRANGE', 'sse', id, id)).length === 1, 'an entry');

const passes = (host, port) => goesThrough(host, port).catch(() => false);

// Ours, with these options, and one who reads.  publishes() waits until it has
// what is published, at the first try or after others.
async function startOurs(...args) {
	const site = await start('nginx', { args: [...ARGS, ...args] });
	const source = site.eventSource('/events?channel=ours');

	site.publishes = async (body) => {
		await until(async () => (await post(site, 'ours', { body }))
			.status === 200, `an answer to ${body}`);
		await until(() => source.events.some(({ data }) => data === body),
			body);
	};
	site.end = async () => {
		await site.stop();
		assert.equal(source.failed, '');
	};
	return site;
}

// Where these Sentinels say that the master is.
async function masterBy(places) {
	const answers = await Promise.all(places.map(async ({ addr }) => {
		const client = connectTo({ host: addr, port: SENTINEL });
		try {
			const [host] = await client.ask('SENTINEL',
				'GET-MASTER-ADDR-BY-NAME', 'sse');
			return host;
		} finally {
			client.close();
		}
	}));

	return answers.every((host) => host === answers[0]) && answers[0];
}

// Whether one of them knows all the others.
async function know(places) {
	const client = connectTo({ host: places[0].addr, port: SENTINEL });
	const [replicas, others] = await Promise.all(
		['REPLICAS', 'SENTINELS'].map((what) =>
			client.ask('SENTINEL', what, 'sse')));

	client.close();
	return replicas.length === 2 && others.length === 2;
}

async function sentinels() {
	const places = [newPlace(), newPlace(), newPlace()];
	const redis = await startRedis(places);

	for (const [i, one] of redis.entries())
		for (const line of bound(blockOf('Sentinel', 'redis', places),
			places[i]).trim().split('\n').slice(1))
			await one.ask('CONFIG', 'SET', ...line.split(' '));
	const watching = await Promise.all(places.map((place) => startBy(
		process.env.REDIS || 'redis-server',
		(path) => [path, '--sentinel', '--dir', place.dir,
			'--protected-mode', 'no'], place, SENTINEL,
		bound(blockOf('Sentinel', 'sentinel', places), place) +
			`sentinel announce-ip ${place.addr}\n`)));
	const ours = await startOurs('--redis', places.map(({ addr }) =>
		`${addr}:${SENTINEL}`).join(), '--redis-sentinel', 'sse');
	try {
		await until(() => know(places), 'Sentinels to know all');
		await ours.publishes('before');
		assert.equal(await masterBy(places), places[0].addr);
		const id = await goesThrough(places[0].addr, PORT);
		await has(redis[1], id);
		await has(redis[2], id);
		await redis[0].stop('SIGKILL');
		const host = await until(async () => {
			const now = await masterBy(places);
			return now !== places[0].addr && now;
		}, 'another master');
		await until(() => passes(host, PORT), 'publications');
		await ours.publishes('after');
		await redis[0].start();
		await until(() => redis[0].ask('ROLE').then(([role]) =>
			role === 'slave', () => false),	// it is cut off then
		'the old master to follow');
	} finally {
		await ours.end();
		await Promise.all([...watching, ...redis].map((each) =>
			each.stop()));
	}
}

async function haproxy() {
	const places = [newPlace(), newPlace()];
	const { addr } = places[0];
	const [master, replica] = await startRedis(places);
	const front = await startBy('haproxy', (path) => ['-f', path], places[0],
		OTHER, blockOf('HAProxy before Redis', 'haproxy', places));
	const ours = await startOurs('--redis', `${addr}:${OTHER}`);

	try {
		await until(() => /redis2 is DOWN/.test(front.stderr),
			'a look at the replica');
		const id = await goesThrough(addr, OTHER);
		await ours.publishes('before');
		await has(replica, id);
		const old = connectTo({ host: addr, port: OTHER });
		assert.equal((await old.ask('ROLE'))[0], 'master');
		await replica.ask('REPLICAOF', 'NO', 'ONE');
		await master.ask('REPLICAOF', replica.host, PORT);
		await until(() => old.over, 'the end of the old connection');
		await until(() => passes(addr, OTHER), 'the next master');
		await ours.publishes('after');
	} finally {
		await ours.end();
		await front.stop();
		await Promise.all([master.stop(), replica.stop()]);
	}
}

// A key, and a certificate for this name that is signed by itself.
function makeCertificate({ dir }, name) {
	const [cert, key] = ['cert', 'key'].map((what) =>
		join(dir, `${name}-${what}.pem`));

	execFileSync('openssl', ['req', '-x509', '-nodes', '-days', '2',
		'-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1',
		'-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`,
		'-out', cert, '-keyout', key], { stdio: 'pipe' });
	return { cert, key };
}

// Both certificates are believed, but one has another name.
async function tls(command, words, language) {
	const place = newPlace();
	const [right, wrong] = ['redis.example.org', 'another.example.org']
		.map((name) => makeCertificate(place, name));
	const believed = join(place.dir, 'believed.pem');
	const [redis] = await startRedis([place]);
	const show = ({ cert, key }) => redis.ask('CONFIG', 'SET',
		'tls-auth-clients', 'no', 'tls-cert-file', cert,
		'tls-key-file', key, 'tls-port', TLS);

	writeFileSync(believed, readFileSync(right.cert, 'utf8') +
		readFileSync(wrong.cert, 'utf8'));
	await show(wrong);
	const before = await startBy(command, words, place, OTHER,
		blockOf('TLS', language, [place])
			.replaceAll(/\S*\/ca-certificates.crt/g, believed)
			.replaceAll(/\S+:6390/g, `${place.addr}:${TLS}`));
	const ours = await startOurs('--redis', `${place.addr}:${OTHER}`);
	try {
		await assert.rejects(goesThrough(place.addr, OTHER));
		await show(right);
		await until(() => passes(place.addr, OTHER), 'an entry');
		await ours.publishes('by TLS');
	} finally {
		await ours.end();
		await before.stop();
		await redis.stop();
	}
}

it('Sentinels find another master', LIMIT, sentinels);
it('HAProxy goes to who is master', { ...LIMIT, skip: missing('haproxy') },
	haproxy);
it('TLS by HAProxy', { ...LIMIT, skip: missing('haproxy') },
	() => tls('haproxy', (path) => ['-f', path], 'haproxy'));
it('TLS by stunnel', { ...LIMIT, skip: missing('stunnel4') },
	() => tls('stunnel4', (path) => [path], 'stunnel'));
