// SPDX-License-Identifier: MIT
/* Group L: legacy .mmap beside the new hooks. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <unistd.h>

#include "probe.h"

/* A mapped that would fail and count, if the core called it. */
static void l01(enum path path)
{
	int legacy = open_node("mmapvet-legacy");
	struct mmapvet_config config = plain_config();
	struct mmapvet_find find;
	struct attempt attempt;
	uint64_t word = 0;
	char *at = carve(2);

	(void)path;
	config.store = MMAPVET_STORE_COUNT;
	config.mapped_ret = -EPERM;
	configure(legacy, &config);
	attempt = map(legacy, at, 2, 0);
	log_pull();
	if (log_count(MMAPVET_EV_MMAP) != 1)
		vacuous("legacy mmap x%u", log_count(MMAPVET_EV_MMAP));
	find = driver_find(legacy, at);
	driver_saw("mapped x%u, the VMA %s", log_count(MMAPVET_EV_MAPPED),
		   find.ops == MMAPVET_OPS_OURS ? "has our table" : "is not there");
	if (attempt.at)
		word = private_word(at);
	user_saw("mmap: %s, the private data are %s", error_name(attempt.error),
		 word == PRIVATE ? "what .mmap stored" : "something else");
}

static void l03(enum path path)
{
	struct target target = open_target(path);
	int both = open_node("mmapvet-both");
	struct mmapvet_config config = plain_config();
	struct attempt refused, control;
	unsigned int left;
	char *at = carve(2);

	configure(target.inner, &config);
	refused = map(both, at, 2, 0);
	left = vmas_in(at, at + 2 * page_size(), NULL, 0);
	log_pull();
	driver_fact(!log_count(MMAPVET_EV_PREPARE) && !log_count(MMAPVET_EV_MMAP),
		    "both hooks: prepare x%u, mmap x%u", log_count(MMAPVET_EV_PREPARE),
		    log_count(MMAPVET_EV_MMAP));
	user_fact(refused.error == ENODEV && !left, "both hooks: mmap: %s",
		  error_name(refused.error));

	/* The control: the same call on a file with one of them. */
	control = map(target.fd, at, 2, 0);
	log_pull();
	driver_fact(log_count(MMAPVET_EV_PREPARE) == 1, "one hook: prepare x%u",
		    log_count(MMAPVET_EV_PREPARE));
	user_fact(control.at, "one hook: mmap: %s", error_name(control.error));
}

static int read_in_child(void *at)
{
	return touch(at, 0).word != MMAPVET_MAGIC;
}

static void l02(enum path path)
{
	int legacy = open_node("mmapvet-legacy"), status;
	struct mmapvet_config config = plain_config();
	char *at;

	(void)path;
	configure(legacy, &config);
	at = map_or_break(legacy, carve(2), 2, 0);
	log_pull();
	if (log_count(MMAPVET_EV_MMAP) != 1)
		vacuous("legacy mmap x%u", log_count(MMAPVET_EV_MMAP));
	in_child(read_in_child, at, &status);
	user_fact(!status, "the child %s the mapping", status ? "can't read" : "reads");
	expect_life("fork and the child's exit", 1, 1);
	unmap(at, 2);
	expect_life("munmap", 1, 2);
	expect_vmas("munmap", at, 2, 0);
}

static void l04(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	struct attempt attempt;

	configure(target.inner, &config);
	attempt = map(open_node("mmapvet-none"), carve(1), 1, 0);
	driver_fact(!tally().prepare, "neither hook: prepare x%u", tally().prepare);
	user_fact(attempt.error == ENODEV, "neither hook: mmap: %s", error_name(attempt.error));
	map_or_break(target.fd, carve(1), 1, 0);
	driver_fact(tally().prepare == 1, "a file with a hook: prepare x%u", tally().prepare);
}

/* The same hooks behind a debugfs file. */
static void l05(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	struct attempt attempt;
	char file[64];
	int fd;

	snprintf(file, sizeof(file), "%s/mmapvet", private_folder(0));
	if (mount("debugfs", "/sys", "debugfs", 0, NULL) < 0)
		not_applicable("no debugfs: %s", strerror(errno));
	fd = open(file, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		broken("%s: %s", file, strerror(errno));
	configure(target.inner, &config);
	attempt = map(fd, carve(1), 1, 0);
	driver_saw("a debugfs file with hooks: prepare x%u", tally().prepare);
	user_saw("a debugfs file with hooks: mmap: %s", error_name(attempt.error));
	map_or_break(target.fd, carve(1), 1, 0);
	driver_fact(tally().prepare >= 1, "a file with a hook: prepare x%u in all",
		    tally().prepare);
}

/* The check is inlined: the warning is at can_mmap_file() or at do_mmap(). */
const struct clause clauses_l[] = {
	{ "L01", "A mapped that legacy .mmap sets is ignored",
	  TWO, ON(DIRECT), MMAPVET_F_MAPPED, l01, true, NULL },
	{ "L02", "open and close of vm_ops that legacy .mmap sets work beside a mapped",
	  DRIVER_ONLY, ON(DIRECT), MMAPVET_F_MAPPED, l02, false, NULL },
	{ "L03", "A file with both hooks is refused with ENODEV and one warning",
	  TWO, ON(DIRECT), 0, l03, false, "WARNING:* at [cd]*_mmap*+0x*" },
	{ "L04", "A file with neither hook is refused with ENODEV, without a warning",
	  TWO, ON(DIRECT), 0, l04, false, NULL },
	{ "L05", "A debugfs file can't be mapped, though its operations have mmap_prepare",
	  TWO, ON(DIRECT), 0, l05, true, NULL },
	{ 0 },
};
