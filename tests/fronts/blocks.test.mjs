// SPDX-License-Identifier: ISC
//
// The blocks that README.md and conf/README.md have for one's own nginx and
// lighttpd, put where they say, in configurations that have little else.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { ask, openStream, post } from './browsers.mjs';
import { servedAfterLeaving, streamsWork } from './expect.mjs';
import { ROOT, until } from './processes.mjs';
import { ARGS, CHOSEN, LIMIT, start } from './sites.mjs';

// What stands around the blocks, which come in their order in the files.
const AROUND = {
	nginx: ({ addr, port, dir },
		[spread, streams, [rlimit, connections], publish, pages]) => `
pid ${dir}/nginx.pid;
${rlimit}
events {
${connections}
}
http {
include /etc/nginx/mime.types;
access_log off;
${['client_body', 'fastcgi', 'proxy', 'scgi', 'uwsgi'].map((what) =>
	`${what}_temp_path ${dir}/${what};`).join('\n')}
${spread}
server {
listen ${addr}:${port};
root ${dir};
${streams}
${publish}
${publish.replace('/publish', '/status').replace('publish;', 'status;')
	.replace(/.*max_body.*\n/, '')}
${pages}
}
}
`,
	lighttpd: ({ addr, port, dir },
		[streams, limits, publish, pages]) => `
server.bind = "${addr}"
server.port = ${port}
server.pid-file = "${dir}/lighttpd.pid"
server.errorlog = "${dir}/lighttpd.log"
server.upload-dirs = ( "${dir}" )
server.document-root = "${dir}"
server.modules = ( "mod_access" )
mimetype.assign = ( ".html" => "text/html", ".js" => "text/javascript" )
${streams}
${limits.join('\n')}
${publish}
${publish.replace('/publish', '/status').replace('"publish"', '"status"')
	.replace(/.*max-request-size.*\n/, '')}
${pages}
`,
};

function blocksOf(name) {
	const texts = ['README.md', 'conf/README.md'].flatMap((file) =>
		[...readFileSync(join(ROOT, file), 'utf8').matchAll(
			new RegExp(`^\`\`\`${name}\n(.*?)^\`\`\`$`, 'gms'))]);

	// The one of limits has two lines, with a place for each.
	return texts.map(([, text]) => /^\S.*\n\S.*\n$/.test(text) ?
		text.trim().split('\n') : text);
}

async function check(name) {
	const site = await start(name, { args: ARGS, edit: (text, site) =>
		AROUND[name](site, blocksOf(name))
			.replaceAll('/run/sse-fcgi/', `${site.dir}/`)
			.replaceAll('/usr/share/sse-fcgi', ROOT) });

	try {
		await streamsWork(site);
		await servedAfterLeaving(site);
		assert.equal((await post(site, 'a',
			{ body: 'x'.repeat(30000) })).status, 200);
		assert.equal((await ask(site.url + '/status')).status, 200);

		const pages = site.url + '/sse-fcgi/';
		assert.match((await ask(pages + 'status.html')).body, /<html/);
		assert.match((await ask(pages + 'sse.js')).headers['content-type'], /\bjavascript\b/);
		assert.equal((await ask(pages + 'status?format=json')).status, 200);
		const stream = await openStream(pages + 'events?channel=pages');
		await post({ url: pages.slice(0, -1) }, 'pages');
		assert.equal((await stream.next()).data, 'x');
		stream.close();

		await site.restartResponder(async () => {
			const { status, headers, body } =
				await ask(site.url + '/events?channel=a');

			assert.equal(status, 200);
			assert.match(headers['content-type'], /^text\/event-stream/);
			assert.match(body, /^retry: \d+\n\n$/);
		});
		await until(async () => (await post(site, 'a')).status === 200,
			'the responder to be found');
	} finally {
		await site.stop();
	}
}

for (const name of CHOSEN.filter((front) => AROUND[front]))
	it(`${name}: the blocks for one's own server serve`, LIMIT,
		() => check(name));
