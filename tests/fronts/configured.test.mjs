// SPDX-License-Identifier: ISC
//
// The shipped configurations with what stands in them as comments, under the
// real servers: whoever takes a comment out has what it promises.  And with what
// an administrator may have around them.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ask, figuresOf, openStream, post } from './browsers.mjs';
import { openFeed } from './feeds.mjs';
import { COMMENTED, onlyItselfIsHere, replaced, uncomment, without } from
	'./edits.mjs';
import { ORIGIN, checkPreflight, readableBy, servedAfterLeaving,
	streamsWork } from './expect.mjs';
import { until } from './processes.mjs';
import { newKey } from './signed.mjs';
import { ARGS, CHOSEN, LIMIT, newPlace, start } from './sites.mjs';

// Where the fronts differ, beside what edits.mjs has:
//   basic       makes /publish ask for a name and a password
//   htpasswd    the file for that, where it is not the usual one
//   readers     makes the streams ask for one, with the same file
//   secret      the lines that make it ask for a secret
//   asks        the line that has an application asked, if there is one
//   carried     how many requests at once one connection carries with HTTP/2,
//               where the file has that
//   oneOrigin   whether it lets in pages of one other origin alone
//   percent     how the file says a percent sign, if not so
//   hurries     ends who sends slowly, on the whole site, as Debian does
//   tcp         the responder's address, in the file and over TCP
//   compresses  the whole site, in every way that there is
//   keeps       connections to the responder, if it can; HAProxy does as it is
//               shipped, but not those of streams
const HTPASSWD = 'me:$apr1$lAAkuVL4$Qw4DfufF2U1jtLcGSAJYl1\n';
const HTPASSWD_SHA = 'me:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n';
const BCRYPT = '$2y$05$6Jg9XVgmTTCuuIeNP5CjXON81nhJ/4xywTLEadL4QG8n11i7cGINa';
const SHA512 = '$6$saltsalt$TVLlQcbpFVof5W3Yz4DTP6gRstiNuHwwTt6GLc1E5n0U0aD' +
	'ehy0S5knV8wiOQSpT0Y77vwPZN.Pq.H91p5hVO1';	// all of "secret"
