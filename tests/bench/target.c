/* SPDX-License-Identifier: ISC */
/*
 * See target.h.  The FastCGI request is what a front sends: BEGIN_REQUEST,
 * the parameters of nginx's fastcgi_params and a browser's EventSource in one
 * record, the empty PARAMS, the body of a POST, the empty STDIN.
 */
#include "target.h"

#include <sys/un.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define USER_AGENT                                   \
	"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) " \
	"Gecko/20100101 Firefox/128.0"

enum { BEGIN_REQUEST = 1, PARAMS = 4, STDIN = 5, RESPONDER = 1 };
enum { KEEP_CONN = 1 };
enum { SOURCES = 16 }; /* source addresses, 127.0.0.2 and up */

static const char *const DEFAULT_PARAMS[] = {
    "QUERY_STRING=",
    "REQUEST_METHOD=GET",
    "CONTENT_TYPE=",
    "CONTENT_LENGTH=",
    "SCRIPT_NAME=/sse",
    "REQUEST_URI=/sse",
    "DOCUMENT_URI=/sse",
    "DOCUMENT_ROOT=/var/www/html",
    "SERVER_PROTOCOL=HTTP/1.1",
    "REQUEST_SCHEME=http",
    "GATEWAY_INTERFACE=CGI/1.1",
    "SERVER_SOFTWARE=nginx/1.22.1",
    "REMOTE_ADDR=127.0.0.1",
    "REMOTE_PORT=41234",
    "REMOTE_USER=",
    "SERVER_ADDR=127.0.0.1",
    "SERVER_PORT=3000",
    "SERVER_NAME=localhost",
    "REDIRECT_STATUS=200",
    "HTTP_HOST=localhost:3000",
    "HTTP_USER_AGENT=" USER_AGENT,
    "HTTP_ACCEPT=text/event-stream",
    "HTTP_ACCEPT_LANGUAGE=en-US,en;q=0.5",
    "HTTP_ACCEPT_ENCODING=gzip, deflate",
    "HTTP_CACHE_CONTROL=no-cache",
    "HTTP_REFERER=http://localhost:3000/",
    "HTTP_CONNECTION=keep-alive",
};

void
target_param(struct target *t, const char *name_value)
{
	const char *eq = strchr(name_value, '=');
	size_t i;

	if (eq == NULL || eq == name_value)
		errx(2, "not NAME=VALUE: %s", name_value);
	for (i = 0; i < t->n_params; i++)
		if (strncmp(t->params[i], name_value,
			(size_t)(eq - name_value) + 1) == 0)
			break;
	if (i == TARGET_PARAMS)
		errx(2, "more than %d parameters", TARGET_PARAMS);
	t->params[i] = name_value;
	if (i == t->n_params)
		t->n_params++;
}

static void
put(struct target *t, const void *bytes, size_t len)
{
	if (len > sizeof t->request - t->request_len)
		errx(2, "the request is over %zu bytes", sizeof t->request);
	memcpy(t->request + t->request_len, bytes, len);
	t->request_len += len;
}

/* FastCGI 1.0, 3.3: version, type, id 1, content length, no padding. */
static void
put_record(struct target *t, uint8_t type, size_t len)
{
	uint8_t header[8] = {1, type, 0, 1, (uint8_t)(len >> 8), (uint8_t)len,
	    0, 0};

	put(t, header, sizeof header);
}

/* FastCGI 1.0, 3.4: one byte up to 127, else four with the top bit set. */
static void
put_length(struct target *t, size_t len)
{
	uint8_t four[4] = {(uint8_t)(len >> 24 | 0x80), (uint8_t)(len >> 16),
	    (uint8_t)(len >> 8), (uint8_t)len};

	put(t, len < 128 ? four + 3 : four, len < 128 ? 1 : 4);
}

static void
put_body(struct target *t)
{
	char body[TARGET_BODY];

	memset(body, '.', sizeof body);
	t->body = t->request_len;
	put(t, body, sizeof body);
}

