// SPDX-License-Identifier: ISC
//
// The page of the channels in a real Chromium, with the browser's own
// EventSource: what is published shows up, by whichever way; what is lost,
// too; and the ids go on over cut connections.  Then, with an EventSource that
// the test scripts, what this server never sends.

import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { until } from '../fronts/processes.mjs';
import { assertCameBy, fits, LIGHTTPD_HTTP1, NGINX_HTTP1, NGINX_HTTP2, PHONES, publish, scriptedEventSource, speaks, startSite,
	state, text, visit, WAYS } from './harness.mjs';

const WIDE = 'wide'.repeat(30);
const PAGE = '/channels.html?channel=news&channel=sport&type=score';

// The events that the page shows, in the order they came.
const events = (page) => page.$$eval('#events li', (rows) => rows.map((row) =>
	['type', 'id', 'data'].map((name) => row.querySelector(`.${name}`).textContent)).reverse());

const shown = (page, count) => page.waitForFunction((least) =>
    document.querySelectorAll('#events li').length >= least, count);

const answered = (page, how) => page.waitForFunction((source) =>
    new RegExp(source).test(document.getElementById('answer').textContent), how.source);

// Presses Tab until the field is reached.
async function tabTo(page, id) {
	for (let presses = 0; presses < 20; presses++) {
		await page.keyboard.press('Tab');
		if (await page.evaluate(() => document.activeElement.id) === id)
			return;
	}
	assert.fail(`no Tab leads to ${id}`);
}

// Opens the page, on channels that no other test has, once it is live.
let made = 0;
function listen(site, query, use, options) {
	const channel = `test-${made++}`;
	const url = `${site.url}/channels.html?channel=${channel}&${query}`;
	return visit(url, async (page) => {
		await state(page, 'live');
		await use(page, channel);
	}, options);
}

for (const way of WAYS) {
	describe(`the page of the channels ${way.way}`, () => {
		let site;

		before(async () => { site = await startSite(way); });

		it('shows what is published from outside and from its box', () => visit(site.url + PAGE, async (page) => {
			await state(page, 'live');
			const one = await publish(site, 'news', 'one');
			const two = await publish(site, 'sport', '2:0', { type: 'score' });
			await publish(site, 'weather', 'unheard');
			assert.equal(one.streams, 1);

			const ids = [];
			for (const [type, count] of [['score', '1 stream'], ['a new type', '\\d+ streams?']]) {
				await page.fill('#to', 'sport');
				await page.fill('#type', type);
				await page.fill('#data', `three\n lines\n of ${type}`);
				await page.click('text="Publish"');
				await shown(page, 3 + ids.length);
				await answered(page, new RegExp(`^Published on sport as \\S+, to ${count}\\.$`));
				ids.push(/as (\S+),/.exec(await text(page, '#answer'))[1]);
			}
			assert.deepEqual(await events(page), [['message', one.id, 'one'], ['score', two.id, '2:0'],
				['score', ids[0], 'three\n lines\n of score'],
				['a new type', ids[1], 'three\n lines\n of a new type']]);
			assert.equal(await text(page, '#received'), '4');
			assert.equal(await text(page, '#last-id'), ids[1]);
			assert.equal(await text(page, '#gaps'), '0');
			assert.equal(await text(page, '#reconnects'), '0');
			await page.click('#toggle');
			for (const path of ['/events', '/publish'])
				await assertCameBy(page, way.protocol, path);
		}));
	});
}

