// SPDX-License-Identifier: ISC
//
// Keys of tickets, and tickets, as an application makes them.

import { createHmac, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

// Of a token all but its signature, which is over that: the header and the claims.
export const unsigned = (...parts) => parts.map((part) =>
	Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');

// A key in dir: its file, and what signs claims that are good for so many seconds.
export function newKey(dir) {
	const secret = randomBytes(32);
	const file = join(dir, 'key');
	const ticket = (claims, seconds = 60) => {
		const text = unsigned({ alg: 'HS256', typ: 'JWT' },
			{ exp: Math.floor(Date.now() / 1000) + seconds, ...claims });

		return `${text}.${createHmac('sha256', secret).update(text)
			.digest('base64url')}`;
	};

	writeFileSync(file, `HS256 ${secret.toString('hex')}\n`, { mode: 0o600 });
	return { file, ticket };
}
