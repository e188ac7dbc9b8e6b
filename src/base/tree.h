/* SPDX-License-Identifier: ISC */
#ifndef BASE_TREE_H
#define BASE_TREE_H

/*
 * BSD's red-black trees (RB_HEAD, RB_ENTRY and so on), which are balanced
 * whatever is put in, by whomever: from libbsd where the system has none.
 */
#if defined(__linux__) || defined(__GNU__)
#include <bsd/sys/tree.h>
#else
#include <sys/tree.h>
#endif

#endif
