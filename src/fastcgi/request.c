/* SPDX-License-Identifier: ISC */
/*
 * libfcgi's place: it decodes parameters, and nothing else.  It would block on
 * a front's socket, keep bytes of the next request and 18 KB for as long as a
 * request lasts, so it never sees that socket.  It gets one end of a socket
 * pair, with exactly one checked request in it; we copy what we need out of its
 * environment and free all of its memory.
 *
 * The pair is kept for the next request, as long as nothing can be left in it.
 * The empty PARAMS record that ends the parameters stands last, and libfcgi has
 * read it, and so all, if it says that they are over and knows of no error (it
 * takes a failed read between two parameters for their end, but keeps the
 * error).  It writes nothing itself, for all it is sent is one BEGIN_REQUEST
 * and PARAMS.  After any failure the pair is closed, with whatever is in it,
 * and made anew at once, so that its two numbers are there for it: also for a
 * connection that got the last descriptor.  Neither end blocks: should libfcgi
 * ever want more than was written, it fails.
 */
#include "fastcgi/request.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <errno.h>
#include <fcgiapp.h>
#include <fcgios.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fastcgi/record.h"
#include "base/platform.h"

/* The strings of struct request and the parameters they come from. */
#define WANT(name, field) WANT_ONCE(name, field, NULL)
#define WANT_ONCE(name, field, twice)                                          \
	{                                                                      \
		name, sizeof(name) - 1, offsetof(struct request, field), twice \
	}
static const struct wanted {
	const char *name;
	size_t len, offset;
	const char *twice; /* its value if there are two; NULL: the first */
} wanted[] = {
    WANT("SSE_ROLE", role),
    WANT_ONCE("HTTP_LAST_EVENT_ID", last_event_id, ","),
    WANT("REMOTE_ADDR", address),
    WANT("SSE_CHANNEL", channel),
    WANT("QUERY_STRING", query),
    WANT("CONTENT_LENGTH", content_length),
    WANT("CONTENT_TYPE", content_type),
    WANT("HTTP_HOST", host),
    WANT("HTTP_ORIGIN", origin),
    WANT("HTTP_SEC_FETCH_SITE", fetch_site),
    WANT("SSE_TICKET", ticket),
    /* Only with a ticket: others are spared the copies. */
    WANT_ONCE("HTTP_AUTHORIZATION", authorization, "Bearer ,"),
    WANT_ONCE("HTTP_COOKIE", cookie, "sse_ticket=,"),
};

#define WANTED	    (sizeof(wanted) / sizeof(wanted[0]))
#define OF_A_TICKET 2 /* the last of them */

/*
 * What is written into the first the second gives to libfcgi; -1: they are not
 * there.
 */
static int pair[2] = {-1, -1};

static char **
field(struct request *r, const struct wanted *w)
{
	return (char **)(void *)((char *)r + w->offset);
}

static void
close_pair(void)
{
	int i;

	for (i = 0; i < 2; i++) {
		if (pair[i] != -1)
			(void)close(pair[i]);
		pair[i] = -1;
	}
}

static int
have_pair(void)
{
	if (pair[0] != -1 || platform_pair(pair) == 0)
		return 0;
	pair[0] = pair[1] = -1;
	return -1;
}

int
request_init(void)
{
	return FCGX_Init() == 0 && have_pair() == 0 ? 0 : -1;
}

void
request_exit(void)
{
	close_pair();
	OS_LibShutdown();
}

void
request_free(struct request *r)
{
	size_t i;

	for (i = 0; i < WANTED; i++)
		free(*field(r, &wanted[i]));
}

/*
 * Writes the request to libfcgi, framed anew: one BEGIN, one PARAMS, the empty
 * one.
 */
