// SPDX-License-Identifier: ISC
//
// What the tests with real front servers stand on: it starts the responder
// and a front with the shipped configuration, each pair in a directory and on
// a loopback address of its own, and reads event streams as a browser does.
// Everything started is ended by its pid: by stop(), and, when a test could
// not get that far, at the end of this process.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, chownSync, cpSync, mkdirSync, mkdtempSync, readdirSync,
	readFileSync, readlinkSync, renameSync, rmSync, writeFileSync } from
	'node:fs';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const PROGRAM = process.env.PROGRAM || join(ROOT, 'build/sse-fcgi');
const EVENT_STREAM = 'text/event-stream';
const IS_ROOT = process.getuid() === 0;
const PORT = 3000;
const PATIENCE_MS = 20000;	// sanitizers and busy machines are slow

// How each front is started in the foreground and told to read its
// configuration again: by a signal, or by a command.  The answer to "is it
// there?" is an HTTP request.
//
// A reload leaves the streams that run to a process whose pid heir() gives:
// mostly the worker that there was; lighttpd forks it, and tells it to the new
// lighttpd, which has the pid of the old; in Caddy all is one process.
//
// asRoot() changes what root could not run as it is: others than root may not
// see this tree.
const theWorker = (pid, [worker]) => worker;
const FRONTS = {
	apache: {
		command: (conf) => ['/usr/sbin/apache2', '-DFOREGROUND',
			'-f', conf],
		reload: 'SIGUSR1',
		heir: theWorker,
		asRoot: { data: 'www-data' },
	},
	caddy: {
		command: (conf) => ['/usr/bin/caddy', 'run',
			'--adapter', 'caddyfile', '--config', conf],
		reload: (conf, dir) => ['/usr/bin/caddy', 'reload', '--force',
			'--adapter', 'caddyfile', '--config', conf,
			'--address', `unix/${join(dir, 'caddy.sock')}`],
		heir: () => null,
		environment: (dir) => ({ XDG_CONFIG_HOME: dir,
			XDG_DATA_HOME: dir }),
	},
	h2o: {
		command: (conf) => ['/usr/bin/h2o', '-m', 'master',
			'-c', conf],
		reload: 'SIGHUP',
		heir: theWorker,
		asRoot: { text: 'user: root\n' },
	},
	haproxy: {
		command: (conf) => ['/usr/sbin/haproxy', '-W', '-f', conf],
		reload: 'SIGUSR2',
		heir: theWorker,
	},
	lighttpd: {
		command: (conf) => ['/usr/sbin/lighttpd', '-D', '-f', conf],
		reload: 'SIGUSR1',
		heir: (pid) => Number(/\bLIGHTTPD_PREV_GEN=(\d+)/.exec(
			textOf(`/proc/${pid}/environ`))?.[1]),
	},
	nginx: {
		command: (conf, dir) => ['/usr/sbin/nginx',
			'-e', join(dir, 'nginx.log'), '-c', conf,
			'-g', 'daemon off;' + (IS_ROOT ? ' user root;' : '')],
		reload: 'SIGHUP',
		heir: theWorker,
	},
};

// The fronts to test: FRONTS in the environment, or all.
export const CHOSEN = process.env.FRONTS?.split(/[ ,]+/) ?? Object.keys(FRONTS);

// ---- waiting: always for a condition, never without an end

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

// ---- processes

const running = new Set();

const places = [];