const FRONTS = {
	apache: {
		basic: (text) => {
			const [streams, calls] = text.split('# (4) Events in.');
			return uncomment(streams, 'LoadModule auth') +
				'# ' + uncomment(calls, 'Auth',
				'Require valid-user');
		},
		readers: (text) => {
			const [streams, calls] = text.split('# (4) Events in.');
			return uncomment(without(streams,
				/\tRequire all granted\n(?=\n\t# Or whoever)/),
			'LoadModule auth', 'Auth', 'Require valid-user',
			'Require method') + '# ' + calls;
		},
		secret: ['Require expr'],
		hurries: (text) => replaced(text, /^LoadModule rewrite_/m,
			'LoadModule reqtimeout_module ' +
			'modules/mod_reqtimeout.so\n' +
			'RequestReadTimeout body=1\n$&'),
		tcp: [/unix:[^|]*\|fcgi:\/\/sse-(\w+)/g,
			'fcgi://127.0.0.1:9000/$1'],
		compresses: (text) => replaced(text, 'User www-data',
			'LoadModule brotli_module modules/mod_brotli.so\n' +
			'LoadModule deflate_module modules/mod_deflate.so\n' +
			'SetOutputFilter BROTLI_COMPRESS;DEFLATE\n$&'),
		keeps: (text) => replaced(text, /\|fcgi:\/\/sse-\w+\/" /g,
			'$&enablereuse=on '),
	},
	caddy: {
		basic: (text) => uncomment(text, 'basicauth {').replace(
			/\$2a\$14\$x+/, () => BCRYPT),
		secret: ['@stranger', 'respond @stranger'],
		asks: ['@asked', 'forward_auth'],
		tcp: [/reverse_proxy "unix.*"/g,
			'reverse_proxy 127.0.0.1:9000'],
		compresses: (text) => replaced(text, '\tbind ',
			'\tencode zstd gzip {\n\t\tminimum_length 1\n\t}\n$&'),
	},
	h2o: {
		htpasswd: HTPASSWD_SHA,
		basic: (text) => text.replace(
			/(^ *"\/publish":\n).*?\n\n((?: {8}#[^\n]*\n)+)(?= *setenv)/ms,
			(all, head, lines) => head + lines.replaceAll(
				/^ {8}#(?! )/gm, ' '.repeat(8)).replaceAll(
				/^ {8}#  /gm, ' '.repeat(10))),
		secret: ['deny { header'],
		oneOrigin: true,
		tcp: [/type: unix, port: ".*"/g,
			'type: tcp, host: 127.0.0.1, port: 9000'],
		compresses: (text) => replaced(text, /^hosts:/m,
			'compress: ON\nfile.mime.addtypes:\n' +
			'  text/event-stream: .sse\n$&'),
		keeps: (text) => replaced(text, /^hosts:/m,
			'fastcgi.timeout.keepalive: 60000\n$&'),
	},
	haproxy: {
		basic: (text) => uncomment(text, 'userlist publishers',
			'	user me', 'http-request deny unless {',
			'http-request auth if { path /publish }')
			.replace('$6$xxxxxxxx', () => SHA512),
		readers: (text) => replaced(uncomment(text,
			'http-request auth unless'), '# (2)',
		'userlist readers\n' +
			`\tuser me password ${SHA512.replaceAll('$', '$$$$')}\n$&`),
		secret: ['http-request deny unless {',
			'http-request deny if { path /publish }'],
		percent: '%%',
		tcp: [/server responder ".*"/g,
			'server responder 127.0.0.1:9000'],
		compresses: (text) => replaced(text, '\tmode http\n',
			'$&\tcompression algo gzip\n'),
	},
	lighttpd: {
		basic: (text) => uncomment(text, 'auth.backend',
			'auth.require').replace('"mod_access"',
			'"mod_access", "mod_auth", "mod_authn_file"'),
		secret: ['$REQUEST_HEADER["Authorization"]'],
		carried: 8,
		tcp: [/"socket" => ".*"/g,
			'"host" => "127.0.0.1", "port" => 9000'],
		compresses: (text) => replaced(replaced(text, '"mod_fastcgi"',
			'$&, "mod_deflate"'), /^server\.bind/m,
		'deflate.mimetypes = ( "text/" )\n' +
			'deflate.allowed-encodings = ( "br", "gzip" )\n$&'),
	},
	nginx: {
		basic: (text) => uncomment(text, 'auth_basic'),
		secret: ['if ($http_authorization'],
		asks: ['auth_request', 'location = /may-read {'],
		carried: 128,
		tcp: [/fastcgi_pass "unix:.*"/g, 'fastcgi_pass 127.0.0.1:9000'],
		compresses: (text) => replaced(text, /^http \{\n/m,
			'$&gzip on;\ngzip_types *;\ngzip_proxied any;\n' +
			'gzip_min_length 1;\n'),
		keeps: (text) => replaced(text, /^\tserver \{\n/m,
			`\tupstream kept {\n\t\tserver ${
				/"unix:.*"/.exec(text)};\n\t\tkeepalive 8;\n` +
			'\t}\n$&').replaceAll(/(fastcgi_pass) "unix:.*"/g,
			'fastcgi_keep_conn on;\n\t\t\t$1 kept'),
	},
};

// The ways that are comments in the shipped files, and the one that no test on
// loopback could see: edit gives the configuration's text, check looks.
const SECRET = 'Bearer 0123456789abcdef';
const { file: KEY, ticket } = newKey(newPlace().dir);

const VARIANTS = {
	// All but the address is as it was shipped.
	'from elsewhere nobody publishes or reads figures': {
		edit: (text, special, site) => onlyItselfIsHere(text, site),
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

	'a name and its password open the streams': {
		needs: 'readers',
		edit: (text, { readers }, site) => {
			const file = join(site.dir, 'htpasswd');

			writeFileSync(file, HTPASSWD, { mode: 0o644 });
			return readers(text).replaceAll(
				/"\/etc\/.*\.htpasswd"/g, `"${file}"`);
		},
		check: async (site) => {
			for (const path of ['/sse', '/events?channel=a']) {
				await checkPreflight(site.url + path);
				const as = async (auth) => (await ask(site.url +
					path, { method: 'HEAD', auth })).status;

				assert.equal(await as('me:secret'), 200);
				assert.equal(await as('me:Secret'), 401);
				assert.equal(await as(), 401);
			}
			assert.equal((await ask(site.url + '/')).status, 200);
			assert.equal((await post(site, 'a')).status, 200);
			await site.restartResponder(async () => {
				const { status, body } = await ask(site.url +
					'/sse', { auth: 'me:secret' });
				assert.equal(status, 200);
				assert.match(body, /^retry: /);
			});
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

	'tickets open the streams and /publish': {
		args: ['--ticket-key', KEY],
		edit: (text, { deny, tickets }) => tickets(without(text, deny)),
		check: async (site) => {
			const reads = ticket({ channels: ['a', 'b*'] });
			const publishes = ticket({ publish: ['a'] });
			const head = async (path, headers) => (await ask(
				site.url + path, { method: 'HEAD', headers }))
				.status;
			const bearer = (token) =>
				({ Authorization: `Bearer ${token}` });
			const cookie = (token) => ({ ...ORIGIN,
				Cookie: `x=y; sse_ticket=${token}; z=1` });
			const publish = async (headers, channel = 'a') =>
				(await post(site, channel, { headers })).status;

			for (const path of ['/sse', '/events?channel=a'])
				assert.equal(await head(path), 401);
			for (const headers of [bearer(reads), cookie(reads)]) {
				assert.equal(await head('/events?channel=a&' +
					'channel=bc', headers), 200);
				assert.equal(await head('/events?channel=c',
					headers), 403);
				assert.equal(await head('/sse', headers), 403);
				assert.equal(await publish(headers), 403);
			}
			assert.equal(await head(
				`/events?channel=a&ticket=${reads}`), 200);
			assert.equal(await head('/sse', cookie(ticket(
				{ channels: ['clock'] }))), 200);
			assert.equal(await head('/sse', { SSE_TICKET: '',
				'SSE-Ticket': '' }), 401);
			assert.equal(await publish(), 401);
			assert.equal(await publish(bearer(publishes), 'c'), 403);
			assert.equal((await ask(site.url + '/events', {
				method: 'OPTIONS', headers: ORIGIN })).status,
			204);
			assert.equal((await ask(site.url + '/status')).status,
				200);

			const stream = await openStream(site.url +
				'/events?channel=a', { headers:
				cookie(ticket({ channels: ['a'] }, 3)) });
			assert.equal(await publish(bearer(publishes)), 200);
			assert.equal((await stream.next()).data, 'x');
			assert.equal(await stream.ended, 'end');
			assert.equal(await head('/events?channel=a',
				cookie(ticket({ channels: ['a'] }, -1))), 401);
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
				'/events/a%20b', '/events/news%0a']) {
				const { status } = await ask(site.url + path);
				assert.ok([400, 404].includes(status),
					`${path}: ${status}`);
			}
		},
	},

	'a path is a channel with any name': {
		edit: (text, { percent = '%' }) => replaced(text,
			/(default |SSE_CHANNEL(?:: |" => "| ))clock/g,
			`$1https:${percent}2F${percent}2Fexample.com${percent}2Fa`),
		check: async (site) => {
			const name = 'https://example.com/a';
			const stream = await openStream(site.url +
				'/sse?channel=other');
			await post(site, encodeURIComponent(name));
			assert.equal((await stream.next()).data, 'x');
			stream.close();
		},
	},

	'a feed may be slow': {
		needs: 'hurries',
		edit: (text, { hurries }) => hurries(text),
		check: async (site) => {
			const feed = openFeed(site.url +
				'/publish?channel=slow&feed=1&end=1');
			const stream = await openStream(site.url +
				'/events?channel=slow&history=all');
			const clock = await openStream(site.url + '/sse');

			await feed.say('1');
			await stream.next();
			await until(() => clock.events.length > 12,
				'two seconds of the clock');
			await feed.say('2');
			assert.equal((await stream.next()).data, '2');
			assert.equal((await feed.end()).status, 200);
			clock.close();
			await stream.ended;
		},
	},

	'over HTTP/2 one connection carries many streams': {
		needs: 'carried',
		tls: true,
		check: async (site, { carried }) => {
			const session = http2.connect(site.url,
				{ rejectUnauthorized: false });
			const streams = [];

			await once(session, 'remoteSettings');
			assert.equal(session.remoteSettings
				.maxConcurrentStreams, carried);
			for (let i = 0; i < carried; i++)
				streams.push(session.request({ ':path': '/sse' }));
			await Promise.all(streams.map((stream) =>
				new Promise((resolve) => {
					let text = '';
					stream.on('data', (piece) => {
						text += piece;
						if (/^id: 1$/m.test(text))
							resolve();
					});
				})));
			assert.equal(site.responder.streams(), carried);
			session.destroy();
		},
	},

	'an application says who may read': {
		needs: 'asks',
		edit: (text, { byPath, asks }, site) =>
			uncomment(byPath(text), ...asks)
				.replace('127.0.0.1:8080', `${site.addr}:8080`),
		check: async (site) => {
			const app = http.createServer((request, response) => {
				const { cookie, 'x-channel': channel } =
					request.headers;
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

	'pages of some origins read the streams, with cookies': {
		edit: (text, { origins }) => origins(text),
		check: async (site, { oneOrigin = false }) => {
			const both = async (Origin) => {
				const url = site.url + '/events?channel=a';
				const [one, other] = await Promise.all(
					['HEAD', 'OPTIONS'].map((method) =>
						ask(url, { method, headers:
							{ Origin } })));
				const name = 'access-control-allow-origin';

				assert.equal(one.headers[name],
					other.headers[name]);
				return one.headers;
			};
			const known = ORIGIN.Origin;
			const headers = await both(known);

			readableBy(headers, known);
			for (const origin of ['https://other.example', 'null',
				`${known}.org`, 'http://app.example'])
				assert.equal((await both(origin))[
					'access-control-allow-origin'],
				oneOrigin ? known : undefined);
			await streamsWork(site);
		},
	},

	'pages of some origins read with a ticket, as a cookie or a header': {
		args: ['--ticket-key', KEY],
		edit: (text, { deny, tickets, origins }) =>
			tickets(origins(without(text, deny))),
		check: async (site) => {
			const url = `${site.url}/events?channel=a`;
			const publishes = { Authorization:
				`Bearer ${ticket({ publish: ['a'] })}` };
			const refused = async (status, more) => {
				const answer = await ask(url, { method: 'HEAD',
					headers: { ...ORIGIN, ...more } });

				assert.equal(answer.status, status);
				readableBy(answer.headers, ORIGIN.Origin);
			};

			await checkPreflight(url, (headers) =>
				readableBy(headers, ORIGIN.Origin));
			for (const waysOf of [
				(text) => ({ Cookie: `sse_ticket=${text}` }),
				(text) => ({ Authorization: `Bearer ${text}` })]) {
				const stream = await openStream(url, { headers: {
					...ORIGIN,
					...waysOf(ticket({ channels: ['a'] })) } });

				assert.equal(stream.status, 200);
				readableBy(stream.headers, ORIGIN.Origin);
				assert.equal((await post(site, 'a',
					{ headers: publishes })).status, 200);
				assert.equal((await stream.next()).data, 'x');
				stream.close();
				await refused(401, waysOf('x'));
				await refused(403,
					waysOf(ticket({ channels: ['b'] })));
			}
			await refused(401);
			await site.restartResponder(async () => {
				const { headers } = await ask(url,
					{ headers: ORIGIN });

				readableBy(headers, ORIGIN.Origin);
			});
		},
	},

	'the responder is asked over TCP': {
		tcpPort: 9000,
		edit: (text, { tcp: [was, is] }, site) => {
			const comment = is.replace(/\$1$/, 'calls');

			assert.match(text, new RegExp(`#.*${comment}`));
			return replaced(text, was, is).replaceAll(
				/127\.0\.0\.1(?=\W.*\b9000)/g, site.addr);
		},
		check: async (site) => {
			await streamsWork(site);
			await servedAfterLeaving(site);
			await site.restartResponder();
			await until(async () => (await post(site, 'a'))
				.status === 200, 'the responder to be found');
			await streamsWork(site);
		},
	},

	'streams stay as they are where all is compressed': {
		edit: (text, { compresses }) => compresses(text),
		check: async (site) => {
			const headers = { 'Accept-Encoding': 'br, gzip, zstd' };
			const other = await ask(site.url + '/status',
				{ headers });

			assert.match(other.headers['content-encoding'],
				/^(br|gzip|zstd)$/);
			await streamsWork(site, { headers });
		},
	},

	'connections to the responder are kept': {
		needs: 'keeps',
		args: ['--max-age', '1'],
		edit: (text, { keeps }) => keeps(text),
		check: async (site) => {
			const agent = new http.Agent({ keepAlive: true,
				maxSockets: 1 });
			const accepted = async () => (await figuresOf(site,
				{ agent })).connections_accepted;
			const publish = async () => assert.equal((await post(
				site, 'a', { agent })).status, 200);

			// Streams that end leave theirs to those that come.
			const stream = async () => {
				const stream = await openStream(site.url +
					'/sse', { agent });

				assert.equal((await stream.next()).id, '1');
				assert.equal(await stream.ended, 'end');
			};

			await publish();
			await stream();
			const before = await accepted();
			for (let i = 0; i < 10; i++)
				await publish();
			await stream();
			assert.equal(await accepted(), before);
			await servedAfterLeaving(site);
			await streamsWork(site);
			await site.restartResponder();
			await publish();
			await publish();
			agent.destroy();
		},
	},
};

for (const name of CHOSEN)
	describe(`${name}, configured otherwise`, () => {
		const special = { ...COMMENTED[name], ...FRONTS[name] };

		for (const [what, { edit = (text) => text, args = [], tls,
			tcpPort, needs, check }] of Object.entries(VARIANTS)) {
			const cannot = needs && !special[needs] &&
				`not in ${name}.conf`;
			it(what, { ...LIMIT, skip: cannot }, async () => {
				const site = await start(name, { tls, tcpPort,
					args: [...ARGS, ...args],
					edit: (text, site) =>
						edit(text, special, site) });
				try {
					await check(site, special);
				} finally {
					await site.stop();
				}
			});
		}
	});
