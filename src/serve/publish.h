/* SPDX-License-Identifier: ISC */
#ifndef PUBLISH_H
#define PUBLISH_H

#include "fastcgi/request.h"
#include "stream/stream.h"

/* POST: publishes the body, or says why not; see the manual. */
void publish(struct stream *, const struct request *);

#endif
