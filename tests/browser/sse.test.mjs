// SPDX-License-Identifier: ISC
//
// html/sse.js: all tabs share one stream.  Tabs here are pages without a script of
// their own; open() gives each a Stream of the module, and notes what it says.
//
//	TAKE_OVERS  how often another tab has to lead    20

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { brotliCompressSync } from 'node:zlib';
import { ask } from '../fronts/browsers.mjs';
import { replaced } from '../fronts/edits.mjs';
import { blocksOf } from '../fronts/prose.mjs';
import { familyOf, ROOT, until } from '../fronts/processes.mjs';
import { newKey } from '../fronts/signed.mjs';
import { newPlace } from '../fronts/sites.mjs';
import { LACKS, LIGHTTPD_HTTP1, LIGHTTPD_HTTP2, NGINX_HTTP1, NGINX_HTTP2, publish, scriptedEventSource, speaks, startSite,
	visit, WAYS } from './harness.mjs';

const TAKE_OVERS = Number(process.env.TAKE_OVERS || 20);
const BEAT_MS = 1000;
const ANSWER_MS = 300;		// sse.js: within which a leader answers
const ARGS = ['--heartbeat', '1', '--retry', '100'];

// What a browser says on the console of connections that a test cuts, of answers
// that it asks for, and that there is no icon.
const CUT = /^error: Failed to load resource: (net::ERR_|the server responded with a status of (40[134]|50[234]))/;

const at = (site, use, more = {}) => visit(`${site.url}/sse.js`, use, { allow: CUT, ...more });

async function newTab(tab) {
	const other = await tab.context().newPage();

	await other.goto(tab.url());
	return other;
}

// Opens a Stream in a tab; url is code, a string's or a function's.
function open(tab, url, options = {}) {
	return tab.evaluate(async ([code, more]) => {
		const { Stream } = await import('/sse.js');
		Object.assign(window, { got: [], gaps: [], ends: [], states: [] });
		window.stream = new Stream(eval(code), { heartbeat: 1, ...more,
			onevent: ({ data }) => window.got.push(data),
			ongap: (gap) => window.gaps.push(gap),
			onend: (data) => window.ends.push(data),
			onstate: (state, why) => window.states.push({ state, why, ms: Date.now() }) });
	}, [url, options]);
}

// Has a tab wait for a leader's answer however long that takes on a busy machine.
const letWait = (tab) => tab.evaluate((answered) => {
	const { setTimeout } = window;
	window.setTimeout = (what, ms) => ms === answered ? 0 : setTimeout(what, ms);
}, ANSWER_MS);

const channel = (name) => JSON.stringify(`/events?channel=${name}`);

const enter = (tab, state) => tab.waitForFunction((wanted) => window.stream.state === wanted, state);

const has = (tab, data) => tab.waitForFunction((wanted) => window.got.includes(wanted), data);

const got = (tab) => tab.evaluate(() => window.got);

// The one of the tabs that leads.
async function leaderOf(tabs) {
	return until(async () => {
		const lead = await Promise.all(tabs.map((tab) => tab.evaluate(() => window.stream.leads)));

		return lead.filter(Boolean).length === 1 && tabs[lead.indexOf(true)];
	}, 'one leader');
}

const stales = async (tabs) => (await Promise.all(tabs.map((tab) => tab.evaluate(() =>
    window.states.filter(({ state }) => state === 'stale').length)))).join();

// Who was to lead does; but where all stood still since, as tabs that went stale
// tell, it may be any.
async function assertLeads(tabs, next, others, before) {
	const leader = tabs.indexOf(await leaderOf(tabs));

	if (await stales(others) === before)
		assert.equal(leader, tabs.indexOf(next));
}

async function openAll(first, name, count, options) {
	const tabs = [first];

	while (tabs.length < count)
		tabs.push(await newTab(first));
	for (const tab of tabs)
		await open(tab, channel(name), options);
	await Promise.all(tabs.map((tab) => enter(tab, 'live')));
	return tabs;
}

// Tells a browser that it has no network, and waits until all tabs have been stale.
// It cuts no stream that is open: the next beat makes them live again, at any time.
async function goOffline(tabs) {
	await Promise.all(tabs.map((tab) => tab.evaluate(() => { window.states.length = 0; })));
	await tabs[0].context().setOffline(true);
	await Promise.all(tabs.map((tab) => tab.waitForFunction(() =>
	    [window.stream, ...window.states].some(({ state }) => state === 'stale'))));
}

async function say(site, name, from, to) {
	for (let n = from; n <= to; n++)
		await publish(site, name, String(n));
}

