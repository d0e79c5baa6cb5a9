// SPDX-License-Identifier: MIT
/* Of group U, kinds of memory: SysV shm, /dev/zero, memfd_secret, the aio ring. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "report.h"
#include "users.h"

#define VALUE	0x1122334455667788ULL

static void put(char *at, uint64_t value)
{
	*(volatile uint64_t *)at = value;
}

static void expect_value(const char *step, const char *at, uint64_t value)
{
	struct touch word = touch(at, 0);

	user_fact(!word.signal && word.word == value,
		  "%s: reads %#llx (signal %d), to be %#llx", step, (unsigned long long)word.word,
		  word.signal, (unsigned long long)value);
}

static int writes(void *at)
{
	put(at, VALUE + 1);
	return 0;
}

/* How many VMAs the kernel counts as attached; -1 when the segment is gone. */
static long attached(int id)
{
	struct shmid_ds state;

	return shmctl(id, IPC_STAT, &state) < 0 ? -1 : (long)state.shm_nattch;
}

struct segment {
	int id;
	char *at;
};

static int writes_attached(void *argument)
{
	const struct segment *segment = argument;

	driver_fact(attached(segment->id) == 4, "fork: attached %ld, to be 4",
		    attached(segment->id));
	return writes(segment->at);
}

/* A wrapper with operations of its own, which forwards: each open and close is counted. */
void shm_segment(enum path path)
{
	int id = shmget(IPC_PRIVATE, 4 * page_size(), IPC_CREAT | 0600), status;
	struct segment segment;
	char *at;

	if (id < 0)
		not_applicable("no SysV shared memory: %s", strerror(errno));
	at = shmat(id, carve(4), 0);
	if (at == (void *)-1)
		broken("shmat: %s", strerror(errno));
	shmctl(id, IPC_RMID, NULL);
	driver_fact(attached(id) == 1, "shmat: attached %ld, to be 1", attached(id));
	expect_vma("the segment", at, 4, VMA_SHARED | VMA_WRITE, true);
	put(at, VALUE);
	expect_value("the segment", at, VALUE);

	/* Two VMAs, each counted; a child's copies as well. */
	unmap(at + page_size(), 1);
	driver_fact(attached(id) == 2, "split in two: attached %ld, to be 2", attached(id));
	expect_vmas("split in two", at, 4, 2);
	unmap(at + 3 * page_size(), 1);
	driver_fact(attached(id) == 2, "shrunk: attached %ld, to be 2", attached(id));
	segment.id = id;
	segment.at = at;
	in_child(writes_attached, &segment, &status);
	expect_value("a child's write", at, VALUE + 1);
	driver_fact(attached(id) == 2, "the child's end: attached %ld, to be 2", attached(id));

	user_fact(!shmdt(at), "shmdt");
	expect_vmas("shmdt", at, 4, 0);
	user_fact(attached(id) < 0, "shmdt: the segment is %s",
		  attached(id) < 0 ? "gone" : "there");
}

void zero_device(enum path path)
{
	int fd = open("/dev/zero", O_RDWR | O_CLOEXEC), status;
	char *at = carve(2), *own = carve(1), *other = carve(1), name[64];

	if (fd < 0)
		not_applicable("/dev/zero: %s", strerror(errno));
	/* Private: anonymous memory with a name. */
	if (map_bytes(fd, own, page_size(), 0, PROT_READ | PROT_WRITE, MAP_PRIVATE).error)
		broken("a private mmap of /dev/zero: %s", strerror(errno));
	expect_vma("private", own, 1, VMA_WRITE, false);
	expect_value("private", own, 0);
	in_child(writes, own, &status);
	expect_value("private, after a child's write", own, 0);
	vma_path(own, name, sizeof(name));
	user_fact(!strcmp(name, "/dev/zero"), "private: /proc/self/maps says \"%s\"", name);

	/* Shared: a file of its own for each mmap, which so never merge. */
	map_or_break(fd, at, 1, 0);
	map_or_break(fd, at + page_size(), 1, 1);
	expect_side_by_side("two shared ones side by side", at, 1, false);
	expect_vma("shared", at, 1, VMA_SHARED | VMA_WRITE, true);
	expect_value("shared", at, 0);
	in_child(writes, at, &status);
	expect_value("shared, after a child's write", at, VALUE + 1);
	expect_value("another shared one", map_or_break(fd, other, 1, 0), 0);
	unmap(at, 2);
	unmap(own, 1);
	unmap(other, 1);
}

#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447
#endif

void secret_memory(enum path path)
{
	int fd = syscall(SYS_memfd_secret, O_CLOEXEC), memory;
	ssize_t read;
	char *at, byte;

	if (fd < 0)
		not_applicable("no memfd_secret: %s", strerror(errno));
	if (ftruncate(fd, 2 * page_size()) < 0)
		broken("ftruncate: %s", strerror(errno));
	/* mmap_prepare refuses what isn't shared. */
	at = carve(2);
	expect_refused("private", fd, at, 1, 0, MAP_PRIVATE, EINVAL);
	map_or_break(fd, at, 1, 0);
	map_or_break(fd, at + page_size(), 1, 1);
	expect_side_by_side("two shared ones side by side", at, 1, true);
	expect_vma("shared", at, 2, VMA_SHARED | VMA_WRITE | VMA_DONTDUMP, true);
	user_fact(smaps_flag(at, "dd"), "shared: smaps has dd");
	put(at, VALUE);
	expect_value("shared", at, VALUE);
	/* The kernel itself has no other way to it. */
	memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	read = pread(memory, &byte, 1, (uintptr_t)at);
	user_fact(memory >= 0 && read < 0, "/proc/self/mem gives %zd bytes of it", read);
	close(memory);
	close(fd);
	expect_value("without the file", at, VALUE);
	unmap(at, 2);
}

static int is_mapped(void *at)
{
	return vmas_in(at, (char *)at + page_size(), NULL, 0) != 0;
}

/* The kernel itself is the one that maps: io_setup() calls do_mmap(). */
void aio_ring(enum path path)
{
	unsigned long context = 0;
	unsigned int pages;
	struct vma vma;
	char name[64], *at;
	int status;

	if (syscall(SYS_io_setup, 8, &context) < 0)
		not_applicable("no io_setup: %s", strerror(errno));
	/* The context is known by the ring's address. */
	at = (char *)context;
	if (!vma_at(at, &vma) || vma.start != context)
		vacuous("no VMA begins at %#lx", context);
	pages = (vma.end - vma.start) / page_size();
	expect_vma("the ring", at, pages, VMA_SHARED | VMA_DONTEXPAND | VMA_DONTCOPY, true);
	vma_path(at, name, sizeof(name));
	user_fact(!strncmp(name, "/[aio]", 6), "/proc/self/maps says \"%s\"", name);
	user_fact(smaps_flag(at, "de") && smaps_flag(at, "dc"), "smaps has de and dc");
	in_child(is_mapped, at, &status);
	user_fact(!status, "a child has %s ring", status ? "a" : "no");
	user_fact(!syscall(SYS_io_destroy, context), "io_destroy");
	expect_vmas("io_destroy", at, pages, 0);
}
