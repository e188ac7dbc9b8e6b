// SPDX-License-Identifier: ISC
//
// The shipped configurations under the real servers: one table of checks, run
// against every front.  FRONTS in the environment chooses some of them.
//
//	node --test tests/fronts/*.test.mjs

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import http from 'node:http';
import { extname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ask, figuresOf, openStream, post } from './browsers.mjs';
import { ORIGIN, STREAMS, checkPreflight, median, noStreams, readableByAny,
	servedAfterLeaving } from './expect.mjs';
import { ROOT, best, until } from './processes.mjs';
import { ARGS, CHOSEN, HEARTBEAT_MS, INTERVAL_MS, LIMIT, fillConf, newPlace,
	start } from './sites.mjs';
import { writesToSeeLeaving } from './table.mjs';

// Where the fronts differ:
//   check         the server's own check of its configuration
//   keeps         whether it keeps connections to the responder
const FRONTS = {
	apache: {
		check: (conf) => ['apache2', '-t', '-f', conf],
	},
	caddy: {
		check: (conf) => ['caddy', 'validate',
			'--adapter', 'caddyfile', '--config', conf],
	},
	h2o: {
		check: (conf) => ['h2o', '-t', '-c', conf],
	},
	haproxy: {
		check: (conf) => ['haproxy', '-c', '-q', '-f', conf],
		keeps: true,
	},
	lighttpd: {
		check: (conf) => ['lighttpd', '-tt', '-f', conf],
	},
	nginx: {
		check: (conf, dir) => ['nginx', '-t', '-q',
			'-e', join(dir, 'nginx.log'), '-c', conf],
	},
};

// What pages need of html/: the rest there is for who builds one.
const TYPES = { '.html': /^text\/html\b/, '.css': /^text\/css\b/, '.js': /^(text|application)\/javascript\b/ };