static void
make_fastcgi(struct target *t)
{
	const uint8_t begin[8] = {0, RESPONDER, t->post ? KEEP_CONN : 0};
	const char *const *given = t->params;
	size_t n_given = t->n_params, start, name, len;
	const char *copy[TARGET_PARAMS];

	/* What was given comes last, so that it replaces the default. */
	memcpy(copy, given, n_given * sizeof *copy);
	t->n_params = 0;
	for (size_t i = 0; i < sizeof DEFAULT_PARAMS / sizeof *DEFAULT_PARAMS;
	     i++)
		target_param(t, DEFAULT_PARAMS[i]);
	if (t->post) {
		target_param(t, "REQUEST_METHOD=POST");
		target_param(t, "CONTENT_TYPE=text/plain");
		target_param(t, "CONTENT_LENGTH=100");
	}
	for (size_t i = 0; i < n_given; i++)
		target_param(t, copy[i]);

	t->request_len = 0;
	put_record(t, BEGIN_REQUEST, sizeof begin);
	put(t, begin, sizeof begin);
	put_record(t, PARAMS, 0);
	start = t->request_len;
	for (size_t i = 0; i < t->n_params; i++) {
		name = strcspn(t->params[i], "=");
		len = strlen(t->params[i]) - name - 1;
		put_length(t, name);
		put_length(t, len);
		put(t, t->params[i], name);
		put(t, t->params[i] + name + 1, len);
	}
	len = t->request_len - start;
	t->request[start - 4] = (uint8_t)(len >> 8);
	t->request[start - 3] = (uint8_t)len;
	put_record(t, PARAMS, 0);
	if (t->post) {
		put_record(t, STDIN, TARGET_BODY);
		put_body(t);
	}
	put_record(t, STDIN, 0);
}

static void
set_inet(struct target *t, const char *host_port, size_t len)
{
	struct sockaddr_in *sin = (struct sockaddr_in *)&t->addr;
	char host[64], *colon;

	snprintf(host, sizeof host, "%.*s", (int)len, host_port);
	if ((colon = strchr(host, ':')) == NULL)
		errx(2, "not HOST:PORT: %s", host);
	*colon = '\0';
	sin->sin_family = AF_INET;
	sin->sin_port = htons((uint16_t)atoi(colon + 1));
	if (sin->sin_port == 0 || inet_pton(AF_INET, host, &sin->sin_addr) != 1)
		errx(2, "not an address in digits and a port: %s:%s", host,
		    colon + 1);
	t->addr_len = sizeof *sin;
}

static void
set_unix(struct target *t, const char *path)
{
	struct sockaddr_un *sun = (struct sockaddr_un *)&t->addr;

	sun->sun_family = AF_UNIX;
	if (strlen(path) >= sizeof sun->sun_path)
		errx(2, "path too long: %s", path);
	strcpy(sun->sun_path, path);
	t->addr_len = sizeof *sun;
}

static void
make_http(struct target *t, const char *host, size_t len)
{
	const char *path = host[len] == '/' ? host + len : "/";
	int n;

	if (t->post)
		n = snprintf((char *)t->request, sizeof t->request,
		    "POST %s HTTP/1.1\r\nHost: %.*s\r\n"
		    "Content-Type: text/plain\r\nContent-Length: %d\r\n"
		    "Connection: close\r\n\r\n",
		    path, (int)len, host, TARGET_BODY);
	else
		n = snprintf((char *)t->request, sizeof t->request,
		    "GET %s HTTP/1.1\r\nHost: %.*s\r\nAccept: text/event-stream\r\n"
		    "Accept-Language: en-US,en;q=0.5\r\n"
		    "Accept-Encoding: gzip, deflate\r\n"
		    "User-Agent: " USER_AGENT "\r\n"
		    "Cache-Control: no-cache\r\nReferer: http://%.*s/\r\n"
		    "Connection: keep-alive\r\n\r\n",
		    path, (int)len, host, (int)len, host);
	if (n < 0 || (size_t)n >= sizeof t->request)
		errx(2, "path too long");
	t->request_len = (size_t)n;
	if (t->post)
		put_body(t);
}

void
target_parse(struct target *t, const char *text)
{
	size_t len;

	if (strncmp(text, "http://", 7) == 0) {
		t->kind = PARSER_HTTP;
		len = strcspn(text + 7, "/");
		set_inet(t, text + 7, len);
		make_http(t, text + 7, len);
	} else if (strncmp(text, "fcgi:", 5) == 0) {
		t->kind = PARSER_FASTCGI;
		if (strncmp(text + 5, "unix:", 5) == 0)
			set_unix(t, text + 10);
		else
			set_inet(t, text + 5, strlen(text + 5));
		make_fastcgi(t);
	} else
		errx(2,
		    "not http://HOST:PORT/PATH, fcgi:unix:PATH or "
		    "fcgi:HOST:PORT: %s",
		    text);
}

int
target_socket(const struct target *t, size_t i)
{
	struct sockaddr_in from = {.sin_family = AF_INET};
	int fd, on = 1;

	fd = socket(t->addr.ss_family,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1)
		err(1, "socket");
	if (t->addr.ss_family != AF_INET ||
	    *(const uint8_t *)&((const struct sockaddr_in *)&t->addr)
		    ->sin_addr != IN_LOOPBACKNET)
		return fd;
	from.sin_addr.s_addr =
	    htonl(INADDR_LOOPBACK + 1 + (uint32_t)(i % SOURCES));
	/* The port is chosen at connect(), unique to source and target. */
	if (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on,
		sizeof on) == -1 ||
	    bind(fd, (struct sockaddr *)&from, sizeof from) == -1)
		err(1, "bind");
	return fd;
}
