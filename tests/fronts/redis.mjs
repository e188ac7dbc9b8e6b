// SPDX-License-Identifier: ISC
//
// Redis for the tests with real servers: redis-server, or what REDIS names, and
// who speaks to it over a bare socket.

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { end, run, textOf, until } from './processes.mjs';

const COMMAND = process.env.REDIS || 'redis-server';

// A reply of RESP 2 at the beginning of the bytes (latin1): [value, rest], or
// null if it is not whole.
function readReply(text) {
	const eol = text.indexOf('\r\n');

	if (eol === -1)
		return null;
	const line = text.slice(1, eol);
	let rest = text.slice(eol + 2);
	switch (text[0]) {
	case '+':
		return [line, rest];
	case '-':
		return [new Error(line), rest];
	case ':':
		return [Number(line), rest];
	case '$':
		if (line === '-1')
			return [null, rest];
		if (rest.length < Number(line) + 2)
			return null;
		return [rest.slice(0, line), rest.slice(Number(line) + 2)];
	case '*': {
		const values = [];
		for (let i = 0; i < Number(line); i++) {
			const one = readReply(rest);
			if (one === null)
				return null;
			values.push(one[0]);
			rest = one[1];
		}
		return [values, rest];
	}
	default:
		throw new Error(`no reply: ${text.slice(0, 99)}`);
	}
}

function encode(words) {
	return `*${words.length}\r\n` + words.map((word) =>
		`$${Buffer.byteLength(String(word))}\r\n${word}\r\n`).join('');
}

// A connection to host and port.  ask(...) gives the reply, or throws what Redis
// says against it (then .refused of that is true), or that the connection has
// ended before it said anything.
export function connectTo({ host, port }, password) {
	const socket = net.connect({ host, port });
	const waiting = [];
	let text = '';

	const it = {
		over: false,
		ask: (...words) => new Promise((resolve, reject) => {
			if (it.over)
				return reject(new Error('the connection is over'));
			waiting.push({ resolve, reject });
			socket.write(encode(words));
		}),
		close: () => socket.destroy(),
	};

	socket.setEncoding('latin1').setNoDelay().on('data', (more) => {
		text += more;
		for (;;) {
			const reply = readReply(text);
			if (reply === null)
				return;
			text = reply[1];
			const { resolve, reject } = waiting.shift();
			if (reply[0] instanceof Error)
				reject(Object.assign(reply[0], { refused: true }));
			else
				resolve(reply[0]);
		}
	});
	socket.on('error', () => {}).on('close', () => {
		it.over = true;
		for (const { reject } of waiting)
			reject(new Error('the connection has ended'));
	});
	if (password)
		it.ask('AUTH', password).catch(() => {});
	return it;
}

// A server in a directory of its own below dir, on this address.  What it has
// answered is on the disk.  password() is what it and its master have now.
export function redisAt(dir, host, port, password = () => '') {
	const own = join(dir, `redis-${port}`);
	const it = { host, port, address: `${host}:${port}`, process: null };
	let client = null;

	mkdirSync(own);
	it.ask = async (...words) => {
		if (client === null || client.over)
			client = connectTo(it, password());
		return client.ask(...words);
	};
	it.start = async (master = null) => {
		const words = ['--port', port, '--bind', host, '--dir', own,
			'--logfile', join(own, 'log'),
			'--save', '', '--appendonly', 'yes',
			'--appendfsync', 'always',
			'--repl-diskless-sync-delay', '0',
			'--repl-timeout', '60',
			'--requirepass', password(),
			'--masterauth', password()];

		if (master)
			words.push('--replicaof', master.host, master.port);
		it.process = run(COMMAND, words.map(String));
		await until(() => !it.process.alive() || it.ask('PING').then(
			(is) => is === 'PONG', () => false), 'Redis to answer');
		assert.ok(it.process.alive(), textOf(join(own, 'log')));
	};
	it.stop = async (signal = 'SIGKILL') => {
		client?.close();
		client = null;
		await end(it.process, signal);
	};
	it.hang = () => it.process.child.kill('SIGSTOP');
	it.goOn = () => it.process.child.kill('SIGCONT');
	// Its password, to be asked with the one of before.
	it.setPassword = async (now) => {
		await it.ask('CONFIG', 'SET', 'masterauth', now);
		await it.ask('CONFIG', 'SET', 'requirepass', now);
	};
	it.isInStep = () => it.ask('INFO', 'replication').then((text) =>
		/master_link_status:up/.test(text), () => false);
	it.offset = async () => Number(/master_repl_offset:(\d+)/.exec(
		await it.ask('INFO', 'replication'))[1]);
	return it;
}
