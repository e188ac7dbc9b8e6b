/* SPDX-License-Identifier: ISC */
#ifndef TYPE_H
#define TYPE_H

/* Of the event that says that a channel's producer has died: ours alone. */
#define TYPE_ABANDONED "abandoned"

/*
 * NULL, or what is wrong with an event's type, in words; NULL is none, which is
 * right.
 */
const char *type_fault(const char *type);

#endif