static int
replay(const uint8_t *params, size_t len)
{
	uint8_t begin[RECORD_BEGIN_SIZE + RECORD_HEADER], end[RECORD_HEADER];
	struct iovec iov[] = {
	    {.iov_base = begin, .iov_len = sizeof(begin)},
	    {.iov_base = (void *)(uintptr_t)params, .iov_len = len},
	    {.iov_base = end, .iov_len = sizeof(end)},
	};
	struct msghdr msg = {.msg_iov = iov, .msg_iovlen = 3};
	size_t skip =
	    len == 0 ? RECORD_HEADER : 0; /* then it is the empty one */

	record_begin(begin, 1, 0);
	record_header(begin + RECORD_BEGIN_SIZE, FCGI_PARAMS, 1, (uint16_t)len);
	record_header(end, FCGI_PARAMS, 1, 0);
	/* cppcheck-suppress unreadVariable ; msg has it */
	iov[0].iov_len -= skip;
	if (sendmsg(pair[0], &msg, MSG_NOSIGNAL) !=
	    (ssize_t)(sizeof(begin) - skip + len + sizeof(end))) {
		errno = ENOBUFS;
		return -1;
	}
	return 0;
}

static enum method
method_of(const char *name)
{
	static const char *const names[] = {[METHOD_GET] = "GET",
	    [METHOD_HEAD] = "HEAD",
	    [METHOD_OPTIONS] = "OPTIONS",
	    [METHOD_POST] = "POST",
	    [METHOD_PUT] = "PUT",
	    [METHOD_DELETE] = "DELETE"};
	int m;

	for (m = 0; m < METHOD_OTHER; m++)
		if (name != NULL && strcmp(name, names[m]) == 0)
			break;
	return (enum method)m;
}

/*
 * Keeps a parameter's value, the first if there are several.  A browser may
 * send Last-Event-ID twice, and some fronts then hand on both: as one value
 * that is a list (RFC 9110, section 5.3), and so no position.  Likewise, of two
 * that could be tickets none is.
 */
static int
keep(struct request *r, const struct wanted *w, const char *value)
{
	char **to = field(r, w);

	if (*to != NULL && w->twice == NULL)
		return 0;
	if (*to != NULL) {
		free(*to);
		value = w->twice;
	}
	*to = strdup(value);
	return *to == NULL ? -1 : 0;
}

/* Those wanted from the first on, up to the end. */
static int
copy(struct request *r, char **env, size_t first, size_t end)
{
	const char *value;
	size_t i, len;

	for (; *env != NULL; env++) {
		value = strchr(*env, '=') + 1; /* libfcgi puts one there */
		len = (size_t)(value - 1 - *env);
		for (i = first; i < end; i++)
			if (wanted[i].len == len &&
			    memcmp(wanted[i].name, *env, len) == 0 &&
			    keep(r, &wanted[i], value) == -1)
				return -1;
	}
	return 0;
}

/*
 * Has libfcgi decode what was written; *whole: it has read all of that.  After
 * a failure it has closed its end itself, or not, and says so.
 */
static int
decode(struct request *r, bool *whole)
{
	FCGX_Request fcgi;
	int result = -1;

	if (FCGX_InitRequest(&fcgi, -1, 0) != 0)
		return -1;
	fcgi.ipcFd = pair[1];
	fcgi.keepConnection = 1; /* the descriptor is ours to close */
	fcgi.detached = 1;
	*whole = FCGX_Accept_r(&fcgi) == 0 && FCGX_GetError(fcgi.in) == 0;
	if (*whole) {
		r->method =
		    method_of(FCGX_GetParam("REQUEST_METHOD", fcgi.envp));
		result = copy(r, fcgi.envp, 0, WANTED - OF_A_TICKET);
		if (result == 0 && r->ticket != NULL)
			result =
			    copy(r, fcgi.envp, WANTED - OF_A_TICKET, WANTED);
	} else
		errno = EPROTO;
	pair[1] = fcgi.ipcFd;
	FCGX_Free(&fcgi, 0);
	return result;
}

int
request_decode(struct request *r, const uint8_t *params, size_t len)
{
	bool whole = false;
	int result, error;

	*r = (struct request){.method = METHOD_OTHER};
	if (have_pair() == -1)
		return -1;
	result = replay(params, len);
	if (result == 0)
		result = decode(r, &whole);
	error = errno;
	if (!whole) {
		close_pair();
		(void)have_pair();
	}
	if (result == -1)
		request_free(r);
	errno = error;
	return result;
}
