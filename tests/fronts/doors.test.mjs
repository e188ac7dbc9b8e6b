// SPDX-License-Identifier: ISC
//
// The doors: /publish, /status, /admin and /readyz are closed to whoever is not on this
// machine, and /sse is the clock whatever is asked for.  Here they are written in all the
// ways in which a front could take one path for another.  Each cell is what comes
// of a way:
//
//	door	it is the path: open to this machine, 403 to others; of /sse: the
//		clock
//	404	it is another path to all, or none, and leads nowhere
//
// There is nothing between: what one part of a front takes for the path and another
// does not would be a way in.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { figuresOf, readRaw, sendRaw } from './browsers.mjs';
import { onlyItselfIsHere } from './edits.mjs';
import { until } from './processes.mjs';
import { ARGS, CHOSEN, LIMIT, start } from './sites.mjs';

const code = (name) => name.charCodeAt(0);
const percent = (n) => `%${n.toString(16)}`;

// The way to write the path of that name, what comes of it, and where that is
// otherwise.
const NOT_HAPROXY = { haproxy: 404 };
const NOT_CLEAN = { h2o: 404, haproxy: 404 };
const WAYS = [
	[(name) => `/${name}`, 'door'],
	[(name) => `/${name}?`, 'door'],

	// Slashes and dots before it.
	[(name) => `//${name}`, 'door', NOT_CLEAN],
	[(name) => `///${name}`, 'door', NOT_CLEAN],
	[(name) => `/./${name}`, 'door', NOT_HAPROXY],
	[(name) => `/%2e/${name}`, 'door', NOT_HAPROXY],
	[(name) => `/../${name}`, 'door', { apache: 400, haproxy: 404,
		nginx: 400 }],
	[(name) => `/sse/../${name}`, 'door', NOT_HAPROXY],
	[(name) => `/events/../${name}`, 'door', NOT_HAPROXY],
	[(name) => `/index.html/../${name}`, 'door', NOT_HAPROXY],
	[(name) => `/sse-down/../${name}`, 'door', NOT_HAPROXY],
	[(name) => `/${name}/../${name}`, 'door', NOT_HAPROXY],
	[(name) => `/sse/..//${name}`, 'door', NOT_CLEAN],
	[(name) => `/sse/%2e%2e/${name}`, 'door', NOT_HAPROXY],
	[(name) => `/sse/..%2f${name}`, 'door', { apache: 404, haproxy: 404 }],
	[(name) => `/sse%2f..%2f${name}`, 'door', { apache: 404, haproxy: 404 }],
	[(name) => `/%2f${name}`, 'door', { apache: 404, ...NOT_CLEAN }],
	[(name) => `/sse\\..\\${name}`, 404],
	[(name) => `/%5c${name}`, 404],
	[(name) => `/sse/..;/${name}`, 404],
	[(name) => `/sse/${name}`, 404],
	[(name) => `/sse-down/${name}`, 404],

	// Letters.
	[(name) => `/${percent(code(name))}${name.slice(1)}`, 'door', NOT_HAPROXY],
	[(name) => `/%25${code(name).toString(16)}${name.slice(1)}`, 404],
	[(name) => `/%u00${code(name).toString(16)}${name.slice(1)}`, 404,
		{ apache: 400, caddy: 400, nginx: 400 }],
	[(name) => `/%c1${percent(code(name) & 63 | 128)}${name.slice(1)}`, 404,
		{ lighttpd: 400 }],
	[(name) => `/${name.toUpperCase()}`, 404, { caddy: 'door' }],

	// What is behind it.
	[(name) => `/${name}/`, 404],
	[(name) => `/${name}/x`, 404],
	[(name) => `/${name}/x/..`, 404],
	[(name) => `/${name}%2f`, 404],
	[(name) => `/${name}%00`, 404, { caddy: 500, lighttpd: 400, nginx: 400 }],
	[(name) => `/${name}%00.html`, 404,
		{ caddy: 500, lighttpd: 400, nginx: 400 }],
	[(name) => `/${name}%0a`, 404, { lighttpd: 400 }],
	[(name) => `/${name}%0d`, 404, { lighttpd: 400 }],
	[(name) => `/${name}%09`, 404, { lighttpd: 400 }],
	[(name) => `/${name}%20`, 404, { caddy: 'door' }],
	[(name) => `/${name}.`, 404, { caddy: 'door' }],
	[(name) => `/${name};x`, 404],
	[(name) => `/${name}%3fx`, 404],
	[(name) => `/${name}%23x`, 404],

	// Whole URLs, and none.
	[(name, host) => `http://${host}/${name}`, 'door', { h2o: 404 }],
	[(name, host) => `https://${host}/${name}`, 'door', { h2o: 404 }],
	[(name, host) => `http://${host}//${name}`, 'door', NOT_CLEAN],
	[(name, host) => `http://${host}/sse/../${name}`, 'door', NOT_CLEAN],
	[(name) => `http://127.0.0.1/${name}`, 'door',
		{ h2o: 404, haproxy: 400, lighttpd: 400 }],
	// HAProxy 3 became stricter.
	[(name) => `http:///${name}`, 'door',
		{ h2o: 404, haproxy: ['door', 400], lighttpd: 400, nginx: 400 }],
	[(name) => `//127.0.0.1/${name}`, 404],
	[(name) => `unix:/x|fcgi://x/${name}`, 400, { caddy: 404, h2o: 404 }],
	[(name) => name, 400, { h2o: 'door' }],
];

