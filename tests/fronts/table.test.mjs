// SPDX-License-Identifier: ISC
//
// The table of the fronts in conf/README.md, cell by cell, with the shipped
// configurations: what it says is what the tests expect.  What a note says may
// be another file's to test; that is named here.

import assert from 'node:assert/strict';
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ask, openStream, post } from './browsers.mjs';
import { noStreams } from './expect.mjs';
import { exists, until } from './processes.mjs';
import { CHOSEN, LIMIT, start } from './sites.mjs';
import { TABLE, writesToSeeLeaving } from './table.mjs';

const TRIES = 5;
const MOMENT_MS = 200;	// in the first try, and twice as long in each next one

// What each cell says of streams: whether they end, by themselves or, here after
// one second, by force; and whether those that go on are an old process's, for
// how many reloads.
const RELOADS = {
	'streams go on': {},
	'streams go on in the old worker': { old: true },
	'streams go on in the old process, of which there is room for two':
		{ old: true, times: 2 },
	'streams go on for up to 8 s': { end: true },
	'streams end at once, and their browsers come back': { end: true },
};

// A check for each column's cells.  All but "streams", which crowd.test.mjs opens
// with CROWD=10000.
const CELLS = {
	// The events that are written until it is seen: never fewer, and on a busy
	// machine more.
	leaving: async (site, cell, name) => {
		const expected = writesToSeeLeaving(name);
		const tries = [];

		do
			tries.push(await writesToBeSeen(site,
				MOMENT_MS * 2 ** tries.length));
		while (tries.at(-1) > expected && tries.length < TRIES);
		assert.equal(tries.at(-1), expected);
	},

	down: async (site, cell) => {
		const answers = [];

		await site.restartResponder(async () => {
			for (let i = 0; i < 40; i++)
				answers.push(await ask(site.url + '/sse'));
		});
		for (const { status, body } of answers) {
			assert.equal(status, parseInt(cell, 10));
			if (cell.includes('`retry:`'))
				assert.match(body, /^retry: \d+\n\n$/);
		}
		const different = new Set(answers.map(({ body }) => body)).size;
		const [least, most] = cell.includes('five values') ? [3, 5] :
			cell.includes('spread') ? [10, 40] : [1, 1];
		assert.ok(different >= least && different <= most,
			`${different} values`);
		await until(async () => (await post(site, 'a')).status === 200,
			'the responder to be found');
	},

	reload: async (site, cell) => {
		const { times = 1, old = false, end = false } = RELOADS[cell];
		const streams = [];
		let process;

		for (let i = 0; i < times; i++) {
			const stream = await openStream(site.url + '/sse');
			await stream.next();
			process = await site.front.reload();
			streams.push([stream, stream.events.length]);
		}
		for (const [stream, had] of streams)
			await (end ? stream.ended : until(() =>
				stream.events.length >= had + 3, 'more'));
		assert.ok(!old || exists(process));
		for (const [stream] of streams)
			stream.close();
		await noStreams(site);
	},

	// The words, of which configured.test.mjs knows what they do.
	closed: (site, cell) => {
		for (const word of cell.split(', '))
			assert.ok(site.conf.includes(word.replaceAll('`', '')),
				word);
	},

	notes: async (site, cell) => {
		for (const note of cell.split('; ')) {
			const check = NOTES[note];

			assert.ok(check, note);
			if (typeof check === 'function')
				await check(site);
			else
				assert.ok(isTest(...check.split(': ')), check);
		}
	},

	// Two notes, of which the other fronts do the contrary.
	'notes on pages': async (site, cell) => {
		const { status } = await ask(site.url + '/new.html');

		assert.equal(status, cell.includes(BY_NAME) ? 404 : 200);
	},

	'notes on the end': async (site, cell) => {
		const stream = await openStream(site.url + '/sse');

		await stream.next();
		site.front.child.kill('SIGTERM');
		if (cell.includes(WAITS)) {
			const had = stream.events.length;
			await until(() => stream.events.length >= had + 5,
				'five more events');
			stream.close();
		} else {
			await stream.ended;
		}
		await site.front.ended;
	},
};

// What the last column says, by a check or by the test that has it.
const BY_NAME = 'pages only by name';
const WAITS = 'its end waits for its streams';
const NOTES = {
	[BY_NAME]: 'table: notes on pages',
	[WAITS]: 'table: notes on the end',
	'`auth_request` asks your application for each stream':
		'configured: an application says who may read',
	'`forward_auth` asks your application':
		'configured: an application says who may read',
	'needs mod_magnet': ({ conf }) => assert.match(conf, /"mod_magnet"/),
	'needs mod_lua': ({ conf }) => assert.match(conf, /^LoadModule lua_/m),
	'needs mruby': ({ conf }) => assert.match(conf, /^ +mruby\./m),
	'keeps connections for `/publish`, `/status` and `/admin`':
		'fronts: connections to the responder are kept, or not',
	'other origins with cookies: one only':
		'configured: pages of some origins read the streams, with cookies',
	'a publication needs a Content-Length': async (site) => {
		assert.equal(await chunked(site, 1), 400);
	},
	'a publication without a Content-Length must fit into 32 KB':
	async (site) => {
		assert.equal(await chunked(site, 31000), 200);
		assert.equal(await chunked(site, 32800), 400);
	},
};

function isTest(file, name) {
	return readFileSync(new URL(`${file}.test.mjs`, import.meta.url), 'utf8')
		.includes(`'${name}'`);
}

async function chunked(site, length) {
	const { status } = await post(site, 'a', { body: 'x'.repeat(length),
		headers: { 'Transfer-Encoding': 'chunked' } });

	return status;
}

let made = 0;

// How many events are written to a browser that has gone until it is seen, which
// takes a moment each time.
async function writesToBeSeen(site, moment) {
	const channel = `leaving.${made++}`;
	const stream = await openStream(`${site.url}/events?channel=${channel}`);
	const seen = () => site.responder.streams() === 0;

	await until(() => stream.retry, 'retry:');
	stream.close();
	for (let writes = 0; writes < 10; writes++) {
		if (await until(seen, 'it', moment).then(() => true, () => false))
			return writes;
		await post(site, channel);
	}
	throw new Error('it is not seen');
}

// The pages are copied, so that there can be a new one, and lighttpd's grace is
// shorter than it is shipped.
function edit(text, site) {
	const [, html] = /"([^"]*\/html)["/]/.exec(text);
	const pages = join(site.dir, 'pages');
	const grace = /(graceful-shutdown-timeout" => )(\d+)/;
	const [, , seconds] = grace.exec(text) ?? [];

	cpSync(html, pages, { recursive: true });
	cpSync(join(pages, 'index.html'), join(pages, 'new.html'));
	if (seconds)
		assert.match(TABLE.lighttpd.reload, new RegExp(`${seconds} s`));
	site.conf = text.replaceAll(/^\s*#.*\n/gm, '');
	return text.replaceAll(html, pages).replace(grace, (all, what) =>
		what + 1);
}

for (const name of CHOSEN)
	describe(`the table of the fronts says of ${name}`, () => {
		let site;

		before(async () => {
			site = await start(name,
				{ args: ['--interval', '0.2'], edit });
		});
		after(() => site?.stop());
		for (const [what, check] of Object.entries(CELLS)) {
			const [column, note] = what.split(' on ');
			const cell = TABLE[name][column];

			it(note ? what : `${what}: ${cell}`, LIMIT,
				() => check(site, cell, name));
		}
	});
