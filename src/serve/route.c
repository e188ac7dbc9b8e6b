/* SPDX-License-Identifier: ISC */
/*
 * Who serves what: a table.  The role is the front's to say, in a parameter
 * that no browser can set, so a location is never more than its front made it.
 */
#include "serve/route.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "serve/admin.h"
#include "serve/health.h"
#include "serve/publish.h"
#include "serve/reply.h"
#include "fastcgi/request.h"
#include "serve/server.h"
#include "serve/status.h"
#include "serve/subscribe.h"

#define TELL_AGAIN 60. /* seconds */

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
	bool takes_tickets; /* or is protected by the front alone */
	void (*serve)(struct server *, struct conn *, const struct request *);
} routes[] = {
    {"stream", METHOD_GET, true, subscribe},
    {"stream", METHOD_HEAD, true, subscribe},
    {"publish", METHOD_POST, true, serve_publish},
    {"publish", METHOD_PUT, true, serve_publish}, /* as curl -T says */
    {"publish", METHOD_DELETE, true, serve_erase},
    {"status", METHOD_GET, false, status},
    {"status", METHOD_HEAD, false, status},
    {"admin", METHOD_POST, false, admin},
    {"health", METHOD_GET, false, health},
    {"health", METHOD_HEAD, false, health},
    {"ready", METHOD_GET, false, ready},
    {"ready", METHOD_HEAD, false, ready},
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

/* Nobody is let in by mistake: what is wrong with the front's SSE_TICKET? */
static const char *
ticket_fault(const struct server *sv, const struct route *route,
    const struct request *r)
{
	if (r->ticket != NULL && !route->takes_tickets)
		return "SSE_TICKET, which the front says, is not for this "
		       "SSE_ROLE: protect it otherwise";
	return tickets_fault(&sv->tickets, r);
}

/* The front says what cannot be meant; some fronts keep the answer back. */
static void
refuse(struct server *sv, struct conn *c, const struct request *r,
    const char *fault)
{
	double now = sv->streams.conns.now;

	if (sv->told == 0 || now - sv->told >= TELL_AGAIN) {
		log_warn("misconfigured why", "answered 500: %s", fault);
		sv->told = now;
	}
	reply(c, r->method, 500, "", fault);
}

/* Serves it, unless that would let in whom it must not. */
static void
serve_by(const struct route *route, struct server *sv, struct conn *c,
    const struct request *r)
{
	const char *fault = ticket_fault(sv, route, r);

	if (fault != NULL)
		refuse(sv, c, r, fault);
	else
		route->serve(sv, c, r);
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
			serve_by(&routes[i], sv, c, r);
			return;
		}
	if (!allow(role, methods, sizeof(methods)))
		refuse(sv, c, r,
		    "SSE_ROLE, which the front says, is none of stream, "
		    "publish, status, admin, health and ready");
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
