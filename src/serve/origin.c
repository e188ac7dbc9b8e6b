/* SPDX-License-Identifier: ISC */
/*
 * Against pages that would publish with their reader's rights.  Whoever is no
 * browser sends neither header, and is the front's business.
 */
#include "serve/origin.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

/* The length of host[:port] without the port that the scheme has anyway. */
static size_t
without_port(const char *authority, const char *port)
{
	size_t len = strlen(authority), n = strlen(port);

	return len > n && strcmp(authority + len - n, port) == 0 ? len - n :
								   len;
}

/* Is the origin scheme://host[:port] with just this host[:port]? */
static bool
same_host(const char *origin, const char *host)
{
	const char *authority = strstr(origin, "://");
	const char *port;
	size_t len;

	if (authority == NULL || host == NULL)
		return false;
	port = strncasecmp(origin, "https:", 6) == 0 ? ":443" : ":80";
	authority += 3;
	len = without_port(authority, port);
	return len > 0 && len == without_port(host, port) &&
	       strncasecmp(authority, host, len) == 0;
}

/*
 * Sec-Fetch-Site is the browser's own verdict, so it is enough.  Only where
 * there is none are Origin and Host compared, which a proxy may have changed.
 */
const char *
origin_foreign(const struct request *r)
{
	if (r->fetch_site != NULL)
		return strcmp(r->fetch_site, "same-origin") == 0 ||
			       strcmp(r->fetch_site, "none") == 0 ?
			   NULL :
			   "Sec-Fetch-Site is not same-origin: a page of another "
			   "site may not publish; let its own server do it";
	if (r->origin != NULL && !same_host(r->origin, r->host))
		return "Origin is not Host: a page of another site may not "
		       "publish; if it is the same, let the proxy hand on Host";
	return NULL;
}