const numbers = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => String(from + i));

describe('tabs share one stream', { concurrency: 2 }, () => {
	for (const way of WAYS)
		it(`20 of them ${way.way}`, async () => {
			const site = await startSite(way, ARGS);

			await at(site, async (first) => {
				const tabs = await openAll(first, 'all', 20);
				await say(site, 'all', 1, 10);
				for (const tab of tabs) {
					await has(tab, '10');
					assert.deepEqual(await got(tab), numbers(1, 10));
				}
				await until(() => site.responder.streams() === 1, 'one stream');
			});
		});
});

// How a leader goes.
const GOES = {
	closed: (tab) => tab.close(),
	stopped: (tab) => tab.evaluate(() => window.stream.close()),
	left: (tab) => tab.goto('about:blank'),
	crashed: async (tab) => {
		const crashed = tab.waitForEvent('crash');
		const session = await tab.context().newCDPSession(tab);

		session.send('Page.crash').catch(() => {});
		await crashed;
	},
	frozen: (tab) => { freeze(tab, 500); },
};

// What a page is told that is frozen, and that it stands still.  (A browser
// without a window freezes none.)
const freeze = (tab, ms) => tab.evaluate((still) => {
	document.dispatchEvent(new Event('freeze'));
	return new Promise((thawed) => setTimeout(() => {
		for (const end = Date.now() + still; Date.now() < end;)
			;
		document.dispatchEvent(new Event('resume'));
		thawed();
	}));
}, ms).catch(() => {});

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

// What a tab had is all that was said from some number on, each once.
function assertWhole(had, last) {
	const wrong = had.flatMap((n, i) => i > 0 && Number(n) !== Number(had[i - 1]) + 1 ? [`${had[i - 1]}, ${n}`] : []);

	assert.deepEqual(wrong, []);
	assert.equal(had.at(-1), String(last));
}

async function takeOver() {
	const site = await startSite(NGINX_HTTP2, [...ARGS, '--history', '10000']);

	await at(site, async (first) => {
		const tabs = await openAll(first, 'over', 4);
		const took = [];
		let said = 0, over = false;
		const speaker = (async () => {
			while (!over)
				await publish(site, 'over', String(++said));
		})();

		for (let i = 0; i < TAKE_OVERS; i++) {
			const leader = await leaderOf(tabs);
			const [how, go] = Object.entries(GOES)[i % Object.keys(GOES).length];
			await has(leader, String(said));
			tabs.splice(tabs.indexOf(leader), 1);
			const went = Date.now();
			await go(leader);
			const next = await leaderOf(tabs);
			await enter(next, 'live');
			const live = await next.evaluate((since) => window.states.findLast(({ state, ms }) =>
			    state === 'live' && ms >= since)?.ms, went);
			assert.ok(live, how);
			took.push(live - went);
			await leader.close();
			tabs.push(await newTab(next));
			await open(tabs.at(-1), channel('over'));
			await enter(tabs.at(-1), 'live');
		}
		over = true;
		await speaker;
		for (const tab of tabs) {
			await has(tab, String(said));
			assert.deepEqual(await tab.evaluate(() => window.gaps), []);
			assertWhole(await got(tab), said);
		}
		await until(() => site.responder.streams() === 1, 'one stream');
		console.log(`# ${took.length} take-overs, ${said} events: median ${median(took)} ms, most ${Math.max(...took)} ms`);
		assert.ok(median(took) <= 1000, `${took}`);
	});
}

describe('a leader', { concurrency: 3 }, () => {
	it(`of ${TAKE_OVERS} leaders that go another leads within a second, and nothing is lost or comes twice`, takeOver);

	it('that stands still, and was told so, goes on as one of the others', async () => {
		const site = await startSite(LIGHTTPD_HTTP1, ARGS);

		await at(site, async (first) => {
			const tabs = await openAll(first, 'frozen', 3);
			const leader = await leaderOf(tabs);
			await say(site, 'frozen', 1, 2);
			await has(leader, '2');
			const frozen = freeze(leader, 2 * BEAT_MS);
			const others = tabs.filter((tab) => tab !== leader);
			const next = await leaderOf(others);
			await say(site, 'frozen', 3, 5);
			await has(next, '5');
			const before = await stales(others);
			await frozen;
			await say(site, 'frozen', 6, 6);
			for (const tab of tabs) {
				await has(tab, '6');
				assert.deepEqual(await got(tab), numbers(1, 6));
			}
			await until(() => site.responder.streams() === 1, 'one stream');
			await assertLeads(tabs, next, others, before);
		});
	});

	it('that stands still, and knows nothing of it, loses the lead', async () => {
		const site = await startSite(NGINX_HTTP1, ARGS);

		await at(site, async (first) => {
			const tabs = await openAll(first, 'hung', 3);
			const leader = await leaderOf(tabs);
			const others = tabs.filter((tab) => tab !== leader);
			const hangs = leader.evaluate((ms) => {
				for (const end = Date.now() + ms; Date.now() < end;)
					;
			}, 8 * BEAT_MS);
			const next = await leaderOf(others);
			await enter(next, 'live');
			const before = await stales(others);
			await say(site, 'hung', 1, 3);
			for (const tab of others)
				await has(tab, '3');
			await hangs;
			await say(site, 'hung', 4, 4);
			for (const tab of tabs) {
				await has(tab, '4');
				assert.deepEqual(await got(tab), numbers(1, 4));
			}
			await until(() => site.responder.streams() === 1, 'one stream');
			await assertLeads(tabs, next, others, before);
		});
	});
});

