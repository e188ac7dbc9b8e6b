/* SPDX-License-Identifier: ISC */
#ifndef VFS_H
#define VFS_H

/*
 * A disk that fails, fills up, and loses its power: SQLite's own way to its
 * files (a VFS) with ours before it.
 *
 *     disk_begin(seed)     from here on all databases are on this disk
 *     disk_fails(...)      one write or sync, or all from it on, fail
 *     disk_cut()           the power is cut: nothing works any more.  Close
 *     disk_restore()       what is open, and this is what is on the disk then
 *     disk_end()
 *
 * What is written is on the disk when it was synced.  Of the rest, after a cut,
 * some is and some is not, by chance, or the half of it (in sectors of 512
 * bytes); so it is with files that were made or deleted.  What a failed sync
 * should have brought to the disk no later one does: Linux reports it once, and
 * then takes it for written.
 *
 * The files themselves always are as the process sees them, so that stat() and
 * other programs see that too.  One thread at a time.
 */
#include "unit.h"

#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#define DISK_FILES  8
#define DISK_SECTOR 512

struct disk_op {
	struct disk_op *next;
	enum { DISK_WRITTEN, DISK_SYNCED, DISK_DOOMED } state;
	bool truncate; /* to at */
	size_t at, len;
	uint8_t bytes[];
};

/* What a name stands for: what was on the disk, and what was done to it. */
struct disk_content {
	uint8_t *bytes;
	size_t len;
	struct disk_op *first, **end;
};

struct disk_name {
	char path[512];
	struct disk_content *durable; /* after a cut; NULL: it is not there */
	struct disk_content *now;
};

struct disk_file {
	sqlite3_file base;
	struct disk_name *name; /* NULL: a temporary file */
	sqlite3_file *real;
};

static struct {
	bool on;
	sqlite3_vfs vfs, *real;
	sqlite3_io_methods methods;
	struct disk_name name[DISK_FILES];
	uint32_t seed;
	bool dead;
	unsigned long ops;   /* writes, truncations and syncs that there were */
	unsigned long fails; /* the number of the one that fails; 0: none */
	bool forever;	     /* and all after it */
	bool half;	     /* a write that fails has written a half of it */
	int code;	     /* for a write; a sync says SQLITE_IOERR_FSYNC */
	unsigned long failed; /* those that did */
	unsigned long failed_syncs;
	void (*before)(void); /* each of them */
} disk;

static inline void
disk_free(struct disk_content *c)
{
	struct disk_op *op;

	if (c == NULL)
		return;
	while ((op = c->first) != NULL) {
		c->first = op->next;
		free(op);
	}
	free(c->bytes);
	free(c);
}

static inline struct disk_content *
disk_content(void)
{
	struct disk_content *c = calloc(1, sizeof(*c));

	assert_non_null(c);
	c->end = &c->first;
	return c;
}

/* The content as it is in the file. */
static inline struct disk_content *
disk_read(const char *path)
{
	struct disk_content *c;
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd == -1)
		return NULL;
	c = disk_content();
	assert_int_equal(fstat(fd, &st), 0);
	c->len = (size_t)st.st_size;
	c->bytes = malloc(c->len + 1);
	assert_non_null(c->bytes);
	assert_int_equal(read(fd, c->bytes, c->len), c->len);
	assert_int_equal(close(fd), 0);
	return c;
}

static inline struct disk_name *
disk_find(const char *path)
{
	size_t i;

	for (i = 0; i < DISK_FILES && disk.name[i].path[0] != '\0'; i++)
		if (strcmp(disk.name[i].path, path) == 0)
			return &disk.name[i];
	assert_true(i < DISK_FILES);
	(void)snprintf(disk.name[i].path, sizeof(disk.name[i].path), "%s",
	    path);
	/* No call of this disk was for it: it was there before. */
	disk.name[i].durable = disk.name[i].now = disk_read(path);
	return &disk.name[i];
}

static inline void
disk_forget(struct disk_name *n)
{
	if (n->now != n->durable)
		disk_free(n->now);
	disk_free(n->durable);
	*n = (struct disk_name){0};
}

static inline void
disk_apply(struct disk_content *c, const struct disk_op *op, size_t from,
    size_t to)
{
	size_t end = op->truncate ? op->at : op->at + to;

	if (end > c->len || op->truncate) {
		c->bytes = realloc(c->bytes, end + 1);
		assert_non_null(c->bytes);
		if (end > c->len)
			memset(c->bytes + c->len, 0, end - c->len);
		c->len = end;
	}
	if (!op->truncate)
		memcpy(c->bytes + op->at + from, op->bytes + from, to - from);
}

/* What is on the disk for good need not be told apart any more. */
static inline void
disk_settle(struct disk_content *c)
{
	struct disk_op *op;

	while ((op = c->first) != NULL && op->state == DISK_SYNCED) {
		disk_apply(c, op, 0, op->len);
		if ((c->first = op->next) == NULL)
			c->end = &c->first;
		free(op);
	}
}

