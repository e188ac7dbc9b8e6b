// SPDX-License-Identifier: ISC
//
// Runs through the real servers with the shipped configurations: channels that end,
// names as people have them, and feeds as far as each front hands them on, by the
// table in conf/README.md.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ask, openStream, post } from './browsers.mjs';
import { ENDLESS, FEEDS, openFeed } from './feeds.mjs';
import { best, until } from './processes.mjs';
import { ARGS, CHOSEN, LIMIT, start } from './sites.mjs';

const GRACE_S = 0.3;
const INSIST_MS = 1000;
const QUICK_MS = 20;	// with sanitizers
const NAMES = ['private-App.Models.User.1', 'presence-chat.1',	// Laravel's
	'https://example.com/books/1', '/books/{id}', 'urn:uuid:1-2',	// Mercure's
	'a/b/c', 'room:#1', 'user@example.com', '50%', '100%25', 'a+b&c=d;e,f',	// nchan's
	'Grüße', '日本語', '😀', '"quoted\\"', "it's", '<b>', '..', '/../x', '?', 'a?b#c',
	'é'.repeat(127) + 'x'];

const events = (site, name, query = '', options) => openStream(
	`${site.url}/events?channel=${encodeURIComponent(name)}${query}`, options);

// What the responder answers to a publication that it takes.
async function publish(site, name, { query = '', ...options } = {}) {
	const { status, body } = await post(site,
		encodeURIComponent(name) + query, options);

	assert.equal(status, 200, body);
	return JSON.parse(body);
}

async function refused(site, name, status, options) {
	const answer = await post(site, name, options);

	assert.equal(answer.status, status, answer.body);
	return answer.body;
}

// All that a stream gives until it ends.
async function whole(stream) {
	assert.equal(await stream.ended, 'end');
	return stream.events.map(({ type, data }) =>
		type === 'message' ? data : type);
}

const feedTo = (site, name, query = '', options) => openFeed(
	`${site.url}/publish?channel=${name}&feed=1${query}`, options);

const answered = async (feed) => {
	const { status, body } = await feed.answer;

	assert.equal(status, 200, body);
	return JSON.parse(body);
};

// Each event is with its reader while the feed is open, and soon.
async function atOnce(feed, stream) {
	let n = 0;
	const took = await best(async () => {
		const data = `at once ${n++}`;
		const written = performance.now();

		await feed.say(data);
		const event = await stream.next();
		assert.equal(event.data, data);
		return event.at - written;
	}, QUICK_MS);

	assert.ok(took < QUICK_MS, `${took} ms`);
	return n;
}

// What is published beside the feed, when it has been written, comes first.
async function notYet(site, name, feed, stream) {
	for (const data of ['1', '2', '3'])
		await feed.say(data);
	await publish(site, name, { body: 'beside' });
	assert.equal((await stream.next()).data, 'beside');
	return 3;
}

async function allCome(stream) {
	for (const data of ['1', '2', '3'])
		assert.equal((await stream.next()).data, data);
}

const AT_THE_END = 'at the body\'s end';
const comment = (length) => ':'.padEnd(length - 1, 'x') + '\n';

// What each cell of the table says; how many events it took.
const WAYS = {
	'at once': (site, name, feed, stream) => atOnce(feed, stream),
	'at its end': (site, name, feed, stream) =>
		notYet(site, name, feed, stream),
	'after 32 KB': async (site, name, feed, stream) => {
		const held = await notYet(site, name, feed, stream);

		await feed.write(comment(32768));
		await allCome(stream);
		return held + await atOnce(feed, stream);
	},
	'in pieces of 65,500 bytes': async (site, name, feed, stream) => {
		const held = await notYet(site, name, feed, stream);

		await feed.write(comment(65500));
		await allCome(stream);
		return held;
	},
};

// Where a body is handed on, it is for a producer that dies to be told of.
const isHeld = (way) => way === 'at its end';

// What a front that is reloaded may not answer is sent again, with its key.
function insist(site, name, body, query = '') {
	return until(() => publish(site, name, { body,
		query: `${query}&key=${body}`,
		signal: AbortSignal.timeout(INSIST_MS) }).catch(() => null),
	`an answer to ${body}`);
}

// How far a run is, as a reader sees it, up to a mark: the last of its numbers.
async function lastOf(site, name) {
	const { id } = await insist(site, name, 'mark', '&event=mark');
	const reader = site.eventSource(`/events?channel=${name}&history=9`);

	await until(() => reader.events.some((event) => event.id === id),
		'the mark');
	reader.close();
	return Math.max(...reader.events.filter(isMessage)
		.map(({ data }) => Number(data)));
}

