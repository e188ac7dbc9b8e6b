// SPDX-License-Identifier: ISC
//
// Processes, for the tests with real servers: waiting for what they do, starting
// them, looking at them in /proc, and ending them.  Everything started here is
// ended by its pid: by end(), and, when a test could not get that far, at the
// end of this process.

import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import net from 'node:net';
import { constants } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const PATIENCE_MS = 60000;	// sanitizers and busy machines are slow

// Waiting is always for a condition, and never without an end.
export async function until(condition, what, ms = PATIENCE_MS) {
	const deadline = Date.now() + ms;

	for (;;) {
		const result = await condition();
		if (result)
			return result;
		if (Date.now() > deadline)
			throw new Error(`waited ${ms} ms for ${what}`);
		await sleep(10);
	}
}

// How soon something can be is the best of some tries, for others use the
// machine, too: the first value below the limit, or the least.
export async function best(measure, limit, tries = 20) {
	let least = Infinity;

	for (let i = 0; i < tries && !(least < limit); i++)
		least = Math.min(least, await measure());
	return least;
}

const running = new Set();

process.on('exit', () => {
	for (const { pid, group } of running)
		for (const each of [...familyOf(pid), ...group ? [-pid] : []])
			kill(each);
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
	process.on(signal, () => process.exit(1));

// A child with what it says on stderr, and its end as a promise of its exit
// code, or of the name of the signal that ended it.
export function run(command, args, options = {}) {
	const child = spawn(command, args,
		{ stdio: ['ignore', 'pipe', 'pipe'], cwd: ROOT, ...options });
	const it = { child, pid: child.pid, stdout: '', stderr: '',
		group: options.detached };

	running.add(it);
	child.stdout.on('data', (text) => { it.stdout += text; });
	child.stderr.on('data', (text) => { it.stderr += text; });
	it.ended = new Promise((resolve) => {
		child.on('error', (error) => {
			running.delete(it);
			it.stderr += error.message;
			resolve('error');
		});
		child.on('close', (code, signal) => {
			running.delete(it);
			resolve(code ?? signal);
		});
	});
	it.alive = () => running.has(it);
	return it;
}

// The end of what run() gave, by a signal; how it ended.
export async function end(it, signal) {
	it.child.kill(signal);
	const result = await Promise.race([it.ended,
		sleep(PATIENCE_MS, 'late', { ref: false })]);
	if (result === 'late') {
		familyOf(it.pid).forEach(kill);
		throw new Error(`${signal} does not end ${it.child.spawnfile}`);
	}
	return result;
}

// A process that one of ours has left behind; end() ends it, or our end does.
export function adopt(pid) {
	const it = {
		child: { pid, kill: (signal) => process.kill(pid, signal) },
		pid,
		get ended() {
			return until(() => !exists(pid), `the end of ${pid}`)
				.then(() => running.delete(it));
		},
	};

	running.add(it);
	return it;
}

// What /proc says of a live process, or null.
function statOf(pid) {
	const stat = textOf(`/proc/${pid}/stat`);
	const [state, ppid, , session] =
		(stat || 'Z').replace(/.*\) /s, '').split(' ');

	return state === 'Z' ? null : { pid: Number(pid), ppid: Number(ppid),
		session: Number(session) };
}

export const exists = (pid) => statOf(pid) !== null;

// The end of a process, without its doing.
export function kill(pid) {
	try {
		process.kill(pid, 'SIGKILL');
	} catch {}	// it is gone
}

// All live processes.
export function processes() {
	return readdirSync('/proc').filter((name) => /^\d+$/.test(name))
		.map(statOf).filter(Boolean);
}

export function textOf(path) {
	try {
		return readFileSync(path, 'utf8');
	} catch {
		return '';	// the process is gone
	}
}

export function childrenOf(parent) {
	return processes().filter(({ ppid }) => ppid === parent)
		.map(({ pid }) => pid);
}

// A process, its children, and theirs.
export function familyOf(pid) {
	return [pid, ...childrenOf(pid).flatMap(familyOf)];
}

// How many descriptors processes have open; one that is gone has none.
export function descriptorsOf(pids) {
	return pids.map((pid) => filesOf(pid).length)
		.reduce((sum, count) => sum + count, 0);
}

// What the descriptors of a process are; one that is gone has none.
export function filesOf(pid) {
	const dir = `/proc/${pid}/fd`;

	try {
		return readdirSync(dir).map((fd) => {
			try {
				return readlinkSync(join(dir, fd));
			} catch {
				return '';	// closed
			}
		});
	} catch {
		return [];
	}
}

// Whether a process catches a signal: one that is sent before can be lost to it.
export function catches(pid, signal) {
	const [, mask] = /^SigCgt:\t(\w+)/m.exec(
		textOf(`/proc/${pid}/status`)) ?? [null, '0'];
	const bit = BigInt(constants.signals[signal] - 1);

	return (BigInt(`0x${mask}`) >> bit & 1n) === 1n;
}

// Whether a process has a listening socket; one that is gone has none.
export function listens(pid) {
	const listening = new Set(textOf('/proc/net/tcp').split('\n')
		.map((line) => line.trim().split(/\s+/))
		.filter(([, , , state]) => state === '0A')
		.map((fields) => `socket:[${fields[9]}]`));

	return filesOf(pid).some((file) => listening.has(file));
}

// Whether somebody listens at a path, or a host and port.
export function accepts(at) {
	return new Promise((resolve) => {
		const socket = net.connect(at, () => {
			socket.destroy();
			resolve(true);
		});
		socket.on('error', () => resolve(false));
	});
}
