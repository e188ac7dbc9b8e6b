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

// What stands in each file as a comment, and how it is made to count:
//   deny        the line or lines that close /publish, which another way replaces
//   tickets     makes the streams and /publish want tickets
//   byPath      makes a path one channel
//   origins     lets in pages of some origins alone, with cookies
export const COMMENTED = {
	apache: {
		deny: 'Require ip 127.0.0.0/8 ::1\n',
		tickets: (text) => uncomment(text, 'SetEnv SSE_TICKET',
			'CGIPassAuth', 'Require all granted'),
		byPath: (text) => uncomment(text, 'LoadModule setenvif',
			'SetEnvIf').replaceAll(/"\^\/\(sse\|events(?=[|)])/g,
			'"^/(sse|events|events/[A-Za-z0-9._:-]+'),
		origins: (text) => uncomment(without(text,
			/^\tHeader .*-Origin "\*"\n/m), 'Header always'),
	},
	caddy: {
		deny: /\t+@elsewhere.*\n\t+respond @elsewhere 403\n/,
		tickets: (text) => uncomment(text, 'env SSE_TICKET'),
		byPath: (text) => uncomment(text, '@channel', 'handle @channel'),
		origins: (text) => uncomment(without(text,
			'\theader Access-Control-Allow-Origin *\n'),
		'@known', 'header @known {', 'header Vary'),
	},
	h2o: {
		deny: /deny \{ addr.*\n/,
		tickets: (text) => replaced(text,
			/^ {8}setenv: .*((?:\n(?: {8}#.*)?)*\n) {8}#(setenv: .*)/gm,
			'$1        $2'),
		byPath: (text) => text.replace(
			/^ {6}#"\/events\/news":\n(?: {6}#.*\n)+/m,
			(lines) => lines.replaceAll(/^ {6}#/gm, '      ')),
		origins: (text) => {
			const [lines] = /(?:^ {8}#header\.set.*\n)+/m.exec(text);
			return replaced(text, /^ {8}header.*-Origin: \*"\n/gm,
				lines.replaceAll('#', ''));
		},
	},
	haproxy: {
		deny: /\thttp-request deny unless \{ src .*\n/,
		tickets: (text) => uncomment(text, 'set-param SSE_TICKET',
			'pass-header', 'http-request deny unless {'),
		byPath: (text) => uncomment(text, 'set-param SSE_CHANNEL',
			'acl is_stream'),
		origins: (text) => uncomment(without(text,
			/^\thttp.*Allow-Origin \*\n/m),
		'http-request set-var', 'http-after-response'),
	},
	lighttpd: {
		deny: /\t\$HTTP\["remoteip"\] != "127(?:.*\n){5}/,
		tickets: (text) => replaced(uncomment(text,
			'$HTTP["url"] =~ "^/(sse|events)(/|$)"'),
		/\(sse\|events(?=.*\n\tsetenv\.add-environment)/,
		'(sse|events|publish'),
		byPath: (text) => uncomment(text,
			'$HTTP["url"] == "/events/news"').replaceAll(
			'"^/(sse|events', '"^/(sse|events|events/news'),
		origins: (text) => uncomment(without(text,
			/\tsetenv.*= \(\n\t\t"A.*"\*",\n(?:\t\t.*\n)+\t\)\n/),
		'setenv', '$REQUEST_HEADER["Origin"]'),
	},
	nginx: {
		deny: /\t+allow 127.*\n\t+allow ::1;\n\t+deny all;\n/,
		tickets: (text) => uncomment(text, 'fastcgi_param SSE_TICKET'),
		byPath: (text) => uncomment(text, '~^/events/').replace(
			/\t+(location ~ \^\/\(sse\|events\)\\z \{)\n(\t+)#(.*)/,
			'$2$3'),
		origins: (text) => uncomment(without(text,
			/^\tmap \$http_origin (?:.*\n){3}/m),
		'map $http_origin', 'add_header'),
	},
};