describe('the page of the channels in the hands of its reader', () => {
	let site;

	before(async () => { site = await startSite(LIGHTTPD_HTTP1, ['--history', '3']); });

	it('begins with as much of the past as it is asked for', () => listen(site, 'history=2', async (page, channel) => {
		const all = async () => (await events(page)).map(([, , data]) => data);

		for (const data of ['1', '2', '3'])
			await publish(site, channel, data);
		await shown(page, 3);
		await page.reload();
		await state(page, 'live');
		await publish(site, channel, '4');
		await shown(page, 3);
		assert.deepEqual(await all(), ['2', '3', '4']);

		await page.fill('#history', '0');
		await page.click('text="Listen"');
		await state(page, 'live');
		await publish(site, channel, '5');
		await shown(page, 4);
		assert.deepEqual(await all(), ['2', '3', '4', '5']);
	}));

	it('pauses without a loss, and shows what the history could not hold', () => listen(site, '', async (page, channel) => {
		const ids = [];
		const say = async (...all) => {
			for (const data of all)
				ids.push((await publish(site, channel, data)).id);
		};

		await say('1');
		await shown(page, 1);
		await page.click('#toggle');
		await state(page, 'paused');
		await say('2', '3');
		await page.click('#toggle');
		await shown(page, 3);
		assert.equal(await text(page, '#gaps'), '0');
		await page.click('#toggle');
		await say('4', '5', '6', '7');
		await page.click('#toggle');
		await shown(page, 7);

		const all = await events(page);
		assert.deepEqual(all.map(([type, , data]) => type === 'gap' ? type : data),
		    ['1', '2', '3', 'gap', '5', '6', '7']);
		assert.equal(all[3][2], `Events of ${channel} were lost, from ${ids[2]} to ${ids[3]}: ` +
		    'overflow, more was published than the history holds.');
		assert.deepEqual(all.map(([, id]) => id), ids);
	}));

	it('is used by the keyboard alone', () => visit(site.url + '/channels.html', async (page) => {
		const typeInto = async (id, typed) => {
			await tabTo(page, id);
			await page.keyboard.press('ControlOrMeta+A');
			await page.keyboard.type(typed);
		};

		await state(page, 'live');
		assert.equal(await page.inputValue('#channels'), 'news');
		await typeInto('channels', 'keys:1, keys:2');
		await typeInto('types', 'typed, other');
		await page.keyboard.press('Enter');
		await page.waitForURL(/channel=keys%3A1&channel=keys%3A2&history=10&type=typed&type=other$/);
		await state(page, 'live');
		await typeInto('to', 'keys:2');
		await typeInto('type', 'typed');
		await typeInto('data', 'by key');
		await page.keyboard.press('Tab');
		await page.keyboard.press('Space');
		await shown(page, 1);
		assert.deepEqual((await events(page)).map(([type, , data]) => [type, data]), [['typed', 'by key']]);
	}));

	it('shows why nothing was published', () => listen(site, '', async (page, channel) => {
		await page.fill('#to', 'two names');
		await page.click('text="Publish"');
		await answered(page, /^Not published: \S.* \(400\)$/);
		await page.fill('#to', channel);
		await page.fill('#data', 'x'.repeat(40000));
		await page.click('text="Publish"');
		await answered(page, /^Not published: \S.* \(413\)$/);
		assert.equal(await page.getAttribute('#answer', 'class'), 'soft failed');
		assert.deepEqual(await events(page), []);
	}, { allow: /status of 4(00|13)/ }));

	it('says that it cannot take so many names, and asks for none', () =>
		visit(`${site.url}/channels.html?${'channel=%3Cb%3E&'.repeat(65)}`, async (page) => {
			await state(page, 'idle');
			assert.match(await page.inputValue('#channels'), /^<b>( <b>){64}$/);
			assert.equal(await page.$eval('#channels', (field) => field.validity.patternMismatch), true);
		}));

	for (const phone of PHONES) {
		it(`fits a screen ${phone.viewport.width} pixels wide`, () => listen(site, `type=${WIDE}`, async (page, channel) => {
			await publish(site, channel, WIDE, { type: WIDE });
			await publish(site, channel, WIDE.repeat(100));
			await shown(page, 2);
			await fits(page, phone.viewport.width);
		}, { options: phone }));
	}

	it('says so where JavaScript is off', () => visit(`${site.url}/channels.html`, async (page) => {
		assert.match(await page.innerText('body'), /needs JavaScript/);
		assert.doesNotMatch(await page.innerText('body'), /newest first/);
	}, { options: { javaScriptEnabled: false } }));

	it('says so where EventSource is missing', () => visit(`${site.url}/channels.html`, async (page) => {
		assert.match(await page.innerText('body'), /This browser has no EventSource/);
		assert.equal(await text(page, '#state'), 'Not supported');
		assert.equal(await page.isVisible('button'), false);
	}, { script: () => { delete window.EventSource; } }));
});

for (const way of [NGINX_HTTP1, NGINX_HTTP2])
	it(`resumes cut streams without a hole or a double ${way.way}`, async () => {
		const site = await startSite(way, ['--max-age', '1', '--retry', '100', '--history', '10000']);

		await listen(site, '', async (page, channel) => {
			const published = [];
			await until(async () => {
				published.push((await publish(site, channel, `event ${published.length}`)).id);
				return Number(await text(page, '#reconnects')) >= 3;
			}, '3 reconnects');
			const last = (await publish(site, channel, 'the last')).id;
			await page.waitForFunction((id) => document.getElementById('last-id').textContent === id, last);
			assert.equal(await text(page, '#received'), String(published.length + 1));
			assert.equal(await text(page, '#gaps'), '0');
			assert.deepEqual((await events(page)).map(([, id]) => id), [...published, last].slice(-100));
		});
	});

