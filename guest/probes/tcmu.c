// SPDX-License-Identifier: MIT
/*
 * Of group U, tcmu: the in-tree driver whose mapped a plain guest can reach, by
 * way of uio's legacy .mmap. It logs what its hooks do with pr_debug(), which
 * dynamic debug switches on; these lines are its own count.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report.h"
#include "users.h"

#define MODULE		"target_core_user"
#define CONFIG		"/sys/kernel/config"
#define HBA		CONFIG "/target/core/user_0"
#define DEVICE		HBA "/mmapvet"
#define DEBUG_CONTROL	"/proc/dynamic_debug/control"

/* How often the driver has logged each of these since begin(). */
static struct lines {
	unsigned int opened, mapped, open, close, release;
} lines;
static int log_fd;

static void count_line(const char *text)
{
	if (!strstr(text, MODULE))
		return;
	lines.mapped += strstr(text, "vma_mapped") != NULL;
	lines.open += strstr(text, "vma_open") != NULL;
	lines.close += strstr(text, "vma_close") != NULL;
	lines.release += strstr(text, "dev_kref_release") != NULL;
	lines.opened += strstr(text, "open") && !strstr(text, "vma_open");
}

static void pull_lines(void)
{
	char record[2048], *text;
	ssize_t size;

	for (;;) {
		size = read(log_fd, record, sizeof(record) - 1);
		if (size < 0 && errno == EPIPE)
			broken("the kernel's log overflowed");
		if (size <= 0)
			return;
		record[size] = '\0';
		text = strchr(record, ';');
		/* Only the kernel's own words, and without the keys below them. */
		if (!text || strtoul(record, NULL, 10) >> 3)
			continue;
		text[strcspn(text, "\n")] = '\0';
		count_line(text);
	}
}

static void remove_device(void)
{
	rmdir(DEVICE);
	rmdir(HBA);
}

static void begin(void)
{
	load_module(MODULE);
	mount_here("configfs", CONFIG, NULL);
	/* What a cell before left when it broke. */
	remove_device();
	if (!write_text(DEBUG_CONTROL, "module " MODULE " +pm"))
		not_applicable("no dynamic debug: %s: %s", DEBUG_CONTROL, strerror(errno));
	log_fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (log_fd < 0)
		broken("/dev/kmsg: %s", strerror(errno));
	lseek(log_fd, 0, SEEK_END);
	memset(&lines, 0, sizeof(lines));
	if (mkdir(HBA, 0700) < 0)
		not_applicable("no tcmu: " HBA ": %s", strerror(errno));
	if (mkdir(DEVICE, 0700) < 0)
		broken(DEVICE ": %s", strerror(errno));
	if (!write_text(DEVICE "/control", "dev_config=mmapvet/x,dev_size=1048576") ||
	    !write_text(DEVICE "/enable", "1"))
		broken("the device can't be enabled: %s", strerror(errno));
}

/* Opens the node that uio gives the device; its size in pages. */
static int open_uio(unsigned int *pages)
{
	DIR *dir = opendir("/sys/class/uio");
	struct dirent *entry;
	char file[320], text[64];
	int fd = -1;

	while (dir && fd < 0 && (entry = readdir(dir))) {
		snprintf(file, sizeof(file), "/sys/class/uio/%s/name", entry->d_name);
		if (entry->d_name[0] == '.' || !read_text(file, text, sizeof(text)) ||
		    strncmp(text, "tcm-user/", 9))
			continue;
		snprintf(file, sizeof(file), "/sys/class/uio/%s/maps/map0/size", entry->d_name);
		if (!read_text(file, text, sizeof(text)))
			broken("%s: %s", file, strerror(errno));
		*pages = strtoull(text, NULL, 0) / page_size();
		snprintf(file, sizeof(file), "/dev/%s", entry->d_name);
		fd = open(file, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			broken("%s: %s", file, strerror(errno));
	}
	if (dir)
		closedir(dir);
	if (fd < 0)
		broken("no uio device is tcmu's");
	pull_lines();
	if (!lines.opened)
		vacuous("the driver's debug lines don't come: open was not logged");
	return fd;
}

static void expect_lines(const char *step, unsigned int mapped, unsigned int open,
			 unsigned int close, unsigned int release)
{
	pull_lines();
	driver_fact(lines.mapped == mapped && lines.open == open && lines.close == close &&
		    lines.release == release,
		    "%s: mapped x%u, open x%u, close x%u, released x%u, to be x%u, x%u, x%u, x%u",
		    step, lines.mapped, lines.open, lines.close, lines.release, mapped, open,
		    close, release);
}

/* The mailbox at the begin: its version is 2. */
static int mailbox_reads(void *at)
{
	struct touch word = touch(at, 0);

	return word.signal || (word.word & 0xffff) != 2;
}

void tcmu_device(enum path path)
{
	struct attempt attempt;
	unsigned int pages;
	int fd, status;
	char *at;

	begin();
	fd = open_uio(&pages);
	attempt = map(fd, carve(pages), pages, 0);
	user_fact(attempt.at != NULL, "mmap of %u pages: %s", pages, error_name(attempt.error));
	expect_lines("mmap", 1, 0, 0, 0);
	at = attempt.at;
	if (!at)
		return;
	expect_vma("the mapping", at, pages, VMA_DONTEXPAND | VMA_DONTDUMP, true);
	user_fact(smaps_flag(at, "de") && smaps_flag(at, "dd"), "smaps has de and dd");
	user_fact(!mailbox_reads(at), "the mailbox reads its version");

	in_child(mailbox_reads, at, &status);
	user_fact(!status, "a child reads it as well");
	expect_lines("fork, and the child's end", 1, 1, 1, 0);

	/* Only the mapping is left: what mapped took keeps the device. */
	close(fd);
	remove_device();
	user_fact(access(DEVICE, F_OK), "the device is removed from configfs");
	expect_lines("the device removed", 1, 1, 1, 0);
	user_fact(!mailbox_reads(at), "the mailbox still reads its version");
	unmap(at, pages);
	expect_lines("munmap", 1, 1, 2, 1);
}

void tcmu_size(enum path path)
{
	unsigned int pages;
	int fd;

	begin();
	fd = open_uio(&pages);
	expect_refused("a page less", fd, carve(pages), pages - 1, 0, MAP_SHARED, EINVAL);
	expect_lines("a page less", 0, 0, 0, 0);
	close(fd);
	remove_device();
	user_fact(access(DEVICE, F_OK), "the device is removed from configfs");
	expect_lines("the device removed", 0, 0, 0, 1);
}

void tcmu_module(enum path path)
{
	long idle, device, mapped, after;
	int refused, removed;
	unsigned int pages;
	char *at;
	int fd;

	load_module(MODULE);
	idle = module_users_of(MODULE);
	begin();
	fd = open_uio(&pages);
	device = module_users_of(MODULE);
	at = map_or_break(fd, carve(pages), pages, 0);
	close(fd);
	remove_device();
	mapped = module_users_of(MODULE);
	refused = unload_module(MODULE);
	unmap(at, pages);
	expect_lines("munmap", 1, 0, 1, 1);
	after = module_users_of(MODULE);
	driver_fact(!idle && device > 0 && mapped > 0 && !after,
		    "users of the module: %ld idle, %ld with a device, %ld with a mapping only, %ld after munmap",
		    idle, device, mapped, after);
	removed = unload_module(MODULE);
	user_fact(refused && !removed, "rmmod with a mapping only: %s, after munmap: %s",
		  refused ? "refused" : "success", error_name(removed));
}
