/* SPDX-License-Identifier: ISC */
/*
 * The program where the kernel forbids something, in its place:
 *
 *	SANDBOXED=PROGRAM		what is started
 *	FORBIDDEN="io_uring_setup ..."	these calls fail with EPERM
 *	ALLOWED=FILE			all others than those that it names do
 *	REFUSAL=NUMBER			another errno than EPERM
 *
 * A file of what is allowed is made of a unit's SystemCallFilter= by `filter'.
 */
#include <err.h>
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void
rule(scmp_filter_ctx ctx, uint32_t action, const char *name)
{
	int call = seccomp_syscall_resolve_name(name);

	if (call == __NR_SCMP_ERROR)
		return; /* of another architecture, or newer than libseccomp */
	if (seccomp_rule_add(ctx, action, call, 0) < 0)
		errx(1, "no rule for %s", name);
}

static void
allow_all_in(scmp_filter_ctx ctx, const char *path)
{
	FILE *f = fopen(path, "re");
	char name[64];

	if (f == NULL)
		err(1, "%s", path);
	while (fscanf(f, "%63s", name) == 1)
		rule(ctx, SCMP_ACT_ALLOW, name);
	(void)fclose(f);
}

int
main(int argc, char *argv[])
{
	char *program = getenv("SANDBOXED"), *allowed = getenv("ALLOWED"),
	     *forbidden = getenv("FORBIDDEN"), *refusal = getenv("REFUSAL"),
	     *name;
	uint32_t refuse =
	    SCMP_ACT_ERRNO(refusal == NULL ? EPERM : (uint32_t)atoi(refusal));
	scmp_filter_ctx ctx =
	    seccomp_init(allowed != NULL ? refuse : SCMP_ACT_ALLOW);

	if (argc < 1 || program == NULL || ctx == NULL)
		errx(1, "SANDBOXED=PROGRAM, please");
	if (allowed != NULL)
		allow_all_in(ctx, allowed);
	for (name = forbidden == NULL ? NULL : strtok(forbidden, " ");
	     name != NULL; name = strtok(NULL, " "))
		rule(ctx, refuse, name);
	if (seccomp_load(ctx) < 0)
		errx(1, "the filter cannot be loaded");
	seccomp_release(ctx);
	argv[0] = program;
	(void)execv(program, argv);
	err(1, "%s", program);
}