describe('the page of the channels with a scripted stream', () => {
	const scripted = { script: scriptedEventSource };
	let url;

	before(async () => { url = (await startSite(LIGHTTPD_HTTP1)).url + PAGE; });

	it('shows hostile text as text', () => visit(url, async (page) => {
		const evil = '<img src="x" onerror="hacked = 1"><script>hacked = 1</script>';
		const lost = JSON.stringify({ channel: evil, from: evil, to: evil, reason: 'constructor' });
		const elements = () => page.$$eval('img, body script', (all) => all.length);
		await speaks(page);
		const before = await elements();

		await page.fill('#type', evil);
		await page.fill('#to', evil);
		await page.click('text="Publish"');
		await answered(page, /^Not published: \S.* \(400\)$/);
		await speaks(page, 2);
		await page.evaluate(([text, gap]) => {
			stream.say(text, `${text}-0`);
			stream.say(`</li></ol>${text}`, `${text}-1`, text);
			stream.say(gap, `${text}-2`, 'gap');
			stream.say(text, `${text}-3`, 'gap');
			stream.say('null', `${text}-4`, 'gap');
		}, [evil, lost]);
		assert.deepEqual(await events(page), [['message', `${evil}-0`, evil], [evil, `${evil}-1`, `</li></ol>${evil}`],
			['gap', `${evil}-2`, `Events of ${evil} were lost, from ${evil} to ${evil}: constructor.`],
			['gap', `${evil}-3`, evil], ['gap', `${evil}-4`, 'null']]);
		assert.equal(await text(page, '#last-id'), `${evil}-4`);
		assert.equal(await elements(), before);
		assert.equal(await page.evaluate(() => window.hacked), undefined);
		assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 320);
	}, { ...scripted, options: { viewport: { width: 320, height: 640 } }, allow: /status of 400/ }));

	it('keeps a bounded list in a flood, and of a long event its beginning', () => visit(url, async (page) => {
		await speaks(page);
		await page.evaluate(() => {
			for (let n = 1; n <= 1000; n++)
				stream.say(`message ${n}`, String(n));
			stream.say('x'.repeat(30000), '1001');
		});
		const all = await events(page);
		assert.equal(all.length, 100);
		assert.equal(all[0][1], '902');
		assert.equal(all[99][2], `${'x'.repeat(10000)}… and 20000 characters more`);
		assert.equal(await text(page, '#received'), '1001');
	}, scripted));

	it('is not misled by events of the types "open" and "error"', async () => {
		for (const [types, heard] of [['', []], ['&type=open&type=error', [['error', '2', '2'], ['open', '3', '3']]]])
			await visit(url + types, async (page) => {
				await speaks(page);
				await page.evaluate(() => {
					stream.open();
					stream.say('1', '1');
					stream.say('2', '2', 'error');
					stream.say('3', '3', 'open');
				});
				assert.deepEqual(await events(page), [['message', '1', '1'], ...heard]);
				assert.equal(await text(page, '#state'), 'Live');
				// And what is of the connection is not an event.
				await page.evaluate(() => { stream.open(); stream.fail(0); });
				assert.equal(await text(page, '#state'), 'Reconnecting');
				assert.equal((await events(page)).length, 1 + heard.length);
			}, scripted);
	});

	it('is live only when something comes, and counts what came back', () => visit('about:blank', async (page) => {
		const does = (what) => page.evaluate(what);
		const says = async (words, reconnects) => assert.deepEqual(
		    [await text(page, '#state'), await text(page, '#reconnects')], [words, String(reconnects)]);
		await page.goto(url);
		await speaks(page);
		await does(() => { stream.open(); stream.fail(0); });
		await says('Connecting', 0);
		await does(() => stream.open());
		await says('Connecting', 0);
		await does(() => stream.say('', '5-0', 'position'));
		await says('Live', 0);
		assert.equal(await text(page, '#received'), '0');
		await does(() => { stream.fail(0); stream.open(); stream.fail(0); });
		await says('Reconnecting', 0);
		await does(() => { stream.open(); stream.say('an event', '5-1'); });
		await says('Live', 1);
		await page.route('**/events?*', (route) => route.fulfill({ status: 403 }));
		await does(() => stream.fail(2));
		await state(page, 'closed');
		await says('Closed', 1);
		assert.match(await text(page, '#advice'), /Its answer was 403/);
		await page.unroute('**/events?*');
		await page.click('text="Connect again"');
		await says('Connecting', 1);
	}, { ...scripted, hosts: [new URL(url).host], allow: /status of 403/ }));

	it('resumes after the last event that it showed, but only of the same channels', () => visit(url, async (page) => {
		const asked = async (count) => {
			await speaks(page, count);
			const { pathname, search } = new URL(await page.evaluate(() => stream.url));
			return pathname + search;
		};
		assert.equal(await asked(1), '/events?channel=news&channel=sport&heartbeat=event&history=10');
		await page.evaluate(() => stream.say('an event', '17-4'));
		await page.click('#toggle');
		await page.fill('#channels', 'other');
		await page.click('#toggle');
		assert.equal(await asked(2), '/events?channel=news&channel=sport&heartbeat=event&lastEventId=17-4');
		await page.click('text="Listen"');
		assert.equal(await asked(3), '/events?channel=other&heartbeat=event&history=10');
	}, scripted));
});
