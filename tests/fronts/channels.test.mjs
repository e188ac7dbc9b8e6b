// SPDX-License-Identifier: ISC
//
// Channels through the real servers with the shipped configurations: events
// in, events out, and who may do what; also the ways that stand in those files
// as comments.  FRONTS in the environment chooses some of the fronts.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { CHOSEN, ask, openStream, start, until } from './harness.mjs';

const LIMIT = { timeout: 60000 };
const ARGS = ['--interval', '0.2', '--heartbeat', '1', '--retry', '100'];
const MIB = 1048576;
const BATCH = { 'Content-Type': 'text/event-stream' };
const CHUNKED = { 'Transfer-Encoding': 'chunked' };
const CHUNKED_BATCH = { ...BATCH, ...CHUNKED };

// Where the fronts differ:
//   chunked     what a long body without its length gets, if it is not taken:
//               HAProxy takes what fits into a buffer; Caddy does not tell the
//               responder when such a body was cut, so that refuses each
//   long        what a long body gets where none is taken: most refuse it, or
//               leave that to the responder, which allows no POST there; Caddy
//               gives the page to whoever posts to it
//   otherPaths  what /sse is with a doubled slash and with a letter as %73: the
//               clock, or nothing
//   all, one    how "this machine alone" is said, and one address
//   deny        the line or lines that say it for /publish
//   basic       makes /publish ask for a name and a password
//   htpasswd    the file for that, where it is not the usual one
//   secret      the lines that make it ask for a secret
//   byPath      how a path is made one channel
//   asks        the line that has an application asked, if there is one
const HTPASSWD = 'me:$apr1$lAAkuVL4$Qw4DfufF2U1jtLcGSAJYl1\n';
const HTPASSWD_SHA = 'me:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n';
const BCRYPT = '$2y$05$6Jg9XVgmTTCuuIeNP5CjXON81nhJ/4xywTLEadL4QG8n11i7cGINa';
const SHA512 = '$6$saltsalt$TVLlQcbpFVof5W3Yz4DTP6gRstiNuHwwTt6GLc1E5n0U0aD' +
	'ehy0S5knV8wiOQSpT0Y77vwPZN.Pq.H91p5hVO1';	// all of "secret"
