// SPDX-License-Identifier: ISC
//
// conf/alerts.yml and conf/grafana.json: Prometheus takes them, each alert is raised
// when it should be (tests/alerts.yml), and what they ask for is what the program
// says of itself, with --store, with --redis and without.  No Grafana is at hand
// in Debian: of the dashboard it is checked that it is what one reads.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { ask } from './browsers.mjs';
import { ROOT } from './processes.mjs';
import { ARGS, CHOSEN, LIMIT, start } from './sites.mjs';

const ALERTS = join(ROOT, 'conf/alerts.yml');
const alerts = readFileSync(ALERTS, 'utf8');
const dashboard = JSON.parse(readFileSync(join(ROOT, 'conf/grafana.json'),
	'utf8'));
const targets = dashboard.panels.flatMap(({ targets }) => targets);
const promtool = (...args) => execFileSync('promtool', args,
	{ cwd: ROOT, stdio: 'pipe' });
const namesIn = (text, pattern) =>
	[...text.matchAll(pattern)].map(([, name]) => name);
const cases = readFileSync(join(ROOT, 'tests/alerts.yml'), 'utf8');

// Each expression, with what Grafana puts in for its variables.
const expressions = [
	...namesIn(alerts, /^ +expr: (.*)$/gm),
	...targets.map(({ expr }) => expr
		.replaceAll('$__rate_interval', '5m')
		.replaceAll(/\$\w+/g, '.*')),
];

it('Prometheus takes the alerts, and raises each when it should', () => {
	promtool('check', 'rules', ALERTS);
	promtool('test', 'rules', 'tests/alerts.yml');
	assert.deepEqual(namesIn(cases, /^ +name: (\w+)$/gm),
		namesIn(alerts, /^ +- alert: (\w+)$/gm));
});

it('Prometheus takes what the dashboard asks for', () => {
	const dir = mkdtempSync(join(tmpdir(), 'monitoring-'));
	const rules = join(dir, 'rules.json');	// which is YAML, too

	writeFileSync(rules, JSON.stringify({ groups: [{ name: 'dashboard',
		rules: expressions.map((expr, i) =>
			({ record: `panel:${i}`, expr })) }] }));
	promtool('check', 'rules', rules);
	rmSync(dir, { recursive: true });
});

it('the dashboard has twelve panels, beside each other', () => {
	const { panels, templating } = dashboard;
	const fields = new Set();
	const variables = new Set(templating.list.map(({ name }) => name));

	assert.equal(panels.length, 12);
	assert.deepEqual(panels.map(({ id }) => id),
		panels.map((panel, i) => i + 1));
	for (const { title, description, type, gridPos, targets } of panels) {
		assert.ok(title && description);
		assert.match(type, /^(timeseries|stat)$/);
		assert.ok(gridPos.x + gridPos.w <= 24);
		for (let x = 0; x < gridPos.w; x++)
			for (let y = 0; y < gridPos.h; y++)
				fields.add(`${gridPos.x + x} ${gridPos.y + y}`);
		assert.deepEqual(targets.map(({ refId }) => refId),
			['A', 'B', 'C'].slice(0, targets.length));
	}
	assert.equal(fields.size, panels.reduce((sum, { gridPos }) =>
		sum + gridPos.w * gridPos.h, 0));
	const text = JSON.stringify(dashboard);
	for (const name of namesIn(text, /\$\{?(\w+)/g))
		assert.ok(variables.has(name) || name.startsWith('__'), name);
});

// What a number is, by its name; null: it is one of things, or a word.
function unitOf(expr) {
	if (/^sum by \(\w+\) \(rate\(process_cpu_seconds_total/.test(expr))
		return 'percentunit';
	if (/\w_seconds(_bucket)?\{/.test(expr))
		return 's';
	if (/\w_bytes\{/.test(expr))
		return 'bytes';
	return /\brate\(/.test(expr) ? 'ops' : null;
}

it('the dashboard shows seconds as seconds, and bytes as bytes', () => {
	let units = 0;

	for (const { title, fieldConfig, targets } of dashboard.panels)
		for (const { refId, expr } of targets) {
			const own = fieldConfig.overrides.find(({ matcher }) =>
				matcher.id === 'byFrameRefID' &&
				matcher.options === refId);
			const unit = own?.properties.find(({ id }) =>
				id === 'unit').value ?? fieldConfig.defaults.unit;

			assert.equal(unit, unitOf(expr) ?? (title === 'Ready' ?
				'bool_yes_no' : 'short'), `${title}: ${expr}`);
			units += unit !== 'short';
		}
	assert.ok(units >= 15);
});

describe('what they ask for', () => {
	let said = '';

	// With Redis or without, it need not be there for that.
	before(async () => {
		for (const options of [{}, { store: true },
			{ args: [...ARGS, '--redis', '127.0.0.1:1'] }]) {
			const site = await start(CHOSEN[0],
				{ args: ARGS, ...options });
			const { status, body } = await ask(site.url + '/status');

			assert.equal(status, 200);
			said += body;
			await site.stop();
		}
	});

	it('is what the program says', LIMIT, () => {
		const names = new Set(namesIn(said, /^(\w+)\{/gm));
		const asked = expressions.flatMap((each) => namesIn(each,
			/\b((?:ssefcgi|process)_\w+)/g));

		assert.ok(asked.length >= 35);
		for (const name of asked)
			assert.ok(names.has(name), name);
		for (const [, name] of JSON.stringify(dashboard.templating)
			.matchAll(/\b((?:ssefcgi|process)_\w+)/g))
			assert.ok(names.has(name), name);
	});

	it('is by labels that it has', LIMIT, () => {
		let any = 0;

		for (const each of expressions)
			for (const [, name, values] of each.matchAll(
				/(\w+)\{[^}]*reason=~?"([^"]+)"/g))
				for (const value of values.split('|')) {
					assert.match(said, new RegExp(
						`^${name}\\{.*reason="${value}"`, 'm'));
					any++;
				}
		assert.ok(any >= 5);
	});
});
