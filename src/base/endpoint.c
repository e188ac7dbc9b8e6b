/* SPDX-License-Identifier: ISC */
/*
 * Addresses as people write them.  What others understand and we do not is
 * answered with what to write instead.
 */
#include "base/endpoint.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MODE 0660

struct reading {
	const char *option;
	const char *address;
	bool to_connect;
	char *err;
	size_t size;
};

__attribute__((format(printf, 2, 3))) static int
refuse_address(const struct reading *r, const char *format, ...)
{
	va_list ap;
	int n = snprintf(r->err, r->size, "%s %.200s: ", r->option, r->address);

	va_start(ap, format);
	if (n > 0 && (size_t)n < r->size)
		(void)vsnprintf(r->err + n, r->size - (size_t)n, format, ap);
	va_end(ap);
	return -1;
}

/* A Unix socket as it is written. */
static const char *
example(const struct reading *r)
{
	return r->to_connect ? "unix:/run/redis/redis.sock" :
			       "unix:/run/sse-fcgi/sse.sock";
}

static int
parse_mode(const struct reading *r, mode_t *mode, const char *text,
    const char *path, size_t len)
{
	char *end;
	unsigned long n = strtoul(text, &end, 8);

	if (*text < '0' || *text > '7' || *end != '\0' || n > 0777)
		return refuse_address(r,
		    "behind the last colon is the mode, which is octal and at "
		    "most 0777; a path with a colon needs one, as in "
		    "unix:%.*s:%.40s:0660",
		    (int)len, path, text);
	*mode = (mode_t)n;
	return 0;
}

/* "/path" or "/path:mode" behind "unix:"; to connect to, the path alone. */
static int
parse_unix(const struct reading *r, struct endpoint *e, const char *text)
{
	const char *colon = r->to_connect ? NULL : strrchr(text, ':');
	size_t len = colon == NULL ? strlen(text) : (size_t)(colon - text);

	e->is_unix = true;
	e->mode = MODE;
	if (*text == '@')
		return refuse_address(r,
		    "abstract sockets have no owner and no mode: give a path, "
		    "as in %s",
		    example(r));
	if (*text != '/')
		return refuse_address(r,
		    "a socket's path begins with /, as in %s", example(r));
	if (colon != NULL &&
	    parse_mode(r, &e->mode, colon + 1, text, len) == -1)
		return -1;
	if (len >= sizeof(e->path))
		return refuse_address(r,
		    "a socket's path has at most %zu bytes, and this has %zu",
		    sizeof(e->path) - 1, len);
	memcpy(e->path, text, len);
	return 0;
}

/* What has no port, or no host. */
static int
refuse_inet(const struct reading *r)
{
	const char *text = r->address;

	if (strchr(text, '/') != NULL && strstr(text, "://") == NULL)
		return refuse_address(r,
		    "a Unix socket is written unix:/path, as in %s",
		    example(r));
	if (strncmp(text, "fd:", 3) == 0 && !r->to_connect)
		return refuse_address(r,
		    "a socket that the starter made is taken without --listen, "
		    "from descriptor 0 or as LISTEN_FDS says");
	if (strncasecmp(text, "unix:", 5) == 0)
		return refuse_address(r,
		    "it begins with unix:, in small letters");
	if (*text != '[' && strchr(text, ':') != strrchr(text, ':') &&
	    strstr(text, "://") == NULL)
		return refuse_address(r,
		    "an IPv6 address stands in brackets, as in [::1]:%s",
		    r->to_connect ? "6379" : "9000");
	return refuse_address(r,
	    "this is not unix:/path%s, host:port or [v6]:port, as in "
	    "127.0.0.1:%s",
	    r->to_connect ? "" : "[:mode]", r->to_connect ? "6379" : "9000");
}

/* "host:port" or "[v6]:port". */
static int
parse_inet(const struct reading *r, struct endpoint *e)
{
	const char *text = r->address, *host = text;
	const char *colon = strrchr(text, ':');
	size_t len = colon == NULL ? 0 : (size_t)(colon - text);
	unsigned long port;
	char *end;

	if (len >= 2 && host[0] == '[' && host[len - 1] == ']') {
		host++;
		len -= 2;
	} else if (memchr(host, ':', len) != NULL)
		len = 0; /* an IPv6 address without its brackets */
	if (len == 0 || len >= sizeof(e->host) || strchr(text, '/') != NULL)
		return refuse_inet(r);
	port = strtoul(colon + 1, &end, 10);
	if (colon[1] < '0' || colon[1] > '9' || *end != '\0' || port == 0 ||
	    port > 65535)
		return refuse_address(r,
		    "a port is a number from 1 to 65535, and '%.40s' is not",
		    colon + 1);
	memcpy(e->host, host, len);
	(void)snprintf(e->port, sizeof(e->port), "%lu", port);
	return 0;
}

static int
parse(const struct reading *r, struct endpoint *e)
{
	*e = (struct endpoint){.is_unix = false};
	if (strncmp(r->address, "unix:", 5) == 0)
		return parse_unix(r, e, r->address + 5);
	return parse_inet(r, e);
}

int
endpoint_parse(struct endpoint *e, const char *option, const char *address,
    char *err, size_t size)
{
	const struct reading r = {.option = option,
	    .address = address,
	    .err = err,
	    .size = size};

	return parse(&r, e);
}

int
endpoint_parse_peer(struct endpoint *e, const char *option, const char *address,
    char *err, size_t size)
{
	const struct reading r = {.option = option,
	    .address = address,
	    .to_connect = true,
	    .err = err,
	    .size = size};

	return parse(&r, e);
}
