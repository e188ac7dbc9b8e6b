/* SPDX-License-Identifier: ISC */
/*
 * What becomes of the content of a request's record, by its type and by how far
 * the active request is; OTHER is a request that is not the active one, whose
 * records are passed over (section 3.3).
 */
#include "fastcgi/gate_inner.h"

#include <stddef.h>

const struct gate_rule gate_rules[FCGI_DATA + 1] = {
    /* IDLE   PARAMS  BODY     DONE   OTHER */
    [FCGI_BEGIN_REQUEST] = {{STORE, WRONG, WRONG, WRONG, SKIP},
	"BEGIN_REQUEST twice"},
    [FCGI_ABORT_REQUEST] = {{SKIP, SKIP, SKIP, SKIP, SKIP}, NULL},
    [FCGI_PARAMS] = {{SKIP, STORE, WRONG, WRONG, SKIP},
	"PARAMS after their end"},
    [FCGI_STDIN] = {{SKIP, WRONG, HAND_ON, SKIP, SKIP},
	"STDIN before the end of PARAMS"},
    [FCGI_DATA] = {{SKIP, WRONG, WRONG, WRONG, SKIP}, "DATA for a responder"},
};