const REFUSED = { '/': 413, '/sse': 413, '/events': 413, '/status': 413 };
const FRONTS = {
	apache: {
		long: { ...REFUSED, '/sse': 405, '/events': 405,
			'/status': 405 },
		all: 'Require ip 127.0.0.0/8 ::1',
		one: (address) => `Require ip ${address} ::1`,
		deny: 'Require ip 127.0.0.0/8 ::1\n',
		basic: (text) => {
			const [streams, calls] = text.split('# (4) Events in.');
			return uncomment(streams, 'LoadModule auth') +
				'# ' + uncomment(calls, 'Auth',
				'Require valid-user');
		},
		secret: ['Require expr'],
		byPath: (text) => uncomment(text, 'LoadModule setenvif',
			'SetEnvIf').replaceAll(/"\^\/\(sse\|events(?=[|)])/g,
			'"^/(sse|events|events/[A-Za-z0-9._:-]+'),
	},
	caddy: {
		chunked: 400,
		long: { ...REFUSED, '/': 200 },
		otherPaths: { '//sse': 200, '/%73se': 200 },
		all: 'remote_ip 127.0.0.0/8 ::1',
		one: (address) => `remote_ip ${address} ::1`,
		deny: /\t+@elsewhere.*\n\t+respond @elsewhere 403\n/,
		basic: (text) => uncomment(text, 'basicauth {').replace(
			/\$2a\$14\$x+/, () => BCRYPT),
		secret: ['@stranger', 'respond @stranger'],
		byPath: (text) => uncomment(text, '@channel', 'handle @channel'),
		asks: ['forward_auth'],
	},
	h2o: {
		htpasswd: HTPASSWD_SHA,
		long: { '/': 405, '/sse': 405, '/events': 405, '/status': 405 },
		otherPaths: { '//sse': 404, '/%73se': 200 },
		all: '/\\A(127\\.|::1\\z)/',
		one: (address) => `/\\A${address.replaceAll('.', '\\.')}\\z/`,
		deny: /deny \{ addr.*\n/,
		basic: (text) => text.replace(
			/(^ *"\/publish":\n).*?\n\n((?: {8}#.*\n)+)(?= *setenv)/ms,
			(all, head, lines) => head + lines.replaceAll(
				/^ {8}#(?! )/gm, ' '.repeat(8)).replaceAll(
				/^ {8}#  /gm, ' '.repeat(10))),
		secret: ['deny { header'],
		byPath: (text) => text.replace(
			/^ {6}#"\/events\/news":\n(?: {6}#.*\n)+/m,
			(lines) => lines.replaceAll(/^ {6}#/gm, '      ')),
	},
	haproxy: {
		chunked: 400,
		otherPaths: { '//sse': 404, '/%73se': 404 },
		all: '{ src 127.0.0.0/8 ::1 }\n',
		one: (address) => `{ src ${address} ::1 }\n`,
		deny: /\thttp-request deny unless \{ src .*\n/,
		basic: (text) => uncomment(text, 'userlist publishers',
			'	user me', 'http-request deny unless {',
			'http-request auth if { path /publish }')
			.replace('$6$xxxxxxxx', () => SHA512),
		secret: ['http-request deny unless {',
			'http-request deny if { path /publish }'],
		byPath: (text) => uncomment(text, 'set-param SSE_CHANNEL',
			'acl is_stream'),
	},
	lighttpd: {
		all: '$HTTP["remoteip"] != "127.0.0.0/8" {',
		one: (address) => `$HTTP["remoteip"] != "${address}" {`,
		deny: /\t\$HTTP\["remoteip"\] != "127(?:.*\n){5}/,
		basic: (text) => uncomment(text, 'auth.backend',
			'auth.require').replace('"mod_access"',
			'"mod_access", "mod_auth", "mod_authn_file"'),
		secret: ['$REQUEST_HEADER["Authorization"]'],
		byPath: (text) => uncomment(text,
			'$HTTP["url"] == "/events/news"').replaceAll(
			'"^/(sse|events', '"^/(sse|events|events/news'),
	},
	nginx: {
		all: 'allow 127.0.0.0/8;',
		one: (address) => `allow ${address};`,
		deny: /\t+allow 127.*\n\t+allow ::1;\n\t+deny all;\n/,
		basic: (text) => uncomment(text, 'auth_basic'),
		secret: ['if ($http_authorization'],
		byPath: (text) => uncomment(text, '~^/events/').replace(
			/\t+(location ~ \^\/\(sse\|events\)\$ \{)\n(\t+)#(.*)/,
			'$2$3'),
		asks: ['auth_request', 'location = /may-read {'],
	},
};

// Each check gets a site whose front and responder run, and the name of a
// channel that no other check has.
const CHECKS = {
	'an event is with its subscriber at once': async (site, name) => {
		const stream = await subscribe(site, name);
		let best = Infinity;

		assert.equal(stream.status, 200);
		for (let i = 0; i < 5; i++) {
			const from = performance.now();
			const answer = await publish(site, name, `${i}`);
			const event = await stream.next();

			assert.deepEqual(answer, { id: event.id, channel: name,
				streams: 1 });
			assert.equal(event.type, 'message');
			assert.equal(event.data, `${i}`);
			best = Math.min(best, event.at - from);
		}
		stream.close();
		assert.ok(best < 100, `${best} ms`);
	},

	'what is published arrives as it was': async (site, name) => {
		const stream = await subscribe(site, name);
		const data = 'naïve ✓\n\n data: "%20"';

		await publish(site, name, data,
			{ query: '&event=a%20b%C3%BC' });
		const event = await stream.next();
		stream.close();
		assert.equal(event.type, 'a bü');
		assert.equal(event.data, data);
	},

	'a batch arrives in its order, each with its type':
	async (site, name) => {
		const stream = await subscribe(site, name);
		const body = ': a comment\ndata: 1\n\n' +
			'event: second\ndata: 2\ndata: two\n\n' +
			'data: 3\n\n';
		const answer = await publish(site, name, body,
			{ headers: BATCH, query: '&event=other' });
		const events = [await stream.next(), await stream.next(),
			await stream.next()];

		stream.close();
		assert.equal(answer.events, 3);
		assert.equal(answer.id, events[2].id);
		assert.deepEqual(events.map(({ type, data }) => [type, data]), [
			['other', '1'], ['second', '2\ntwo'], ['other', '3'],
		]);
	},

	'several channels come in one stream': async (site, name) => {
		const stream = await openStream(site.url +
			`/events?channel=${name}.a&channel=${name}.b`);

		await publish(site, `${name}.a`, '1');
		await publish(site, `${name}.c`, 'of another channel');
		await publish(site, `${name}.b`, '2');
		assert.equal((await stream.next()).data, '1');
		assert.equal((await stream.next()).data, '2');
		stream.close();
	},

	'what is refused comes back with its line': async (site, name) => {
		const stream = await subscribe(site, name);
		const channel = `channel=${name}`;
		const refused = [
			['', 'x', 400, /one channel/],
			[`${channel}&channel=other`, 'x', 400, /one channel/],
			['channel=a%20b', 'x', 400, /a channel's name/],
			['channel=%zz', 'x', 400, /malformed|a channel's name/],
			['channel=clock', 'x', 400, /clock/],
			[`${channel}&event=gap`, 'x', 400, /gap/],
			[channel, Buffer.from([0xff]), 400, /UTF-8/],
			[channel, 'x'.repeat(32769), 413, /--max-event/],
			[channel, 'id: 1\ndata: x\n\n', 400, /id/, BATCH],
			[channel, 'data: x\n\ndata: y\n', 400, /./, BATCH],
			[channel, '', 400, /no event/, BATCH],
		];

		for (const [query, body, status, line, headers] of refused) {
			const answer = await ask(`${site.url}/publish?${query}`,
				{ method: 'POST', headers, body });
			const what = `${query}: ${answer.body}`;

			assert.equal(answer.status, status, what);
			assert.match(answer.headers['content-type'],
				/^text\/plain\b/);
			assert.match(answer.body, /^[^\n]+\n$/, what);
			assert.match(answer.body, line, what);
		}
		await publish(site, name, 'the first that is good');
		const event = await stream.next();
		stream.close();
		assert.equal(event.data, 'the first that is good');
	},

	'only POST publishes': async (site, name) => {
		const url = `${site.url}/publish?channel=${name}`;

		for (const method of ['GET', 'PUT', 'DELETE']) {
			const { status, headers } = await ask(url, { method });
			assert.equal(status, 405);
			assert.match(headers.allow, /\bPOST\b/);
		}
	},

	'a body may be as long as --max-body':
	async (site, name, { chunked = 413 }) => {
		const stream = await subscribe(site, name);
		const body = 'data: x\n\n';
		const comment = ':'.padEnd(MIB - body.length - 1, 'x') + '\n';
		const whole = body + comment;

		assert.equal((await publish(site, name, whole,
			{ headers: BATCH })).events, 1);
		for (const [headers, refused] of [[BATCH, 413],
			[CHUNKED_BATCH, chunked]]) {
			// Whoever refuses need not read on.
			const status = await post(site, name,
				{ headers, body: ':' + whole }).then(
				({ status }) => status, ({ code }) => code);
			assert.ok([refused, 'EPIPE', 'ECONNRESET']
				.includes(status), status);
		}
		await publish(site, name, 'y');
		assert.equal((await stream.next()).data, 'x');
		assert.equal((await stream.next()).data, 'y');
		stream.close();
	},

	'300 KB of events arrive whole, of a chunked body too':
	async (site, name, { chunked }) => {
		const stream = await subscribe(site, name);
		const datas = Array.from({ length: 10 }, (_, i) =>
			`${i}`.repeat(30000));
		const body = datas.map((data) => `data: ${data}\n\n`).join('');

		for (const headers of [BATCH, CHUNKED_BATCH]) {
			if (headers === CHUNKED_BATCH && chunked) {
				const { status } = await post(site, name,
					{ headers, body });
				assert.equal(status, chunked);
				continue;
			}
			const answer = await publish(site, name, body,
				{ headers });
			assert.equal(answer.events, 10);
			for (const data of datas)
				assert.equal((await stream.next()).data, data);
		}
		stream.close();
	},

	'a body that was cut is not published': async (site, name) => {
		const stream = await subscribe(site, name);
		const { hostname, port } = new URL(site.url);
		const head = `POST /publish?channel=${name} HTTP/1.1\r\n` +
			`Host: ${hostname}:${port}\r\n`;

		for (const rest of ['Content-Length: 9\r\n\r\ncut',
			'Transfer-Encoding: chunked\r\n\r\n3\r\ncut\r\n',
			'Transfer-Encoding: chunked\r\n\r\n9\r\ncut']) {
			const socket = net.connect(port, hostname);
			socket.on('error', () => {});
			await new Promise((resolve) =>
				socket.write(head + rest, resolve));
			await sleep(50);	// so that it begins its way
			socket.destroy();
		}
		await sleep(100);
		await publish(site, name, 'whole');
		assert.equal((await stream.next()).data, 'whole');
		stream.close();
	},

	'no other path takes a long body':
	async (site, name, { long = REFUSED }) => {
		for (const [path, expected] of Object.entries(long)) {
			const { status } = await ask(site.url + path,
				{ method: 'POST', body: 'x'.repeat(9000) });
			assert.equal(status, expected, path);
		}
	},

	'a browser goes on where it was, by header or query':
	async (site, name) => {
		const ids = [];

		for (const data of ['1', '2', '3'])
			ids.push((await publish(site, name, data)).id);
		const cases = [
			[{ header: ids[0] }, ['2', '3']],
			[{ query: `&last_event_id=${ids[1]}` }, ['3']],
			[{ query: `&lastEventId=${ids[1]}` }, ['3']],
			[{ header: ids[1], query: `&last_event_id=${ids[0]}` },
				['3']],
			[{ query: '&history=2' }, ['2', '3']],
			[{ query: '&history=9' }, ['1', '2', '3']],
		];
		for (const [where, expected] of cases) {
			const stream = await subscribe(site, name, where);

			for (const data of expected)
				assert.equal((await stream.next()).data, data);
			stream.close();
		}
	},

	'a stream has a position before its first event':
	async (site, name) => {
		const stream = await subscribe(site, name);

		await until(() => stream.lastEventId, 'an id');
		stream.close();
		await publish(site, name, 'in between');
		const next = await subscribe(site, name,
			{ header: stream.lastEventId });
		assert.equal((await next.next()).data, 'in between');
		next.close();
	},

	'a position that nobody gave begins with a gap':
	async (site, name) => {
		await publish(site, name, 'held');
		const stream = await subscribe(site, name, { header: 'x-1' });
		const gap = await stream.next();

		assert.equal(gap.type, 'gap');
		assert.deepEqual(JSON.parse(gap.data), { channel: null,
			from: null, to: gap.id, reason: 'unknown' });
		assert.equal((await stream.next()).data, 'held');
		stream.close();
	},

	'a restart is a gap to browsers, who lose nothing after it':
	async (site, name) => {
		const source = site.eventSource(`/events?channel=${name}`);
		const arrive = (n) =>
			until(() => source.events.length >= n, `${n} events`);

		await until(() => source.opened, 'a stream');
		await publish(site, name, 'before');
		await arrive(1);
		await site.restartResponder();
		await publish(site, name, 'after');
		await arrive(3);
		await publish(site, name, 'later');
		await arrive(4);
		await source.close();
		assert.equal(source.failed, '');
		assert.deepEqual(source.events.map(({ type, data }) =>
			type === 'gap' ? JSON.parse(data).reason : data),
		['before', 'restart', 'after', 'later']);
	},

	'a responder that is down is an error to all but streams':
	async (site, name) => {
		const url = `${site.url}/publish?channel=${name}`;

		await site.restartResponder(async () => {
			for (const options of [{ method: 'POST', body: 'x' },
				{ method: 'GET' }]) {
				const { status } = await ask(url, options);
				assert.ok([502, 503].includes(status), status);
			}
			const { status } = await ask(site.url + '/status');
			assert.ok([502, 503].includes(status), status);
		});
		// lighttpd takes a second or two to see that it is back.
		await until(async () => (await post(site, name)).status === 200,
			'the responder to be found');
	},

	'no browser can set a role or a channel': async (site, name) => {
		const headers = {
			'SSE-Role': 'publish', 'SSE-Channel': `${name}.b`,
			'SSE_ROLE': 'publish', 'SSE_CHANNEL': `${name}.b`,
		};
		const query = `?channel=${name}.a&SSE_ROLE=publish` +
			`&SSE_CHANNEL=${name}.b`;

		for (const path of ['/events', '/sse']) {
			const { status } = await ask(site.url + path + query,
				{ method: 'POST', body: 'x', headers });
			assert.equal(status, 405);
		}
		for (const role of ['stream', 'status']) {
			const { status } = await ask(site.url + '/publish' +
				query, { headers: { 'SSE-Role': role } });
			assert.equal(status, 405);
		}
		const stream = await openStream(site.url + '/events' + query,
			{ headers });
		await publish(site, `${name}.b`, 'not this');
		await publish(site, `${name}.a`, 'this');
		assert.equal((await stream.next()).data, 'this');
		stream.close();
	},

	'/sse is the clock whatever is asked for':
	async (site, name, { otherPaths }) => {
		await publish(site, name, 'not this');
		const paths = { '/sse': 200, '//sse': 200, '/%73se': 200,
			...otherPaths };
		for (const [path, status] of Object.entries(paths)) {
			const stream = await openStream(site.url + path +
				`?channel=${name}&history=1`);
			assert.equal(stream.status, status, path);
			if (status !== 200) {
				stream.close();
				continue;
			}
			const { data } = await stream.next();
			stream.close();
			assert.match(data, /^Message: 1 - the time is /);
		}
	},

	'a page publishes if it is of this site': async (site, name) => {
		const { host, hostname } = new URL(site.url);
		const pages = [
			[200, { Origin: `http://${host}` }],
			[200, { Origin: `http://${host}`,
				'Sec-Fetch-Site': 'same-origin' }],
			[200, { 'Sec-Fetch-Site': 'none' }],
			[403, { Origin: 'http://app.example' }],
			[403, { Origin: 'null' }],
			[403, { Origin: `http://${hostname}` }],
			[403, { Origin: `http://${hostname}:3001` }],
			[403, { 'Sec-Fetch-Site': 'cross-site' }],
			[403, { Origin: `http://${host}`,
				'Sec-Fetch-Site': 'same-site' }],
		];

		for (const [status, headers] of pages) {
			const answer = await ask(
				`${site.url}/publish?channel=${name}`,
				{ method: 'POST', headers, body: 'x' });
			assert.equal(answer.status, status,
				JSON.stringify(headers) + answer.body);
		}
	},

	'pages of other origins learn nothing here': async (site, name) => {
		for (const path of [`/publish?channel=${name}`, '/status'])
			for (const method of ['OPTIONS', 'POST', 'GET']) {
				const { headers } = await ask(site.url + path, {
					method, body: 'x', headers:
					{ Origin: 'https://app.example' } });
				assert.doesNotMatch(Object.keys(headers).join(),
					/access-control-/);
			}
	},

	'Prometheus can read the figures': async (site) => {
		const { status, headers, body } =
			await ask(site.url + '/status');

		assert.equal(status, 200);
		assert.match(headers['content-type'],
			/^text\/plain; version=0\.0\.4\b/);
		assert.equal(headers['cache-control'], 'no-store');
		assert.equal(execFileSync('promtool', ['check', 'metrics'],
			{ input: body, encoding: 'utf8' }), '');
		for (const line of body.trim().split('\n'))
			assert.match(line, /^# |^\w+\{.*\bpid="\d+".*\} \S+$/);
	},

	'a page can read the figures, and go on from there': async (site, name) => {
		const stream = await subscribe(site, name);
		const { id } = await publish(site, name, 'x');
		const { headers, body } = await ask(site.url +
			`/status?format=json&channel=${name}`);

		stream.close();
		assert.match(headers['content-type'], /^application\/json\b/);
		const figures = JSON.parse(body);
		assert.deepEqual(figures.channels, [{ name, streams: 1, held: 1,
			first: id, last: id }]);
		await publish(site, name, 'while the page was made');
		const page = await subscribe(site, name,
			{ query: `&last_event_id=${figures.position}` });
		assert.equal((await page.next()).data,
			'while the page was made');
		page.close();
	},
};

// The ways that are comments in the shipped files, and the one that no test on
// loopback could see: edit gives the configuration's text, check looks.
const SECRET = 'Bearer 0123456789abcdef';
const VARIANTS = {
	// The tests' own addresses all are in 127.0.0.0/8, so that is made to
	// be one address; all but that is as it was shipped.
	'from elsewhere nobody publishes or reads figures': {
		edit: (text, { all, one }, site) => {
			assert.ok(text.includes(all));
			return text.replaceAll(all, one(site.addr));
		},
		check: async (site) => {
			const from = async (localAddress, path, method) =>
				(await ask(site.url + path, { localAddress,
					headers: { 'X-Forwarded-For': site.addr },
					method, body: method && 'x' })).status;
			const both = async (...request) => [
				await from(site.addr, ...request),
				await from('127.0.0.1', ...request)];

			assert.deepEqual(await both('/publish?channel=a',
				'POST'), [200, 403]);
			assert.deepEqual(await both('/status'), [200, 403]);
			assert.deepEqual(await both('/status?format=json'),
				[200, 403]);
			assert.deepEqual(await both('/events', 'HEAD'),
				[200, 200]);
		},
	},

	'a name and its password open /publish': {
		edit: (text, { deny, basic, htpasswd = HTPASSWD }, site) => {
			const file = join(site.dir, 'htpasswd');

			writeFileSync(file, htpasswd, { mode: 0o644 });
			return basic(without(text, deny)).replaceAll(
				/"\/etc\/.*\.htpasswd"/g, `"${file}"`);
		},
		check: async (site) => {
			const as = async (auth) =>
				(await post(site, 'a', { auth })).status;

			assert.equal(await as('me:secret'), 200);
			assert.equal(await as('me:Secret'), 401);
			assert.equal(await as('you:secret'), 401);
			assert.equal((await post(site, 'a')).status, 401);
			assert.equal((await ask(site.url + '/status')).status,
				200);
		},
	},

	'a secret opens /publish': {
		edit: (text, { deny, secret }) =>
			uncomment(without(text, deny), ...secret),
		check: async (site) => {
			const as = async (Authorization) => (await post(site,
				'a', { headers: { Authorization } })).status;

			assert.equal(await as(SECRET), 200);
			assert.equal(await as(SECRET.toUpperCase()), 403);
			assert.equal(await as(`${SECRET} x`), 403);
			assert.equal((await post(site, 'a')).status, 403);
		},
	},

	'a path is one channel, whatever the query says': {
		edit: (text, { byPath }) => byPath(text),
		check: async (site) => {
			const stream = await openStream(site.url +
				'/events/news?channel=other&SSE_CHANNEL=other');
			await post(site, 'other');
			await post(site, 'news', { body: 'news' });
			assert.equal((await stream.next()).data, 'news');
			stream.close();
			const clock = await openStream(site.url + '/sse');
			assert.match((await clock.next()).data, /^Message: 1 /);
			clock.close();
			const byQuery = await openStream(site.url +
				'/events?channel=other&history=1');
			assert.equal((await byQuery.next()).data, 'x');
			byQuery.close();
			for (const path of ['/events/', '/events/a/b',
				'/events/a%20b'])
				assert.equal((await ask(site.url + path))
					.status, 404, path);
		},
	},

	'an application says who may read': {
		needs: 'asks',
		edit: (text, { byPath, asks }, site) =>
			uncomment(byPath(text), ...asks)
				.replace('127.0.0.1:8080', `${site.addr}:8080`),
		check: async (site) => {
			const app = http.createServer((request, response) => {
				const { cookie, ...headers } = request.headers;
				const channel = headers['x-channel'] ??
					/^\/events\/([^?]*)/.exec(
						headers['x-forwarded-uri'])[1];
				const may = cookie === `may=${channel}`;
				response.writeHead(may ? 200 : 403).end();
			});
			const as = (Cookie, path) => openStream(site.url + path,
				{ headers: { Cookie } });

			const down = await as('may=news', '/events/news');
			assert.equal(down.status, 200);
			assert.equal(await down.ended, 'end');
			assert.ok(down.retry >= 2000);
			app.listen(8080, site.addr);
			await new Promise((resolve) =>
				app.once('listening', resolve));
			const refused = await as('may=other', '/events/news');
			assert.equal(refused.status, 403);
			const stream = await as('may=news',
				'/events/news?channel=other');
			await post(site, 'other');
			await post(site, 'news', { body: 'news' });
			assert.equal((await stream.next()).data, 'news');
			stream.close();
			app.closeAllConnections();
			app.close();
		},
	},
};

// The text without what says "this machine alone" for /publish, which is the
// first that does.
function without(text, deny) {
	const rest = text.replace(deny, '');

	assert.notEqual(rest, text);
	return rest;
}

// The text with the lines that begin so no comments any more, nor what they
// open.
function uncomment(text, ...beginnings) {
	const lines = text.split('\n');

	for (const beginning of beginnings) {
		const firsts = lines.flatMap((line, i) => line.trimStart()
			.startsWith('#' + beginning) ? [i] : []);
		assert.ok(firsts.length > 0, beginning);
		for (const first of firsts) {
			const last = /[{(]$/.test(lines[first]) ?
				lines.findIndex((line, i) => i > first &&
				/^\t*#[^\t]/.test(line)) : first;
			for (let i = first; i <= last; i++)
				lines[i] = lines[i].replace('#', '');
		}
	}
	return lines.join('\n');
}

function subscribe(site, name, { header, query = '' } = {}) {
	return openStream(`${site.url}/events?channel=${name}${query}`,
		{ headers: header ? { 'Last-Event-ID': header } : {} });
}

function post(site, name, options) {
	return ask(`${site.url}/publish?channel=${name}`,
		{ method: 'POST', body: 'x', ...options });
}

// What the responder answers to a publication that it takes.
async function publish(site, name, body, { query = '', headers } = {}) {
	const answer = await post(site, name + query, { body, headers });

	assert.equal(answer.status, 200, answer.body);
	assert.match(answer.headers['content-type'], /^application\/json\b/);
	return JSON.parse(answer.body);
}

for (const name of CHOSEN) {
	const special = FRONTS[name];

	describe(`channels behind ${name}`, () => {
		let site;
		let n = 0;

		before(async () => {
			site = await start(name, { args: ARGS });
		});
		after(() => site?.stop());
		for (const [what, check] of Object.entries(CHECKS))
			it(what, LIMIT, () => check(site, `test.${n++}`, special));
	});

	describe(`${name}, configured otherwise`, () => {
		for (const [what, { edit, check, needs }] of
			Object.entries(VARIANTS)) {
			const cannot = needs && !special[needs] &&
				`${name} cannot`;
			it(what, { ...LIMIT, skip: cannot }, async () => {
				const site = await start(name, { args: ARGS,
					edit: (text, site) =>
						edit(text, special, site) });
				try {
					await check(site);
				} finally {
					await site.stop();
				}
			});
		}
	});
}
