// SPDX-License-Identifier: ISC
//
// What was published, and what each reader saw of it: every publication that was
// acknowledged is seen once and in order, or a gap is there in its place.  A
// reader's log is numbers alone, so that there may be millions of them.

import assert from 'node:assert/strict';

const LATE_MS = 10000;	// a process may be on its way to Redis

// All publications; the data of one is its channel and its number.
export function newJournal() {
	const all = [];		// by number
	const losses = [];	// { from, to, late }: when something may be lost
	const it = {
		all,
		losses,
		made: (channel) => {
			all.push({ channel, number: all.length, id: null,
				state: 'sent', known: Infinity });
			return all.at(-1);
		},
		dataOf: ({ channel, number }) => `${channel} ${number}`,
		// Several are one publication, and the id is its last one's.
		acknowledged: (publications, id) => {
			for (const one of publications) {
				one.state = 'acknowledged';
				one.last = id;
				one.before = publications.at(-1).number -
					one.number;
				one.known = Math.min(one.known,
					performance.now());
			}
			it.hasId(publications.at(-1), id);
		},
		refused: (publications) => publications.forEach((one) => {
			one.state = 'refused';
		}),
		hasId: (one, id) => {
			if (one.id === null) {
				one.id = id;
				one.known = Math.min(one.known,
					performance.now());
			}
			assert.equal(id, one.id);
		},
		count: (state) => all.filter((one) => one.state === state).length,
	};

	return it;
}

// A reader of these channels.  take() is for each event that it gets, for as many
// connections as there are.
export function newWitness(journal, channels) {
	let log = new Int32Array(1024);
	let length = 0;
	const gaps = [];
	const it = { channels, gaps, events: 0, latest: new Map(), wrong: '' };

	const add = (number) => {
		if (length === log.length) {
			const larger = new Int32Array(2 * length);
			larger.set(log);
			log = larger;
		}
		log[length++] = number;
	};
	it.push = (event) => {
		if (event.type === 'gap') {
			gaps.push({ ...JSON.parse(event.data), at: event.at });
			add(-gaps.length);
			return;
		}
		const [channel, number] = event.data.split(' ');
		const publication = journal.all[number];
		if (publication?.channel !== channel ||
		    !channels.includes(channel))
			it.wrong ||= `${event.data} is none of mine`;
		else {
			journal.hasId(publication, event.id);
			it.events++;
			it.latest.set(channel, publication.number);
			add(publication.number);
		}
	};
	it.log = () => log.subarray(0, length);
	return it;
}

// The orders of all channels, when nothing more is published.  What nobody has
// seen is right before the last of its publication.
export function settle(journal) {
	const orders = new Map();

	for (const one of journal.all) {
		if (one.id === null && one.state === 'acknowledged') {
			const [ms, n] = one.last.split('-').map(Number);
			one.id = `${ms}-${n - one.before}`;
		}
		if (one.id !== null) {
			if (!orders.has(one.channel))
				orders.set(one.channel, []);
			orders.get(one.channel).push(one);
		}
	}
	for (const order of orders.values())
		order.sort((a, b) => compare(a.id, b.id)).forEach((one, i) => {
			one.rank = i;
			assert.ok(i === 0 || order[i - 1].id !== one.id,
				`two events have the id ${one.id}`);
		});
	return orders;
}

export function compare(a, b) {
	const [ms, n] = a.split('-').map(Number);
	const [otherMs, otherN] = b.split('-').map(Number);

	return ms - otherMs || n - otherN;
}

// What is wrong with what it saw, which events it neither saw nor was told of, and
// how many it was told of, in their place or late.  It was there before the first
// of them.
export function judge(journal, orders, { channels, gaps, wrong, log }) {
	const next = new Map(channels.map((channel) => [channel, 0]));
	const told = new Map(channels.map((channel) => [channel, []]));
	const result = { wrong, silent: [], covered: 0, late: 0 };
	let last = null;

	// The ones of a channel that it did not see, up to a rank.
	const pass = (channel, rank) => {
		const order = orders.get(channel) ?? [];
		const before = order[next.get(channel) - 1]?.id;

		for (let i = next.get(channel); i < rank; i++) {
			const missing = order[i];
			if (told.get(channel).some((gap) =>
				covers(journal, gap, missing)))
				result.covered++;
			else if (gaps.some((gap) =>
				isLate(journal, gap, missing)))
				result.late++;
			else
				result.silent.push(`${channel}: ${missing.id}, ` +
					`known at ${wallTime(missing.known)}, ` +
					`not between ${before} and ` +
					`${order[rank]?.id}, gaps up to ` + told
					.get(channel).map(({ to, at }) =>
						`${to} at ${wallTime(at)}`));
		}
	};

	for (const number of log()) {
		if (number < 0) {
			const gap = gaps[-number - 1];
			for (const channel of gap.channel === null ? channels :
				[gap.channel])
				told.get(channel).push(gap);
			continue;
		}
		const one = journal.all[number];
		if (last !== null && compare(last.id, one.id) >= 0)
			result.wrong ||= `${one.id} after ${last.id}`;
		if (one.state === 'refused')
			result.wrong ||= `${one.number} was refused`;
		pass(one.channel, one.rank);
		next.set(one.channel, one.rank + 1);
		told.set(one.channel, []);
		last = one;
	}
	for (const channel of channels)
		pass(channel, orders.get(channel)?.length ?? 0);
	return result;
}

const wallTime = (at) => new Date(performance.timeOrigin + at).toISOString()
	.slice(11, 23);

// It says of this one: up to there, or it came when this one was lost.
function covers(journal, gap, missing) {
	return compare(gap.to, missing.id) >= 0 ||
		cameAfter(gap, missing, lossOf(journal, missing));
}

// It came soon after that, where it may come behind another event.
function isLate(journal, gap, missing) {
	const loss = lossOf(journal, missing);

	return loss?.late && [null, missing.channel].includes(gap.channel) &&
		cameAfter(gap, missing, loss) && gap.at < loss.to + LATE_MS;
}

const cameAfter = (gap, { known }, loss) =>
	loss && gap.at >= Math.max(known, loss.from);

const lossOf = ({ losses }, { known }) => losses.find(({ to }) => to >= known);
