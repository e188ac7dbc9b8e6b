// SPDX-License-Identifier: ISC
//
// A TCP proxy before a front, that cuts.  A request with cut=N in its query is
// cut when it comes for the first time, N bytes behind the headers of its answer,
// whatever those bytes are; when it comes again it passes whole.  What had passed
// before the cut is in .cut[N].  While .away is true no request gets through, and
// .refused counts those that wanted to.

import net from 'node:net';
import { once } from 'node:events';

export async function startProxy({ url, addr }) {
	const it = { cut: {}, away: false, refused: 0 };
	const open = new Set();
	const server = net.createServer((client) =>
	    pass(it, client, net.connect(new URL(url).port, addr), open));

	server.listen(0, addr);
	await once(server, 'listening');
	it.host = `${addr}:${server.address().port}`;
	it.stop = () => {
		server.close();
		open.forEach((socket) => socket.destroy());
	};
	return it;
}

function pass(it, client, front, open) {
	let asked = '', answer = '', at;

	for (const [socket, other] of [[client, front], [front, client]]) {
		open.add(socket);
		socket.on('error', () => {}).on('close', () => {
			open.delete(socket);
			other.end();
		});
	}
	client.on('data', (bytes) => {
		if (it.away) {
			it.refused++;
			client.destroy();
			return;
		}
		asked += bytes.toString('latin1');
		front.write(bytes);
	});
	front.on('data', (bytes) => {
		const before = answer.length;

		if (before === 0)
			at = place(it, asked);
		answer += bytes.toString('latin1');
		const head = answer.indexOf('\r\n\r\n') + 4;
		const most = at === undefined || head < 4 ? Infinity : head + at - before;
		client.write(bytes.subarray(0, most));
		if (bytes.length >= most) {
			it.cut[at] = answer.slice(0, head + at);
			front.destroy();	// and, when it has all of that, the client
		}
	});
}

// Where the answer to a request is to be cut, if it is.
function place(it, asked) {
	const [, at] = /^[^\r]*[?&]cut=(\d+)/.exec(asked) ?? [];

	if (at === undefined || at in it.cut)
		return undefined;
	it.cut[at] = '';
	return Number(at);
}
