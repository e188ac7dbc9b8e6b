/* SPDX-License-Identifier: ISC */
#ifndef CLOCKS_H
#define CLOCKS_H

/*
 * What a test and clocks.so share, in the file that CLOCKS names: seconds that
 * the program's clocks are ahead of the machine's.
 */
struct clocks {
	_Atomic double wall, monotonic;
};

#endif
