/* SPDX-License-Identifier: ISC */
#ifndef ROOM_H
#define ROOM_H

#include <stddef.h>

/*
 * Copies of texts in one piece of memory, with what has them: all are measured,
 * and then put one behind the other.
 */

/* The bytes that a text takes, with its NUL; 0: it is NULL, and there is none.
 */
size_t room_for(const char *text);

/* Puts a copy at *room, which moves on, and returns it; NULL: there is none. */
char *room_put(char **room, const char *text);
char *room_put_bytes(char **room, const char *bytes, size_t len);

#endif
