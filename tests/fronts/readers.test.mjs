// SPDX-License-Identifier: ISC
//
// The recipes of conf/readers.md, as they stand there, by which a front says by
// itself who may read: each in the shipped configuration, where the text says.

import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ask, openStream, post } from './browsers.mjs';
import { COMMENTED, replaced, uncomment } from './edits.mjs';
import { ORIGIN, checkPreflight, readableByAny } from './expect.mjs';
import { accepts, end, run, until } from './processes.mjs';
import { blocksOf, runBlock } from './prose.mjs';
import { unsigned } from './signed.mjs';
import { ARGS, CHOSEN, LIMIT, newPlace, start } from './sites.mjs';

const FILE = 'conf/readers.md';
const SOON = 3;		// seconds until something is over

// What comes of a path: nothing of a stream that is open is read.
async function statusOf(site, path, headers) {
	const answer = await ask(site.url + path, { method: 'HEAD',
		headers: { ...ORIGIN, ...headers } });

	readableByAny(answer.headers);
	return answer.status;
}

async function has(site, stream, channel, body) {
	assert.equal((await post(site, channel, { body })).status, 200);
	assert.equal((await stream.next()).data, body);
}

// Opens a stream by what is soon over: made anew until it is in time.  It goes on
// when nobody else comes in by that.
async function outlives(site, make, channel) {
	let how, stream;

	await until(async () => {
		how = await make();
		stream = await openStream(site.url + how.path,
			{ headers: how.headers });
		return stream.status === 200;
	}, 'a stream');
	await has(site, stream, channel, 'before');
	await until(async () => await statusOf(site, how.path, how.headers) ===
		401, 'its end');
	await has(site, stream, channel, 'behind');
	stream.close();
}

