// SPDX-License-Identifier: ISC
//
// What a person does to the shipped configurations: takes lines out, takes out
// the signs that make comments of others, and says another address.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';

// The text with something else, which must be there.
export function replaced(text, what, by) {
	const other = text.replace(what, by);

	assert.notEqual(other, text, String(what));
	return other;
}

// The text without the first of what is given.
export function without(text, what) {
	return replaced(text, what, '');
}

// The text with the lines that begin so no comments any more, nor what they
// open.
export function uncomment(text, ...beginnings) {
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

// TLS, and HTTP/2 with it, where the shipped files have it as comments, with
// the certificate sse-fcgi.pem in dir and its key beside it.
export const TLS = {
	lighttpd: (text, dir) => certificate(dir, uncomment(text,
		'server.modules += ( "mod_openssl" )', 'ssl.')),
	nginx: (text, dir) => certificate(dir, uncomment(
		without(http2(text), /\t+listen \S+ backlog=4096;\n/),
		'listen', 'ssl_')),
};

// The form that this nginx takes: as of 1.25.1 a line of its own.
function http2(text) {
	const { stderr } = spawnSync('nginx', ['-v'], { encoding: 'utf8' });
	const [, major, minor, patch] = /(\d+)\.(\d+)\.(\d+)/.exec(stderr)
		.map(Number);

	return major * 1e6 + minor * 1e3 + patch >= 1025001 ?
		uncomment(without(text, /\t+#listen \S+ ssl http2 .*\n/),
			'http2') :
		without(text, /\t+#listen \S+ ssl backlog.*\n\t+#http2 .*\n/);
}

function certificate(dir, text) {
	return text.replaceAll(/"\/etc\/ssl\/\w+(?=\/sse-fcgi\.)/g, `"${dir}`);
}

// How each front says "this machine alone", and how it would say one address.
const HERE = {
	apache: ['Require ip 127.0.0.0/8 ::1',
		(address) => `Require ip ${address} ::1`],
	caddy: ['remote_ip 127.0.0.0/8 ::1',
		(address) => `remote_ip ${address} ::1`],
	h2o: ['/\\A(127\\.|::1\\z)/', (address) =>
		`/\\A${address.replaceAll('.', '\\.')}\\z/`],
	haproxy: ['{ src 127.0.0.0/8 ::1 }\n',
		(address) => `{ src ${address} ::1 }\n`],
	lighttpd: ['$HTTP["remoteip"] != "127.0.0.0/8" {',
		(address) => `$HTTP["remoteip"] != "${address}" {`],
	nginx: ['allow 127.0.0.0/8;', (address) => `allow ${address};`],
};

// The text with the site's own address in place of "this machine alone".  Then
// 127.0.0.1 is elsewhere: addresses that are, tests do not have.
export function onlyItselfIsHere(text, { name, addr }) {
	const [here, one] = HERE[name];

	assert.ok(text.includes(here));
	return text.replaceAll(here, one(addr));
}
