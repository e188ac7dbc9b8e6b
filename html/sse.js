// SPDX-License-Identifier: ISC
//
// An event stream that all tabs of a site share.  See sse.d.ts, and README.md of
// conf/: "A stream for all tabs".
//
// Who has the lock leads: it has the one EventSource, and tells the others what
// comes.  Each tab knows the last id that it has had, so whoever leads next goes
// on there, and nobody takes an event twice.  A tab that lacks what the leader has
// told already reads a stream of its own until it has caught up.

const COMMON = ['message', 'position', 'gap', 'end', 'abandoned'];
const ANSWER_MS = 300;		// within which a leader answers who has come
const BACK_OFF_MS = [1000, 30000];

// Is the id a at or before b?
function within(a, b) {
	const [[ms, n = 0], [most, last = 0]] = [a, b].map((id) => id.split('-').map(Number));
	return a !== '' && (a === b || ms < most || (ms === most && n <= last));
}

function read(json) {
	try {
		return JSON.parse(json);
	} catch {
		return null;
	}
}

export class Stream {
	state;
	lastEventId;
	#url; #on; #types; #beat; #name; #credentials; #history; #fresh;
	#over = new AbortController();	// closed for good
	#running = false; #joined = false; #leads = false;
	#term = 0; #seen = '';		// the leader's; the last id that it told
	#bus; #queued; #release;	// the channel; the lock asked for, and held
	#source; #opened; #refused;	// the EventSource; did this, or the last, answer?
	#turn = 0; #tries = 0;
	#waits; #again; #watch;		// timers

	constructor(url, { name, types = [], heartbeat = 15, withCredentials = false, history, lastEventId = '',
	    ...on } = {}) {
		Object.assign(this, { lastEventId });
		if (typeof url !== 'function') {	// a relative one is this page's, as it is now
			url = new URL(url, location.href).href;
			name ??= url;
		}
		this.#url = url;
		this.#on = on;
		this.#types = [...new Set([...COMMON, ...types])].sort();
		this.#beat = heartbeat * 1000;
		this.#credentials = withCredentials;
		this.#history = history;
		this.#fresh = !lastEventId && history === undefined && !/[?&](history|last_event_id)=/.test(url);
		if (name !== undefined && globalThis.navigator?.locks && globalThis.BroadcastChannel)
			this.#name = `sse ${JSON.stringify([name, this.#types, withCredentials])}`;
		const { signal } = this.#over, start = () => this.#start(), stop = () => this.#stop();
		addEventListener('pagehide', stop, { signal });
		addEventListener('pageshow', start, { signal });
		addEventListener('offline', () => this.#source && this.state === 'live' && this.#enter('stale'), { signal });
		addEventListener('online', () => {
			this.#tries = 0;
			if (this.#source || this.#again)
				this.#open();
		}, { signal });
		globalThis.document?.addEventListener('freeze', stop, { signal });
		globalThis.document?.addEventListener('resume', start, { signal });
		queueMicrotask(start);
	}

	// Is this the tab that has the connection?
	get leads() {
		return this.#leads;
	}

	close() {
		this.#end('closed');
	}

	#start() {
		if (this.#running || this.#over.signal.aborted)
			return;
		this.#running = true;
		this.#term = this.#tries = 0;
		this.#enter('connecting');
		if (!this.#name) {
			this.#lead();
			return;
		}
		this.#bus = new BroadcastChannel(this.#name);
		this.#bus.onmessage = ({ data }) => this.#hear(data);
		this.#join();
	}

	#stop() {
		this.#running = this.#joined = this.#leads = false;
		this.#drop();
		clearTimeout(this.#waits);
		clearTimeout(this.#watch);
		this.#queued?.abort();
		this.#release?.();
		this.#bus?.close();
		this.#bus = undefined;
	}

	#end(why) {
		if (this.#over.signal.aborted)
			return;
		this.#over.abort();
		this.#enter('ended', why);
		this.#stop();
	}

	#enter(state, why) {
		const news = state !== this.state;

		this.state = state;
		if (this.#leads && why !== 'closed')
			this.#tell({ why });
		if (news)
			this.#call('onstate', state, why);
	}

	// Not from within: the page may close the stream then, or fail.
	#call(what, ...told) {
		queueMicrotask(() => {
			if (!this.#over.signal.aborted || told[0] === 'ended')
				this.#on[what]?.(...told);
		});
	}

	// Who leads.

	#join() {
		this.#joined = this.#leads = false;
		this.#lock({ signal: (this.#queued = new AbortController()).signal });
		this.#bus.postMessage({ hello: true });
		this.#waits = setTimeout(() => this.#open(), ANSWER_MS);
		this.#alive();
	}

	#lock(how) {
		navigator.locks.request(this.#name, how, () => this.#running && new Promise((release) => {
			this.#release = release;
			this.#lead();
		})).catch(() => {
			if (how.signal?.aborted || !this.#leads)
				return;
			this.#drop();	// it was taken away: this tab had stood still
			this.#join();
		});
	}

	#lead() {
		clearTimeout(this.#waits);
		this.#leads = this.#joined = true;
		this.#fresh = false;
		this.#term = Math.max(this.#term + 1, Date.now());
		if (this.#source)
			this.#tell();
		else {
			this.#enter('connecting');
			this.#open();
		}
	}

	#tell(more) {
		this.#bus?.postMessage({ term: this.#term, at: this.lastEventId, state: this.state, ...more });
	}

