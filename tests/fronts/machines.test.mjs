// SPDX-License-Identifier: ISC
//
// One front, and processes on two machines with one Redis, by the lines that
// conf/redis.md has for it: both get streams, what is published reaches all of
// them, and when one of the machines has gone its browsers go on at the other.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { post } from './browsers.mjs';
import { replaced } from './edits.mjs';
import { end, until } from './processes.mjs';
import { blocksOf } from './prose.mjs';
import { redisAt } from './redis.mjs';
import { ARGS, CHOSEN, LIMIT, newPlace, start, startResponder }
	from './sites.mjs';

const BROWSERS = 20;
const PORT = 9000;

// The shipped configuration with the block in it.
const EDITS = {
	nginx: (text, block) => replaced(text, '\tserver {\n',
		`${block}\tserver {\n`).replaceAll(/fastcgi_pass "unix:.*";/g,
		'fastcgi_pass sse;'),
	lighttpd: (text, block) => replaced(text,
		/\tfastcgi\.server = [^]*?\n\t\)\)\)\n/, block),
	haproxy: (text, block) => replaced(text,
		/\tserver responder .*\n/g, block),
};

function blockFor(name, places) {
	const [{ code }] = blocksOf('conf/redis.md', 'Several machines')
		.filter(({ language }) => language === name);

	return code.replace('10.0.0.2', places[0].addr)
		.replace('10.0.0.3', places[1].addr);
}

async function twoMachines(name) {
	const places = [newPlace(), newPlace()];
	const [{ dir, addr }] = places;
	const redis = redisAt(dir, addr, 6379);
	const responders = [];

	await redis.start();
	for (const place of places)
		responders.push(await startResponder(place.dir,
			[...ARGS, '--redis', redis.address],
			{ host: place.addr, port: PORT }));
	const site = await start(name, { args: ARGS, // of which nobody hears
		edit: (text) => EDITS[name](text, blockFor(name, places)) });
	try {
		const sources = Array.from({ length: BROWSERS }, () =>
			site.eventSource('/events?channel=news'));
		const allHave = (data) => until(() => sources.every(
			({ events }) => events.some((e) => e.data === data)), data);
		const streams = () => responders.map((it) => it.streams());

		await until(() => streams()[0] + streams()[1] === BROWSERS,
			'all to be there');
		assert.ok(Math.min(...streams()) > 0, streams().join(' '));
		assert.equal((await post(site, 'news', { body: 'first' })).status,
			200);
		await allHave('first');
		await end(responders[0], 'SIGKILL');
		await until(() => streams()[1] === BROWSERS, 'all to come back');
		for (let i = 0; i < 4; i++)
			await until(async () => (await post(site, 'news',
				{ body: `second ${i}` })).status === 200, 'a post');
		await allHave('second 3');
		const ids = sources.map(({ events }) => events.filter(
			({ data }) => /first|second/.test(data))
			.map(({ id, data }) => `${id} ${data}`).join());
		assert.equal(new Set(ids).size, 1, ids.join('\n'));
	} finally {
		await site.stop();
		await Promise.all(responders.filter((it) => it.alive())
			.map((it) => it.stop()));
		await redis.stop();
	}
}

for (const name of Object.keys(EDITS))
	if (CHOSEN.includes(name))
		it(`${name}: two machines`, LIMIT, () => twoMachines(name));
