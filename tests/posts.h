/* SPDX-License-Identifier: ISC */
#ifndef POSTS_H
#define POSTS_H

/*
 * What tests publish: n messages to one channel.
 */
#include "channel/post.h"

#define POST_OF(channel, message, count)                                    \
	(&(const struct post){.channels = (const char *const[]){(channel)}, \
	    .channels_n = 1,                                                \
	    .messages = (message),                                          \
	    .n = (count)})

/* And a channel's end. */
#define END_OF(channel)                                                     \
	(&(const struct post){.channels = (const char *const[]){(channel)}, \
	    .channels_n = 1,                                                \
	    .end = true})

#endif
