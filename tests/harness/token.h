/* SPDX-License-Identifier: ISC */
#ifndef TOKEN_H
#define TOKEN_H

#include <stddef.h>

#define TOKEN_SIZE 4096

/*
 * Makes a ticket (a JWT) of this header and these claims, which need be no
 * JSON, signed by HMAC-SHA256 with 32 bytes, of which key is the hex.
 */
void token_make(char to[TOKEN_SIZE], const char *key, const char *header,
    const char *claims);

#endif
