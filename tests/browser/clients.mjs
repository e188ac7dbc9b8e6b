// SPDX-License-Identifier: ISC
//
// The clients that people use, one table.
//
//	open           opens a stream of each of urls, to hear events of types;
//	               rows() is then what it gave to the page or to the program,
//	               for each stream a list of type, id and data
//	protocols      what it speaks
//	takesIdsEarly  takes an id as soon as its line is there, although only the
//	               empty line behind it makes the event whole.  Cut exactly
//	               between the two it comes back behind an event that it never
//	               gave to anybody.  As id: is the last line of an event this is
//	               the only such place; no order of lines leaves none.
//	givesUp        for good, when it comes back and is refused a connection

import { readFileSync } from 'node:fs';
import { until } from '../fronts/processes.mjs';
import { need } from './harness.mjs';

const POLYFILL = readFileSync(need.resolve('event-source-polyfill'), 'utf8');

// In the page as well: it is sent there as text.
function listen(EventSource, urls, types) {
	const got = urls.map(() => []), opened = new Set();
	const sources = urls.map((url) => new EventSource(url));

	sources.forEach((source, i) => {
		source.onopen = () => opened.add(source);
		for (const type of types)
			source.addEventListener(type, (event) => got[i].push([event.type, event.lastEventId, event.data]));
	});
	return { rows: () => got, isOpen: () => opened.size === sources.length,
		close: () => sources.forEach((source) => source.close()) };
}

async function whenOpen(client) {
	try {
		await until(client.isOpen, 'all streams to open');
		return client;
	} catch (error) {
		await client.close();
		throw error;
	}
}

const inNode = (EventSource) => (urls, types) => whenOpen(listen(EventSource, urls, types));

const inChromium = (name) => async (urls, types, page) => {
	await page.evaluate(POLYFILL);
	const it = await page.evaluateHandle(`(${listen})(${name}, ${JSON.stringify(urls)}, ${JSON.stringify(types)})`);
	const call = (method) => () => it.evaluate((client, which) => client[which](), method);

	return whenOpen({ rows: call('rows'), isOpen: call('isOpen'), close: call('close') });
};

const HTTP1 = ['http/1.1'], BOTH = ['http/1.1', 'h2'];

export const CLIENTS = {
	"Chromium's EventSource": { open: inChromium('EventSource'), protocols: BOTH },
	'event-source-polyfill': { open: inChromium('EventSourcePolyfill'), protocols: BOTH },
	'eventsource 1': { open: inNode(need('eventsource1')), protocols: HTTP1, takesIdsEarly: true },
	'eventsource 2': { open: inNode(need('eventsource2')), protocols: HTTP1, takesIdsEarly: true },
	'eventsource 3': { open: inNode(need('eventsource3').EventSource), protocols: HTTP1 },
	'eventsource 4': { open: inNode(need('eventsource4').EventSource), protocols: HTTP1 },
	"Node's EventSource": { open: inNode(need('undici').EventSource), protocols: HTTP1, givesUp: true },
};
