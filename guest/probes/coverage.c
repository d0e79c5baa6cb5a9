// SPDX-License-Identifier: MIT
/*
 * What the kernel under test ran, as gcov counts it: the counters are zeroed
 * before a clause and copied out of debugfs after it. The files keep their
 * whole path as their name, with # for /, as gcov itself writes it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "report.h"

#define GCOV		"/sys/kernel/debug/gcov"
#define MAX_FILES	64
#define MAX_DEPTH	16

static char *data_files[MAX_FILES];
static unsigned int files;
static const char *folder;

static int take_file(const char *path, const struct stat *status, int type, struct FTW *place)
{
	size_t length = strlen(path);

	if (type != FTW_F || length < 5 || strcmp(path + length - 5, ".gcda"))
		return 0;
	if (files < MAX_FILES)
		data_files[files] = strdup(path);
	if (files < MAX_FILES && data_files[files])
		files++;
	return 0;
}

static bool copy_file(const char *from, const char *to)
{
	int in = open(from, O_RDONLY | O_CLOEXEC), out = -1;
	char chunk[16384];
	ssize_t count = -1;

	if (in < 0)
		return false;
	out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (out < 0)
		goto close_in;
	while ((count = read(in, chunk, sizeof(chunk))) > 0) {
		if (write(out, chunk, count) != count) {
			count = -1;
			break;
		}
	}
	close(out);
	if (count < 0)
		unlink(to);
close_in:
	close(in);
	return count == 0;
}

static void coverage_reset(void)
{
	write_text(GCOV "/reset", "1");
}

static void coverage_save(const char *name)
{
	char path[4096], *end;
	unsigned int i;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	mkdir(path, 0700);
	for (i = 0; i < files; i++) {
		snprintf(path, sizeof(path), "%s/%s/", folder, name);
		end = path + strlen(path);
		snprintf(end, sizeof(path) - (end - path), "%s", data_files[i] + strlen(GCOV));
		for (; *end; end++)
			if (*end == '/')
				*end = '#';
		if (!copy_file(data_files[i], path))
			printf("# coverage: %s can't be read: %s\n", data_files[i],
			       strerror(errno));
	}
}

/* What any process runs through: the driver has no part in it. */
static void run_nothing(void)
{
	void *memory;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (!child) {
		memory = mmap(NULL, page_size(), PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (memory != MAP_FAILED)
			munmap(memory, page_size());
		_exit(0);
	}
	if (child > 0)
		waitpid(child, NULL, 0);
}

void coverage_begin(const char *where)
{
	mkdir(where, 0700);
	nftw(GCOV, take_file, MAX_DEPTH, FTW_PHYS);
	if (!files) {
		printf("# coverage: nothing to read below %s\n", GCOV);
		return;
	}
	folder = where;
	coverage_reset();
	run_nothing();
	coverage_save("background");
}

void coverage_cell(const char *clause, const char *next)
{
	if (!folder || (clause && next && !strcmp(clause, next)))
		return;
	if (clause)
		coverage_save(clause);
	if (next)
		coverage_reset();
}
