/* SPDX-License-Identifier: ISC */
/*
 * What the clients' command lines have in common.  All of these exit if they
 * cannot do what they are asked.
 */
#ifndef OPTION_H
#define OPTION_H

#include <stddef.h>
#include <stdint.h>

double option_number(const char *text, double min, double max);
/* Seconds, with a fraction if need be, up to an hour. */
uint64_t option_ns(const char *text);
/* As many open files as are allowed, which must do for so many streams. */
void option_descriptors(size_t streams);

#endif
