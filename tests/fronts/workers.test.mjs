// SPDX-License-Identifier: ISC
//
// The programs of conf/runs.md, as they stand there: each publishes a model's
// answer, behind every front, and goes on where it was when the front goes away in
// the middle.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { ask, openStream } from './browsers.mjs';
import { until } from './processes.mjs';
import { blocksOf, runBlock } from './prose.mjs';
import { ARGS, CHOSEN, LIMIT, start } from './sites.mjs';

const FILE = 'conf/runs.md';
const TOKENS = 60;
const HALF = 30;
const WAITING = 27;	// of a half, what some programs may not have published

// A model: it says half of its answer, and the rest when it may; or breaks off.
function startModel(host) {
	const model = createServer(async (request, response) => {
		response.writeHead(200, { 'Content-Type': 'text/event-stream' });
		response.write('data: {"choices":[]}\n\n');	// as some begin or end
		for (let i = 0; i < TOKENS; i++) {
			if (i === HALF)
				await model.mayGoOn;
			if (i === HALF && model.breaksOff)
				return response.destroy();
			const choices = [{ delta: { content: `${i} ` } }];
			response.write(`data: ${JSON.stringify({ choices })}\n\n`);
		}
		response.end('data: [DONE]\n\n');
	});

	return new Promise((resolve) =>
		model.listen(8080, host, () => resolve(model)));
}

// A block, run for a channel with this front and model in place of the examples'.
const runFor = (site, block, channel) => runBlock(site.dir, block,
	/127\.0\.0\.1(:3000|:8080)|run-\d+/g, (word) =>
		word.endsWith('3000') ? new URL(site.url).host :
			word.endsWith('8080') ? `${site.addr}:8080` : channel);

// All that came of a run, when it is over.
async function heard(site, channel) {
	const stream = await openStream(
		`${site.url}/events?channel=${channel}&history=all`);

	assert.equal(await stream.ended, 'end');
	assert.equal(stream.events.at(-1).type, 'end');
	return stream.events.filter(({ type }) => type === 'message')
		.map(({ data }) => data);
}

function assertWhole(datas) {
	const tokens = datas.map((data) => JSON.parse(data));

	assert.deepEqual(tokens.map(({ n }) => n),
		Array.from({ length: TOKENS }, (_, i) => i));
	assert.ok(tokens.every(({ n, text }) => text === `${n} `));
}

const publishes = ({ status, stdout, stderr }) => {
	assert.equal(status, 0, stderr);
	assert.match(stdout, /"ended":true/);
};

const workers = blocksOf(FILE, 'A worker');
const [[ending], [feed], [keys], [erasing]] = ['The end', 'Feeds',
	'Without a feed', 'Erase'].map((heading) => blocksOf(FILE, heading));

for (const name of CHOSEN)
	describe(`workers behind ${name}`, () => {
		let site, model;
		let n = 0;

		before(async () => {
			site = await start(name, { args: [...ARGS,
				'--history', '1000'] });
			model = await startModel(site.addr);
		});
		after(async () => {
			model?.closeAllConnections();
			model?.close();
			await site?.stop();
		});
		for (const block of workers)
			it(`${block.language} publishes an answer`, LIMIT,
				async () => {
					const channel = `run-${n++}`;
					publishes(await runFor(site, block,
						channel));
					assertWhole(await heard(site, channel));
				});
		for (const block of workers)
			it(`${block.language} ends no run whose model breaks off`,
				LIMIT, () => isCutOff(site, model, block,
					`run-${n++}`));
		// Apache needs ten seconds for its end under a feed.
		for (const block of workers.slice(0, name === 'apache' ? 1 : 3))
			it(`${block.language} goes on when its front was away`,
				LIMIT, () => isAway(site, model, block,
					`run-${n++}`));
		it('curl feeds what another says', LIMIT, async () => {
			const channel = `run-${n++}`;
			publishes(await runFor(site, feed, channel));
			const datas = await heard(site, channel);
			assert.equal(datas.length, 1 + TOKENS);
			assert.match(datas.at(-1), /choices.*59 /);
		});
		it('curl publishes with keys', LIMIT, async () => {
			const channel = `run-${n++}`;
			publishes(await runFor(site, keys, channel));
			assert.deepEqual(await heard(site, channel),
				['It rains ', 'in Oslo.']);
		});
		it('curl ends, and erases', LIMIT, async () => {
			const channel = `run-${n++}`;
			publishes(await runFor(site, ending, channel));
			assert.deepEqual(await heard(site, channel),
				['The last words.']);
			publishes(await runFor(site, erasing, channel));
			assert.deepEqual(await heard(site, channel), []);
		});
		it('a program of each language is there', () =>
			assert.deepEqual(workers.map(({ language }) => language)
				.sort(), ['js', 'php', 'python']));
	});

// The front is started anew when half of the answer is there, or, behind a front
// that hands nothing on before, when the model has said it.
async function isAway(site, model, block, channel) {
	const came = async () => (await ask(`${site.url}/status?format=json` +
		`&channel=${channel}`)).body.match(/"held":(\d+)/)?.[1] ?? 0;
	const asked = new Promise((resolve) => model.once('request', resolve));
	let goOn;

	model.mayGoOn = new Promise((resolve) => { goOn = resolve; });
	const worker = runFor(site, block, channel);
	await asked;
	await until(async () => await came() >= WAITING, 'half of it', 2000)
		.catch(() => {});
	await site.restartFront();
	goOn();
	publishes(await worker);
	model.mayGoOn = undefined;
	assertWhole(await heard(site, channel));
}

async function isCutOff(site, model, block, channel) {
	model.breaksOff = true;
	const { status, stdout, stderr } = await runFor(site, block, channel);
	model.breaksOff = false;
	assert.notEqual(status, 0, stdout);
	assert.match(stdout + stderr, /the model's answer/);
	const { body } = await ask(`${site.url}/status?format=json` +
		`&channel=${channel}`);
	assert.doesNotMatch(body, /"ended":"/);
}
