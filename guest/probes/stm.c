// SPDX-License-Identifier: MIT
/*
 * Of group U, the system trace module core: its mapped takes a reference of
 * runtime power management, its close gives one back. The device is a module of
 * ours (guest/driver/stm.c), which also tells the count.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report.h"
#include "users.h"

#define MODULE		"mmapvet-stm"
#define NODE		"/dev/mmapvet-stm"
#define CONFIG		"/sys/kernel/config"
#define POLICY		CONFIG "/stp-policy/mmapvet-stm.mmapvet"
#define USAGE		"/sys/module/mmapvet_stm/parameters/usage"

/* Of linux/stm.h. */
struct policy_id {
	uint32_t size;
	uint16_t master, channel, width, reserved_0;
	uint32_t reserved_1;
	char id[8];
};

#define POLICY_ID_SET	_IOWR('%', 0, char[16])

static void remove_policy(void)
{
	rmdir(POLICY "/user");
	rmdir(POLICY);
}

/* The device with a channel assigned: what may be mapped. */
static int open_channel(void)
{
	struct policy_id id = { .size = sizeof(id), .width = 1, .id = "user" };
	int fd = open(NODE, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		broken(NODE ": %s", strerror(errno));
	if (ioctl(fd, POLICY_ID_SET, &id) < 0)
		broken("STP_POLICY_ID_SET: %s", strerror(errno));
	return fd;
}

static void begin(void)
{
	load_module(MODULE);
	mount_here("configfs", CONFIG, NULL);
	remove_policy();
	if (mkdir(POLICY, 0700) < 0 || mkdir(POLICY "/user", 0700) < 0)
		broken(POLICY ": %s", strerror(errno));
}

static long usage(void)
{
	char text[32];

	if (!read_text(USAGE, text, sizeof(text)))
		broken(USAGE ": %s", strerror(errno));
	return strtol(text, NULL, 10);
}

static void expect_usage(const char *step, long before, long more)
{
	long now = usage();

	driver_fact(now == before + more,
		    "%s: references of runtime power management %+ld, to be %+ld", step,
		    now - before, more);
}

static int registers_read(void *at)
{
	struct touch word = touch(at, 0);

	return word.signal || memcmp(&word.word, "mmapvet", 8);
}

static void expect_channel(const char *at)
{
	expect_vma("the channel", at, 1, REMAPPED, true);
	user_fact(smaps_flag(at, "io") && smaps_flag(at, "pf") && smaps_flag(at, "de") &&
		  smaps_flag(at, "dd"), "smaps has io, pf, de and dd");
	user_fact(!registers_read((void *)at), "the channel's registers read what the device has");
}

struct child {
	char *at;
	long before;
};

/* In the child: its copy counts. */
static int child_counts(void *argument)
{
	const struct child *child = argument;

	expect_usage("fork", child->before, 2);
	return registers_read(child->at);
}

void stm_channel(enum path path)
{
	struct child child;
	int fd, status;

	begin();
	fd = open_channel();
	child.before = usage();
	child.at = map_or_break(fd, carve(1), 1, 0);
	expect_usage("mmap", child.before, 1);
	expect_channel(child.at);
	in_child(child_counts, &child, &status);
	user_fact(!status, "a child reads the registers as well");
	expect_usage("the child's end", child.before, 1);
	close(fd);
	expect_usage("the file closed", child.before, 1);
	user_fact(!registers_read(child.at), "the registers read on without the file");
	unmap(child.at, 1);
	expect_usage("munmap", child.before, 0);
	remove_policy();
}

/* mmap_prepare says no: before anything was taken. */
void stm_refused(enum path path)
{
	int fd, other;
	long before;
	char *at;

	begin();
	fd = open_channel();
	other = open(NODE, O_RDWR | O_CLOEXEC);
	before = usage();
	at = carve(2);
	expect_refused("at a page offset", fd, at, 1, 1, MAP_SHARED, EINVAL);
	expect_refused("two pages", fd, at, 2, 0, MAP_SHARED, EINVAL);
	expect_refused("without a channel", other, at, 1, 0, MAP_SHARED, EINVAL);
	expect_usage("after them", before, 0);
	/* The control: so it is counted. */
	unmap(map_or_break(fd, at, 1, 0), 1);
	expect_usage("a map and unmap", before, 0);
	close(other);
	close(fd);
	remove_policy();
}

/* A hole for which no page table is there yet. */
static char *untouched_hole(void)
{
	size_t span = page_size() / sizeof(uint64_t) * page_size();
	char *area = mmap(NULL, 3 * span, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
			  -1, 0);
	char *at = (char *)(((uintptr_t)area + 2 * span - 1) & -span);

	if (area == MAP_FAILED)
		broken("no room for a page table: %s", strerror(errno));
	if (munmap(at, page_size()) < 0)
		broken("munmap: %s", strerror(errno));
	return at;
}

/*
 * The action fails for want of a page table, once mmap_prepare and the new VMA
 * are through: the core unmaps, close runs, mapped never did.
 */
void stm_failed(enum path path)
{
	int fd, other, error = 0;
	struct walk walk = { 0 };
	struct attempt attempt;
	long before, now = 0;
	char *hole = NULL, *alive;

	begin();
	inject_setup();
	fd = open_channel();
	other = open_channel();
	before = usage();
	alive = map_or_break(fd, carve(1), 1, 0);
	while (walk_on(&walk)) {
		/* A map that came off leaves its page table behind. */
		hole = untouched_hole();
		walk_arm(&walk);
		attempt = map(other, hole, 1, 0);
		walk_disarm(&walk);
		if (attempt.at) {
			unmap(attempt.at, 1);
			continue;
		}
		error = attempt.error;
		now = usage() - before;
		if (now != 1)
			break;
	}
	if (!error)
		vacuous("no allocation of this mmap could be made to fail it");
	user_fact(vmas_in(hole, hole + page_size(), NULL, 0) == 0, "nothing is left in the hole");
	driver_saw("one mapping alive: counted 1, after maps that failed %ld", now);
	user_saw("a map that fails: %s; the one alive reads on: %s", error_name(error),
		 registers_read(alive) ? "no" : "yes");
	unmap(alive, 1);
	close(fd);
	close(other);
	remove_policy();
}

void stm_module(enum path path)
{
	long idle, open, mapped, after;
	int refused, removed;
	char *at;
	int fd;

	load_module(MODULE);
	idle = module_users_of(MODULE);
	begin();
	fd = open_channel();
	open = module_users_of(MODULE);
	at = map_or_break(fd, carve(1), 1, 0);
	close(fd);
	remove_policy();
	mapped = module_users_of(MODULE);
	refused = unload_module(MODULE);
	user_fact(!registers_read(at), "the registers read on");
	expect_usage("a mapping only", 0, 1);
	unmap(at, 1);
	after = module_users_of(MODULE);
	driver_fact(!idle && open > 0 && mapped > 0 && !after,
		    "users of the module: %ld idle, %ld with an open file, %ld with a mapping only, %ld after munmap",
		    idle, open, mapped, after);
	removed = unload_module(MODULE);
	user_fact(refused && !removed, "rmmod with a mapping only: %s, after munmap: %s",
		  refused ? "refused" : "success", error_name(removed));
}