async function whileStopped(site, use) {
	const front = familyOf(site.front.pid);

	front.forEach((pid) => process.kill(pid, 'SIGSTOP'));
	try {
		await use();
	} finally {
		front.forEach((pid) => process.kill(pid, 'SIGCONT'));
	}
}

const fire = (tab, type) => tab.evaluate((name) =>
    dispatchEvent(new PageTransitionEvent(name, { persisted: true })), type);

// Whether a tab has been stale when so long is over, by its own timers: on a busy
// machine all of them are late.
const staleWithin = (tab, ms) => tab.evaluate((most) => new Promise((told) => {
	setTimeout(() => told(window.states.some(({ state }) => state === 'stale')), most);
}), ms);

// A front's processes stop, and a stream says so.
describe('what a tab learns of the connection', { concurrency: 4 }, () => {
	for (const way of WAYS)
		it(`that nothing comes any more ${way.way}`, async () => {
			const site = await startSite(way, ARGS);

			await at(site, async (first) => {
				const tabs = await openAll(first, 'stop', 2);
				let asked = 0;
				await say(site, 'stop', 1, 1);
				await has(tabs[0], '1');
				first.context().on('request', () => { asked++; });
				await whileStopped(site, async () => {
					const wasStale = await Promise.all(tabs.map((tab) => staleWithin(tab, 3.5 * BEAT_MS)));
					assert.deepEqual(wasStale, tabs.map(() => true));
					await until(() => asked > 0, 'a new connection');
				});
				for (const tab of tabs)
					await enter(tab, 'live');
				await say(site, 'stop', 2, 2);
				for (const tab of tabs) {
					await has(tab, '2');
					assert.deepEqual(await got(tab), numbers(1, 2));
				}
			});
		});

	it('that an idle one is healthy: it is opened once', async () => {
		const site = await startSite(LIGHTTPD_HTTP1, [...ARGS, '--interval', '600']);

		await at(site, async (first) => {
			const beats = { heartbeat: 3 };		// a busy machine may be late
			const tabs = [first, await newTab(first), await newTab(first)];
			await open(tabs[0], channel('idle'), beats);
			await open(tabs[1], channel('idle'), beats);
			await open(tabs[2], '"/sse"', beats);
			for (const tab of tabs)
				await enter(tab, 'live');
			await tabs[2].evaluate((ms) => new Promise((done) => setTimeout(done, ms)), 9 * BEAT_MS);
			for (const tab of tabs)
				assert.deepEqual(await tab.evaluate(() => window.states.map(({ state }) => state)),
				    ['connecting', 'live']);
			assert.equal(site.responder.streams(), 2);
		});
	});

	// By the clock of the page, which the test moves.
	it('that an hour of heartbeats is healthy, and that after two and a half without it is not', async () => {
		const site = await startSite(LIGHTTPD_HTTP1, ARGS);
		const S = 1000, BEAT_S = 15;

		await at(site, async (leader) => {
			await leader.clock.install();
			await leader.clock.pauseAt(Date.now() + 60 * S);	// never past by then
			await open(leader, channel('hour'), { heartbeat: BEAT_S });
			await speaks(leader);
			const other = await newTab(leader);
			await open(other, channel('hour'), { heartbeat: BEAT_S });
			const beat = async (n) => {
				await leader.evaluate((id) => window.stream.say('', id, 'position'), `${n}-0`);
				await other.waitForFunction((id) => window.stream.lastEventId === id, `${n}-0`);
			};
			const tabs = [leader, other];
			const assertStates = async (...wanted) => {
				for (const tab of tabs)
					assert.deepEqual(await tab.evaluate(() => window.states.map(({ state }) => state)), wanted);
			};

			// (window.stream is the scripted EventSource here, as soon as there is one.)
			for (let n = 1; n <= 3600 / BEAT_S; n++) {
				await beat(n);
				await leader.clock.runFor(BEAT_S * S);
			}
			await beat('5000');
			for (const tab of tabs)
				await tab.waitForFunction(() => window.states.length > 1);
			await assertStates('connecting', 'live');
			await leader.clock.runFor(2.5 * BEAT_S * S - 100);
			await assertStates('connecting', 'live');
			assert.equal(await leader.evaluate(() => window.opened), 1);
			await leader.clock.runFor(200);
			await speaks(leader, 2);
			await other.waitForFunction(() => window.states.length > 2);
			await assertStates('connecting', 'live', 'stale');
			assert.equal(await other.evaluate(() => window.opened), undefined);
		}, { script: scriptedEventSource });
	});

	it('that the network is gone, and back', async () => {
		const site = await startSite(NGINX_HTTP1, ARGS);

		await at(site, async (first) => {
			const tabs = await openAll(first, 'off', 3);
			await say(site, 'off', 1, 1);
			await has(first, '1');
			await goOffline(tabs);
			await site.restartFront();	// a network that is gone cuts the streams, too
			await say(site, 'off', 2, 4);
			await first.context().setOffline(false);
			for (const tab of tabs) {
				await has(tab, '4');
				await enter(tab, 'live');
				assert.deepEqual(await got(tab), numbers(1, 4));
			}
		});
	});

	it('that the network is back, at once', async () => {
		const site = await startSite(LIGHTTPD_HTTP1, ARGS);

		await at(site, async (tab) => {
			// What is asked when the browser says so, and no timer has ended.
			await tab.evaluate(() => {
				const { EventSource, fetch } = window;
				let asked;
				window.EventSource = class extends EventSource {
					constructor(...how) {
						super(...how);
						asked++;
					}
				};
				window.fetch = (...how) => {
					asked++;
					return fetch(...how);
				};
				addEventListener('online', () => {
					asked = 0;
					setTimeout(() => { window.askedAtOnce = asked; });
				});
			});
			await open(tab, channel('back'), { heartbeat: 15 });
			await enter(tab, 'live');
			await tab.context().setOffline(true);
			await site.restartFront();
			await tab.evaluate((ms) => new Promise((done) => setTimeout(done, ms)), 6000);
			await tab.context().setOffline(false);
			await enter(tab, 'live');
			assert.ok(await tab.evaluate(() => window.askedAtOnce) > 0);
		});
	});

	it('that the responder is another, whose history is gone', async () => {
		const site = await startSite(LIGHTTPD_HTTP1, ARGS);

		await at(site, async (first) => {
			const tabs = await openAll(first, 'new', 2);
			await say(site, 'new', 1, 1);
			await has(tabs[1], '1');
			await site.restartResponder();
			for (const tab of tabs)
				await tab.waitForFunction(() => window.gaps.length === 1);
			await say(site, 'new', 2, 2);
			for (const tab of tabs) {
				await has(tab, '2');
				assert.deepEqual(await got(tab), numbers(1, 2));
				assert.equal((await tab.evaluate(() => window.gaps))[0].reason, 'restart');
			}
		});
	});
});

