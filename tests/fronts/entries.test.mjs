// SPDX-License-Identifier: ISC
//
// What conf/redis.md says to those who publish by themselves, as it stands there,
// with a real Redis: each program's entry is an event, and the accounts may do
// what they must and nothing else.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { LANGUAGES, blocksOf, runBlock } from './prose.mjs';
import { connectTo, redisAt } from './redis.mjs';
import { LIMIT, newPlace } from './sites.mjs';

const FILE = 'conf/redis.md';
const PORT = 6379;

// Whether what a block needs beside its language is here.
const NEEDS = {
	php: [/new Redis/, 'php', '-r', 'exit(class_exists("Redis") ? 0 : 1);'],
	python: [/import redis/, 'python3', '-c', 'import redis'],
	js: [/from "redis"/, 'node', '-e', 'require("redis")'],
};

function lacks({ language, code }) {
	const [sign, ...command] = NEEDS[language] ?? [];

	return sign?.test(code) &&
		spawnSync(command[0], command.slice(1)).status !== 0 &&
		'its package is not here';
}

const blocks = blocksOf(FILE, 'Publish without us');

describe('the examples of who publishes by himself', () => {
	const { dir, addr } = newPlace();
	const redis = redisAt(dir, addr, PORT);
	const publish = (block, port) => runBlock(dir, block,
		/127\.0\.0\.1|6379/g, (word) => word === '6379' ? port : addr);

	before(async () => {
		if (process.env.NODE_PATH)	// import passes it over
			symlinkSync(process.env.NODE_PATH,
				join(dir, 'node_modules'));
		await redis.start();
	});
	after(() => redis.stop());
	blocks.forEach((block, i) => {
		const skip = lacks(block);
		const what = `${i + 1}, ${block.language},`;

		it(`${what} adds an event`, { ...LIMIT, skip }, async () => {
			const { status, stdout, stderr } =
				await publish(block, PORT);

			assert.equal(status, 0, stderr);
			assert.equal(stderr, '');
			const [[id, fields]] = await redis.ask('XREVRANGE', 'sse',
				'+', '-', 'COUNT', 1);
			assert.equal(stdout.trim(), id);
			if (fields.includes('e'))
				return assert.deepEqual(fields,
					['c', 'run-42', 'e', '1']);
			assert.deepEqual(fields.slice(0, 2), ['c', 'news']);
			if (fields.length === 4)
				return assert.deepEqual(fields.slice(2),
					['d', 'It rains.']);
			assert.deepEqual(fields.slice(2, 5), ['t', 'weather', 'd']);
			assert.match(JSON.parse(fields[5]).city,
				/^(Oslo|Rome|Cairo)$/);
		});
		it(`${what} fails if it cannot`, { ...LIMIT, skip }, async () => {
			const { status, stdout } = await publish(block, 1);
			assert.notEqual(status, 0, stdout);
		});
		it(`${what} fails if it is refused`, { ...LIMIT, skip },
			async () => {
				await redis.ask('RENAME', 'sse', 'apart');
				await redis.ask('SET', 'sse', 'no stream');
				const { status, stdout } =
					await publish(block, PORT);
				await redis.ask('RENAME', 'apart', 'sse');
				assert.notEqual(status, 0, stdout);
			});
	});
	it('are in every language', () => {
		const { yaml, ...rest } = LANGUAGES;
		assert.deepEqual(new Set(Object.keys(rest)),
			new Set(blocks.map(({ language }) => language)));
	});
});

// All that a process says to Redis, once.
const OURS = [
	['PING'], ['SELECT', '0'], ['ROLE'], ['TIME'], ['INFO', 'memory'],
	['XADD', 'sse', '*', 'c', 'news', 'd', 'x'],
	['XREVRANGE', 'sse', '+', '-', 'COUNT', '512'],
	['XREAD', 'COUNT', '512', 'BLOCK', '1', 'STREAMS', 'sse', '0-0'],
	['XINFO', 'STREAM', 'sse'],
	['XTRIM', 'sse', 'MINID', '~', '1-0'],
	['XTRIM', 'sse', 'MAXLEN', '~', '100000'],
	['MULTI'], ['EXEC'], ['WAIT', '0', '1'],
	['HSET', '{sse}:streams', 'abc', '1 2'], ['HGETALL', '{sse}:streams'],
	['HDEL', '{sse}:streams', 'abc'], ['EXPIRE', '{sse}:streams', '3600'],
];
const THEIRS = OURS.filter(([name]) => /XADD|MULTI|EXEC/.test(name));

const nameOf = ([name, sub]) =>
	name === 'XINFO' ? 'xinfo|stream' : name.toLowerCase();

// The names of all that Redis knows, and how many words each takes; but for what
// anybody may say.
async function everything(redis) {
	const leaves = ([name, arity, flags, , , , , , , parts]) =>
		parts?.length ? parts.flatMap(leaves) : [[name, arity, flags]];

	return (await redis.ask('COMMAND')).flatMap(leaves)
		.filter(([, , flags]) => !flags.includes('no_auth'));
}

describe('the accounts', () => {
	const { dir, addr } = newPlace();
	const redis = redisAt(dir, addr, PORT);
	const [{ code }] = blocksOf(FILE, 'Accounts')
		.filter(({ language }) => language === 'acl');
	const lines = code.trim().split('\n').map((line) => line.split(' '));

	// Who is connected with one of them.
	async function connect([, , name, , password]) {
		const client = connectTo(redis);

		assert.equal(await client.ask('AUTH', name, password.slice(1)),
			'OK');
		return client;
	}

	// What is said against words that it may not say, or ''.
	async function refusal(client, words) {
		try {
			await client.ask(...words);
		} catch ({ message }) {
			return /^NOPERM|command not allowed/.test(message) ?
				message : '';
		}
		return '';
	}

	before(async () => {
		await redis.start();
		for (const words of lines)
			await redis.ask(...words);
	});
	after(() => redis.stop());

	lines.forEach((line, i) => {
		const all = i === 0 ? OURS : THEIRS;

		it(`${line[2]} may do what it must`, LIMIT, async () => {
			const client = await connect(line);
			for (const words of all)
				assert.equal(await refusal(client, words), '');
			client.close();
		});
		it(`${line[2]} may do nothing else`, LIMIT, async () => {
			const client = await connect(line);
			const names = new Set(all.map(nameOf));
			let refused = 0;

			for (const [name, arity] of await everything(redis)) {
				if (names.has(name))
					continue;
				const words = [...name.split('|'),
					...Array(Math.abs(arity)).fill('x')]
					.slice(0, Math.abs(arity));
				assert.match(await refusal(client, words),
					/permissions to run|not allowed/,
					words.join(' '));
				refused++;
			}
			assert.ok(refused > 200);
			client.close();
		});
		it(`${line[2]} has no key of others`, LIMIT, async () => {
			const client = await connect(line);
			for (const words of all.filter((w) => w.some(isKey)))
				assert.match(await refusal(client, words.map(
					(word) => isKey(word) ? 'other' : word)),
				/access/, words.join(' '));
			client.close();
		});
	});
	it('are two', () => assert.equal(lines.length, 2));
});

function isKey(word) {
	return word === 'sse' || word === '{sse}:streams';
}