// Each check gets the site, a front and a responder that run, and what is
// special about the front.
const CHECKS = {
	'the page comes at /, to be kept for a short time': async (site) => {
		const { status, headers, body } = await ask(site.url + '/');

		assert.equal(status, 200);
		assert.match(headers['content-type'], /^text\/html\b/);
		assert.match(body, /^<!doctype html>/im);
		const cache = headers['cache-control'];
		assert.ok(/max-age=(\d+)/.exec(cache)?.[1] <= 300, cache);
	},

	'what is not there is 404': async (site) => {
		assert.equal((await ask(site.url + '/sse/no')).status, 404);
		assert.equal((await ask(site.url + '/ssex')).status, 404);
	},

	'all pages come, their style and their module': async (site) => {
		const files = readdirSync(join(ROOT, 'html'))
			.filter((file) => TYPES[extname(file)]);

		assert.ok(files.length >= 6);
		for (const file of files) {
			const { status, headers, body } =
				await ask(`${site.url}/${file}`);

			assert.equal(status, 200);
			assert.match(headers['content-type'],
				TYPES[extname(file)]);
			assert.match(headers['cache-control'], /max-age/);
			assert.equal(body, readFileSync(join(ROOT, 'html', file),
				'utf8'));
		}
	},

	'the stream has its headers, and no compression': async (site) => {
		const headers = { ...ORIGIN, 'Accept-Encoding': 'gzip, br' };

		for (const path of STREAMS) {
			const stream = await openStream(site.url + path,
				{ headers });
			const got = stream.headers;

			stream.close();
			assert.equal(stream.status, 200);
			assert.equal(got['content-type'], 'text/event-stream');
			assert.equal(got['cache-control'],
				'no-cache, no-store, no-transform');
			assert.equal(got['content-encoding'], undefined);
			readableByAny(got);
		}
	},

	'a preflight is answered, with and without a query': async (site) => {
		for (const path of ['/sse?x=1', ...STREAMS])
			await checkPreflight(site.url + path);
	},

	'HEAD gives the headers and ends': async (site) => {
		for (const path of STREAMS) {
			const { status, headers, body } =
				await ask(site.url + path, { method: 'HEAD' });

			assert.equal(status, 200);
			assert.equal(headers['content-type'],
				'text/event-stream');
			assert.equal(body, '');
		}
	},

	'POST is refused with what is allowed': async (site) => {
		for (const path of STREAMS) {
			const { status, headers } = await ask(site.url + path,
				{ method: 'POST', body: 'x' });

			assert.equal(status, 405);
			assert.match(headers.allow, /\bGET\b/);
			assert.doesNotMatch(headers.allow, /\bPOST\b/);
		}
	},

	'retry: and the first event come within 200 ms': async (site) => {
		const ms = await best(async () => {
			const stream = await openStream(site.url + '/sse');
			const first = await stream.next();
			stream.close();
			assert.equal(first.id, '1');
			assert.match(first.data, /^Message: 1 - the time is /);
			assert.ok(stream.retry >= 100 && stream.retry <= 150,
				`retry: ${stream.retry}`);
			return first.at - stream.asked;
		}, 200);
		assert.ok(ms < 200, `${ms} ms`);
	},

	'headers and retry: come before there is an event': async (site) => {
		const ms = await best(async () => {
			const stream = await openStream(site.url +
				'/events?channel=quiet');
			await until(() => stream.retry, 'retry:');
			const took = performance.now() - stream.asked;
			assert.deepEqual(stream.events, []);
			stream.close();
			return took;
		}, 200);
		assert.ok(ms < 200, `${ms} ms`);
	},

	'events come one by one, in the rhythm': async (site) => {
		const ms = await best(async () => {
			const stream = await openStream(site.url + '/sse');
			const times = [];

			for (let n = 1; n <= 9; n++) {
				const event = await stream.next();
				assert.equal(event.id, String(n));
				times.push(event.at);
			}
			stream.close();
			return Math.abs(median(times.slice(1).map((at, i) =>
				at - times[i])) - INTERVAL_MS);
		}, 40);
		assert.ok(ms < 40, `the median is ${ms} ms off`);
	},

	'a browser that comes back goes on with the next': async (site) => {
		const stream = await openStream(site.url + '/sse',
			{ headers: { 'Last-Event-ID': '41' } });

		assert.equal((await stream.next()).id, '42');
		assert.equal((await stream.next()).id, '43');
		stream.close();
	},

	// Nothing but heartbeats is written to it; they are looked after once a
	// second, so one takes up to two.
	'a browser that leaves an idle channel is seen': async (site, { name }) => {
		const limit = (2 * writesToSeeLeaving(name) + 1) * HEARTBEAT_MS;

		await noStreams(site);
		const ms = await best(async () => {
			const stream = await openStream(site.url +
				'/events?channel=idle');

			await until(() => stream.retry, 'retry:');
			assert.equal(site.responder.streams(), 1);
			stream.close();
			return noStreams(site);
		}, limit, 5);
		assert.ok(ms < limit, `${ms} ms`);
	},

	'a browser that goes is served when it comes again': servedAfterLeaving,

	'connections to the responder are kept, or not':
	async (site, { keeps = false }) => {
		const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
		const accepted = async () =>
			(await figuresOf(site, { agent })).connections_accepted;
		const before = await accepted();

		for (let i = 0; i < 10; i++)
			assert.equal((await post(site, 'a', { agent })).status,
				200);
		assert.equal(await accepted() - before, keeps ? 0 : 11);
		agent.destroy();
	},
};

for (const name of CHOSEN) {
	const special = FRONTS[name];

	describe(name, () => {
		let site;

		before(async () => {
			site = await start(name, { args: ARGS });
		});
		after(() => site?.stop());
		for (const [what, check] of Object.entries(CHECKS))
			it(what, LIMIT, () => check(site, { name, ...special }));
	});

	it(`${name}'s own check passes its configuration`, () => {
		const place = newPlace();
		const conf = fillConf(name, place.dir, place);
		const [command, ...args] = special.check(conf, place.dir);

		execFileSync(command, args, { stdio: 'pipe' });
	});
}
