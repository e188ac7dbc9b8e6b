// SPDX-License-Identifier: ISC
//
// What is published is what arrives, whatever is in it: a corpus of nasty
// events goes through real fronts to all clients of clients.mjs, and to the parser
// that several of them have, alone.  Once they read it live, and once from the
// history.  HTTP/2 is known to Chromium alone.
//
// A line ends by CR LF, CR or LF, and arrives as LF: the standard has no way
// to say the other two.

import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { until } from '../fronts/processes.mjs';
import { CLIENTS } from './clients.mjs';
import { need, publish, startSite, visit, WAYS } from './harness.mjs';

const { createParser } = need('eventsource-parser');

const BOM = '\ufeff';
const RECORD = 16384;		// the responder's records and their boundaries
const LAST = 'the last';

// Their names, types (none is a plain message) and data.
const CORPUS = [
	['nothing', '', ''],
	['LF', '', '\n'],
	['CR', '', '\r'],
	['CR LF', '', '\r\n'],
	['LF CR', '', '\n\r'],
	['lines that end in each way', '', 'a\nb\rc\r\nd'],
	['a line end of each kind at the end', '', 'a\n\r\r\n\n\r'],
	['CR CR LF LF', '', 'a\r\r\n\nb'],
	['what ends a line elsewhere, but not here', '', 'a\vb\fc\x85d\u2028e\u2029f'],
	['a space', '', ' '],
	['leading spaces', '', '  two'],
	['a leading tab', '', '\tx'],
	['leading spaces on each line', '', ' a\n  b\n c '],
	['a colon', '', ':'],
	['colons', '', ': a comment?\n::\n:'],
	['a BOM', '', BOM],
	['a BOM at the start', '', `${BOM}x`],
	['a BOM at the start of each line', '', `${BOM}${BOM}\n${BOM}data: x`],
	['NUL', '', '\0'],
	['NUL among others', '', 'a\0b\n\0\n\0c'],
	['all ASCII controls', '', String.fromCharCode(...Array(32).keys(), 127)],
	['4 bytes', '', '😀'],
	['the ends of UTF-8', '', '\x7f\x80\u07ff\u0800\ud7ff\ue000\ufffd\ufffe\uffff\u{10000}\u{10ffff}'],
	['an id', '', 'id: 5'],
	['data', '', 'data: x\n\ndata:\ndata'],
	['an event', '', 'event: y'],
	['a retry', '', 'retry: 1'],
	['a whole event', '', '\n\nid: 5\nevent: y\ndata: x\n\n'],
	['a whole event with CR', '', '\r\rid: 5\revent: y\rdata: x\r\r'],
	['the end of a FastCGI request', '', '\x01\x03\0\x01\0\x08\0\0\0\0\0\0\0\0\0\0'],
	['a type', 'a-type', 'x'],
	['a type that says message', 'message', 'x'],
	['a type with spaces and colons', '  a: type : ', 'x'],
	['a type that looks like a field', 'data: x', 'x'],
	['a type of 4 bytes with a BOM', `${BOM}😀`, '\n'],
	['no data but a type', 'a-type', ''],
	['a plain one after it', '', 'x'],
	['a line of 30 KB', '', 'x'.repeat(30000)],
	['30 KB of LF', '', '\n'.repeat(30000)],
	['10 KB of each, CR LF', 'a-type', 'x\r\n'.repeat(10000)],
	['30 KB of NUL', '', '\0'.repeat(30000)],
	['30 KB of spaces', '', ' '.repeat(30000)],
	['30 KB of colons', '', ':'.repeat(30000)],
	['the most data', '', 'x'.repeat(32768)],

	// 4 bytes all along, from each of 4 beginnings: so each boundary of a
	// record falls behind each of their bytes, wherever the data begin.
	...[0, 1, 2, 3].map((shift) => [`4 bytes along, from ${shift}`, '',
		'-'.repeat(shift) + '😀'.repeat(8000)]),
	...[0, 1, 2, 3].map((shift) => [`3 bytes along, from ${shift}`, '',
		'-'.repeat(shift) + '€'.repeat(8000)]),

	// The boundary near each part of a line's end, wherever the data begin.
	...Array.from({ length: 12 }, (_, n) => [`two lines, ${n}`, '',
		`${'x'.repeat(RECORD - 64 + n * 4)}\n😀\r\n${'y'.repeat(64)}`]),
];