static inline void
disk_log(struct disk_name *n, bool truncate, size_t at, const void *bytes,
    size_t len)
{
	struct disk_op *op;

	if (n == NULL || n->now == NULL)
		return;
	op = malloc(sizeof(*op) + len);
	assert_non_null(op);
	*op = (struct disk_op){.truncate = truncate, .at = at, .len = len};
	if (len > 0)
		memcpy(op->bytes, bytes, len);
	*n->now->end = op;
	n->now->end = &op->next;
}

static inline void
disk_mark(struct disk_content *c, int state)
{
	struct disk_op *op;

	for (op = c->first; op != NULL; op = op->next)
		if (op->state == DISK_WRITTEN)
			op->state = state;
	disk_settle(c);
}

/* Does this one fail? */
static inline bool
disk_fault(void)
{
	if (disk.before != NULL)
		disk.before();
	disk.ops++;
	if (!disk.dead && (disk.fails == 0 || disk.ops < disk.fails ||
			      (!disk.forever && disk.ops > disk.fails)))
		return false;
	disk.failed++;
	return true;
}

static int
disk_close(sqlite3_file *file)
{
	struct disk_file *f = (struct disk_file *)file;

	return f->real->pMethods->xClose(f->real);
}

static int
disk_get(sqlite3_file *file, void *bytes, int len, sqlite3_int64 at)
{
	struct disk_file *f = (struct disk_file *)file;

	if (disk.dead)
		return SQLITE_IOERR_READ;
	return f->real->pMethods->xRead(f->real, bytes, len, at);
}

static int
disk_write(sqlite3_file *file, const void *bytes, int len, sqlite3_int64 at)
{
	struct disk_file *f = (struct disk_file *)file;
	bool fault = disk_fault();

	if (fault)
		len = disk.half && !disk.dead ? len / 2 : 0;
	if (len > 0) {
		assert_int_equal(f->real->pMethods->xWrite(f->real, bytes, len,
				     at),
		    SQLITE_OK);
		disk_log(f->name, false, (size_t)at, bytes, (size_t)len);
	}
	return fault ? disk.code : SQLITE_OK;
}

static int
disk_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	struct disk_file *f = (struct disk_file *)file;

	if (disk_fault())
		return SQLITE_IOERR_TRUNCATE;
	disk_log(f->name, true, (size_t)size, NULL, 0);
	return f->real->pMethods->xTruncate(f->real, size);
}

/*
 * Names are on the disk when their directory was synced, which SQLite's VFS
 * does with the first sync of a file that it has made.
 */
static inline void
disk_sync_names(void)
{
	struct disk_name *n;

	for (n = disk.name; n < disk.name + DISK_FILES; n++)
		if (n->durable != n->now) {
			disk_free(n->durable);
			n->durable = n->now;
		}
}

static int
disk_sync(sqlite3_file *file, int flags)
{
	struct disk_file *f = (struct disk_file *)file;
	struct disk_name *n = f->name;
	bool fault = disk_fault();

	(void)flags;
	disk.failed_syncs += fault;
	if (n != NULL && !disk.dead && n->now != NULL) {
		disk_mark(n->now, fault ? DISK_DOOMED : DISK_SYNCED);
		if (!fault && n->durable != n->now)
			disk_sync_names();
	}
	return fault ? SQLITE_IOERR_FSYNC : SQLITE_OK;
}

static int
disk_size(sqlite3_file *file, sqlite3_int64 *size)
{
	struct disk_file *f = (struct disk_file *)file;

	return f->real->pMethods->xFileSize(f->real, size);
}

static int
disk_lock(sqlite3_file *file, int lock)
{
	struct disk_file *f = (struct disk_file *)file;

	return f->real->pMethods->xLock(f->real, lock);
}

static int
disk_unlock(sqlite3_file *file, int lock)
{
	struct disk_file *f = (struct disk_file *)file;

	return f->real->pMethods->xUnlock(f->real, lock);
}

static int
disk_reserved(sqlite3_file *file, int *reserved)
{
	struct disk_file *f = (struct disk_file *)file;

	return f->real->pMethods->xCheckReservedLock(f->real, reserved);
}

static int
disk_control(sqlite3_file *file, int what, void *arg)
{
	struct disk_file *f = (struct disk_file *)file;

	return f->real->pMethods->xFileControl(f->real, what, arg);
}

static int
disk_sector(sqlite3_file *file)
{
	struct disk_file *f = (struct disk_file *)file;

	return f->real->pMethods->xSectorSize(f->real);
}

static int
disk_device(sqlite3_file *file)
{
	struct disk_file *f = (struct disk_file *)file;

	return f->real->pMethods->xDeviceCharacteristics(f->real);
}