process.on('exit', (code) => {
	for (const { child, group } of running)
		try {
			process.kill(group ? -child.pid : child.pid, 'SIGKILL');
		} catch {}	// gone, but for who holds its stderr
	if (code)
		return;		// somebody will look at the logs
	for (const { dir } of places)
		rmSync(dir, { recursive: true, force: true });
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

async function end(it, signal) {
	it.child.kill(signal);
	const result = await Promise.race([it.ended,
		sleep(PATIENCE_MS, 'late', { ref: false })]);
	if (result === 'late') {
		it.child.kill('SIGKILL');
		throw new Error(`${signal} does not end ${it.child.spawnfile}`);
	}
	return result;
}

// All live processes.
export function processes() {
	return readdirSync('/proc').flatMap((name) => {
		const stat = /^\d+$/.test(name) && textOf(`/proc/${name}/stat`);
		const [state, ppid, , session] =
			(stat || 'Z').replace(/.*\) /s, '').split(' ');
		return state === 'Z' ? [] : [{ pid: Number(name),
			ppid: Number(ppid), session: Number(session) }];
	});
}

export function textOf(path) {
	try {
		return readFileSync(path, 'utf8');
	} catch {
		return '';	// the process is gone
	}
}

export function exists(pid) {
	return processes().some((it) => it.pid === pid);
}

function childrenOf(parent) {
	return processes().filter(({ ppid }) => ppid === parent)
		.map(({ pid }) => pid);
}

// Whether a process has a listening socket; one that is gone has none.
function listens(pid) {
	const listening = new Set(textOf('/proc/net/tcp').split('\n')
		.map((line) => line.trim().split(/\s+/))
		.filter(([, , , state]) => state === '0A')
		.map((fields) => `socket:[${fields[9]}]`));
	const dir = `/proc/${pid}/fd`;
	const has = (fd) => {
		try {
			return listening.has(readlinkSync(join(dir, fd)));
		} catch {
			return false;	// closed
		}
	};

	try {
		return readdirSync(dir).some(has);
	} catch {
		return false;
	}
}

function accepts(path) {
	return new Promise((resolve) => {
		const socket = net.connect(path, () => {
			socket.destroy();
			resolve(true);
		});
		socket.on('error', () => resolve(false));
	});
}

// ---- the responder and the fronts

// The responder on dir/sse.sock.  stop() gives its exit code, and fails if it
// said anything on stderr.
export async function startResponder(dir, args = []) {
	const path = join(dir, 'sse.sock');
	const log = join(dir, 'sse-fcgi.log');
	const it = run(PROGRAM, ['--listen', `unix:${path}:0666`,
		'--log', log, '--verbose', ...args]);

	it.logText = () => readFileSync(log, 'utf8');
	it.stop = async (signal = 'SIGTERM') => {
		const code = await end(it, signal);
		assert.equal(it.stderr, '', 'the responder wrote to stderr');
		return code;
	};
	await until(() => !it.alive() || accepts(path), `${path} to accept`);
	assert.ok(it.alive(), `${PROGRAM} ended: ${it.stderr}`);
	return it;
}

// The responder under who starts it again, half a second after its end, on a
// socket that is held meanwhile.  lose() kills it, and waits until it is gone.
async function startHeldResponder(dir, args = []) {
	const path = join(dir, 'sse.sock');
	const log = join(dir, 'sse-fcgi.log');
	const server = net.createServer();

	// Closing the server removes the path that it knows.
	await new Promise((resolve) =>
		server.listen({ path: path + '.new', backlog: 4096,
			writableAll: true, readableAll: true }, resolve));
	renameSync(path + '.new', path);
	const it = run('sh', ['-c', 'while "$@" || :; do sleep 0.5; done', 'sh',
		PROGRAM, '--log', log, '--verbose', ...args],
	{ stdio: [server._handle.fd, 'pipe', 'pipe'], detached: true });
	server.close();
	const responder = () => childrenOf(it.pid).find((pid) =>
		textOf(`/proc/${pid}/cmdline`).startsWith(PROGRAM));

	it.logText = () => readFileSync(log, 'utf8');
	it.lose = async () => {
		const pid = await until(responder, 'the responder');
		process.kill(pid, 'SIGKILL');
		await until(() => !exists(pid), 'its end');
	};
	it.stop = async () => {
		process.kill(-it.pid, 'SIGKILL');
		await it.ended;
	};
	return it;
}

// What a server that does not stay root reads, for the group it becomes.
function dataFor(dir, group) {
	const gid = Number(execFileSync('id', ['-g', group]));
	const data = join(dir, 'data');

	mkdirSync(data);
	for (const name of ['conf', 'html'])
		cpSync(join(ROOT, name), join(data, name), { recursive: true });
	execFileSync('chmod', ['-R', 'a+rX', data]);
	chownSync(dir, 0, gid);
	chmodSync(dir, 0o750);
	return data;
}

// The shipped configuration of one front, written to dir; its path.  edit gets
// its text and gives the text to use.
export function fillConf(name, dir, { addr, port, edit = (text) => text }) {
	const path = join(dir, `${name}.conf`);
	const { data, text: more = '' } = IS_ROOT && FRONTS[name].asRoot || {};
	const env = { ...process.env, ADDR: addr, PORT: port, RUN: dir };

	if (data)
		env.DATA = dataFor(dir, data);
	const text = execFileSync(join(ROOT, 'conf/fill'), [name],
		{ env, encoding: 'utf8' });
	writeFileSync(path, edit(text) + more);
	return path;
}

// A front that answers.  reload() waits until new browsers come to the new
// configuration alone, and gives the pid of the process that has the streams
// from before, if that is not the front itself.
export async function startFront(name, dir, { addr, port, edit }) {
	const front = FRONTS[name];
	const conf = fillConf(name, dir, { addr, port, edit });
	const [command, ...args] = front.command(conf, dir);
	const it = run(command, args, { env: { ...process.env,
		...front.environment?.(dir) } });

	it.name = name;
	it.url = `http://${addr}:${port}`;
	it.stop = (signal = 'SIGTERM') => end(it, signal);
	it.reload = async () => {
		const children = childrenOf(it.pid);
		if (typeof front.reload === 'string') {
			it.child.kill(front.reload);
		} else {
			const [how, ...what] = front.reload(conf, dir);
			execFileSync(how, what, { stdio: 'pipe' });
		}
		const heir = await until(() => {
			const pid = front.heir(it.pid, children);
			return pid === null ? 'none' : pid;
		}, `${name} to reload`);
		if (heir === 'none')
			return null;
		await until(() => !listens(heir), `${heir} not to listen`);
		return heir;
	};
	await until(() => !it.alive() || answers(it.url), `${name} to answer`);
	assert.ok(it.alive(), `${name} ended: ${it.stderr}`);
	return it;
}

// A directory and an address that no other test has.
export function newPlace() {
	const n = process.pid * 64 + places.length;
	const bytes = [127, 1 + (n >> 16) % 254, n >> 8 & 255, 1 + n % 254];
	const place = {
		dir: mkdtempSync(join(tmpdir(), 'sse-fcgi-')),
		addr: bytes.join('.'),
		port: PORT,
	};

	places.push(place);
	return place;
}

// The two together, ready to be asked.  edit gets the configuration's text and
// the site, and gives the text to use.
export async function start(name, { args = [], edit, held } = {}) {
	const site = newPlace();
	const sources = [];

	site.responder = await (held ? startHeldResponder : startResponder)(
		site.dir, args);
	site.front = await startFront(name, site.dir,
		{ ...site, edit: edit && ((text) => edit(text, site)) });
	site.url = site.front.url;
	site.restartResponder = async (meanwhile = () => {}) => {
		await site.responder.stop();
		try {
			await meanwhile();
		} finally {
			site.responder = await startResponder(site.dir, args);
		}
	};
	site.eventSource = (path = '/sse') => {
		sources.push(eventSource(site.url + path));
		return sources.at(-1);
	};
	site.stop = async () => {
		await Promise.all(sources.map((source) => source.close()));
		// First what ends the streams: h2o waits for them.
		await site.responder.stop();
		await site.front.stop();
	};
	return site;
}

// ---- asking

function send(url, { body, ...options } = {}) {
	return new Promise((resolve, reject) => {
		const request = http.request(url, { agent: false, ...options });
		const timer = setTimeout(() =>
			request.destroy(new Error('no answer')), PATIENCE_MS);

		request.on('response', resolve).on('error', reject).end(body);
		request.on('close', () => clearTimeout(timer));
		request.on('response', () => clearTimeout(timer));
	});
}

// A whole answer: its status, headers and text.  The options are those of
// http.request(), and body.
export async function ask(url, options) {
	const signal = AbortSignal.timeout(PATIENCE_MS);
	const response = await send(url, { signal, ...options });
	let body = '';

	for await (const text of response.setEncoding('utf8'))
		body += text;
	return { status: response.statusCode, headers: response.headers, body };
}

const answers = (url) => ask(url).then(() => true, () => false);

// The event-stream text, in pieces as they come, to events; what the standard
// says, but for the byte order mark and lines that end in a lone CR, which
// nobody here writes.
function eventParser(stream) {
	let rest = '';
	let fields = {};

	const line = (text) => {
		if (text === '') {
			if (fields.data !== undefined)
				stream.arrived({ id: stream.lastEventId,
					type: fields.event ?? 'message',
					data: fields.data,
					at: performance.now() });
			fields = {};
			return;
		}
		const [, name, value] = /^([^:]*):? ?(.*)$/.exec(text);
		if (name === '')
			stream.comments++;
		else if (name === 'data' && fields.data !== undefined)
			fields.data += '\n' + value;
		else if (name === 'id')
			stream.lastEventId = value;
		else if (name === 'retry')
			stream.retry = Number(value);
		else
			fields[name] = value;
	};
	return (text) => {
		const lines = (rest + text).split(/\r?\n/);
		rest = lines.pop();
		lines.forEach(line);
	};
}

// An open event stream; resolves when its headers are here.  next() gives the
// first event that it did not give before; ended is 'end', or 'cut' when the
// connection broke, or 'closed' by us.
export async function openStream(url, options) {
	const asked = performance.now();
	const response = await send(url, options);
	const stream = {
		status: response.statusCode,
		headers: response.headers,
		asked, opened: performance.now(),
		events: [], comments: 0, retry: undefined, lastEventId: '',
	};
	let given = 0;
	let wake = () => {};
	let over = '';

	stream.arrived = (event) => {
		stream.events.push(event);
		wake();
	};
	stream.ended = new Promise((resolve) => {
		const finish = (how) => {
			over ||= how;
			resolve(over);
			wake();
		};
		response.on('end', () => finish('end'));
		response.on('error', () => finish('cut'));
		response.on('close', () => finish('cut'));
		stream.close = () => {
			over ||= 'closed';
			response.destroy();
		};
	});
	stream.next = async (ms = PATIENCE_MS) => {
		const deadline = Date.now() + ms;
		while (given === stream.events.length) {
			const left = deadline - Date.now();
			if (over || left <= 0)
				throw new Error(`no event: ${over || 'late'}`);
			await new Promise((resolve) => {
				const timer = setTimeout(resolve, left);
				wake = () => {
					clearTimeout(timer);
					resolve();
				};
			});
		}
		return stream.events[given++];
	};
	response.setEncoding('utf8').on('data', eventParser(stream));
	return stream;
}

// What a browser's EventSource does: it comes back with the last id after the
// time that retry: said, and gives up for good on any status but 200 or on
// another type.  .events are those of all its connections.
export function eventSource(url, { origin = 'http://app.example' } = {}) {
	const source = { events: [], opened: 0, failed: '', stream: null };
	let closed = false;

	const connect = async (state) => {
		const headers = { Origin: origin, Accept: EVENT_STREAM };
		if (state.lastEventId)
			headers['Last-Event-ID'] = state.lastEventId;
		const stream = await openStream(url, { headers });
		const type = stream.headers['content-type'] ?? 'nothing';
		if (stream.status !== 200 || !type.startsWith(EVENT_STREAM)) {
			source.failed = `${stream.status} ${type}`;
			stream.close();
			return;
		}
		source.opened++;
		source.stream = stream;
		if (closed)
			stream.close();
		stream.arrived = (event) => source.events.push(event);
		await stream.ended;
		state.lastEventId = stream.lastEventId || state.lastEventId;
		state.retry = stream.retry ?? state.retry;
	};
	source.done = (async () => {
		const state = { lastEventId: '', retry: 2000 };
		while (!closed && !source.failed) {
			await connect(state).catch(() => {});
			if (!closed && !source.failed)
				await sleep(state.retry);
		}
	})();
	source.close = () => {
		closed = true;
		source.stream?.close();
		return source.done;
	};
	return source;
}