const inNginx = (code) => (text) => replaced(COMMENTED.nginx.byPath(text),
	/\t+#auth_request .*\n/, () => code.replaceAll(/^/gm, '\t\t\t'));

describe('links that end', { skip: !CHOSEN.includes('nginx') }, () => {
	const [{ code }, ...programs] = blocksOf(FILE, 'Links that end');
	const { dir } = newPlace();
	let site;

	// What a program prints, by which a link is good for so many seconds, and of
	// that channel.
	async function link(program, seconds = 300, channel = 'ann.mail') {
		const { status, stdout, stderr } = await runBlock(dir, program,
			/300|ann\.mail/g,
			(was) => was === '300' ? seconds : channel);

		assert.equal(status, 0, stderr);
		return stdout.trim();
	}

	before(async () => {
		site = await start('nginx', { args: ARGS, edit: inNginx(code) });
	});
	after(() => site?.stop());

	for (const program of programs)
		it(`by ${program.language}`, LIMIT, async () => {
			const path = await link(program);
			const stream = await openStream(
				`${site.url}${path}&channel=bob.mail`);

			assert.equal(stream.status, 200);
			await post(site, 'bob.mail');
			await has(site, stream, 'ann.mail', 'mine');
			stream.close();
			assert.equal(await statusOf(site,
				await link(program, -1)), 401);
		});
	it('for others, longer, and without one nobody comes in', LIMIT,
		async () => {
			const path = await link(programs[0]);
			const [, query] = path.split('?');
			const later = path.replace(/e=\d+/, (text) =>
				`e=${Number(text.slice(2)) + 1}`);

			await checkPreflight(site.url + path);
			for (const other of [`/events/bob.mail?${query}`, later,
				`/events/ann.mail/?${query}`,
				`/events?channel=ann.mail&${query}`,
				`/sse?${query}`, '/events/ann.mail', '/events',
				path.replace('e=', 'e=0'), path.replace(/e=\d+/, ''),
				path.replace('s=', 's=A'), path.slice(0, -1),
				path.replace(/s=.*/, 's=')])
				assert.notEqual(await statusOf(site, other)
					.catch(() => 404), 200, other);
			for (const other of [`/events/bob.mail?${query}`, later,
				'/events/ann.mail', '/events', '/sse'])
				assert.equal(await statusOf(site, other), 401);
		});
	it('a stream outlives its link', LIMIT, () => outlives(site, async () =>
		({ path: await link(programs[0], SOON) }), 'ann.mail'));
	it('in each of these languages', () => assert.deepEqual(
		programs.map(({ language }) => language), ['php', 'python', 'js']));
});

// How each of them is told to ask.
const ASKS = {
	caddy: ['@asked', 'forward_auth'],
	nginx: ['auth_request', 'location = /may-read {'],
};

for (const [name, lines] of Object.entries(ASKS))
	describe(`${name} asks the application`,
		{ skip: !CHOSEN.includes(name) }, () => {
		const [{ code }] = blocksOf(FILE, 'Ask the application');
		const { dir } = newPlace();
		let site, php;

		before(async () => {
			writeFileSync(join(dir, 'may-read.php'), code);
			mkdirSync(join(dir, 'sessions'));
			site = await start(name, { args: ARGS,
				edit: (text, { addr }) => uncomment(
					COMMENTED[name].byPath(text), ...lines)
					.replace('127.0.0.1:8080', `${addr}:8080`) });
			php = run('php', ['-d', 'session.save_path=' +
				join(dir, 'sessions'), '-S', `${site.addr}:8080`,
			join(dir, 'may-read.php')]);
			await until(() => !php.alive() || accepts({ host: site.addr,
				port: 8080 }), 'PHP');
		});
		after(async () => {
			if (php)
				await end(php, 'SIGTERM');
			await site?.stop();
		});

		const fileOf = (id) => join(dir, 'sessions', `sess_${id}`);
		const cookie = (id) => ({ Cookie: `a=b; PHPSESSID=${id}` });
		function signIn(user, seconds = 300) {
			const id = `${user}${made++}`;
			const over = Math.floor(Date.now() / 1000) + seconds;
			writeFileSync(fileOf(id), `user|s:${user.length}:"${user}";` +
				`end|i:${over};`);
			return id;
		}
		let made = 0;

		it('who has signed in reads what is his', LIMIT, async () => {
			const headers = cookie(signIn('ann'));

			for (const channel of ['news', 'ann.mail']) {
				const stream = await openStream(`${site.url}/events/` +
					`${channel}?channel=bob.mail`, { headers });
				assert.equal(stream.status, 200);
				await post(site, 'bob.mail');
				await has(site, stream, channel, 'x');
				stream.close();
			}
		});
		it('others do not', LIMIT, async () => {
			const ann = cookie(signIn('ann'));
			const says = { 'X-Channel': 'ann.mail', 'X_Channel': 'ann.mail',
				'X-Forwarded-Uri': '/events/ann.mail' };

			await checkPreflight(`${site.url}/events/ann.mail`);
			for (const path of ['/events/bob.mail', '/events/ann',
				'/events?channel=ann.mail', '/events', '/sse'])
				for (const more of [{}, says])
					assert.equal(await statusOf(site, path,
						{ ...ann, ...more }), 403, path);
			for (const headers of [{}, says, cookie('nobody'),
				cookie(signIn('ann', -1))])
				assert.equal(await statusOf(site, '/events/ann.mail',
					headers), 401);
		});
		it('a stream outlives its session', LIMIT, async () => {
			await outlives(site, () => ({ path: '/events/ann.mail',
				headers: cookie(signIn('ann', SOON)) }), 'ann.mail');
			const id = signIn('ann');
			const stream = await openStream(
				`${site.url}/events/ann.mail`,
				{ headers: cookie(id) });
			rmSync(fileOf(id));
			assert.equal(await statusOf(site, '/events/ann.mail',
				cookie(id)), 401);
			await has(site, stream, 'ann.mail', 'still');
			stream.close();
		});
	});

describe('tokens of a log-in service', { skip: !CHOSEN.includes('haproxy') },
	() => {
		const [{ code }] = blocksOf(FILE, 'Tokens of a log-in service');
		const [service, other] = [1, 2].map(() => generateKeyPairSync('rsa',
			{ modulusLength: 2048 }));
		const pem = service.publicKey.export({ type: 'spki', format: 'pem' });
		let site;

		before(async () => {
			site = await start('haproxy', { args: ARGS,
				edit: (text, { dir }) => {
					const file = join(dir, 'log-in.pem');
					writeFileSync(file, pem);
					return replaced(COMMENTED.haproxy.byPath(text),
						/\t#http-request auth unless .*\n/,
						() => replaced(code,
							'/etc/haproxy/log-in.pem', file));
				} });
		});
		after(() => site?.stop());

		const RS256 = (text, { privateKey }) =>
			sign('RSA-SHA256', Buffer.from(text), privateKey)
				.toString('base64url');
		const now = () => Math.floor(Date.now() / 1000);
		function token(claims = {}, { alg = 'RS256', by = RS256, key = service } =
		{}) {
			const text = unsigned({ alg, typ: 'JWT' }, { sub: 'ann',
				aud: 'events', exp: now() + 300, ...claims });
			return `${text}.${by(text, key)}`;
		}
		const WAYS = {
			Bearer: (text) => ({ Authorization: `Bearer ${text}` }),
			cookie: (text) => ({ Cookie: `a=b; jwt=${text}` }),
		};

		for (const [way, of] of Object.entries(WAYS)) {
			it(`who has one reads what is his, by ${way}`, LIMIT, async () => {
				for (const channel of ['news', 'user.ann']) {
					const stream = await openStream(`${site.url}` +
						`/events/${channel}?channel=user.bob`,
					{ headers: of(token()) });
					assert.equal(stream.status, 200);
					await post(site, 'user.bob');
					await has(site, stream, channel, 'x');
					stream.close();
				}
			});
			it(`others do not, by ${way}`, LIMIT, async () => {
				for (const path of ['/events/user.bob', '/events/user.',
					'/events?channel=news', '/events', '/sse'])
					for (const sub of ['ann', '', undefined])
						assert.equal(await statusOf(site, path,
							of(token({ sub }))), 403, path);
				const refused = {
					'another key': token({}, { key: other }),
					'none': token({}, { alg: 'none', by: () => '' }),
					'the public key as a secret': token({},
						{ alg: 'HS256', by: (text) =>
							createHmac('sha256', pem)
								.update(text)
								.digest('base64url') }),
					'over': token({ exp: now() - 1 }),
					'without an end': token({ exp: undefined }),
					'an end that is a text': token({ exp: 'never' }),
					'for others': token({ aud: 'shop' }),
					'for nobody': token({ aud: undefined }),
					'half': token().slice(0, -9),
					'no token': 'x.y.z',
					'nothing': '',
				};
				for (const [what, text] of Object.entries(refused))
					assert.equal(await statusOf(site,
						'/events/user.ann', of(text)), 401, what);
			});
		}
		it('without one nobody reads', LIMIT, async () => {
			await checkPreflight(`${site.url}/events/news`);
			for (const path of ['/events/news', '/events', '/sse'])
				assert.equal(await statusOf(site, path), 401);
		});
		it('a stream outlives its token', LIMIT, () => outlives(site, () =>
			({ path: '/events/user.ann', headers: WAYS.cookie(
				token({ exp: now() + SOON })) }), 'user.ann'));
	});