describe('a page', { concurrency: 4 }, () => {
	it('that is hidden away and comes back gets what it lacks', async () => {
		const site = await startSite(LIGHTTPD_HTTP1, ARGS);

		await at(site, async (first) => {
			const tabs = await openAll(first, 'kept', 3);
			let said = 0;
			for (const tab of tabs) {	// among them the leader
				await fire(tab, 'pagehide');
				const others = tabs.filter((other) => other !== tab);
				await leaderOf(others);
				await say(site, 'kept', said + 1, said + 2);
				said += 2;
				await has(others[0], String(said));
				assert.deepEqual(await got(tab), numbers(1, said - 2));
				await fire(tab, 'pageshow');
				for (const one of tabs) {
					await has(one, String(said));
					assert.deepEqual(await got(one), numbers(1, said));
				}
			}
			await until(() => site.responder.streams() === 1, 'one stream');
		});
	});

	it('takes up the count of the clock from who leads', async () => {
		const site = await startSite(NGINX_HTTP1, ARGS);

		await at(site, async (first) => {
			// The test leads, and does not answer.
			await first.evaluate((url) => {
				const name = `sse ${JSON.stringify([url, ['abandoned', 'end', 'gap', 'message', 'position'], false])}`;
				const bus = new BroadcastChannel(name);
				window.tell = (term, at, id) => bus.postMessage(
				    { term, at, state: 'live', event: { type: 'message', data: id, id } });
				return new Promise((led) => { navigator.locks.request(name, () => new Promise(led)); });
			}, `${site.url}/sse`);
			const tab = await newTab(first);
			await open(tab, '"/sse"', { heartbeat: 15 });
			await tab.waitForFunction(() => window.got.length > 0);
			assert.equal(site.responder.streams(), 1);
			await first.evaluate(() => window.tell(1, '1000', '1001'));
			await has(tab, '1001');
			await until(() => site.responder.streams() === 0, 'none');
			await first.evaluate(() => {
				window.tell(2, '1003', '1004');		// another, who was ahead
				window.tell(3, '1003', '1004');		// or behind
				window.tell(3, '1004', '1005');
			});
			await has(tab, '1005');
			assert.deepEqual((await got(tab)).slice(-3), ['1001', '1004', '1005']);
			assert.equal(site.responder.streams(), 0);
		});
	});

	it('begins with its own history, and then shares', async () => {
		const site = await startSite(NGINX_HTTP2, ARGS);

		await at(site, async (first) => {
			await say(site, 'past', 1, 5);
			const tabs = [first];
			await open(first, channel('past'), { history: 2 });
			await has(first, '5');
			for (const options of [{ history: 'all' }, { history: 1 }, {}]) {
				tabs.push(await newTab(first));
				await open(tabs.at(-1), channel('past'), options);
				await enter(tabs.at(-1), 'live');
			}
			await until(() => site.responder.streams() === 1, 'one stream');
			await say(site, 'past', 6, 7);
			for (const [i, from] of [4, 1, 5, 6].entries()) {
				await has(tabs[i], '7');
				assert.deepEqual(await got(tabs[i]), numbers(from, 7));
			}
		});
	});

	it('catches up while more is said, and takes nothing twice', async () => {
		const site = await startSite(NGINX_HTTP2, [...ARGS, '--history', '10000']);

		await at(site, async (first) => {
			const tabs = await openAll(first, 'busy', 1);
			let said = 0, over = false;
			const speak = async () => {
				while (!over)
					await publish(site, 'busy', String(++said));
			};
			const speaks = speak();
			while (tabs.length < 8) {
				tabs.push(await newTab(first));
				await open(tabs.at(-1), channel('busy'), { history: 'all' });
				await enter(tabs.at(-1), 'live');
			}
			over = true;
			await speaks;
			await until(() => site.responder.streams() === 1, 'one stream');
			for (const tab of tabs) {
				await has(tab, String(said));
				assert.deepEqual(await got(tab), numbers(1, said));
			}
		});
	});

	it('takes from who leads what it has not had, and no more', async () => {
		const site = await startSite(NGINX_HTTP2, ARGS);

		await at(site, async (first) => {
			// The test leads.
			await first.evaluate((url) => {
				const name = `sse ${JSON.stringify([location.origin + url, ['abandoned', 'end', 'gap', 'message', 'position'], false])}`;
				window.bus = new BroadcastChannel(name);
				window.bus.onmessage = () => window.tell(1, '4-0');
				window.tell = (term, at, id, type = 'message', data = id) => window.bus.postMessage(
				    { term, at, state: 'live', event: id && { type, data, id } });
				return new Promise((led) => { navigator.locks.request(name, () => new Promise(led)); });
			}, eval(channel('told')));
			const tab = await newTab(first);
			await letWait(tab);
			await open(tab, channel('told'), { heartbeat: 15 });
			await enter(tab, 'live');
			await first.evaluate(() => {
				window.tell(1, '4-0', '5-0');
				window.tell(1, '5-0', '6-0');
				window.tell(2, '4-0', '5-0');		// another, who was behind
				window.tell(2, '5-0', '6-0');
				window.tell(1, '6-0', 'late');
				window.tell(2, '6-0', '6-1', 'position', '');
				window.bus.postMessage({ term: 2, at: '6-1', state: 'live', event: { type: 'position', data: '', id: '' } });
				window.tell(2, '6-1', '7-0');
				window.tell(2, '7-0', '7-0', 'gap', '{"to":"7-0","reason":"overflow"}');
				window.tell(2, '7-0', '3-0', 'gap', '{"to":"3-0","reason":"source"}');
				window.tell(2, '3-0', '3-1');
			});
			await has(tab, '3-1');
			assert.deepEqual(await got(tab), ['5-0', '6-0', '7-0', '3-1']);
			assert.deepEqual((await tab.evaluate(() => window.gaps)).map(({ to }) => to), ['3-0']);
			assert.equal(site.responder.streams(), 0);
			await first.evaluate(() => window.tell(3, '4-0', '5-1'));
			// What is before that it asks of the responder itself.
			await tab.waitForFunction(() => window.gaps.length === 2);
			assert.equal((await got(tab)).includes('5-1'), false);
		});
	});

	for (const [lacks, script] of Object.entries(LACKS))
		it(`of a browser without ${lacks} has a stream of its own, and all the rest`, async () => {
			const site = await startSite(NGINX_HTTP1, ARGS);

			await at(site, async (first) => {
				const tabs = await openAll(first, 'alone', 3);
				const each = (use) => Promise.all(tabs.map(use));
				let said = 0;
				const goOn = async () => {
					await say(site, 'alone', ++said, said);
					await each(async (tab) => {
						await has(tab, String(said));
						await enter(tab, 'live');
						assert.deepEqual(await got(tab), numbers(1, said));
					});
				};

				assert.equal(site.responder.streams(), 3);
				await goOn();
				await whileStopped(site, () => each((tab) => enter(tab, 'stale')));
				await goOn();
				await goOffline(tabs);
				await site.restartFront();
				await say(site, 'alone', ++said, said);
				await first.context().setOffline(false);
				await goOn();
				await fire(first, 'pagehide');
				await until(() => site.responder.streams() === 2, 'two');
				await say(site, 'alone', ++said, said);
				await fire(first, 'pageshow');
				await goOn();
				assert.deepEqual(await first.evaluate(() => window.gaps), []);
				await site.restartResponder();
				await each((tab) => tab.waitForFunction(() => window.gaps[0]?.reason === 'restart'));
				await goOn();
				await ask(`${site.url}/publish?channel=alone&end=1`, { method: 'POST', body: '' });
				await each(async (tab) => {
					await enter(tab, 'ended');
					assert.deepEqual(await tab.evaluate(() => [window.ends.length, window.states.at(-1).why]), [1, 204]);
				});
				await until(() => site.responder.streams() === 0, 'none');
			}, { script });
		});

	it('gets the end, and is told that there is nothing more', async () => {
		const site = await startSite(LIGHTTPD_HTTP2, ARGS);

		await at(site, async (first) => {
			const tabs = await openAll(first, 'run', 3);
			await say(site, 'run', 1, 2);
			await ask(`${site.url}/publish?channel=run&end=1`, { method: 'POST', body: '3' });
			for (const tab of tabs) {
				await enter(tab, 'ended');
				assert.deepEqual(await got(tab), numbers(1, 3));
				assert.deepEqual(await tab.evaluate(() => [window.ends, window.states.at(-1).why]),
				    [['{"channel":"run"}'], 204]);
			}
			await until(() => site.responder.streams() === 0, 'none');
		});
	});

	it('may close it when it is told something, and is told no more', async () => {
		const site = await startSite(NGINX_HTTP1, ARGS);

		await at(site, async (first) => {
			let over = false;
			const speaks = (async () => {
				while (!over)
					await publish(site, 'shut', 'x');
			})();
			const leader = await newTab(first);
			await open(leader, channel('shut'));
			await enter(leader, 'live');
			const cases = [
				['connecting', channel('shut'), 1, ['connecting', 'ended']],
				['live', channel('shut'), 1, ['connecting', 'live', 'ended']],
				['event', channel('shut'), 1, ['connecting', 'event', 'ended']],
				['live', channel('quiet'), 1, ['connecting', 'live', 'ended']],
				['stale', channel('quiet'), 0.1, ['connecting', 'stale', 'ended']],
			];
			for (const [when, url, heartbeat, wanted] of cases) {
				const { told, ...rest } = await first.evaluate(async ([closes, code, beat]) => {
					const { Stream } = await import('/sse.js');
					const { EventSource } = window;
					const all = [];
					let made = 0;
					window.EventSource = class extends EventSource {
						constructor(...args) {
							super(...args);
							made++;
						}
					};
					return new Promise((done) => {
						const stream = new Stream(eval(code), { heartbeat: beat, onstate: hear, onevent: () => hear('event') });
						function hear(what) {
							const had = made;
							if (!all.includes(what))
								all.push(what);
							if (what === closes)
								stream.close();
							if (what === 'ended')	// what was to begin in its ANSWER_MS has begun then
								setTimeout(() => done({ told: all, state: stream.state, more: made - had }), 600);
						}
					});
				}, [when, url, heartbeat]);
				assert.deepEqual(told.filter((what) => wanted.includes(what)), wanted, when);
				assert.equal(told.at(-1), 'ended');
				assert.deepEqual(rest, { state: 'ended', more: 0 }, when);
			}
			over = true;
			await speaks;
			await until(() => site.responder.streams() === 1, 'one stream');
			const { held } = await first.evaluate(() => navigator.locks.query());
			assert.equal(held.length, 1);
		});
	});

	it('means by a relative url what it means when it says so', async () => {
		const site = await startSite(LIGHTTPD_HTTP1, ARGS);
		const enterDeep = (tab) => tab.evaluate(() => history.pushState({}, '', '/deep/er'));

		await at(site, async (first) => {
			const [deep, other] = [await newTab(first), await newTab(first)];
			await open(first, '"events?channel=relative"');
			await enter(first, 'live');
			await enterDeep(first);
			await first.evaluate(() => dispatchEvent(new Event('online')));	// opens it anew
			await enterDeep(deep);
			await open(deep, '"../events?channel=relative"');
			await enter(deep, 'live');
			await until(() => site.responder.streams() === 1, 'one stream');
			await enterDeep(other);
			await open(other, '"events?channel=relative"');
			await enter(other, 'ended');
			assert.equal(await other.evaluate(() => window.states.at(-1).why), 404);
			await say(site, 'relative', 1, 1);
			for (const tab of [first, deep])
				await has(tab, '1');
		});
	});

	it('has no more memory after 10,000 events', async () => {
		const site = await startSite(NGINX_HTTP1, ARGS);
		const many = 'data: x\n\n'.repeat(2000);
		const feed = () => ask(`${site.url}/publish?channel=many&feed=1`, { method: 'POST', body: many });

		await at(site, async (first) => {
			const tabs = await openAll(first, 'many', 2);
			const sessions = await Promise.all(tabs.map((tab) => tab.context().newCDPSession(tab)));
			for (const tab of tabs)
				await tab.evaluate(() => {
					window.count = 0;
					window.got = { push: () => { window.count++; } };
				});
			const receive = async (least) => {
				while (await tabs[0].evaluate(() => window.count) < least)
					await feed();
				for (const tab of tabs)
					await tab.waitForFunction((count) => window.count >= count, least);
			};
			// Not all that nobody has any more is gone at once.
			const used = async (session) => {
				await session.send('HeapProfiler.collectGarbage');
				return (await session.send('Runtime.getHeapUsage')).usedSize;
			};
			await receive(4000);
			const before = await Promise.all(sessions.map(used));
			await receive(14000);
			for (const [i, session] of sessions.entries())
				await until(async () => await used(session) - before[i] < 100e3, 'its memory is as it was');
		});
	});
});

