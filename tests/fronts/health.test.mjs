// SPDX-License-Identifier: ISC
//
// /healthz and /readyz behind each front, as what watches it asks them: the two
// differ, the reason comes through, and nobody else's page is in its place.

import assert from 'node:assert/strict';
import net from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ask, openStream } from './browsers.mjs';
import { until } from './processes.mjs';
import { ARGS, CHOSEN, LIMIT, start } from './sites.mjs';

const ALIVE = [200, 'alive\n'];
const READY = [200, 'ready\n'];

async function answerOf(site, path, options) {
	const { status, headers, body } = await ask(site.url + path, options);

	if (status !== 502) {
		assert.match(headers['content-type'], /^text\/plain\b/);
		assert.equal(headers['cache-control'], 'no-store');
	}
	return [status, body];
}

// A feed that holds the responder's end up, sent past the front: to it alone.
function holdFeed(site) {
	const socket = net.connect(join(site.dir, 'sse.sock'));
	const pair = (name, value) => Buffer.concat([
		Buffer.from([name.length, value.length]), Buffer.from(name + value)]);
	const record = (type, content) => Buffer.concat([Buffer.from([1, type, 0, 1,
		content.length >> 8, content.length & 255, 0, 0]), content]);

	socket.on('error', () => {});
	socket.resume();
	socket.write(Buffer.concat([
		record(1, Buffer.from([0, 1, 0, 0, 0, 0, 0, 0])),
		record(4, Buffer.concat([pair('REQUEST_METHOD', 'POST'),
			pair('SSE_ROLE', 'publish'),
			pair('CONTENT_TYPE', 'text/event-stream'),
			pair('QUERY_STRING', 'channel=held&feed=1')])),
		record(4, Buffer.alloc(0))]));
	return socket;
}

async function untilReadySays(site, status, words) {
	await until(async () => {
		const [now, body] = await answerOf(site, '/readyz');

		assert.deepEqual(await answerOf(site, '/healthz'), ALIVE);
		return now === status && words.test(body);
	}, `${status} ${words}`);
}

for (const name of CHOSEN)
	describe(`behind ${name}`, () => {
		let site;

		before(async () => {
			site = await start(name, { args: [...ARGS,
				'--max-streams', '2', '--drain', '300'] });
		});
		after(() => site?.stop());

		it('who is asked says that it is alive, and ready', LIMIT,
			async () => {
				assert.deepEqual(await answerOf(site, '/healthz'),
					ALIVE);
				assert.deepEqual(await answerOf(site,
					'/readyz?verbose'), READY);
				for (const path of ['/healthz', '/readyz'])
					assert.deepEqual(await answerOf(site, path,
						{ method: 'HEAD' }), [200, '']);
				assert.equal((await ask(site.url + '/readyz',
					{ method: 'POST', body: 'x' })).status, 405);
			});

		it('it is not ready while it is full', LIMIT, async () => {
			const streams = [await openStream(site.url + '/sse'),
				await openStream(site.url + '/sse')];

			await untilReadySays(site, 503,
				/^full: 2 streams and 0 feeds, of 2\n$/);
			for (const stream of streams)
				stream.close();
			await untilReadySays(site, 200, /^ready\n$/);
		});

		it('it is not ready from the first signal on', LIMIT, async () => {
			const feed = holdFeed(site);

			await until(async () => /"feeds":1,/.test(
				(await ask(site.url + '/status?format=json')).body),
			'the feed');
			site.responder.child.kill('SIGTERM');
			await untilReadySays(site, 503, /^draining: .*\n$/);
			feed.destroy();
			assert.equal(await site.responder.ended, 0);
			for (const path of ['/healthz', '/readyz'])
				await until(async () => (await ask(site.url +
					path)).status >= 500, 'nobody');
		});
	});
