// SPDX-License-Identifier: ISC
//
// What no browser sends, through the real servers with the shipped
// configurations: how much of it they let through, and what becomes of it then.
// Each row is one request, as bytes; each cell is what comes of it:
//
//	resume		the stream goes on where the request says
//	gap		the stream knows that it does not know where it was
//	live		no position was seen: what is published from now on
//	ours 400	the responder refuses it, and says why
//	later		the responder does not take it (NUL, over 65,535 bytes or 512
//			parameters), or HAProxy has no room for it: the front has
//			the browser come back
//	published	the event came whole
//	400		the front refuses it
//
// The cells are those of Debian 12.  Fronts become stricter: one that refuses by
// itself what no browser sends does no harm, whatever the cell says.  None may be
// looser, nor refuse what browsers do send.
//
// Whatever comes of it: none of its bytes come back, no header is there but those
// that are known, nothing is published but what is whole, and a stream that is
// open, all other requests and the responder do not notice.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ask, figuresOf, openStream, post, readRaw, sendRaw } from
	'./browsers.mjs';
import { until } from './processes.mjs';
import { ARGS, CHOSEN, LIMIT, start } from './sites.mjs';

// The requests.  <channel> holds the events 1 and 2, and <id> is that of 1.  Whatever
// must not come back is called evil.
const request = (target, fields = '', body = '', method = 'GET') =>
	`${method} ${target} HTTP/1.1\r\nHost: <host>\r\nConnection: close\r\n` +
	`${fields}\r\n${body}`;
const STREAM = '/events?channel=<channel>';
const GOOD = 'Last-Event-ID: <id>\r\n';
const long = (length) => 'evil'.repeat(length / 4);
const many = (n) => Array.from({ length: n }, (_, i) => `X-${i}: evil\r\n`)
	.join('');

// The position alone; the position and more; the query, the path, the method.
const id = (text) => request(STREAM, `Last-Event-ID: ${text}\r\n`);
const only = (fields) => request(STREAM, fields);
const also = (fields, body) => request(STREAM, GOOD + fields, body);
const query = (text) => request(`${STREAM}&last_event_id=<id>&${text}`);
const path = (text) => request(`${text}?channel=<channel>&last_event_id=<id>`);
const target = (text) => request(text, GOOD);
const method = (name) => request(STREAM, GOOD, '', name);
const line = (start, fields = '') => `${start}\r\n${GOOD}${fields}\r\n`;
const publish = (fields, body = 'evil') =>
	request('/publish?channel=<channel>', fields, body, 'POST');
const CHUNKED = 'Transfer-Encoding: chunked\r\n';
const CHUNK = '4\r\nevil\r\n0\r\n\r\n';