const TYPES = [...new Set(CORPUS.map(([, type]) => type || 'message'))];

// A batch in the format itself, as a publisher may write it.
const BATCH = `${BOM}data: 1\r\n\r\n: a comment\rdata:2\rdata:  3\r\revent: a-type\ndata\ndata\n\n` +
    'event\ndata: 4\n:\n\ndata: 😀\n\n';

const EXPECTED_OF_BATCH = [['message', '1'], ['message', '2\n 3'], ['a-type', '\n'],
	['message', '4'], ['message', '😀']];

const newlines = (data) => data.replace(/\r\n?/g, '\n');

// The parser as a client.
async function byParser([url]) {
	const controller = new AbortController(), got = [];
	const { body } = await fetch(url, { signal: controller.signal });
	const parser = createParser({
		onEvent: ({ event = 'message', id, data }) => TYPES.includes(event) && got.push([event, id, data]),
	});
	const reading = (async () => {
		for await (const text of body.pipeThrough(new TextDecoderStream()))
			parser.feed(text);
	})().catch(() => {});
	return { close: () => { controller.abort(); return reading; }, rows: () => [got] };
}

const READERS = { ...CLIENTS, 'eventsource-parser': { open: byParser, protocols: ['http/1.1'] } };

// Reads url with all that speak protocol, from before act() until the last event is here.
async function readWithAll(url, page, protocol, act) {
	const readers = {};

	try {
		for (const [name, { open, protocols }] of Object.entries(READERS))
			if (protocols.includes(protocol))
				readers[name] = await open([url], TYPES, page);
		await act();
		for (const [name, reader] of Object.entries(readers))
			readers[name].got = await until(async () => {
				const [got] = await reader.rows();
				return got.at(-1)?.[2] === LAST && got;
			}, `${name} to read the last event`);
	} finally {
		for (const reader of Object.values(readers))
			await reader.close();
	}
	return Object.entries(readers).map(([name, { got }]) => [name, got]);
}

// Row by row, so that a fault shows what it is about, and not all of the rest.
function assertRows(reader, got, expected) {
	expected.forEach(([name, ...row], i) =>
		assert.deepEqual(got[i], row, `${reader}: ${name}`));
	assert.equal(got.length, expected.length, reader);
}

for (const way of WAYS) {
	describe(`what is published ${way.way}`, () => {
		let site;

		before(async () => { site = await startSite(way, ['--history', '1000']); });

		it('arrives as it is, live and from the history', () => visit(site.url, async (page) => {
			const url = `${site.url}/events?channel=corpus`;
			const expected = [];
			const live = await readWithAll(url, page, way.protocol, async () => {
				for (const [name, type, data] of [...CORPUS, ['the end', '', LAST]]) {
					const { id } = await publish(site, 'corpus', data, type ? { type } : {});
					expected.push([name, type || 'message', id, newlines(data)]);
				}
			});
			const held = await readWithAll(`${url}&history=1000`, page, way.protocol, () => {});

			for (const [name, got] of live)
				assertRows(`${name}, live`, got, expected);
			for (const [name, got] of held)
				assertRows(`${name}, from the history`, got, expected);
		}));

		it('arrives as a batch says', () => visit(site.url, async (page) => {
			const all = await readWithAll(`${site.url}/events?channel=batch`, page, way.protocol, async () => {
				const answer = await publish(site, 'batch', BATCH,
				    { headers: { 'Content-Type': 'text/event-stream' } });
				assert.equal(answer.events, EXPECTED_OF_BATCH.length);
				await publish(site, 'batch', LAST);
			});
			for (const [name, got] of all)
				assert.deepEqual(got.map(([type, , data]) => [type, data]),
				    [...EXPECTED_OF_BATCH, ['message', LAST]], name);
		}));
	});
}