const isMessage = ({ type }) => type === 'message';

// Each check gets a site whose front and responder run, and the name of a
// channel that no other check has.
const CHECKS = {
	'an end ends streams, and whoever comes back gets 204':
	async (site, name) => {
		const browser = site.eventSource(`/events?channel=${name}`);
		const stream = await events(site, name);

		await until(() => browser.opened, 'a stream');
		await publish(site, name, { body: 'first' });
		const { ended } = await publish(site, name,
			{ body: 'last', query: '&end=1' });
		assert.equal(ended, true);
		assert.deepEqual(await whole(stream), ['first', 'last', 'end']);
		await until(() => browser.failed, 'its end');
		assert.match(browser.failed, /^204 /);
		assert.equal(browser.opened, 1);
		assert.deepEqual(browser.events.map(({ type }) => type),
			['message', 'message', 'end']);
		const { data, id } = browser.events.at(-1);
		assert.deepEqual(JSON.parse(data), { channel: name });
		const { status } = await events(site, name, '',
			{ headers: { 'Last-Event-ID': id } });
		assert.equal(status, 204);
	},

	'who comes to a run that has ended gets it all': async (site, name) => {
		const { id } = await publish(site, name, { body: '1' });

		await publish(site, name, { body: '2' });
		await publish(site, name, { body: '', query: '&end=1' });
		for (const [query, expected] of [
			['&history=all', ['1', '2', 'end']],
			['&history=1', ['2', 'end']],
			[`&last_event_id=${id}`, ['2', 'end']],
			['', ['end']],
		])
			assert.deepEqual(await whole(await events(site, name,
				query)), expected, query);
	},

	'who publishes to what has ended is told so': async (site, name) => {
		await publish(site, name, { query: '&end=1' });
		assert.match(await refused(site, name, 409), /has ended/);
		assert.match(await refused(site, `${name}&end=1`, 409),
			/has ended/);
		assert.match(await refused(site, `${name}.b&channel=${name}`,
			409), /ended/);
		const feed = feedTo(site, name);
		await feed.say('x');
		assert.equal((await feed.end()).status, 409);
	},

	'DELETE takes away what there is, and ends': async (site, name) => {
		const stream = await events(site, name);
		const { id } = await publish(site, name, { body: '1' });

		await publish(site, name, { body: '2' });
		const { status, body } = await ask(
			`${site.url}/publish?channel=${name}`,
			{ method: 'DELETE' });
		assert.equal(status, 200, body);
		assert.equal(JSON.parse(body).ended, true);
		assert.deepEqual(await whole(stream), ['1', '2', 'end']);
		const later = await events(site, name, `&last_event_id=${id}`);
		assert.deepEqual(await whole(later), ['gap', 'end']);
		assert.equal(JSON.parse(later.events[0].data).reason, 'deleted');
		assert.match(await refused(site, name, 409), /has ended/);
	},

	'names are what people have': async (site) => {
		for (const name of NAMES) {
			const stream = await events(site, name);
			const { channel, streams } = await publish(site, name);

			assert.equal(stream.status, 200, name);
			assert.equal(channel, name);
			assert.equal(streams, 1, name);
			assert.equal((await stream.next()).data, 'x');
			await publish(site, name, { query: '&end=1' });
			assert.deepEqual(JSON.parse((await whole(stream),
			stream.events.at(-1).data)), { channel: name });
			const { channels } = JSON.parse((await ask(site.url +
				'/status?format=json&channel=' +
				encodeURIComponent(name))).body);
			assert.deepEqual(channels.map((one) => one.name),
				[name]);
		}
		for (const name of ['a b', 'a\x7f', '', 'é'.repeat(128)])
			await refused(site, encodeURIComponent(name), 400);
	},

	'a publication to several channels comes once': async (site, name) => {
		const all = ['a', 'b', 'c'].map((part) => `${name}.${part}`);
		const list = all.join('&channel=');
		const stream = await openStream(
			`${site.url}/events?channel=${list}`);
		const other = await events(site, all[1]);
		const { id, channels } = await publish(site, all[0],
			{ query: `&channel=${all[1]}&channel=${all[2]}` });

		assert.deepEqual(channels, all);
		assert.equal((await other.next()).id, id);
		assert.equal((await stream.next()).id, id);
		for (const each of all)
			await publish(site, each, { query: '&end=1', body: '' });
		assert.deepEqual(await whole(stream),
			['x', 'end', 'end', 'end']);
		other.close();
	},

	'what is sent again with its key is there once': async (site, name) => {
		const [first, again] = [await publish(site, name,
			{ query: '&key=1' }), await publish(site, name,
			{ query: '&key=1' })];

		assert.equal(again.id, first.id);
		assert.equal(again.repeated, true);
		assert.equal(first.repeated, undefined);
	},

	'a snapshot is where new readers begin': async (site, name) => {
		await publish(site, name, { body: 'old' });
		await publish(site, name, { body: 'all', query: '&snapshot=1' });
		await publish(site, name, { query: '&end=1' });
		assert.deepEqual(await whole(await events(site, name)),
			['all', 'x', 'end']);
		assert.deepEqual(await whole(await events(site, name,
			'&history=all')), ['old', 'all', 'x', 'end']);
	},

	'a feed without a length': (site, name, { chunked }) =>
		checkFeed(site, name, chunked),

	'a feed with its end in itself':
	async (site, name, { chunked, measured, answer }) => {
		if (answer === AT_THE_END)
			await checkFeed(site, name, chunked,
				{ done: true });
		else
			await checkFeed(site, name, measured,
				{ done: true, length: ENDLESS });
	},

	'a producer that dies is told of': async (site, name, ways) => {
		const [way, length] = isHeld(ways.chunked) ?
			[ways.measured, ENDLESS] : [ways.chunked];
		const stream = await events(site, name);
		const feed = feedTo(site, name, '&end=1', { length });

		if (isHeld(way)) {
			await notYet(site, name, feed, stream);
			feed.cut();
			await publish(site, name, { query: '&end=1' });
			assert.deepEqual(await whole(stream),
				['beside', 'x', 'end']);
			return;
		}
		await WAYS[way](site, name, feed, stream);
		feed.cut();
		const { type, data } = await stream.next();
		assert.equal(type, 'abandoned');
		assert.equal(JSON.parse(data).channel, name);
		await publish(site, name, { body: '', query: '&end=1' });
		assert.equal((await stream.next()).type, 'end');
	},

	// The feed goes on in the old process, or it is cut and its producer goes
	// on where the run is.
	'a reload under a feed costs no event': async (site, name, ways) => {
		if (ways.chunked === 'at its end' && ways.measured !== 'at once')
			return;		// none is under way, or it hears of it late
		const [way, length] = isHeld(ways.chunked) ?
			[ways.measured, ENDLESS] : [ways.chunked];
		const stream = await events(site, name);
		const browser = site.eventSource(`/events?channel=${name}`);

		await until(() => browser.opened, 'a browser');
		stream.close();
		await publish(site, name, { body: '0' });
		const feed = feedTo(site, name, length ? '&done=over' : '&end=1',
			{ length });
		await feed.say('1');
		await feed.write(comment(65536));
		await site.front.reload();
		for (const data of ['2', '3'])
			if (!feed.over)
				await feed.say(data);
		if (length)
			await feed.write(`data: over\n\n${comment(65536)}`);
		else
			feed.end();
		if ((await feed.answer).status !== 200) {
			for (let n = await lastOf(site, name) + 1; n <= 3; n++)
				await insist(site, name, `${n}`);
			await insist(site, name, 'last', '&end=1');
		}
		feed.cut();
		await until(() => browser.failed, 'its end');
		assert.deepEqual(browser.events.filter(isMessage)
			.map(({ data }) => data).filter((data) => data !== 'last'),
		['0', '1', '2', '3']);
		assert.equal(browser.events.at(-1).type, 'end');
		assert.match(browser.failed, /^204 /);
	},
};

// With done= the answer comes when that is said, while the body is open; or at its
// end.
async function checkFeed(site, name, way, { done, length } = {}) {
	const stream = await events(site, name);
	const feed = feedTo(site, name, done ? '&done=%5BDONE%5D' : '&end=1',
		{ length });
	const n = await WAYS[way](site, name, feed, stream);

	if (done)
		await feed.say('[DONE]');
	if (!length)
		feed.end();
	const { events: counted, ended } = await answered(feed);
	feed.cut();
	assert.equal(counted, n);
	assert.equal(ended, true);
	if (isHeld(way))
		await allCome(stream);
	assert.equal((await whole(stream)).at(-1), 'end');
}

for (const name of CHOSEN)
	describe(`runs behind ${name}`, () => {
		let site;
		let n = 0;

		before(async () => {
			site = await start(name, { args: [...ARGS,
				'--feed-grace', `${GRACE_S}`] });
		});
		after(() => site?.stop());
		for (const [what, check] of Object.entries(CHECKS))
			it(what, LIMIT, () => check(site, `run.${n++}`,
				FEEDS[name]));
	});