// What else could make somebody a machine that he is not: a request's first line,
// what comes before that, and headers.
const CLAIMS = ['X-Forwarded-For', 'X-Real-IP', 'X-Client-IP', 'Client-IP',
	'True-Client-IP', 'X-Cluster-Client-IP', 'Remote-Addr', 'REMOTE_ADDR',
	'X-Forwarded-Host', 'X-Forwarded-Server'];
const OTHERWISE = {
	'who says that he is this machine': [({ addr }) => ({ fields:
		CLAIMS.map((name) => `${name}: ${addr}\r\n`).join('') +
		`Forwarded: for=${addr};by=${addr};host=${addr}\r\n` }), 'door'],
	'other paths in headers': [() => ({ fields: 'X-Original-URL: /sse\r\n' +
		'X-Rewrite-URL: /sse\r\nX-HTTP-Method-Override: GET\r\n' }), 'door'],
	'another host': [() => ({ host: 'Host: localhost\r\n' }), 'door'],
	'HTTP/1.0 without a host':
		[() => ({ host: '', version: '1.0' }), 'door'],
	'no host': [() => ({ host: '' }), 400, { h2o: 'door', haproxy: 'door' }],
	'the PROXY protocol': [({ addr }) => ({ before:
		`PROXY TCP4 ${addr} ${addr} 1111 3000\r\n` }), 400],
	'the PROXY protocol in binary': [({ addr }) => ({ before:
		'\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c' + String.fromCharCode(
		...addr.split('.'), ...addr.split('.')) + '\x04\x57\x0b\xb8' }), 400],
};

const METHODS = { publish: 'POST', status: 'GET', admin: 'POST', readyz: 'GET',
	sse: 'GET' };

// What the path of that name has if it is open.
const INSIDE = { publish: /^\{"id":/, status: /^# HELP ssefcgi_/,
	admin: /^\{"closed":0\}/, readyz: /^ready\n$/,
	sse: /^data: Message: 1 - the time is /m };

// The answer to whoever asks from that address, of a stream as far as its first
// event: its status, or 'open'.
async function answerTo(site, address, name, target, more = {}) {
	const { host } = new URL(site.url);
	const raw = sendRaw(site.url, (more.before ?? '') +
		`${METHODS[name]} ${target}${target.includes('?') ? '' : '?'}` +
		`&channel=door&history=9&close=channel:door HTTP/${more.version ?? '1.1'}\r\n` +
		(more.host ?? `Host: ${host}\r\n`) + 'Connection: close\r\n' +
		(more.fields ?? '') + 'Content-Length: ' +
		(name === 'publish' ? '4\r\n\r\nevil' : '0\r\n\r\n'), address);

	try {
		await until(() => raw.over ||
			/^data: /m.test(readRaw(raw).body), 'an answer');
		const { status, body } = readRaw(raw);
		return status === 200 && INSIDE[name].test(body) ? 'open' : status;
	} finally {
		raw.close();
	}
}

async function checkWay(site, allowed, targetOf, more) {
	const elsewhere = '127.0.0.1';
	const { host } = new URL(site.url);
	let published = await publishedAt(site);

	for (const name of Object.keys(METHODS)) {
		const answers = await Promise.all([elsewhere, site.addr].map(
			(address) => answerTo(site, address, name,
				targetOf(name, host), more)));
		const door = name === 'sse' ? ['open', 'open'] : [403, 'open'];
		const expected = [allowed].flat().map((each) =>
			each === 'door' ? door : [each, each]);
		assert.deepEqual(answers, expected.find((each) =>
			isDeepStrictEqual(answers, each)) ?? expected[0], name);
		published += name === 'publish' && answers[1] === 'open';
	}
	assert.equal(await publishedAt(site), published);
}

async function publishedAt(site) {
	return (await figuresOf(site, { localAddress: site.addr }))
		.events_published;
}

for (const front of CHOSEN)
	describe(`the doors of ${front}`, () => {
		let site;

		before(async () => {
			site = await start(front, { args: ARGS,
				edit: onlyItselfIsHere });
		});
		after(() => site?.stop());
		for (const [targetOf, all, special = {}] of WAYS)
			it(targetOf('publish', 'host'), LIMIT, () => checkWay(site,
				special[front] ?? all, targetOf));
		for (const [what, [moreOf, all, special = {}]] of
			Object.entries(OTHERWISE))
			it(what, LIMIT, () => checkWay(site, special[front] ?? all,
				(name) => `/${name}`, moreOf(site)));

		it('a request behind one whose end is not clear', LIMIT,
			async () => {
				const { host } = new URL(site.url);
				const inner = 'POST /publish?channel=door ' +
					`HTTP/1.1\r\nHost: ${host}\r\n` +
					'Connection: close\r\n' +
					'Content-Length: 4\r\n\r\nevil';
				const raw = sendRaw(site.url,
					'POST /events HTTP/1.1\r\n' +
					`Host: ${host}\r\nContent-Length: ` +
					`${inner.length + 5}\r\nTransfer-Encoding:` +
					` chunked\r\n\r\n0\r\n\r\n${inner}`,
					'127.0.0.1');

				await until(() => raw.over, 'the end');
				assert.doesNotMatch(raw.text, /^HTTP\S+ 200/m);
				await checkWay(site, 'door', (name) => `/${name}`);
			});
	});
