// SPDX-License-Identifier: ISC
//
// Channels through the real servers with the shipped configurations: events
// in, events out, and who may do what.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { ask, figuresOf, openStream, post, sendRaw } from './browsers.mjs';
import { until } from './processes.mjs';
import { ARGS, CHOSEN, LIMIT, start } from './sites.mjs';

const MIB = 1048576;
const BATCH = { 'Content-Type': 'text/event-stream' };
const CHUNKED = { 'Transfer-Encoding': 'chunked' };
const CHUNKED_BATCH = { ...BATCH, ...CHUNKED };

// Where the fronts differ:
//   rescue      whether a browser that comes back too soon is told to come again
//   chunked     what a long body without its length gets, if it is not taken:
//               HAProxy takes what fits into a buffer; Caddy does not tell the
//               responder when such a body was cut, so that refuses each
//   forwards    whether the responder gets a body before all of it is there
//   long        what a long body gets where none is taken: most refuse it, or
//               leave that to the responder, which allows no POST there, and
//               at /admin none that closes nothing; Caddy
//               gives the page to whoever posts to it
//   otherPaths  what /sse is with a doubled slash and with a letter as %73: the
//               clock, or nothing
const REFUSED = { '/': 413, '/sse': 413, '/events': 413, '/status': 413,
	'/admin': 413 };
const FRONTS = {
	apache: {
		forwards: true,
		long: { ...REFUSED, '/sse': 405, '/events': 405,
			'/status': 405, '/admin': 400 },
	},
	caddy: {
		chunked: 400,
		forwards: true,
		long: { ...REFUSED, '/': 200 },
		otherPaths: { '//sse': 200, '/%73se': 200 },
	},
	h2o: {
		rescue: false,
		long: { '/': 405, '/sse': 405, '/events': 405, '/status': 405,
			'/admin': 400 },
		otherPaths: { '//sse': 404, '/%73se': 200 },
	},
	haproxy: {
		chunked: 400,
		otherPaths: { '//sse': 404, '/%73se': 404 },
	},
	lighttpd: {},
	nginx: {
		forwards: true,
	},
};

// Each check gets a site whose front and responder run, and the name of a
// channel that no other check has.
const CHECKS = {
	'an event is with its subscriber, and its publisher knows':
	async (site, name) => {
		const stream = await subscribe(site, name);

		assert.equal(stream.status, 200);
		for (let i = 0; i < 5; i++) {
			const answer = await publish(site, name, `${i}`);
			const event = await stream.next();

			assert.deepEqual(answer, { id: event.id, channel: name,
				streams: 1 });
			assert.equal(event.type, 'message');
			assert.equal(event.data, `${i}`);
		}
		stream.close();
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
			['', 'x', 400, /no channel/],
			[`${channel}&channel=other&end=1`, 'x', 400,
				/channel/],
			['channel=a%20b', 'x', 400, /a channel's name/],
			['channel=a%c2%85', 'x', 400, /malformed|a channel's name/],
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

	'only POST publishes, and DELETE ends': async (site, name) => {
		const url = `${site.url}/publish?channel=${name}`;

		for (const method of ['GET', 'PATCH']) {
			const { status, headers } = await ask(url, { method });
			assert.equal(status, 405);
			assert.match(headers.allow, /\bPOST\b/);
			assert.match(headers.allow, /\bDELETE\b/);
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

	// It is cut where the front has it, and the responder has its beginning,
	// if it is to have that; its end is over when the front has answered,
	// and the responder has nothing but the stream and who asks.
	'a body that was cut is not published':
	async (site, name, { forwards }) => {
		const stream = await subscribe(site, name);
		const { events_published: published } = await figuresOf(site);
		const head = `POST /publish?channel=${name} HTTP/1.1\r\n` +
			`Host: ${new URL(site.url).host}\r\n`;

		for (const rest of ['Content-Length: 9\r\n\r\ncut',
			'Transfer-Encoding: chunked\r\n\r\n3\r\ncut\r\n',
			'Transfer-Encoding: chunked\r\n\r\n9\r\ncut']) {
			let { connections_accepted: accepted } =
				await figuresOf(site);
			const cut = sendRaw(site.url, head + rest);
			if (forwards)
				await until(async () =>
					(await figuresOf(site)).connections_accepted >
					++accepted, 'its beginning');
			cut.end();
			await until(() => cut.over, 'its end');
			if (forwards)
				await until(async () => {
					const { connections, streams } =
						await figuresOf(site);
					return connections === streams + 1;
				}, 'its end in the responder');
			await publish(site, name, 'whole');
			assert.equal((await stream.next()).data, 'whole');
		}
		assert.equal((await figuresOf(site)).events_published,
			published + 3);
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
	async (site, name, { rescue = true }) => {
		const source = site.eventSource(`/events?channel=${name}`);
		const arrive = (n) =>
			until(() => source.events.length >= n, `${n} events`);

		await until(() => source.opened, 'a stream');
		await publish(site, name, 'before');
		await arrive(1);
		const restart = site.restartResponder();
		if (!rescue)
			source.waitsFor(restart);
		await restart;
		// lighttpd takes a second or two to see that it is back.
		await until(async () => (await post(site, name,
			{ body: 'after' })).status === 200, 'the responder');
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

	'a page publishes, and closes, if it is of this site': async (site, name) => {
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
			for (const path of [`/publish?channel=${name}`,
				`/admin?close=channel:${name}`]) {
				const answer = await ask(site.url + path,
					{ method: 'POST', headers, body: 'x' });
				assert.equal(answer.status, status,
					JSON.stringify(headers) + answer.body);
			}
		}
	},

	'pages of other origins learn nothing here': async (site, name) => {
		for (const path of [`/publish?channel=${name}`, '/status',
			'/admin?close=sub:x'])
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
			first: id, last: id, ended: null }]);
		await publish(site, name, 'while the page was made');
		const page = await subscribe(site, name,
			{ query: `&last_event_id=${figures.position}` });
		assert.equal((await page.next()).data,
			'while the page was made');
		page.close();
	},
};

function subscribe(site, name, { header, query = '' } = {}) {
	return openStream(`${site.url}/events?channel=${name}${query}`,
		{ headers: header ? { 'Last-Event-ID': header } : {} });
}

// What the responder answers to a publication that it takes.
async function publish(site, name, body, { query = '', headers } = {}) {
	const answer = await post(site, name + query, { body, headers });

	assert.equal(answer.status, 200, answer.body);
	assert.match(answer.headers['content-type'], /^application\/json\b/);
	return JSON.parse(answer.body);
}

for (const name of CHOSEN)
	describe(`channels behind ${name}`, () => {
		let site;
		let n = 0;

		before(async () => {
			site = await start(name, { args: ARGS });
		});
		after(() => site?.stop());
		for (const [what, check] of Object.entries(CHECKS))
			it(what, LIMIT, () => check(site, `test.${n++}`,
				FRONTS[name]));
	});
