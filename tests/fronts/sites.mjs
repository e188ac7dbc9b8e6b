// SPDX-License-Identifier: ISC
//
// Sites: the responder and a front with the shipped configuration, each pair in
// a directory and on a loopback address of its own.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, cpSync, mkdirSync, mkdtempSync, readFileSync,
	renameSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { answers, eventSource } from './browsers.mjs';
import { TLS } from './edits.mjs';
import { ROOT, accepts, catches, childrenOf, end, exists, kill, listens, run,
	textOf, until } from './processes.mjs';

export const PROGRAM = process.env.PROGRAM || join(ROOT, 'build/sse-fcgi');
process.env.PATH += ':/usr/sbin:/sbin';	// servers are there
const IS_ROOT = process.getuid() === 0;
const PORT = 3000;

// What most tests run with: streams that are quick to see, and an end to each
// test.
export const INTERVAL_MS = 200;
export const HEARTBEAT_MS = 1000;
export const ARGS = ['--interval', '0.2', '--heartbeat', '1', '--retry', '100'];
export const LIMIT = { timeout: 300000 };

// How each front is started in the foreground and told to read its
// configuration again: by a signal, or by a command.  The answer to "is it
// there?" is an HTTP request.
//
// A reload leaves the streams that run to a process whose pid heir() gives:
// mostly the worker that there was; lighttpd forks it, and tells it to the new
// lighttpd, which has the pid of the old; in Caddy all is one process.
//
// At its end h2o waits for connections: for ten seconds if they are idle, for ever
// if they take nothing.  So its workers are killed once they know.
//
// asRoot() changes what root could not run as it is: others than root may not
// see this tree.
const theWorker = (pid, [worker]) => worker;
const FRONTS = {
	apache: {
		command: (conf) => ['apache2', '-DFOREGROUND',
			'-f', conf],
		reload: 'SIGUSR1',
		heir: theWorker,
		asRoot: { data: 'www-data' },
	},
	caddy: {
		command: (conf) => ['caddy', 'run',
			'--adapter', 'caddyfile', '--config', conf],
		reload: (conf, dir) => ['caddy', 'reload', '--force',
			'--adapter', 'caddyfile', '--config', conf,
			'--address', `unix/${join(dir, 'caddy.sock')}`],
		heir: () => null,
		environment: (dir) => ({ XDG_CONFIG_HOME: dir,
			XDG_DATA_HOME: dir }),
	},
	h2o: {
		command: (conf) => ['h2o', '-m', 'master',
			'-c', conf],
		reload: 'SIGHUP',
		heir: theWorker,
		endWorkers: true,
		asRoot: { text: 'user: root\n' },
	},
	haproxy: {
		command: (conf) => ['haproxy', '-W', '-f', conf],
		reload: 'SIGUSR2',
		heir: theWorker,
	},
	lighttpd: {
		command: (conf) => ['lighttpd', '-D', '-f', conf],
		reload: 'SIGUSR1',
		heir: (pid) => Number(/\bLIGHTTPD_PREV_GEN=(\d+)/.exec(
			textOf(`/proc/${pid}/environ`))?.[1]),
	},
	nginx: {
		command: (conf, dir) => ['nginx',
			'-e', join(dir, 'nginx.log'), '-c', conf,
			'-g', 'daemon off;' + (IS_ROOT ? ' user root;' : '')],
		reload: 'SIGHUP',
		heir: theWorker,
	},
};

// The fronts to test: FRONTS in the environment, or all that this system has.
export const CHOSEN = (process.env.FRONTS ||
	execFileSync(join(ROOT, 'tests/here'), { encoding: 'utf8',
		stdio: ['ignore', 'pipe', 'inherit'] })).trim().split(/[ ,]+/);

// How many streams are open, by the log since the responder started.
function streamsIn(log) {
	const text = readFileSync(log, 'utf8').split('listening on').at(-1);

	return text.split('stream opened').length -
		text.split('stream closed').length;
}

// The responder on dir/sse.sock, or over TCP on what tcp names, a host and a
// port.  stop() gives its exit code, and fails if it said anything on stderr.
export async function startResponder(dir, args = [], tcp = null) {
	const at = tcp ?? { path: join(dir, 'sse.sock') };
	const log = join(dir, 'sse-fcgi.log');
	const it = run(PROGRAM, ['--listen', tcp ? `${tcp.host}:${tcp.port}` :
		`unix:${at.path}:0666`, '--log', log, '--verbose', ...args]);

	it.streams = () => streamsIn(log);
	it.stop = async (signal = 'SIGTERM') => {
		const code = await end(it, signal);
		assert.equal(it.stderr, '', 'the responder wrote to stderr');
		return code;
	};
	await until(() => !it.alive() || accepts(at), 'the responder');
	assert.ok(it.alive(), `${PROGRAM} ended: ${it.stderr}`);
	return it;
}

