/* SPDX-License-Identifier: ISC */
#ifndef PUBLISH_H
#define PUBLISH_H

#include "fastcgi/request.h"
#include "serve/publication.h"

/* POST: publishes the request's body to one channel or several. */
void publish(struct publisher *, struct conn *, const struct request *);

/* DELETE: erases what a channel holds, and ends it. */
void erase(struct publisher *, struct conn *, const struct request *);

/* The body of a publication, whole: the publisher's read(). */
void publish_body(struct publication *, char *text, size_t len);

#endif
