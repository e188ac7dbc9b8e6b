/* SPDX-License-Identifier: ISC */
/*
 * A target without libFuzzer, for any compiler: each file of the directories
 * is an input, whole, and cut off behind each of its bytes.
 */
#include <dirent.h>
#include <stdio.h>

#include "fuzz.h"

#define SEED_MAX 65536 /* bytes: a seed is small */

/* Exactly these bytes: who reads past them is seen by the sanitizer. */
static void
run(const uint8_t *bytes, size_t len)
{
	uint8_t *copy = input_copy((struct input){bytes, len});

	(void)LLVMFuzzerTestOneInput(copy, len);
	free(copy);
}

static int
run_file(const char *path)
{
	static uint8_t bytes[SEED_MAX];
	FILE *f = fopen(path, "rb");
	size_t len, n;

	if (f == NULL) {
		perror(path);
		return -1;
	}
	n = fread(bytes, 1, sizeof(bytes), f);
	(void)fclose(f);
	for (len = 0; len <= n; len++)
		run(bytes, len);
	return 0;
}

/* Returns how many files it has, or -1. */
static int
run_directory(const char *path)
{
	struct dirent *entry;
	DIR *dir = opendir(path);
	char file[4096];
	int n = 0;

	if (dir == NULL) {
		perror(path);
		return -1;
	}
	while (n != -1 && (entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(file, sizeof(file), "%s/%s", path,
		    entry->d_name);
		n = run_file(file) == -1 ? -1 : n + 1;
	}
	(void)closedir(dir);
	return n;
}

int
main(int argc, char *argv[])
{
	int i, n, all = 0;

	for (i = 1; i < argc; i++, all += n)
		if ((n = run_directory(argv[i])) <= 0)
			return 1;
	(void)printf("%s: %d seeds\n", argv[0], all);
	return all > 0 ? 0 : 1;
}
