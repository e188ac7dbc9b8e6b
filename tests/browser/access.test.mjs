// SPDX-License-Identifier: ISC
//
// Whether everybody can use the pages: axe-core looks at them, by day and by
// night, on a desk and on a phone, connected and not; and the keyboard alone
// is enough.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, describe, it } from 'node:test';
import { need, NGINX_HTTP1, publish, startSite, state, text, visit } from './harness.mjs';

const AXE = readFileSync(need.resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const LOOKS = ['light', 'dark'].flatMap((colorScheme) =>
    [960, 360].map((width) => ({ colorScheme, width })));
const DOWN = { test: (fault) => /net::ERR_|status of 50/.test(fault) };

// Of what is drawn axe-core says nothing: what is hard to see there.  Letters
// want a contrast of 4.5 to what they are on, lines and bars one of 3.
function faintDrawings() {
	const light = (colour) => colour.match(/[\d.]+/g).slice(0, 3).map((part) => part / 255)
		.map((part) => part <= .04045 ? part / 12.92 : ((part + .055) / 1.055) ** 2.4)
		.reduce((sum, part, i) => sum + part * [.2126, .7152, .0722][i], 0);
	const contrast = (...colours) => {
		const [dark, bright] = colours.map(light).sort((a, b) => a - b);
		return (bright + .05) / (dark + .05);
	};

	return [...document.querySelectorAll('svg :is(text, rect, polyline)')].filter((shape) => {
		const { fill, stroke } = getComputedStyle(shape);
		const card = getComputedStyle(shape.closest('.card, .notice')).backgroundColor;
		return contrast(shape.localName === 'polyline' ? stroke : fill, card) <
		    (shape.localName === 'text' ? 4.5 : 3);
	}).map(({ localName, className, textContent }) => `${localName}.${className.baseVal} ${textContent}`);
}

// What is wrong with a page, in each of its looks.
async function look(tab) {
	const found = [];

	await tab.evaluate(AXE);
	for (const { colorScheme, width } of LOOKS) {
		await tab.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
		await tab.setViewportSize({ width, height: 640 });
		const { passes, violations } = await tab.evaluate((values) =>
		    axe.run({ runOnly: { type: 'tag', values } }), RULES);
		assert.ok(passes.some(({ id }) => id === 'color-contrast'));
		for (const { id, nodes } of violations)
			found.push(`${await tab.title()}, ${colorScheme}, ${width}: ${id}: ${nodes.map((n) => n.target)}`);
		for (const shape of await tab.evaluate(faintDrawings))
			found.push(`${await tab.title()}, ${colorScheme}, ${width}: ${shape}`);
	}
	return found;
}

async function assertClean(tabs) {
	const found = [];

	for (const tab of tabs)
		found.push(...await look(tab));
	assert.deepEqual(found, []);
}

const open = async (page, url) => {
	const tab = await page.context().newPage();

	await tab.goto(url);
	return tab;
};

describe('axe-core finds nothing wrong with the pages', () => {
	let site;

	before(async () => { site = await startSite(NGINX_HTTP1, ['--interval', '2']); });

	it('connected, and not', () => visit(site.url, async (clock) => {
		const channels = await open(clock, `${site.url}/channels.html?channel=news`);
		const status = await open(clock, `${site.url}/status.html`);
		const run = await open(clock, `${site.url}/run.html?channel=run`);
		const tabs = [clock, channels, status, run];

		// All that they can show: a gap, a long event, a refusal, two
		// processes.
		await Promise.all(tabs.map((tab) => state(tab, 'live')));
		await publish(site, 'news', 'lost');
		await channels.waitForSelector('#events li');
		await site.restartResponder();
		await channels.waitForSelector('#events .gap');
		await publish(site, 'news', 'long '.repeat(1000));
		await channels.waitForSelector('#events .long');
		await run.fill('#tokens', '100000');	// more than there is time for
		await run.click('text="Begin"');
		await run.waitForSelector('#plot rect');
		await run.waitForFunction(() => parseInt(document.getElementById('count').textContent, 10) >= 40);
		await channels.fill('#to', 'two names');
		await channels.click('text="Publish"');
		await channels.waitForSelector('#answer.failed');
		await status.waitForSelector('#several');
		await Promise.all(tabs.map((tab) => state(tab, 'live')));
		await assertClean(tabs);

		await site.restartFront(async () => {
			await Promise.all(tabs.map((tab) => state(tab, tab === status ? 'failing' : 'reconnecting')));
			await assertClean(tabs);
		});
	}, { allow: { test: (fault) => DOWN.test(fault) || /status of 400/.test(fault) } }));

	// By a page that has no stream, which its tabs would share.
	it('given up, and before the first answer', () => visit(`${site.url}/status.html`, async (page) => {
		for (const [answer, into] of [[(route) => route.fulfill({ status: 403 }), ['closed', 'closed', 'failing', 'closed']],
			[() => {}, ['connecting', 'connecting', 'asking', 'connecting']]]) {
			await page.context().route(/\/(sse|events|status)(\?.*)?$/, answer);
			const tabs = [];
			for (const path of ['/', '/channels.html', '/status.html', '/run.html?channel=run'])
				tabs.push(await open(page, site.url + path));
			await Promise.all(tabs.map((tab, i) => state(tab, into[i])));
			await assertClean(tabs);
			await page.context().unroute(/\/(sse|events|status)(\?.*)?$/);
			for (const tab of tabs)
				await tab.close();
		}
	}, { allow: /status of 403/ }));

	it('without EventSource', () => visit(site.url, async (clock) => {
		const tabs = [clock, await open(clock, `${site.url}/channels.html`), await open(clock, `${site.url}/run.html`)];

		await Promise.all(tabs.map((tab) => state(tab, 'unsupported')));
		await assertClean(tabs);
	}, { script: () => { delete window.EventSource; } }));
});

// What the keyboard is to reach, in the order of the page; of radio buttons, one.
function controls() {
	const all = [...document.querySelectorAll('a[href], button, input, textarea, [tabindex]')]
		.filter((control) => control.checkVisibility() && (control.type !== 'radio' || control.checked));

	all.forEach((control, i) => { control.dataset.order = i; });
	return all.map(({ id, textContent }) => id || textContent.slice(0, 20));
}

// Where the keyboard is, and whether the eye finds it.
function focused() {
	const { activeElement: control } = document;
	const { top, bottom } = control.getBoundingClientRect();
	const { outlineStyle, outlineWidth } = getComputedStyle(control);

	return { order: Number(control.dataset.order ?? -1), inSight: top >= 0 && bottom <= innerHeight,
		outlined: control.matches(':focus-visible') && outlineStyle === 'solid' && parseFloat(outlineWidth) >= 2 };
}

describe('the keyboard is enough', () => {
	let site;

	before(async () => { site = await startSite(NGINX_HTTP1); });

	for (const [path, least] of [['/', 3], ['/channels.html', 12], ['/status.html', 3],
		['/run.html?channel=run', 8]])
		it(`on ${path}, where it reaches all, and is seen`, () => visit(site.url + path, async (page) => {
			await state(page, 'live');
			if (path === '/channels.html') {
				await publish(site, 'news', 'long '.repeat(1000));
				await page.waitForSelector('#events .long');
			}
			const names = await page.evaluate(controls);
			assert.ok(names.length >= least, names.join());
			for (const [order, name] of names.entries()) {
				await page.keyboard.press('Tab');
				assert.deepEqual(await page.evaluate(focused),
				    { order, inSight: true, outlined: true }, name);
			}
			for (const name of names.slice(1).reverse()) {
				await page.keyboard.press('Shift+Tab');
				assert.notEqual((await page.evaluate(focused)).order, -1, name);
			}
			assert.equal(await page.evaluate(() => document.activeElement.id), 'toggle');
			await page.keyboard.press('Enter');
			await state(page, 'paused');
			await page.keyboard.press('Space');
			await state(page, 'live');
		}));

	it('from page to page', () => visit(site.url, async (page) => {
		for (const [tabs, name] of [[2, 'channels'], [4, 'status'], [2, '']]) {
			await state(page, 'live');
			for (let i = 0; i < tabs; i++)
				await page.keyboard.press('Tab');
			await page.keyboard.press('Enter');
			await page.waitForURL(name ? `**/${name}.html*` : `${site.url}/`);
		}
	}));

	it('between the processes', () => visit(`${site.url}/status.html`, async (page) => {
		const process = () => text(page, '#facts dd');

		await state(page, 'live');
		const first = await process();
		await site.restartResponder();
		await page.waitForSelector('#several');
		assert.notEqual(await process(), first);
		await page.focus('#processes :checked');
		await page.keyboard.press('ArrowUp');
		assert.equal(await process(), first);
	}, { allow: DOWN }));
});
