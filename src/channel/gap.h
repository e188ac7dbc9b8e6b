/* SPDX-License-Identifier: ISC */
#ifndef GAP_H
#define GAP_H

#include <stdbool.h>
#include <stddef.h>

#include "channel/channel.h"

#define GAP_SIZE 744 /* more than any gap's text */

const char *loss_reason_name(enum loss_reason);

/*
 * The event that says what a stream has lost: of this channel (NULL: of all
 * that it reads), from where it was (NULL: nobody knows) up to an id, both as
 * text. with_id: it has the id.  buf holds GAP_SIZE bytes; returns the bytes
 * written.
 */
size_t gap_write(char *buf, const char *channel, const char *from,
    const char *to, enum loss_reason, bool with_id);

#endif
