/* SPDX-License-Identifier: ISC */
#ifndef CHECKS_H
#define CHECKS_H

/*
 * cmocka, 1 or 2, with what has to be included before it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* 2 asks which numbers are meant: those that 1 means. */
#ifdef assert_uint_in_range
#undef assert_in_range
#define assert_in_range assert_uint_in_range
#endif

#endif
