// SPDX-License-Identifier: ISC
//
// What browsers do: they ask, read event streams, and come back.  And what no
// browser does.

import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { PATIENCE_MS } from './processes.mjs';

const EVENT_STREAM = 'text/event-stream';

// The tests' certificates are signed by nobody but themselves.
function send(url, { body, ...options } = {}) {
	const scheme = url.startsWith('https:') ? https : http;

	return new Promise((resolve, reject) => {
		const request = scheme.request(url,
			{ agent: false, rejectUnauthorized: false, ...options });
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

// A publication, and all that comes back.
export function post(site, name, options) {
	return ask(`${site.url}/publish?channel=${name}`,
		{ method: 'POST', body: 'x', ...options });
}

// What the responder says of itself.
export async function figuresOf(site, options) {
	const { body } = await ask(`${site.url}/status?format=json`, options);

	return JSON.parse(body);
}

// Whether there is any answer.
export const answers = (url) => ask(url).then(() => true, () => false);

// Bytes just as they are (latin1), and what comes back.
export function sendRaw(url, bytes, localAddress) {
	const { hostname: host, port } = new URL(url);
	const socket = net.connect({ host, port, localAddress });
	const it = { text: '', over: false, end: () => socket.end(),
		close: () => socket.destroy() };

	socket.setEncoding('latin1').on('data', (text) => { it.text += text; });
	socket.on('error', () => {}).on('close', () => { it.over = true; });
	socket.write(bytes, 'latin1');
	return it;
}

// Of what came back the first answer, as far as it is there.  The status is 0 of
// what has no head, as with HTTP/0.9.
export function readRaw({ text }) {
	const all = text.replace(/^HTTP\/1\.\d 100 [^]*?\r\n\r\n/, '');
	const [start, ...rest] = all.split('\r\n\r\n');
	const [line, ...fields] = start.split('\r\n');
	let body = rest.join('\r\n\r\n');

	if (!line.startsWith('HTTP/'))
		return { status: 0, fields: [], body: all };
	if (rest.length === 0)
		return { status: 0, fields: [], body: '' };
	if (/^transfer-encoding: chunked$/im.test(fields.join('\n')))
		body = unchunk(body);
	return { status: Number(line.split(' ')[1]), fields, body };
}

function unchunk(text) {
	let body = '';

	for (;;) {
		const [all, length] = /^([0-9a-f]+)\r\n/i.exec(text) ?? [];
		if (!(parseInt(length, 16) > 0))
			return body;
		const end = all.length + parseInt(length, 16);
		body += text.slice(all.length, end);
		text = text.slice(end + 2);
	}
}

// The event-stream text, in pieces as they come, to events; what the standard
// says, but for the byte order mark and lines that end in a lone CR, which
// nobody here writes.
function eventParser(stream) {
	let rest = '';
	let fields = {};

	const line = (text) => {
		if (text === '') {
			// Not before: what is cut has not come.
			stream.lastEventId = fields.id ?? stream.lastEventId;
			if (fields.event === 'position')
				stream.positions++;
			else if (fields.data !== undefined)
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
		else if (name === 'retry') {
			stream.retry = Number(value);
			stream.retries++;
		}
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
		events: [], comments: 0, positions: 0, retry: undefined, retries: 0,
		lastEventId: '',
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
// another type.  .events are those of all its connections; .opened of these had
// an answer, .unanswered none, and .cut broke.  waitsFor() is a promise before
// which it does not come back.
export function eventSource(url, { origin = 'http://app.example' } = {}) {
	const source = { events: [], opened: 0, unanswered: 0, cut: 0,
		failed: '', stream: null };
	let closed = false;
	let awaited = null;

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
		if (await stream.ended === 'cut')
			source.cut++;
		source.stream = null;
		state.lastEventId = stream.lastEventId || state.lastEventId;
		state.retry = stream.retry ?? state.retry;
	};
	source.done = (async () => {
		const state = { lastEventId: '', retry: 2000 };
		while (!closed && !source.failed) {
			await connect(state).catch(() => source.unanswered++);
			if (!closed && !source.failed)
				await Promise.all([sleep(state.retry), awaited]);
		}
	})();
	source.waitsFor = (promise) => { awaited = promise; };
	source.close = () => {
		closed = true;
		source.stream?.close();
		return source.done;
	};
	return source;
}
