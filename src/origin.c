/* SPDX-License-Identifier: ISC */
/*
 * Against pages that would publish with their reader's rights.  Whoever is no
 * browser sends neither header, and is the front's business.
 */
#include "origin.h"

#include <string.h>
#include <strings.h>

/* Is the origin scheme://host[:port] with just this host[:port]? */
static int
same_host(const char *origin, const char *host)
{
	const char *authority = strstr(origin, "://");

	return authority != NULL && host != NULL &&
	       strcasecmp(authority + 3, host) == 0;
}

const char *
origin_foreign(const struct request *r)
{
	if (r->fetch_site != NULL &&
	    strcmp(r->fetch_site, "same-origin") != 0 &&
	    strcmp(r->fetch_site, "none") != 0)
		return "Sec-Fetch-Site: a page of another site may not publish";
	if (r->origin != NULL && !same_host(r->origin, r->host))
		return "Origin is not Host: a page of another site may not "
		       "publish";
	return NULL;
}