// What it is, the bytes, what comes of it, and where that is otherwise.
const ROWS = [
	// Positions.
	['a position', id('<id>'), 'resume'],
	['no position', only(''), 'live'],
	['an empty one', id(''), 'live'],
	['NUL', id('<id>\0evil'), 400, { haproxy: 'later' }],
	['a bare CR', id('<id>\revil: x'), 400],
	['a bare LF', id('<id>\nevil: x'), 'resume',
		{ apache: 400, lighttpd: 400 }],
	['a folded line', id('<id>\r\n evil'), 'gap',
		{ h2o: 'resume', nginx: 400 }],
	['a line that is folded first', id('\r\n <id>'), 'resume',
		{ h2o: 'live', lighttpd: 'gap', nginx: 400 }],
	['0x01', id('<id>\x01evil'), 400, { haproxy: 'gap', nginx: 'gap' }],
	['0x7f', id('<id>\x7fevil'), 400, { haproxy: 'gap', nginx: 'gap' }],
	['a tab within', id('<id>\tevil'), 'gap'],
	['tabs around', id('\t<id>\t'), 'resume', { h2o: 'gap', nginx: 'gap' }],
	['UTF-8', id('<id>evil\xc3\xbc'), 'gap'],
	['what is no UTF-8', id('<id>evil\xff\xfe'), 'gap'],
	['one below zero', id('-<id>'), 'gap'],
	['one of the future', id('9<id>'), 'gap'],
	['one over 64 bits', id('99999999999999999999-<id>'), 'gap'],
	['7,000 bytes', id(long(7000)), 'gap'],
	['15,000 bytes', id(long(15000)), 'gap',
		{ apache: 400, lighttpd: 431, nginx: 400 }],
	['60,000 bytes', id(long(60000)), 400,
		{ caddy: 'gap', h2o: 'gap', lighttpd: 431 }],
	['two', id('<id>\r\nLast-Event-ID: evil'), 'gap'],
	['two that are the same', id('<id>\r\nLast-Event-ID: <id>'), 'gap'],
	['one and an empty one', id('<id>\r\nLast-Event-ID:'), 'gap',
		{ lighttpd: 'resume' }],
	// Caddy does not take it any more as of Debian 13; of twins it took one
	// by chance.
	['a name with underscores', only('Last_Event_ID: <id>\r\n'), 'live',
		{ caddy: ['resume', 'live'], h2o: 'resume',
			lighttpd: 'resume' }],
	['its twin with underscores', id('<id>\r\nLast_Event_ID: evil'), 'resume',
		{ caddy: ['resume', 'gap'], h2o: 'gap', lighttpd: 'gap' }],
	['the name of the parameter', only('HTTP_LAST_EVENT_ID: <id>\r\n' +
		'HTTP-Last-Event-ID: <id>\r\n'), 'live'],
	['a blank before the colon', only('Last-Event-ID : <id>\r\n'), 400],
	['a position in a trailer', request(STREAM, CHUNKED, `0\r\n${GOOD}\r\n`),
		'live', { lighttpd: 400 }],
	['hop by hop', also('Connection: Last-Event-ID\r\n'), 'resume',
		{ caddy: 'live' }],

	// Queries.
	['%00 in a query', query('x=evil%00'), 'resume', { lighttpd: 400 }],
	['%0d%0a in a query', query('x=%0d%0aevil:%20x'), 'resume',
		{ lighttpd: 400 }],
	['%zz in a query', query('x=%zzevil'), 'resume'],
	['0x01 in a query', query('x=evil\x01'), 400],
	['0xff in a query', query('x=evil\xff'), 'resume',
		{ haproxy: 400, lighttpd: 400 }],
	['quotes in a query', query('x="<>\\^`{|}evil'), 'resume'],
	['a fragment', request(`${STREAM}&last_event_id=<id>#evil`), 'resume',
		{ apache: 400, caddy: 'gap', h2o: 'gap', haproxy: 400 }],
	['%0d%0a in a name', query('channel=%0d%0aevil'), 'ours 400',
		{ lighttpd: 400 }],
	['%7f in a name', query('channel=%7fevil'), 'ours 400'],
	['a name that is not UTF-8', query('channel=%ffevil'), 'ours 400'],
	['30 KB of query', query('x=' + long(30000)), 'resume',
		{ apache: 414, haproxy: 'later', lighttpd: 431, nginx: 414 }],
	['100 KB of query', query('x=' + long(100000)), 414,
		{ caddy: 'later', h2o: 503, haproxy: 400, lighttpd: 431 }],

	// Paths; doors.test.mjs has more of them.
	['%00 in a path', path('/events%00'), 404,
		{ caddy: 500, lighttpd: 400, nginx: 400 }],
	['NUL in a path', path('/events\0'), 400],
	['%0a in a path', path('/events%0a'), 404, { lighttpd: 400 }],
	['.. over the top', path('/x/../../events'), 'resume',
		{ apache: 400, haproxy: 404, nginx: 400 }],
	['slashes', path('//x//..//events'), 'resume',
		{ h2o: 404, haproxy: 404 }],

	// Other headers.
	['Proxy:', also('Proxy: http://evil/\r\n'), 'resume'],
	['110 headers', also(many(110)), 'resume',
		{ apache: 400, h2o: 400, haproxy: 400 }],
	['600 headers', also(many(600)), 400,
		{ caddy: 'later', lighttpd: 'later', nginx: 'later' }],
	['the names of our parameters', also('SSE_ROLE: publish\r\n' +
		'SSE-Role: status\r\nHTTP_SSE_ROLE: evil\r\n' +
		'SSE_CHANNEL: evil\r\nSSE-Channel: evil\r\n'), 'resume'],
	['a name with =', also('SSE_ROLE=publish: evil\r\n'), 400,
		{ nginx: 'resume' }],
	['a name with NUL', also('SSE_ROLE\0: evil\r\n'), 400],
	['no name', also(': evil\r\n'), 400, { caddy: 'resume' }],
	['no colon', also('evil\r\n'), 400, { nginx: 'resume' }],
	['what answers may have', also('X-Accel-Redirect: /status\r\n' +
		'X-Sendfile: /etc/passwd\r\nX-Reproxy-URL: http://evil/\r\n' +
		'X-Accel-Buffering: yes\r\nStatus: 500 evil\r\n'), 'resume'],
	['a range', also('Range: bytes=0-3\r\nIf-Range: "evil"\r\n'), 'resume'],
	['If-Match', also('If-Match: "evil"\r\n'), 'resume'],
	['If-None-Match', also('If-None-Match: *\r\n'), 'resume'],
	['an upgrade', also('Upgrade: evil\r\n'), 'resume'],

	// Bodies that a stream does not want.
	['a body', also('Content-Length: 4\r\n', 'evil'), 'resume',
		{ lighttpd: 400 }],
	['a body in chunks', also(CHUNKED, CHUNK), 'resume', { lighttpd: 400 }],
	['a length and chunks', also('Content-Length: 4\r\n' + CHUNKED,
		'0\r\n\r\n'), 'resume', { lighttpd: 400, nginx: 400 }],
	['two lengths', also('Content-Length: 4\r\nContent-Length: 5\r\n',
		'evil\n'), 400, { h2o: 'resume' }],
	['a length below zero', also('Content-Length: -1\r\n'), 400],
	['a length over 64 bits', also(`Content-Length: 1${'0'.repeat(30)}\r\n`),
		400],
	['a chunk over 64 bits', also(CHUNKED, '10000000000000004\r\nevil\r\n'),
		400, { apache: 413, caddy: 'later' }],
	['a coding that is none', also('Transfer-Encoding: evil\r\n'), 400,
		{ caddy: 501, lighttpd: 501, nginx: 501 }],

	// First lines.
	['a whole URL', target(`http://<host>${STREAM}`), 'resume', { h2o: 404 }],
	['the URL of another host', target(`http://evil.example${STREAM}`),
		'resume', { h2o: 404, haproxy: 400, lighttpd: 400 }],
	['no slash', target(STREAM.slice(1)), 400, { h2o: 'resume' }],
	['another host', line(`GET ${STREAM} HTTP/1.0`, 'Host: evil\r\n'),
		'resume'],
	['two hosts', also('Host: evil\r\n'), 400, { h2o: 'resume' }],
	['no host', line(`GET ${STREAM} HTTP/1.1`, 'Connection: close\r\n'), 400,
		{ h2o: 'resume', haproxy: 'resume' }],
	['HTTP/1.0', line(`GET ${STREAM} HTTP/1.0`), 'resume'],
	['HTTP/0.9', `GET ${STREAM}&last_event_id=<id>\r\n\r\n`, 'resume',
		{ caddy: 400, h2o: 400, haproxy: 400, lighttpd: 400 }],
	['HTTP/2.0', line(`GET ${STREAM} HTTP/2.0`, 'Host: <host>\r\n'), 505,
		{ apache: 'resume', h2o: 400, haproxy: 'resume' }],
	['a method in small letters', method('get'), 'ours 405',
		{ lighttpd: 501, nginx: 400 }],
	['a method that is none', method('EVIL'), 'ours 405', { lighttpd: 501 }],
	['a method with NUL', method('GET\0EVIL'), 400, { lighttpd: 501 }],
	['TRACE', method('TRACE'), 'ours 405', { apache: 405, nginx: 405 }],
	['CONNECT', method('CONNECT'), 'ours 405', { apache: 400, haproxy: 400,
		lighttpd: 405, nginx: 405 }],

	// Publications.
	['a type with NUL', publish('Content-Type: a\0evil\r\n' +
		'Content-Length: 4\r\n'), 400, { haproxy: 502 }],
	['a body of a length and chunks', publish('Content-Length: 9\r\n' + CHUNKED,
		CHUNK), 'published', { caddy: 'ours 400', lighttpd: 400,
		nginx: 400 }],
	['a body of two lengths', publish('Content-Length: 4\r\n' +
		'Content-Length: 5\r\n', 'evil\n'), 400, { h2o: 'published' }],
	['a body of a length below zero', publish('Content-Length: -1\r\n'), 400],
	['a body of a length with a sign', publish('Content-Length: +4\r\n'), 400],
	['a body of 2^64 + 4 bytes',
		publish('Content-Length: 18446744073709551620\r\n'), 400],
	['a chunk of 2^64 + 4 bytes',
		publish(CHUNKED, '10000000000000004\r\nevil\r\n0\r\n\r\n'), 400,
		{ apache: 413, caddy: 502 }],
	['a chunk of -4 bytes', publish(CHUNKED, '-4\r\nevil\r\n0\r\n\r\n'), 400,
		{ caddy: 502 }],
	['a chunk that is longer', publish(CHUNKED, '4\r\nevilevil\r\n0\r\n\r\n'),
		400, { caddy: 502 }],
	['chunks with bare LFs', publish(CHUNKED, '4\nevil\n0\n\n'), 'published',
		{ apache: 400, caddy: 502, lighttpd: 400 }],
	['chunks, but not at last', publish('Transfer-Encoding: chunked, identity' +
		'\r\n', CHUNK), 400, { caddy: 501, lighttpd: 501, nginx: 501 }],
	['bytes that are no UTF-8', publish('Content-Length: 4\r\n', '\xff\0\r\n'),
		'ours 400'],
];

