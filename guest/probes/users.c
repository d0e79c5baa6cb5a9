// SPDX-License-Identifier: MIT
/* What the probes of group U share: modules, mounts, and what is asked of a VMA. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "report.h"
#include "users.h"

void mount_here(const char *type, const char *folder, const char *options)
{
	own_mounts();
	if (mount("mmapvet", folder, type, 0, options) < 0)
		not_applicable("no %s on %s: %s", type, folder, strerror(errno));
}

void load_module(const char *name)
{
	char file[64];
	int fd;

	if (module_users_of(name) >= 0)
		return;
	snprintf(file, sizeof(file), "%s.ko", name);
	fd = open_module_file(file);
	if (fd < 0)
		not_applicable("there is no %s beside the probes", file);
	if (syscall(SYS_finit_module, fd, "", 0))
		broken("insmod %s: %s", file, strerror(errno));
	close(fd);
}

/* As the kernel knows it: module names have no dashes. */
static const char *kernel_name(const char *name)
{
	static char text[64];
	char *dash;

	snprintf(text, sizeof(text), "%s", name);
	for (dash = text; *dash; dash++)
		if (*dash == '-')
			*dash = '_';
	return text;
}

int unload_module(const char *name)
{
	int tries, error = 0;

	for (tries = 0; tries < 50; tries++) {
		error = syscall(SYS_delete_module, kernel_name(name), O_NONBLOCK) ? errno : 0;
		if (error != EAGAIN)
			break;
		usleep(10000);
	}
	return error;
}

long module_users_of(const char *name)
{
	char file[96], text[32];

	snprintf(file, sizeof(file), "/sys/module/%s/refcnt", kernel_name(name));
	if (!read_text(file, text, sizeof(text)))
		return -1;
	return strtol(text, NULL, 10);
}

void expect_vma(const char *what, const char *at, unsigned int pages, uint64_t flags,
		bool has_ops)
{
	int fd = open_node("mmapvet");
	struct mmapvet_find find = driver_find(fd, at);

	driver_fact(find.found && find.start == (uintptr_t)at &&
		    find.end == (uintptr_t)at + pages * page_size() &&
		    (find.flags & flags) == flags &&
		    find.ops == (has_ops ? MMAPVET_OPS_FOREIGN : MMAPVET_OPS_NULL),
		    "%s: find_vma() finds %#llx-%#llx with flags %#llx and %s", what,
		    (unsigned long long)find.start, (unsigned long long)find.end,
		    (unsigned long long)find.flags,
		    find.ops == MMAPVET_OPS_NULL ? "no operations" : "operations");
	close(fd);
}

void expect_refused(const char *what, int fd, char *at, unsigned int pages, uint64_t pgoff,
		    int flags, int error)
{
	size_t size = pages * page_size();
	struct attempt attempt = map_bytes(fd, at, size, pgoff, PROT_READ, flags);
	int node = open_node("mmapvet");
	bool found = driver_find(node, at).found;

	user_fact(attempt.error == error, "%s: mmap: %s, to be %s", what,
		  error_name(attempt.error), error_name(error));
	expect_vmas(what, at, pages, 0);
	driver_fact(!found, "%s: find_vma() finds %s", what, found ? "a VMA" : "nothing");
	close(node);
	if (attempt.at)
		unmap(attempt.at, pages);
}

void expect_side_by_side(const char *what, const char *at, unsigned int pages_each, bool merged)
{
	const char *second = at + pages_each * page_size();
	int fd = open_node("mmapvet");
	struct mmapvet_find one = driver_find(fd, at), two = driver_find(fd, second);

	driver_fact(one.found && two.found && (one.start == two.start) == merged,
		    "%s: find_vma() finds %#llx-%#llx and %#llx-%#llx", what,
		    (unsigned long long)one.start, (unsigned long long)one.end,
		    (unsigned long long)two.start, (unsigned long long)two.end);
	expect_vmas(what, at, 2 * pages_each, merged ? 1 : 2);
	close(fd);
}

void expect_umount(const char *step, const char *folder, int error)
{
	int got = 0, tries;

	/* The last reference of a file is given back a little late. */
	for (tries = 0; tries < 50; tries++) {
		got = umount(folder) ? errno : 0;
		if (got != EBUSY || error == EBUSY)
			break;
		usleep(10000);
	}
	/* Of two errors without a name only the second would be told. */
	user_fact(got == error, "%s: umount: %s, to be %s", step, error_name(got),
		  error_name(error));
}

int make_file(const char *file, unsigned int pages)
{
	int fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	char *page = malloc(page_size());
	unsigned int i;

	if (fd < 0 || !page)
		broken("%s: %s", file, strerror(errno));
	for (i = 0; i < pages; i++) {
		memset(page, 'a' + i, page_size());
		if (write(fd, page, page_size()) != (ssize_t)page_size())
			broken("%s: %s", file, strerror(errno));
	}
	free(page);
	return fd;
}