	#hear({ hello, term, at, state, why, event }) {
		if (hello || this.#leads || term < this.#term) {
			if (hello && this.#leads)
				this.#tell();
			return;
		}
		if (term > this.#term) {
			clearTimeout(this.#waits);
			this.#term = term;
		}
		// What the leader had before this is not told any more.
		const behind = at !== this.lastEventId && !within(at, this.lastEventId);
		// Who begins lacks nothing; nor is anything to be had of the clock, which
		// counts for each stream anew.
		if (this.#fresh || (/^\d+$/.test(at) && (behind || !this.#joined))) {
			this.#drop();
			this.#joined = true;
			this.lastEventId = at;
		} else if (behind)
			this.#joined = false;
		this.#fresh = false;
		this.#seen = event?.id || at;
		if (!this.#joined && !this.#caughtUp() && !this.#source && !this.#again)
			this.#open();
		if (!this.#joined)
			return;
		this.#alive();
		if (event)
			this.#take(event);
		if (state === 'ended')
			this.#end(why);
		else
			this.#enter(state, why);
	}

	#caughtUp() {
		if (this.#leads || !within(this.#seen, this.lastEventId))
			return false;
		this.#joined = true;
		this.#drop();
		return true;
	}

	// The connection.

	async #open() {
		this.#drop();
		this.#fresh = false;
		const turn = this.#turn;
		this.#alive();
		try {
			const given = await (typeof this.#url === 'function' ? this.#url() : this.#url);
			if (turn !== this.#turn)
				return;
			if (given == null) {
				this.#end('url');
				return;
			}
			const url = this.#place(new URL(given, location.href));
			if (this.#refused && await this.#isOver(url))
				return;
			if (turn === this.#turn)
				this.#listen(new EventSource(url, { withCredentials: this.#credentials }));
		} catch {
			if (turn === this.#turn)
				this.#later();
		}
	}

	#place(url) {
		const asked = url.searchParams;

		asked.set('heartbeat', 'event');
		if (this.lastEventId)
			asked.set('lastEventId', this.lastEventId);
		else if (this.#history !== undefined)
			asked.set('history', this.#history);
		return url;
	}

	// An EventSource does not say which answer has ended it.
	async #isOver(url) {
		const turn = this.#turn;
		const { status } = await fetch(url, { method: 'HEAD', cache: 'no-store',
			credentials: this.#credentials ? 'include' : 'same-origin' });

		if (turn !== this.#turn || status === 200)
			return false;
		if (status >= 500 || [408, 425, 429].includes(status) || (status === 401 && typeof this.#url === 'function'))
			throw status;
		this.#end(status);
		return true;
	}

	#listen(source) {
		this.#source = source;
		this.#refused = this.#opened = false;
		source.onopen = () => { this.#opened = true; };
		source.onerror = ({ data }) => {
			if (data !== undefined)
				return;		// it is an event that is called so
			this.#refused = source.readyState === EventSource.CLOSED;
			if (this.state === 'live')
				this.#enter('connecting');
			if (this.#refused && this.#tries++ === 0)
				this.#open();
			else if (this.#refused || !this.#opened)
				this.#later();
			this.#opened = false;	// who has answered has said when to come back
		};
		for (const type of this.#types)
			source.addEventListener(type, ({ data, lastEventId }) => {
				if (data === undefined)
					return;
				const event = { type, data, id: lastEventId };

				this.#tries = 0;
				this.#alive();
				if (this.#leads)
					this.#tell({ event, state: 'live' });
				this.#take(event);
				if (this.#source === source && this.state !== 'live')
					this.#enter('live');
				if (this.#source === source && !this.#joined)
					this.#caughtUp();
			});
	}

	#later() {
		const [first, most] = BACK_OFF_MS;

		this.#drop();
		this.#enter(this.state);
		this.#again = setTimeout(() => this.#open(),
		    Math.min(first * 2 ** this.#tries++, most) * (1 + Math.random()) / 2);
	}

	#drop() {
		this.#turn++;
		clearTimeout(this.#again);
		this.#again = undefined;
		this.#source?.close();
		this.#source = undefined;
	}

	// Something was heard.  If then nothing is for too long, the stream is opened
	// anew; of a leader that says nothing at all the lock is taken away.
	#alive(beats = 2.5) {
		clearTimeout(this.#watch);
		this.#watch = setTimeout(() => {
			const before = this.state;

			this.#enter('stale');
			if (this.#again)
				this.#alive();	// it has been refused, and waits
			else if (this.#leads || !this.#joined)
				this.#open();
			else if (before !== 'stale')
				this.#alive(1 + Math.random());
			else {
				this.#queued.abort();
				this.#lock({ steal: true });
			}
		}, beats * this.#beat);
	}

	// An event, to the page, if it has not had it.
	#take(event) {
		const { type, data, id } = event;
		const had = within(id, this.lastEventId);
		const gap = type === 'gap' && read(data);

		if (gap ? ['overflow', 'deleted'].includes(gap.reason) && within(gap.to, this.lastEventId) : had)
			return;
		this.lastEventId = id || this.lastEventId;
		if (gap)
			this.#call('ongap', gap, id);
		else if (type === 'end')
			this.#call('onend', data, id);
		else if (type !== 'position')
			this.#call('onevent', event);
	}
}
