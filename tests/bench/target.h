/* SPDX-License-Identifier: ISC */
/*
 * Where the load goes and what is asked there: an address and the bytes of
 * one request, made once and sent alike on every stream.
 */
#ifndef TARGET_H
#define TARGET_H

#include <sys/socket.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "parser.h"

enum { TARGET_PARAMS = 64, TARGET_REQUEST = 8192 };
enum { TARGET_BODY = 100 }; /* bytes of what is posted */

struct target {
	bool
	    post; /* the request is a POST, over FastCGI on a kept connection */
	enum parser_kind kind;
	struct sockaddr_storage addr;
	socklen_t addr_len;
	const char *params[TARGET_PARAMS]; /* NAME=VALUE */
	size_t n_params;
	uint8_t request[TARGET_REQUEST];
	size_t request_len;
	size_t body; /* of a POST, where in the request it is, for the caller */
};

/* Sets or replaces a FastCGI parameter; the text stays the caller's. */
void target_param(struct target *, const char *name_value);
/*
 * http://HOST:PORT/PATH, fcgi:unix:PATH or fcgi:HOST:PORT, HOST in digits;
 * exits with a usage error on anything else.  After target_param, and again
 * after it if the request is to change.
 */
void target_parse(struct target *, const char *text);
/*
 * A non-blocking socket bound for stream number i.  Towards 127.0.0.0/8 the
 * streams come from several addresses of it, since one has ports for 28,232
 * connections, those still in TIME_WAIT included.
 */
int target_socket(const struct target *, size_t i);

#endif
