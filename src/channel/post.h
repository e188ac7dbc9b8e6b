/* SPDX-License-Identifier: ISC */
#ifndef POST_H
#define POST_H

#include <stdbool.h>
#include <stddef.h>

#include "channel/name.h"
#include "channel/sse.h"

#define POST_CHANNELS_MAX 16
#define POST_KEY_MAX	  64 /* bytes of a key: printable ASCII, no space */
#define POST_KEY_TEXT	  (CHANNEL_NAME_MAX + 1 + POST_KEY_MAX + 1)

/*
 * What a publisher gives at once, all of it or nothing: messages, for one
 * channel or several, and perhaps a channel's end behind them.
 */
struct post {
	const char *const *channels; /* different ones */
	size_t channels_n;	     /* 1 to POST_CHANNELS_MAX */
	const struct sse_message *messages;
	size_t n;	 /* of messages; 0 only with end */
	bool end;	 /* the channel ends behind them; it is only one then */
	bool erase;	 /* with end and without messages: what it holds goes */
	const char *key; /* who publishes twice says the same; or NULL */
};

/* How many ids it needs: one for each message, and one for the end. */
size_t post_ids(const struct post *);

/* Is all as it says above? */
bool post_valid(const struct post *);

/* Is it a key: 1 to POST_KEY_MAX printable characters of ASCII, no space? */
bool post_key_valid(const char *);

/* How many of such characters the text begins with. */
size_t post_key_length(const char *text);

/*
 * What a publication with a key is known by: its first channel, whose name has
 * no space, a space, and the key.  Returns the length of that.
 */
size_t post_key_text(char text[static POST_KEY_TEXT], const char *channel,
    const char *key, size_t key_len);

#endif