// The responder under who starts it again, on a socket that is held meanwhile:
// at once after its orderly end, as systemctl restart does, and half a second
// after any other.  lose() kills it, and waits until it is gone; signal() does
// not wait.  stop() fails if anything was said on stderr.
async function startHeldResponder(dir, args = []) {
	const path = join(dir, 'sse.sock');
	const log = join(dir, 'sse-fcgi.log');
	const server = net.createServer();

	// Closing the server removes the path that it knows.
	await new Promise((resolve) =>
		server.listen({ path: path + '.new', backlog: 4096,
			writableAll: true, readableAll: true }, resolve));
	renameSync(path + '.new', path);
	const it = run('sh', ['-c', 'while :; do "$@" || sleep 0.5; done', 'sh',
		PROGRAM, '--log', log, '--verbose', ...args],
	{ stdio: [server._handle.fd, 'pipe', 'pipe'], detached: true });
	server.close();
	const responder = () => childrenOf(it.pid).find((pid) =>
		textOf(`/proc/${pid}/cmdline`).startsWith(PROGRAM));

	it.streams = () => streamsIn(log);
	it.signal = async (signal) => {
		const pid = await until(responder, 'the responder');
		process.kill(pid, signal);
		return pid;
	};
	it.lose = async () => {
		const pid = await it.signal('SIGKILL');
		await until(() => !exists(pid), 'its end');
	};
	it.stop = async () => {
		process.kill(-it.pid, 'SIGKILL');
		await it.ended;
		assert.equal(it.stderr.replaceAll('Killed\n', ''), '');
	};
	return it;
}

// What a server that does not stay root reads, for the group it becomes.
function dataFor(dir, group) {
	const gid = Number(execFileSync('id', ['-g', group]));
	const data = join(dir, 'data');

	mkdirSync(data, { recursive: true });
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

// A certificate as dir/sse-fcgi.pem, and its key.
function makeCertificate(dir, addr) {
	execFileSync('openssl', ['req', '-x509', '-nodes', '-days', '2',
		'-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1',
		'-subj', '/CN=sse-fcgi', '-addext', `subjectAltName=IP:${addr}`,
		'-out', join(dir, 'sse-fcgi.pem'),
		'-keyout', join(dir, 'sse-fcgi.key')], { stdio: 'pipe' });
}

// A front that answers.  reload() waits until new browsers come to the new
// configuration alone, and gives the pid of the process that has the streams
// from before, if that is not the front itself.
export async function startFront(name, dir, { addr, port, tls, edit }) {
	const front = FRONTS[name];
	const conf = fillConf(name, dir, { addr, port, edit });
	const [command, ...args] = front.command(conf, dir);
	const path = execFileSync('sh', ['-c', 'command -v "$0"', command],
		{ encoding: 'utf8' }).trim();	// a reload of lighttpd wants it
	const it = run(path, args, { env: { ...process.env,
		...front.environment?.(dir) } });

	it.name = name;
	it.url = `${tls ? 'https' : 'http'}://${addr}:${port}`;
	it.stop = async (signal = 'SIGTERM') => {
		const workers = front.endWorkers ? childrenOf(it.pid) : [];
		const ended = end(it, signal);
		for (const pid of workers) {
			await until(() => !listens(pid), `${pid} to know`);
			kill(pid);
		}
		return ended;
	};
	it.reload = async () => {
		const children = childrenOf(it.pid);
		if (typeof front.reload === 'string') {
			await until(() => catches(it.pid, front.reload),
				`${name} to wait for ${front.reload}`);
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

const places = [];

process.on('exit', (code) => {
	if (code)
		return;		// somebody will look at the logs
	for (const { dir } of places)
		rmSync(dir, { recursive: true, force: true });
});

// A directory and an address that no other test has.
export function newPlace() {
	const n = process.pid * 128 + places.length;
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
// the site, and gives the text to use; with tls the front has TLS and HTTP/2; by
// starts the responder in another way; with tcpPort its socket is no Unix one;
// with store its events outlive it.
export async function start(name,
	{ args: words = [], edit = (text) => text, held, tls, tcpPort, store,
		by = held ? startHeldResponder : startResponder } = {}) {
	const site = Object.assign(newPlace(), { name });
	const sources = [];
	const args = store ? [...words, '--store', join(site.dir, 'events.db')] :
		words;
	const tcp = tcpPort && { host: site.addr, port: tcpPort };
	const secure = (text) => tls ? TLS[name](text, site.dir) : text;

	if (tls)
		makeCertificate(site.dir, site.addr);
	const front = () => startFront(name, site.dir,
		{ ...site, tls, edit: (text) => edit(secure(text), site) });
	site.responder = await by(site.dir, args, tcp);
	site.front = await front().catch(async (error) => {
		await site.responder.stop();
		throw error;
	});
	site.url = site.front.url;
	site.restartResponder = async (meanwhile = () => {}, signal) => {
		await site.responder.stop(signal);
		try {
			await meanwhile();
		} finally {
			site.responder = await startResponder(site.dir, args,
				tcp);
		}
	};
	site.restartFront = async (meanwhile = () => {}) => {
		await site.front.stop();
		try {
			await meanwhile();
		} finally {
			site.front = await front();
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
