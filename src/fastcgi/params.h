/* SPDX-License-Identifier: ISC */
#ifndef PARAMS_H
#define PARAMS_H

#include <stddef.h>
#include <stdint.h>

#define PARAMS_PAIRS_MAX 512 /* parameters in one request */

/*
 * Checks the name-value pairs (FastCGI 1.0, section 3.4) of a whole request.
 * NULL if they are good, otherwise what is wrong with them, in a few words.
 */
const char *params_fault(const uint8_t *pairs, size_t len);

#endif
