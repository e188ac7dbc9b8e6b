/* SPDX-License-Identifier: ISC */
#ifndef REQUEST_H
#define REQUEST_H

#include <stddef.h>
#include <stdint.h>

enum method {
	METHOD_GET,
	METHOD_HEAD,
	METHOD_OPTIONS,
	METHOD_POST,
	METHOD_PUT,
	METHOD_DELETE,
	METHOD_OTHER
};

/*
 * What we need of a request.  The meta-variables are those of RFC 3875; NULL
 * if the front did not send them.  An SSE_ name is the front's own word: a
 * browser can only make HTTP_ ones.
 */
struct request {
	enum method method;
	char *role;	      /* SSE_ROLE */
	char *channel;	      /* SSE_CHANNEL */
	char *query;	      /* QUERY_STRING */
	char *last_event_id;  /* HTTP_LAST_EVENT_ID; "," if there were two */
	char *address;	      /* REMOTE_ADDR */
	char *content_length; /* CONTENT_LENGTH */
	char *content_type;   /* CONTENT_TYPE */
	char *host;	      /* HTTP_HOST */
	char *origin;	      /* HTTP_ORIGIN */
	char *fetch_site;     /* HTTP_SEC_FETCH_SITE */
	char *ticket;	      /* SSE_TICKET; without it, the others are NULL: */
	char *authorization;  /* HTTP_AUTHORIZATION; "Bearer ," if two */
	char *cookie;	      /* HTTP_COOKIE; "sse_ticket=," if two */
};

/* Once, before the first request_decode(): makes libfcgi ready.  0 or -1. */
int request_init(void);

/* After the last one: frees what libfcgi has. */
void request_exit(void);

/*
 * Decodes the parameters of a whole request, which the gate has checked:
 * nothing else may come here.  Returns 0, and request_free() is due; or -1
 * with errno (no descriptor, no memory).
 */
int request_decode(struct request *, const uint8_t *params, size_t len);

void request_free(struct request *);

#endif
