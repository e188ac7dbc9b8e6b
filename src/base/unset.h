/* SPDX-License-Identifier: ISC */
#ifndef UNSET_H
#define UNSET_H

/*
 * UNSET goes before a local variable that is large, in the way of each event,
 * and written before it is read: the compiler, which fills all others with
 * zeros where it can (-ftrivial-auto-var-init), leaves this one alone.
 */
#ifdef __has_attribute
#if __has_attribute(uninitialized)
#define UNSET __attribute__((uninitialized))
#endif
#endif
#ifndef UNSET
#define UNSET
#endif

#endif
