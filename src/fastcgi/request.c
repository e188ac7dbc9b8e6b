/* SPDX-License-Identifier: ISC */
/*
 * libfcgi's place: it decodes parameters, and nothing else.  It would block on
 * a front's socket, keep bytes of the next request and 18 KB for as long as a
 * request lasts, so it never sees that socket.  It gets one end of a socket
 * pair, with exactly one checked request in it and nothing behind; we copy what
 * we need out of its environment and free all of its memory.
 */
#include "fastcgi/request.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <errno.h>
#include <fcgiapp.h>
#include <fcgios.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fastcgi/record.h"
#include "base/platform.h"

/* The strings of struct request and the parameters they come from. */
static const struct wanted {
	const char *name;
	size_t offset;
} wanted[] = {
    {"SSE_ROLE", offsetof(struct request, role)},
    {"HTTP_LAST_EVENT_ID", offsetof(struct request, last_event_id)},
    {"REMOTE_ADDR", offsetof(struct request, address)},
    {"SSE_CHANNEL", offsetof(struct request, channel)},
    {"QUERY_STRING", offsetof(struct request, query)},
    {"CONTENT_LENGTH", offsetof(struct request, content_length)},
    {"CONTENT_TYPE", offsetof(struct request, content_type)},
    {"HTTP_HOST", offsetof(struct request, host)},
    {"HTTP_ORIGIN", offsetof(struct request, origin)},
    {"HTTP_SEC_FETCH_SITE", offsetof(struct request, fetch_site)},
};

#define WANTED (sizeof(wanted) / sizeof(wanted[0]))

/*
 * Two descriptors put by for the socket pair, so that a connection which got
 * the last one is served all the same.
 */
static int spare[2] = {-1, -1};

static char **
field(struct request *r, const struct wanted *w)
{
	return (char **)(void *)((char *)r + w->offset);
}

static void
put_by(void)
{
	int i;

	for (i = 0; i < 2; i++)
		if (spare[i] == -1)
			spare[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void
spend(void)
{
	int i;

	for (i = 0; i < 2; i++) {
		if (spare[i] != -1)
			(void)close(spare[i]);
		spare[i] = -1;
	}
}

static int
make_pair(int pair[2])
{
	if (platform_pair(pair) == 0)
		return 0;
	if (errno != EMFILE && errno != ENFILE)
		return -1;
	spend();
	return platform_pair(pair);
}

int
request_init(void)
{
	put_by();
	return FCGX_Init() == 0 ? 0 : -1;
}

void
request_exit(void)
{
	spend();
	OS_LibShutdown();
}

void
request_free(struct request *r)
{
	size_t i;

	for (i = 0; i < WANTED; i++)
		free(*field(r, &wanted[i]));
}

/* Writes the request to fd, framed anew: one BEGIN, one PARAMS, the empty one.
 */
static int
replay(int fd, const uint8_t *params, size_t len)
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
	iov[0].iov_len -= skip;
	if (sendmsg(fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) !=
	    (ssize_t)(sizeof(begin) - skip + len + sizeof(end))) {
		errno = ENOBUFS;
		return -1;
	}
	return shutdown(fd, SHUT_WR);
}

static enum method
method_of(const char *name)
{
	static const char *const names[] = {[METHOD_GET] = "GET",
	    [METHOD_HEAD] = "HEAD",
	    [METHOD_OPTIONS] = "OPTIONS",
	    [METHOD_POST] = "POST"};
	int m;

	for (m = 0; m < METHOD_OTHER; m++)
		if (name != NULL && strcmp(name, names[m]) == 0)
			break;
	return (enum method)m;
}

/*
 * Keeps a parameter's value, the first if there are several.  A browser may
 * send Last-Event-ID twice, and some fronts then hand on both: as one value
 * that is a list (RFC 9110, section 5.3), and so no position.
 */
static int
keep(struct request *r, const struct wanted *w, const char *value)
{
	char **to = field(r, w);

	if (*to != NULL && to != &r->last_event_id)
		return 0;
	if (*to != NULL) {
		free(*to);
		value = ",";
	}
	*to = strdup(value);
	return *to == NULL ? -1 : 0;
}

static int
copy(struct request *r, char **env)
{
	size_t i, n;

	for (; *env != NULL; env++)
		for (i = 0; i < WANTED; i++) {
			n = strlen(wanted[i].name);
			if (strncmp(*env, wanted[i].name, n) == 0 &&
			    (*env)[n] == '=' &&
			    keep(r, &wanted[i], *env + n + 1) == -1)
				return -1;
		}
	return 0;
}

static int
decode(struct request *r, int fd)
{
	FCGX_Request fcgi;
	int result = -1;

	if (FCGX_InitRequest(&fcgi, -1, 0) != 0)
		return -1;
	fcgi.ipcFd = fd;
	fcgi.keepConnection = 1; /* the descriptor is ours to close */
	fcgi.detached = 1;
	if (FCGX_Accept_r(&fcgi) == 0) {
		r->method =
		    method_of(FCGX_GetParam("REQUEST_METHOD", fcgi.envp));
		result = copy(r, fcgi.envp);
	}
	FCGX_Free(&fcgi, 0);
	return result;
}

int
request_decode(struct request *r, const uint8_t *params, size_t len)
{
	int pair[2], result;

	*r = (struct request){.method = METHOD_OTHER};
	if (make_pair(pair) == -1) {
		put_by();
		return -1;
	}
	result = replay(pair[0], params, len);
	(void)close(pair[0]);
	if (result == 0)
		result = decode(r, pair[1]);
	(void)close(pair[1]);
	put_by();
	if (result == -1)
		request_free(r);
	return result;
}
