// SPDX-License-Identifier: ISC

/**
 * connecting: nothing has come yet of this connection, or it was lost.
 * live: something has come.
 * stale: nothing came for two and a half heartbeats, or the browser is offline.
 * ended: for good. A new Stream is needed.
 */
export type State = 'connecting' | 'live' | 'stale' | 'ended';

/**
 * Why a stream has ended: the status of the answer, of which 204 says that all of
 * its channels are over; that url gave null; or that close() was called.
 */
export type Why = number | 'url' | 'closed';

export interface StreamEvent {
	/** "message", or what it was published as. */
	type: string;
	data: string;
	id: string;
}

/** Events that are lost to this page. It should load its state anew. */
export interface Gap {
	/** null: of all channels. */
	channel: string | null;
	from: string | null;
	to: string;
	reason: 'overflow' | 'restart' | 'unknown' | 'source' | 'deleted';
}

export interface Options {
	/**
	 * Tabs with the same name share one stream, if their types are the same.
	 * Without it, those with the same url, made absolute; where that is a function,
	 * none.
	 */
	name?: string;
	/** The types of events beside "message" that are wanted. */
	types?: string[];
	/** The responder's --heartbeat, in seconds: 15 if it is not given. */
	heartbeat?: number;
	/** With cookies, to another origin. */
	withCredentials?: boolean;
	/** Begin with so many events that were. */
	history?: number | 'all';
	/** Begin behind this one. */
	lastEventId?: string;
	onevent?(event: StreamEvent): void;
	ongap?(gap: Gap, id: string): void;
	/** A channel is over; data is JSON with its name. */
	onend?(data: string, id: string): void;
	onstate?(state: State, why?: Why): void;
}

export class Stream {
	/**
	 * A function is asked for each EventSource, as for one with a fresh ticket, and
	 * so when the answer was 401; if it gives null the stream ends.
	 */
	constructor(url: string | URL | (() => string | null | Promise<string | null>), options?: Options);
	readonly state: State;
	/** Of the last event that this page has had. */
	readonly lastEventId: string;
	/** Is this the tab that has the connection? */
	readonly leads: boolean;
	/** Behind it nothing is called but onstate, with "ended". */
	close(): void;
}
