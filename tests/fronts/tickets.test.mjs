// SPDX-License-Identifier: ISC
//
// The programs of conf/tickets.md, as they stand there: each makes a ticket that
// opens a stream behind every front, with the line that conf/tickets.md has for it,
// in each of the ways that a ticket can come.

import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ask, openStream, post } from './browsers.mjs';
import { replaced } from './edits.mjs';
import { noStreams } from './expect.mjs';
import { ROOT, best, textOf, until } from './processes.mjs';
import { blocksOf, runBlock } from './prose.mjs';
import { ARGS, CHOSEN, LIMIT, PROGRAM, newPlace, start } from './sites.mjs';

const FILE = 'conf/tickets.md';

// Debian's library is Debian's Python's.
process.env.PATH = `/usr/bin:${process.env.PATH}`;

// What the table says for a front, in its configuration.
const LINES = Object.fromEntries(
	[...readFileSync(join(ROOT, FILE), 'utf8')
		.matchAll(/^\| (\w+) \| `(.*?SSE_TICKET.*?)`/gm)]
		.map(([, name, line]) => [name.toLowerCase(), line]));
const EDITS = {
	apache: (text) => replaced(text, '\tSetEnv SSE_ROLE stream\n',
		`$&\t${LINES.apache}\n\tCGIPassAuth On\n`),
	caddy: (text) => text.replaceAll('\t\t\t\tenv SSE_ROLE stream\n',
		`$&\t\t\t\t${LINES.caddy}\n`),
	h2o: (text) => replaced(text, 'setenv: { SSE_ROLE: stream }', LINES.h2o),
	haproxy: (text) => replaced(text, '\tset-param SSE_ROLE stream\n',
		`$&\t${LINES.haproxy}\n\tpass-header Authorization\n`),
	lighttpd: (text) => replaced(text,
		'setenv.set-environment = ( "SSE_ROLE" => "stream" )',
		LINES.lighttpd),
	nginx: (text) => replaced(text, '\t\t\tfastcgi_param SSE_ROLE stream;\n',
		`$&\t\t\t${LINES.nginx}\n`),
};

const WAYS = {
	Bearer: (ticket) => ['', { headers: { Authorization: `Bearer ${ticket}` } }],
	cookie: (ticket) => ['', { headers: { Cookie: `a=b; sse_ticket=${ticket}` } }],
	query: (ticket) => [`&ticket=${ticket}`, {}],
};

const [secret] = blocksOf(FILE, 'The key');
const programs = blocksOf(FILE, 'The application');
const [change] = blocksOf(FILE, 'Another key');
const [pair, eddsa] = blocksOf(FILE, 'A key that only verifies');

// A block, run with files and a program of ours in place of the examples'.
async function runFor(dir, block) {
	const { status, stdout, stderr } = await runBlock(dir, block,
		/\/etc\/sse-fcgi(?=[/\n])|^sse-fcgi(?= )/gm,
		(word) => word.startsWith('/') ? dir : PROGRAM);

	assert.equal(status, 0, stderr);
	return stdout.trim();
}