// A front's rule stands for a ticket that is no good any more.
const REFUSES = {
	nginx: (text) => replaced(text, '			# The preflight', '			if ($arg_ticket = old) {\n				return 401;\n			}\n\n			# The preflight'),
	lighttpd: (text) => text + '$HTTP["querystring"] =~ "ticket=old" {\n	url.access-deny = ( "" )\n}\n',
};

describe('who may not read', { concurrency: 6 }, () => {
	it('asks for a fresh ticket upon 401, and goes on', async () => {
		const site = await startSite(NGINX_HTTP1, ARGS, { edit: REFUSES.nginx });

		await at(site, async (alone) => {
			await alone.evaluate(() => { window.tickets = ['old', 'old', 'new']; });
			await open(alone, `() => "/events?channel=secret&ticket=" + window.tickets.shift()`);
			await enter(alone, 'live');
			assert.equal(await alone.evaluate(() => window.tickets.length), 0);
		}, { script: LACKS.locks });
		await until(() => site.responder.streams() === 0, 'none');
		await at(site, async (first) => {
			const tabs = [first, await newTab(first)];
			for (const tab of tabs) {
				await tab.evaluate(() => { window.tickets = ['old', 'old', 'new']; });
				await letWait(tab);
				await open(tab, `() => "/events?channel=secret&ticket=" + (window.tickets.shift() ?? "new")`,
				    { name: 'secret', heartbeat: 15 });
				await enter(tab, 'live');
			}
			await say(site, 'secret', 1, 1);
			for (const tab of tabs)
				await has(tab, '1');
			assert.equal(site.responder.streams(), 1);
			assert.equal((await tabs[1].evaluate(() => window.tickets)).length, 3);
			await tabs[0].close();
			await enter(tabs[1], 'live');
			await say(site, 'secret', 2, 2);
			await has(tabs[1], '2');
			assert.deepEqual(await got(tabs[1]), numbers(1, 2));
		});
	});

	it('until its ticket ends, and has another then', async () => {
		const { file, ticket } = newKey(newPlace().dir);
		let made = 0;

		const site = await startSite(NGINX_HTTP2, [...ARGS, '--history', '10000', '--ticket-key', file, '--ticket-skew', '0'],
		    { edit: (text) => replaced(text, 'fastcgi_param SSE_ROLE stream;',
		        'fastcgi_param SSE_ROLE stream;\n\t\t\tfastcgi_param SSE_TICKET required;') });
		await at(site, async (first) => {
			await first.context().route('**/ticket', (route) => {
				made++;
				route.fulfill({ body: ticket({ channels: ['mine'] }, 3) });
			});
			const tabs = [first, await newTab(first)];
			for (const tab of tabs) {
				await open(tab, `async () => "/events?channel=mine&ticket=" + await (await fetch("/ticket")).text()`,
				    { name: 'mine' });
				await enter(tab, 'live');
			}
			let said = 0;
			while (made < 4)
				await publish(site, 'mine', String(++said));
			await publish(site, 'mine', String(++said));
			for (const tab of tabs) {
				await has(tab, String(said));
				assert.deepEqual(await got(tab), numbers(1, said));
				assert.deepEqual(await tab.evaluate(() => window.gaps), []);
			}
			await until(() => site.responder.streams() === 1, 'one stream');
		});
	});

	it('is asked less and less often while it has no ticket, however fast the heart beats', async () => {
		const site = await startSite(NGINX_HTTP1, ARGS, { edit: REFUSES.nginx });
		const gives = ['Promise.reject(Error("no ticket"))', '"/events?channel=secret&ticket=old"'];

		await at(site, (first) => Promise.all(gives.map(async (what, i) => {
			const tab = i === 0 ? first : await newTab(first);
			await tab.evaluate(() => { window.asked = []; });
			await open(tab, `() => { window.asked.push(Date.now()); return ${what}; }`);
			await tab.waitForFunction(() => window.asked.length === 5);
			const asked = await tab.evaluate(() => window.asked);
			const last = asked[4] - asked[3];	// half of 8 seconds at least
			assert.ok(last >= 3.9 * BEAT_MS, `${asked.map((ms) => ms - asked[0])}`);
			assert.notEqual(await tab.evaluate(() => window.stream.state), 'ended');
		})));
	});

	it('ends where its url gives none', async () => {
		const site = await startSite(LIGHTTPD_HTTP1, ARGS);

		await at(site, async (tab) => {
			for (const none of ['null', 'undefined']) {
				await open(tab, `async () => ${none}`);
				await enter(tab, 'ended');
				assert.equal(await tab.evaluate(() => window.states.at(-1).why), 'url');
			}
		});
	});

	it('is told so upon any other status', async () => {
		const site = await startSite(LIGHTTPD_HTTP1, ARGS, { edit: REFUSES.lighttpd });

		await at(site, async (first) => {
			await open(first, '"/events?channel=secret&ticket=old"');
			await enter(first, 'ended');
			assert.equal(await first.evaluate(() => window.states.at(-1).why), 403);
		});
	});
});

