/* SPDX-License-Identifier: ISC */
/*
 * Who serves what: a table.  The role is the front's to say, in a parameter
 * that no browser can set, so a location is never more than its front made it.
 */
#include "serve/route.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "serve/publish.h"
#include "serve/reply.h"
#include "fastcgi/request.h"
#include "serve/server.h"
#include "serve/status.h"
#include "serve/subscribe.h"

static const char *const method_name[] = {[METHOD_GET] = "GET",
    [METHOD_HEAD] = "HEAD",
    [METHOD_OPTIONS] = "OPTIONS",
    [METHOD_POST] = "POST",
    [METHOD_PUT] = "PUT",
    [METHOD_DELETE] = "DELETE"};

static void
serve_publish(struct server *sv, struct conn *c, const struct request *r)
{
	publish(&sv->publisher, c, r);
}

static void
serve_erase(struct server *sv, struct conn *c, const struct request *r)
{
	erase(&sv->publisher, c, r);
}

static const struct route {
	const char *role;
	enum method method;
	void (*serve)(struct server *, struct conn *, const struct request *);
} routes[] = {
    {"stream", METHOD_GET, subscribe},
    {"stream", METHOD_HEAD, subscribe},
    {"publish", METHOD_POST, serve_publish},
    {"publish", METHOD_PUT, serve_publish}, /* as curl -T says */
    {"publish", METHOD_DELETE, serve_erase},
    {"status", METHOD_GET, status},
    {"status", METHOD_HEAD, status},
};

#define ROUTES (sizeof(routes) / sizeof(routes[0]))

/*
 * The role's methods as an Allow header.  Returns false if there is no such
 * role.
 */
static bool
allow(const char *role, char *buf, size_t size)
{
	size_t i, n = (size_t)snprintf(buf, size, "Allow: ");
	bool known = false;

	for (i = 0; i < ROUTES; i++) {
		if (strcmp(routes[i].role, role) != 0)
			continue;
		known = true;
		n += (size_t)snprintf(buf + n, size - n, "%s, ",
		    method_name[routes[i].method]);
	}
	(void)snprintf(buf + n, size - n, "OPTIONS\r\n");
	return known;
}

static void
serve(struct server *sv, struct conn *c, const struct request *r)
{
	const char *role = r->role == NULL ? "stream" : r->role;
	char methods[80];
	size_t i;

	for (i = 0; i < ROUTES; i++)
		if (routes[i].method == r->method &&
		    strcmp(routes[i].role, role) == 0) {
			routes[i].serve(sv, c, r);
			return;
		}
	if (!allow(role, methods, sizeof(methods)))
		reply(c, r->method, 500, "",
		    "SSE_ROLE, which the front says, is none of stream, "
		    "publish and status");
	else if (r->method == METHOD_OPTIONS)
		reply(c, r->method, 204, methods, ""); /* CORS is the front's */
	else
		reply(c, r->method, 405, methods,
		    "this method is not served here: see Allow, and the "
		    "front's SSE_ROLE");
}

void
route_request(void *arg, struct conn *c, const struct gate_event *ev)
{
	struct request r;

	if (request_decode(&r, ev->data, ev->len) == -1) {
		conn_starved(c, strerror(errno));
		return;
	}
	serve(arg, c, &r);
	request_free(&r);
}
