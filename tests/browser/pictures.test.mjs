// SPDX-License-Identifier: ISC
//
// Takes the pictures of the pages that the README shows, as the pages are in
// use.
//
//	PICTURES         where they go            build/pictures
//
// With PICTURES=tests/browser they become the README's.

import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import { openStream } from '../fronts/browsers.mjs';
import { ROOT, until } from '../fronts/processes.mjs';
import { LIGHTTPD_HTTP1, NGINX_HTTP1, publish, startSite, state, visit } from './harness.mjs';

const WHERE = resolve(process.env.PICTURES || join(ROOT, 'build/pictures'));
const PHONE = { width: 360, height: 640 };
const desktop = (height) => ({ options: { viewport: { width: 840, height }, colorScheme: 'light' } });

async function take(page, name) {
	mkdirSync(WHERE, { recursive: true });
	await page.screenshot({ path: join(WHERE, `${name}.png`), animations: 'disabled' });
}

const messages = (page, count) => page.waitForFunction((least) =>
    document.querySelectorAll('#messages li').length >= least, count);

const back = (page) => page.waitForFunction(() => document.getElementById('reconnects').textContent !== '0');

describe('a picture', { concurrency: true }, () => {
	it('of the clock, on a desk and on a phone', async () => {
		const site = await startSite(LIGHTTPD_HTTP1, ['--interval', '0.25']);

		await visit(site.url, async (page) => {
			await messages(page, 50);
			await site.restartResponder();
			await back(page);
			await messages(page, 72);
			await take(page, 'index');
			await page.setViewportSize(PHONE);
			await take(page, 'index-phone');
		}, desktop(584));
	});

	it('of the channels', async () => {
		const site = await startSite(NGINX_HTTP1);
		const types = ['score', 'weather'].map((type) => `type=${type}`).join('&');

		await visit(`${site.url}/channels.html?channel=news&channel=sport&${types}`, async (page) => {
			await state(page, 'live');
			await publish(site, 'news', 'lost with the responder');
			await page.waitForSelector('#events li');
			await site.restartResponder();
			await back(page);
			await publish(site, 'news', 'The page was away, and is back.');
			await publish(site, 'sport', '{"home": 2, "guests": 0}', { type: 'score' });
			await page.fill('#type', 'weather');
			await page.fill('#data', 'Oslo: rain\nRome: sun');
			await page.press('#data', 'Tab');
			await page.keyboard.press('Enter');
			await page.waitForFunction(() => /^Published/.test(document.getElementById('answer').textContent));
			await page.waitForSelector('#events li:nth-child(5)');
			await page.evaluate(() => document.activeElement.blur());
			await take(page, 'channels');
		}, desktop(860));
	});

	it('of a run', async () => {
		const site = await startSite(NGINX_HTTP1);

		await visit(`${site.url}/run.html`, async (page) => {
			const reaches = (least) => page.waitForFunction((n) =>
			    parseInt(document.getElementById('count').textContent, 10) >= n, least);

			await page.click('text="Begin"');
			await reaches(200);
			await page.reload();
			await reaches(280);
			await take(page, 'run');
		}, desktop(760));
	});

	it('of the figures', async () => {
		const site = await startSite(NGINX_HTTP1);

		await visit(`${site.url}/status.html`, async (page) => {
			const answers = () => page.evaluate(() => performance.getEntriesByType('resource')
				.filter(({ name }) => new URL(name).pathname === '/status').length);
			const streams = [];

			for (let n = 1; n <= 12; n++) {
				await until(async () => await answers() >= n, `answer ${n}`);
				if (streams.length < 20)
					streams.push(await openStream(`${site.url}/events?channel=news`),
					    await openStream(`${site.url}/events?channel=sport`));
				for (let i = 0; i < 4 + n % 3; i++)
					await publish(site, i % 2 ? 'news' : 'sport', 'x'.repeat(100));
			}
			await take(page, 'status');
			streams.forEach((stream) => stream.close());
		}, desktop(620));
	});
});
