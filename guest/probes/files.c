// SPDX-License-Identifier: MIT
/* Of group U, filesystems: tmpfs, ext4 on a loop device, overlayfs. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "report.h"
#include "users.h"

#define PAGES	2			/* of each of two maps */

static void expect_text(const char *step, const char *at, char text)
{
	struct touch word = touch(at, 0);

	user_fact(!word.signal && (char)word.word == text,
		  "%s: reads '%c' (signal %d), to be '%c'", step, (char)word.word, word.signal,
		  text);
}

static int writes_and_reads(void *at)
{
	volatile char *text = at;

	text[1] = 'X';
	return touch(at, 0).signal;
}

/* A map and an unmap leave no reference of the file behind. */
static void expect_references(int fd, char *at)
{
	int node = open_node("mmapvet");
	uint64_t before, mapped, after;

	set_swap(node, fd);
	before = driver_refs(node).swap;
	map_or_break(fd, at, PAGES, 0);
	mapped = driver_refs(node).swap;
	unmap(at, PAGES);
	after = driver_refs(node).swap;
	driver_fact(after == before, "references of the file: %llu, mapped %llu, unmapped %llu",
		    (unsigned long long)before, (unsigned long long)mapped,
		    (unsigned long long)after);
	close(node);
}

/*
 *     | first: a, b | second: c, d |	one file, shared
 *
 * What a filesystem does with two maps side by side, with a child's write, and
 * with the wish to be unmounted.
 */
static void expect_file(const char *folder, const char *file, bool merges)
{
	int fd = make_file(file, 2 * PAGES), status;
	char *at = carve(2 * PAGES), text[2] = "";

	expect_references(fd, at);
	map_or_break(fd, at, PAGES, 0);
	map_or_break(fd, at + PAGES * page_size(), PAGES, PAGES);
	expect_side_by_side("two maps side by side", at, PAGES, merges);
	expect_vma("the first", at, merges ? 2 * PAGES : PAGES, VMA_SHARED | VMA_WRITE, true);
	expect_text("the first", at, 'a');
	expect_text("the second", at + PAGES * page_size(), 'a' + PAGES);

	in_child(writes_and_reads, at, &status);
	if (pread(fd, text, 1, 1) != 1)
		broken("pread: %s", strerror(errno));
	user_fact(!status && text[0] == 'X', "a child's write is read from the file as '%c'",
		  text[0]);

	close(fd);
	expect_umount("mapped, the file closed", folder, EBUSY);
	unmap(at, PAGES);
	expect_umount("half unmapped", folder, EBUSY);
	unmap(at + PAGES * page_size(), PAGES);
	expect_umount("unmapped", folder, 0);
}

void tmpfs_file(enum path path)
{
	const char *folder = private_folder(0);
	char file[64];

	snprintf(file, sizeof(file), "%s/file", folder);
	expect_file(folder, file, true);
}

/* A wrapper that gives the VMA the inner file: two maps never merge. */
void overlay_file(enum path path)
{
	static const char *const names[] = { "lower", "upper", "work", "all" };
	const char *folder = private_folder(0);
	char name[64];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(name, sizeof(name), "%s/%s", folder, names[i]);
		if (mkdir(name, 0700) < 0)
			broken("%s: %s", name, strerror(errno));
	}
	if (mount("overlay", "/sys/all", "overlay", 0,
		  "lowerdir=/sys/lower,upperdir=/sys/upper,workdir=/sys/work") < 0)
		not_applicable("no overlayfs: %s", strerror(errno));
	expect_file("/sys/all", "/sys/all/file", false);
}

/* Runs mke2fs, quietly; its exit status. */
static int make_ext4(const char *image)
{
	int status, null;
	pid_t child = fork();

	if (child < 0)
		broken("fork: %s", strerror(errno));
	if (!child) {
		null = open("/dev/null", O_RDWR);
		dup2(null, 1);
		dup2(null, 2);
		execl("/usr/sbin/mke2fs", "mke2fs", "-q", "-F", "-t", "ext4", "-b", "1024", image,
		      (char *)NULL);
		_exit(127);
	}
	if (waitpid(child, &status, 0) != child)
		broken("waitpid: %s", strerror(errno));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static int attach_loop(const char *image, char *node, size_t size)
{
	int loops = open("/dev/loop-control", O_RDWR | O_CLOEXEC), file, fd, number;

	if (loops < 0)
		not_applicable("no loop devices: %s", strerror(errno));
	number = ioctl(loops, LOOP_CTL_GET_FREE);
	close(loops);
	snprintf(node, size, "/dev/loop%d", number);
	fd = open(node, O_RDWR | O_CLOEXEC);
	file = open(image, O_RDWR | O_CLOEXEC);
	if (fd < 0 || file < 0)
		broken("%s: %s", node, strerror(errno));
	if (ioctl(fd, LOOP_SET_FD, file) < 0)
		broken("%s: LOOP_SET_FD: %s", node, strerror(errno));
	close(file);
	/* Who could write to it would be in the way of mount(). */
	close(fd);
	fd = open(node, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		broken("%s: %s", node, strerror(errno));
	return fd;
}

#define IMAGE_BYTES	(4L << 20)

void ext4_file(enum path path)
{
	const char *folder = private_folder(0);
	char image[64], mounted[64], file[96], node[32];
	int fd, status, loop;

	snprintf(image, sizeof(image), "%s/image", folder);
	snprintf(mounted, sizeof(mounted), "%s/ext4", folder);
	snprintf(file, sizeof(file), "%s/file", mounted);
	fd = open(image, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, IMAGE_BYTES) < 0 || mkdir(mounted, 0700) < 0)
		broken("%s: %s", image, strerror(errno));
	close(fd);
	status = make_ext4(image);
	if (status)
		not_applicable("mke2fs makes no filesystem: exit status %d", status);
	loop = attach_loop(image, node, sizeof(node));
	if (mount(node, mounted, "ext4", 0, NULL) < 0) {
		status = errno;
		ioctl(loop, LOOP_CLR_FD, 0);
		not_applicable("no ext4: %s", strerror(status));
	}
	expect_file(mounted, file, true);
	user_fact(!ioctl(loop, LOOP_CLR_FD, 0), "the loop device is free again");
	close(loop);
	/* Nothing keeps the image. */
	expect_umount("the loop device detached", folder, 0);
}