it('the example runs', async () => {
	const site = await startSite(LIGHTTPD_HTTP2, ARGS);
	const [{ code }] = blocksOf('conf/sse-js.md', 'Example');

	await publish(site, 'news', 'before');
	await at(site, async (tab) => {
		await tab.route('**/example', (route) => route.fulfill({ contentType: 'text/html', body: code }));
		await tab.goto(`${site.url}/example`);
		await tab.waitForSelector('#state:text-is("live")');
		await publish(site, 'news', 'rain', { type: 'weather' });
		await tab.waitForSelector('#news li:nth-child(2)');
		assert.deepEqual(await tab.locator('#news li').allTextContents(), ['message: before', 'weather: rain']);
	});
});

it('the package is one', async () => {
	const { exports, version } = JSON.parse(readFileSync(join(ROOT, 'html/package.json')));
	const changes = readFileSync(join(ROOT, 'src/CHANGES.md'), 'utf8');

	assert.equal(typeof (await import(join(ROOT, 'html', exports['.'].default))).Stream, 'function');
	assert.match(readFileSync(join(ROOT, 'html', exports['.'].types), 'utf8'), /export class Stream/);
	assert.equal(version, /^## (\S+)/m.exec(changes)[1]);
});

it('the module is 3 KB at most', () => {
	const { length } = brotliCompressSync(readFileSync(join(ROOT, 'html/sse.js')));

	assert.ok(length <= 3072, `${length}`);
});
