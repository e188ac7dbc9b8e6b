// SPDX-License-Identifier: ISC
//
// The examples of README.md and conf/README.md, as they stand there: each is run
// against every front, and what it publishes must arrive.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { openStream } from './browsers.mjs';
import { LANGUAGES, blocksOf, runBlock } from './prose.mjs';
import { CHOSEN, LIMIT, start } from './sites.mjs';

// As if the front were there, or make run's.
const URL_THERE = /http:\/\/127\.0\.0\.1(:3000)?/g;

async function arrives(site, block) {
	const stream = await openStream(site.url + '/events?channel=news');
	const { status, stdout, stderr } =
		await runBlock(site.dir, block, URL_THERE, site.url);

	assert.equal(status, 0, stderr);
	assert.equal(stderr, '');
	const [id] = /\d+-\d+/.exec(stdout);
	for (;;) {
		const event = await stream.next();
		assert.match(event.data, /rains|Oslo|Rome|Cairo/);
		if (event.id === id)
			break;
	}
	stream.close();
}

// To a port where nobody is, and to a path that is not there.
async function fails(site, block) {
	for (const there of ['http://127.0.0.1:1', `${site.url}/no`]) {
		const { status, stdout } =
			await runBlock(site.dir, block, URL_THERE, there);
		assert.notEqual(status, 0, stdout);
	}
}

const blocks = [...blocksOf('README.md', 'Publish'),
	...blocksOf('conf/README.md', 'Publish')];

for (const name of CHOSEN)
	describe(`the examples behind ${name}`, () => {
		let site;

		before(async () => {
			site = await start(name);
		});
		after(() => site?.stop());
		blocks.forEach((block, i) => {
			const what = `${i + 1}, ${block.language},`;

			it(`${what} publishes`, LIMIT,
				() => arrives(site, block));
			it(`${what} fails if it cannot`, LIMIT,
				() => fails(site, block));
		});
		it('are in every language', () => {
			const { yaml, ...rest } = LANGUAGES;
			assert.deepEqual(new Set(Object.keys(rest)),
				new Set(blocks.map(({ language }) => language)));
		});
		it('are a configuration for Prometheus', LIMIT, async () => {
			const [block] = blocksOf('conf/README.md', 'Figures');
			const { status, stdout } = await runBlock(site.dir,
				block, /127\.0\.0\.1:3000/g, new URL(site.url).host);
			assert.equal(status, 0, stdout);
		});
	});