static int
disk_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags,
    int *out)
{
	struct disk_file *f = (struct disk_file *)file;
	int rc;

	(void)vfs;
	f->base.pMethods = NULL;
	if (disk.dead)
		return SQLITE_CANTOPEN;
	f->name = path == NULL ? NULL : disk_find(path);
	f->real = (sqlite3_file *)(f + 1);
	rc = disk.real->xOpen(disk.real, path, f->real, flags, out);
	if (rc != SQLITE_OK)
		return rc;
	f->base.pMethods = &disk.methods;
	if (f->name != NULL && f->name->now == NULL)
		f->name->now = disk_content();
	return SQLITE_OK;
}

static int
disk_delete(sqlite3_vfs *vfs, const char *path, int sync)
{
	struct disk_name *n = disk_find(path);

	(void)vfs;
	if (disk_fault())
		return SQLITE_IOERR_DELETE;
	if (n->now != n->durable)
		disk_free(n->now);
	n->now = NULL;
	if (sync) {
		disk_free(n->durable);
		n->durable = NULL;
	}
	return disk.real->xDelete(disk.real, path, sync);
}

static inline void
disk_begin(uint32_t seed)
{
	memset(&disk, 0, sizeof(disk));
	disk.on = true;
	disk.seed = seed;
	disk.code = SQLITE_IOERR_WRITE;
	disk.real = sqlite3_vfs_find(NULL);
	disk.methods =
	    (sqlite3_io_methods){.iVersion = 1, /* no shared memory */
		.xClose = disk_close,
		.xRead = disk_get,
		.xWrite = disk_write,
		.xTruncate = disk_truncate,
		.xSync = disk_sync,
		.xFileSize = disk_size,
		.xLock = disk_lock,
		.xUnlock = disk_unlock,
		.xCheckReservedLock = disk_reserved,
		.xFileControl = disk_control,
		.xSectorSize = disk_sector,
		.xDeviceCharacteristics = disk_device};
	disk.vfs = *disk.real;
	disk.vfs.zName = "disk";
	disk.vfs.szOsFile = (int)sizeof(struct disk_file) + disk.real->szOsFile;
	disk.vfs.xOpen = disk_open;
	disk.vfs.xDelete = disk_delete;
	assert_int_equal(sqlite3_vfs_register(&disk.vfs, 1), SQLITE_OK);
}

static inline void
disk_end(void)
{
	size_t i;

	if (!disk.on)
		return;
	disk.on = false;
	(void)sqlite3_vfs_unregister(&disk.vfs);
	(void)sqlite3_vfs_register(disk.real, 1);
	for (i = 0; i < DISK_FILES; i++)
		disk_forget(&disk.name[i]);
}

/* The nth from now on, or with forever all from it on; 0: none. */
static inline void
disk_fails(unsigned long nth, int code, bool forever, bool half)
{
	disk.ops = disk.failed = disk.failed_syncs = 0;
	disk.fails = nth;
	disk.code = code;
	disk.forever = forever;
	disk.half = half;
}

static inline void
disk_cut(void)
{
	disk.dead = true;
	disk.code = SQLITE_IOERR_WRITE;
	disk.half = false;
}

/* What of this operation is on the disk: all, nothing, or the half. */
static inline void
disk_apply_some(struct disk_content *c, const struct disk_op *op, unsigned keep)
{
	size_t half = (op->len / 2 + op->at) / DISK_SECTOR * DISK_SECTOR;

	half = half > op->at ? half - op->at : 0;
	switch (op->state == DISK_SYNCED ? 0 : keep) {
	case 0:
		disk_apply(c, op, 0, op->len);
		break;
	case 1:
		if (!op->truncate)
			disk_apply(c, op, 0, half);
		break;
	case 2:
		if (!op->truncate)
			disk_apply(c, op, half, op->len);
		break;
	default:
		break;
	}
}

static inline void
disk_replay(struct disk_content *c, uint32_t mood)
{
	struct disk_op *op;

	for (op = c->first; op != NULL; op = op->next)
		disk_apply_some(c, op,
		    mood == 0 ? 3 :
		    mood == 1 ? 0 :
				chance(&disk.seed) % 5);
}

static inline void
disk_write_out(const char *path, const struct disk_content *c)
{
	int fd;

	if (c == NULL) {
		(void)unlink(path);
		return;
	}
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd != -1);
	assert_int_equal(write(fd, c->bytes, c->len), c->len);
	assert_int_equal(close(fd), 0);
}

/* The power is back: the files are what is on the disk. */
static inline void
disk_restore(void)
{
	uint32_t mood = chance(&disk.seed) % 4; /* nothing, all, or chance */
	struct disk_content *c;
	size_t i;

	for (i = 0; i < DISK_FILES && disk.name[i].path[0] != '\0'; i++) {
		c = chance(&disk.seed) % 2 == 0 ? disk.name[i].durable :
						  disk.name[i].now;
		if (c != NULL)
			disk_replay(c, mood);
		disk_write_out(disk.name[i].path, c);
	}
	for (i = 0; i < DISK_FILES; i++)
		disk_forget(&disk.name[i]);
	disk.dead = false;
	disk_fails(0, SQLITE_IOERR_WRITE, false, false);
}

#endif
