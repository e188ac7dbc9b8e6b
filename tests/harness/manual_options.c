/* SPDX-License-Identifier: ISC */
/* Prints the manual's list of options, which is made from their table. */
#include "base/config.h"

int
main(void)
{
	config_manual(stdout);
	return 0;
}
