/* SPDX-License-Identifier: ISC */
#ifndef ORIGIN_H
#define ORIGIN_H

#include "fastcgi/request.h"

/*
 * Did a page of another site make the browser send this request?  A browser
 * says so by Sec-Fetch-Site (W3C Fetch Metadata) and by Origin (RFC 6454),
 * neither of which a page can change.  NULL: no; otherwise what tells.
 */
const char *origin_foreign(const struct request *);

#endif