// The rows that browsers do send, and how a front refuses the others.
const USUAL = ['a position', 'no position', 'an empty one'];
const REFUSALS = [400, 413, 414, 431, 501, 505];

// The headers that answers have.
const KNOWN = new Set(['accept-ranges', 'allow', 'cache-control', 'connection',
	'content-length', 'content-type', 'date', 'etag', 'last-modified',
	'server', 'transfer-encoding', 'x-accel-buffering',
	'access-control-allow-headers', 'access-control-allow-methods',
	'access-control-allow-origin', 'access-control-max-age']);

// The lines with which the responder refuses.
const OURS = /^(?:the query|a channel's name|this method|CONTENT_LENGTH|the body) is/;

// A stream's headers; HTTP/0.9 has none.
const isStream = ({ status, fields, body }) => status === 0 ?
	body.startsWith('retry:') : fields.join().includes('no-transform');

// What a stream with these events is.
const STREAMS = {
	'2,fresh': 'resume',
	'gap,unknown,1,2,fresh': 'gap',
	'fresh': 'live',
};

function nameOf({ status, fields, body }) {
	if (isStream({ status, fields, body })) {
		const events = [...body.matchAll(
			/^(?:event: |data: (?:\{.*"reason":")?)(\w+)/gm)];
		const all = events.map(([, word]) => word)
			.filter((word) => word !== 'position').join();
		return STREAMS[all] ?? all;
	}
	if (status === 200 && /^retry: \d+\n\n$/.test(body))
		return 'later';
	if (status === 200 && body.startsWith('{"id":'))
		return 'published';
	return OURS.test(body) ? `ours ${status}` : status;
}

// The answer, of a stream as far as an event that is published when it is open.
async function answerTo(site, channel, bytes) {
	const raw = sendRaw(site.url, bytes);
	const there = (test) =>
		until(() => raw.over || test(readRaw(raw)), 'an answer');

	try {
		await there(isStream);
		if (!raw.over) {
			await publishHere(site, channel, 'fresh');
			await there(({ body }) => body.includes('fresh\n'));
		}
		return readRaw(raw);
	} finally {
		raw.close();
	}
}

async function publishHere(site, channel, body) {
	const answer = await post(site, channel, { body });

	assert.equal(answer.status, 200, answer.body);
	site.wanted++;
	return JSON.parse(answer.body).id;
}

function checkSafe({ fields, body }, cell) {
	for (const field of fields)
		assert.ok(KNOWN.has(field.split(':')[0].toLowerCase()), field);
	assert.doesNotMatch(fields.join('\n'), /evil/i);
	if (typeof cell !== 'number')
		assert.doesNotMatch(body, /evil/i);
}

async function checkRow(site, what, bytes, expected) {
	const before = await figuresOf(site);
	const channel = `test.${before.events_published}`;

	site.wanted = 0;
	const first = await publishHere(site, channel, '1');
	await publishHere(site, channel, '2');
	const answer = await answerTo(site, channel, bytes
		.replaceAll('<host>', new URL(site.url).host)
		.replaceAll('<channel>', channel).replaceAll('<id>', first));
	const cell = nameOf(answer);
	assert.ok([expected].flat().includes(cell) ||
		REFUSALS.includes(cell) && !USUAL.includes(what),
	`${cell} instead of ${expected}`);
	checkSafe(answer, cell);
	if (cell === 'published') {
		site.wanted++;
		const stream = await openStream(
			`${site.url}/events?channel=${channel}&history=1`);
		assert.equal((await stream.next()).data, 'evil');
		stream.close();
	}
	await publishHere(site, 'all', what);
	assert.equal((await site.watcher.next()).data, what);
	const now = await figuresOf(site);
	assert.equal(now.pid, before.pid);
	assert.equal(now.events_published,
		before.events_published + site.wanted);
}

for (const name of CHOSEN)
	describe(`hostile requests to ${name}`, () => {
		let site;

		before(async () => {
			site = await start(name, { args: ARGS });
			site.watcher = await openStream(
				`${site.url}/events?channel=all`);
		});
		after(async () => {
			site?.watcher?.close();
			await site?.stop();
		});
		for (const [what, bytes, all, special = {}] of ROWS)
			it(what, LIMIT, () => checkRow(site, what, bytes,
				special[name] ?? all));

		it('an answer to HEAD has no body', LIMIT, async () => {
			const head = 'HEAD /publish HTTP/1.1\r\n' +
				'Host: x\r\n\r\n';
			const raw = sendRaw(site.url, head + head +
				request('/status').replace('<host>', 'x'));

			await until(() => raw.over, 'three answers');
			const starts = raw.text.split('\r\n\r\n').slice(0, 3);
			assert.deepEqual(starts.map((start) => start.slice(0, 12)),
				['405', '405', '200'].map((status) =>
					`HTTP/1.1 ${status}`));
			for (const path of ['events?channel=x%20', 'status?format=x'])
				assert.equal((await ask(`${site.url}/${path}`,
					{ method: 'HEAD' })).status, 400);
		});
	});