for (const name of CHOSEN)
	describe(`tickets behind ${name}`, () => {
		const { dir } = newPlace();
		let site;

		before(async () => {
			await runFor(dir, secret);
			await runFor(dir, pair);
			site = await start(name, { edit: EDITS[name],
				args: [...ARGS, '--ticket-key', join(dir, 'ticket-key'),
					'--ticket-key', join(dir, 'ticket-public')] });
		});
		after(async () => {
			await site?.stop();
		});

		const open = (ticket, way, channel = 'news') => {
			const [query, options] = WAYS[way](ticket);
			return openStream(`${site.url}/events?channel=${channel}${query}`,
				options);
		};
		async function opens(ticket, way) {
			for (const channel of ['news', 'ann.mail']) {
				const stream = await open(ticket, way, channel);
				assert.equal(stream.status, 200);
				assert.equal((await post(site, channel)).status, 200);
				assert.equal((await stream.next()).data, 'x');
				stream.close();
			}
			const { status } = await open(ticket, way, 'bob.mail');
			assert.equal(status, 403);
		}

		const again = (says) => {
			process.kill(site.responder.pid, 'SIGHUP');
			return until(() => textOf(join(site.dir, 'sse-fcgi.log'))
				.includes(says), says);
		};

		for (const block of [...programs, eddsa])
			it(`${block.language}'s opens a stream` +
				(block === eddsa ? ', by EdDSA' : ''), LIMIT,
			async () => {
				const ticket = await runFor(dir, block);
				for (const way of Object.keys(WAYS))
					await opens(ticket, way);
			});
		it('/admin ends the streams of a subject, or of a channel, at once',
			LIMIT, async () => {
				const shell = programs.at(-1);
				const ann = await runFor(dir, shell);
				const bob = await runFor(dir, { ...shell, code:
					replaced(shell.code, 'sub=ann', 'sub=bob') });
				const close = (which) => ask(
					`${site.url}/admin?close=${which}`,
					{ method: 'POST' });

				// How long it takes until those end that are of it, and
				// no others.
				const closed = async (which, [first, ...more], other) => {
					await noStreams(site);	// of before
					const stream = await open(...other);
					const streams = [await open(...first),
						await open(...first)];
					for (const each of more)
						streams.push(await open(...each));
					const from = performance.now();
					const { status, body } = await close(which);
					assert.equal(status, 200);
					assert.deepEqual(JSON.parse(body),
						{ closed: streams.length });
					for (const { ended } of streams)
						assert.equal(await ended, 'end');
					const ms = performance.now() - from;
					assert.equal((await post(site, other[2]))
						.status, 200);
					assert.equal((await stream.next()).data, 'x');
					stream.close();
					return ms;
				};
				const of = (ticket, channel) =>
					[ticket, 'cookie', channel];

				await closed('sub:ann', [of(ann, 'news'),
					of(ann, 'ann.mail')], of(bob, 'news'));
				for (const [which, stays] of [
					['sub:ann', of(bob, 'news')],
					['channel:news', of(bob, 'ann.mail')]]) {
					const ms = await best(() => closed(which,
						[of(ann, 'news')], stays), 200);
					assert.ok(ms < 200, `${ms} ms`);
				}
				assert.equal((await close('ann')).status, 400);
				assert.equal((await ask(site.url +
					'/admin?close=sub:ann')).status, 405);
			});
		it('none, another and half of one are refused', LIMIT, async () => {
			const ticket = await runFor(dir, programs[0]);
			const { status, body } = await ask(
				`${site.url}/events?channel=news`);
			assert.equal(status, 401);
			assert.doesNotMatch(body, /retry/);
			for (const bad of ['x', ticket.slice(0, -1), `${ticket}A`])
				for (const way of Object.keys(WAYS)) {
					const stream = await open(bad, way);
					assert.equal(stream.status, 401);
				}
		});
		it('another key in the same file counts from SIGHUP on', LIMIT,
			async () => {
				const old = await runFor(dir, programs[0]);
				await runFor(dir, secret);
				const ticket = await runFor(dir, programs[0]);
				assert.equal((await open(ticket, 'cookie')).status, 401);
				await again('the keys of tickets: 2');
				assert.equal((await open(old, 'cookie')).status, 401);
				await opens(ticket, 'cookie');
				writeFileSync(join(dir, 'ticket-key'), 'HS256 x\n');
				await again('the keys stay as they were');
				await opens(ticket, 'cookie');
			});
	});

describe('another key', () => {
	const [name] = CHOSEN;
	const { dir } = newPlace();
	const file = join(dir, 'ticket-key');
	const status = (ticket) => ask(`${site.url}/events?channel=news`,
		{ method: 'HEAD', ...WAYS.cookie(ticket)[1] }).then((got) => got.status);
	let site;

	before(async () => {
		await runFor(dir, secret);
		copyFileSync(file, `${file}.other`);
		site = await start(name, { edit: EDITS[name], args: [...ARGS,
			'--ticket-key', file, '--ticket-key', `${file}.other`] });
	});
	after(async () => {
		await site?.stop();
	});

	it('is known before it signs, and the old one for as long as there are tickets',
		LIMIT, async () => {
			const heard = (times) => until(() => textOf(join(site.dir,
				'sse-fcgi.log')).split('the keys of tickets: 2')
				.length > times, `${times} signals`);
			const old = await runFor(dir, programs[0]);
			const { status: ended, stderr } = await runBlock(dir, change,
				/\/etc\/sse-fcgi(?=\/)|\$\(pidof sse-fcgi\)/g,
				(word) => word.startsWith('/') ? dir :
					String(site.responder.pid));

			assert.equal(ended, 0, stderr);
			await heard(1);
			const ticket = await runFor(dir, programs[0]);
			for (const each of [old, ticket])
				assert.equal(await status(each), 200);
			process.kill(site.responder.pid, 'SIGHUP');
			await heard(2);
			for (const each of [old, ticket])
				assert.equal(await status(each), 200);
			copyFileSync(file, `${file}.other`);
			process.kill(site.responder.pid, 'SIGHUP');
			await heard(3);
			assert.equal(await status(old), 401);
			assert.equal(await status(ticket), 200);
		});
});

it('a program of each language is there, and a line for each front', () => {
	assert.deepEqual(programs.map(({ language }) => language),
		['php', 'python', 'js', 'sh']);
	assert.deepEqual(Object.keys(LINES).sort(), Object.keys(EDITS));
});
