// SPDX-License-Identifier: MIT
/* Group M: limits, and what a failed map gives back. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "probe.h"

#define RW		(PROT_READ | PROT_WRITE)
#define MANY		(16UL << 20)	/* bytes of a mapping that shows in Committed_AS */
#define TIMES		20

/* A limit refused the map: its errno, and no hook saw it. */
static void expect_limit(const char *what, struct attempt attempt, int error)
{
	driver_fact(!tally().prepare && !tally().mapped, "%s: prepare x%u, mapped x%u", what,
		    tally().prepare, tally().mapped);
	user_fact(attempt.error == error, "%s: mmap: %s, to be %s", what,
		  error_name(attempt.error), error_name(error));
}

/* The control: without the limit the same map does reach the hooks. */
static void expect_no_limit(const struct target *target)
{
	struct attempt attempt = map(target->fd, carve(2), 2, 0);

	driver_fact(tally().prepare == 1, "without the limit: prepare x%u", tally().prepare);
	user_fact(attempt.at, "without the limit: mmap: %s", error_name(attempt.error));
}

static void m01(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	struct rlimit before, limit;
	struct attempt attempt;
	char *at = carve(64);

	configure(target.inner, &config);
	getrlimit(RLIMIT_AS, &before);
	limit = before;
	limit.rlim_cur = status_kb("VmSize") * 1024 + page_size();
	if (setrlimit(RLIMIT_AS, &limit) < 0)
		broken("setrlimit: %s", strerror(errno));
	attempt = map(target.fd, at, 64, 0);
	setrlimit(RLIMIT_AS, &before);
	expect_limit("beyond RLIMIT_AS", attempt, ENOMEM);
	expect_no_limit(&target);
}

static void m02(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	struct attempt attempt;
	char *at = carve(2);
	long before;

	configure(target.inner, &config);
	if (!read_setting("vm/max_map_count", &before))
		not_applicable("there is no /proc/sys/vm/max_map_count");
	set_setting("vm/max_map_count", 1);
	attempt = map(target.fd, at, 2, 0);
	set_setting("vm/max_map_count", before);
	expect_limit("beyond max_map_count", attempt, ENOMEM);
	expect_no_limit(&target);
}

/* Nobody's effective rights: locked memory is limited for who lacks CAP_IPC_LOCK. */
static void m03(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	struct rlimit before, limit;
	struct attempt attempt;
	char *at = carve(4);

	configure(target.inner, &config);
	getrlimit(RLIMIT_MEMLOCK, &before);
	limit = before;
	limit.rlim_cur = page_size();
	if (setrlimit(RLIMIT_MEMLOCK, &limit) < 0)
		broken("setrlimit: %s", strerror(errno));
	if (!geteuid() && seteuid(65534) < 0)
		not_applicable("can't become another user: %s", strerror(errno));
	attempt = map_bytes(target.fd, at, 4 * page_size(), 0, RW, MAP_SHARED | MAP_LOCKED);
	if (!getuid() && seteuid(0) < 0)
		broken("can't become root again: %s", strerror(errno));
	setrlimit(RLIMIT_MEMLOCK, &before);
	expect_limit("MAP_LOCKED beyond RLIMIT_MEMLOCK", attempt, EAGAIN);
	expect_no_limit(&target);
}

/* Grown by so many of TIMES mappings: other processes may commit a little. */
static unsigned int grown_maps(long kilobytes)
{
	return kilobytes < 0 ? 0 : (kilobytes + (long)MANY / 2048) / ((long)MANY / 1024);
}

static long committed_kb(const struct target *target)
{
	return driver_accounts(target->inner).committed * (page_size() / 1024);
}

/* TIMES failing maps, private and writable, of which prepare or mapped is the cause. */
static void expect_charge_back(const struct target *target, bool overlay, bool in_mapped)
{
	struct mmapvet_config config = plain_config();
	unsigned int i, failed = 0, prepares = tally().prepare;
	const char *what = in_mapped ? "mapped fails" : "prepare fails";
	unsigned int driver_grown, user_grown;
	long driver_before, user_before;
	struct attempt attempt;
	char *at;

	config.prepare_ret = in_mapped ? 0 : -EXDEV;
	config.mapped_ret = in_mapped ? -EXDEV : 0;
	configure(target->inner, &config);
	at = mmap(NULL, MANY, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (at == MAP_FAILED)
		broken("no room for %lu bytes: %s", MANY, strerror(errno));
	driver_before = committed_kb(target);
	user_before = meminfo_kb("Committed_AS");
	for (i = 0; i < TIMES; i++) {
		if (overlay &&
		    mmap(at, MANY, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != at)
			broken("anonymous mmap: %s", strerror(errno));
		attempt = map_over(target->fd, at, MANY, 0, RW, MAP_PRIVATE);
		failed += attempt.error == EXDEV;
	}
	driver_grown = grown_maps(committed_kb(target) - driver_before);
	user_grown = grown_maps(meminfo_kb("Committed_AS") - user_before);
	driver_fact(tally().prepare == prepares + TIMES && !driver_grown,
		    "%s: prepare x%u, vm_memory_committed() grows by %u of them", what,
		    tally().prepare - prepares, driver_grown);
	user_fact(failed == TIMES && !user_grown,
		  "%s: %u mmaps of %d fail with EXDEV, Committed_AS grows by %u of them", what,
		  failed, TIMES, user_grown);
	munmap(at, MANY);
}

static void m04(enum path path)
{
	struct target target = open_target(path);

	expect_charge_back(&target, false, false);
	expect_charge_back(&target, false, true);
}

static void m05(enum path path)
{
	struct target target = open_target(path);

	expect_charge_back(&target, true, false);
	expect_charge_back(&target, true, true);
}

static void m06(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	struct attempt private, shared;
	size_t length;
	long before;

	configure(target.inner, &config);
	if (!read_setting("vm/overcommit_memory", &before))
		not_applicable("there is no /proc/sys/vm/overcommit_memory");
	length = (meminfo_kb("CommitLimit") + 1024) * 1024 & -page_size();
	set_setting("vm/overcommit_memory", 2);
	private.at = mmap(NULL, length, RW, MAP_PRIVATE, target.fd, 0);
	private.error = private.at == MAP_FAILED ? errno : 0;
	expect_limit("private, more than CommitLimit", private, ENOMEM);
	shared.at = mmap(NULL, length, RW, MAP_SHARED, target.fd, 0);
	shared.error = shared.at == MAP_FAILED ? errno : 0;
	set_setting("vm/overcommit_memory", before);
	driver_fact(tally().prepare == 1, "shared, as much: prepare x%u", tally().prepare);
	user_fact(!shared.error, "shared, as much: mmap: %s", error_name(shared.error));
}

static void m07(enum path path)
{
	static const char *const keys[] = { "VmSize", "VmData", "VmLck" };
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	char *at = carve(4);
	struct attempt attempt;
	struct mmapvet_accounts accounts, now;
	long before[3];
	unsigned int i, k;

	for (i = 0; i < 2; i++) {
		config.prepare_ret = i ? 0 : -EXDEV;
		config.mapped_ret = i ? -EXDEV : 0;
		configure(target.inner, &config);
		for (k = 0; k < ARRAY_SIZE(keys); k++)
			before[k] = status_kb(keys[k]);
		accounts = driver_accounts(target.inner);
		attempt = map_bytes(target.fd, at, 4 * page_size(), 0, RW,
				    MAP_PRIVATE | MAP_LOCKED);
		now = driver_accounts(target.inner);
		driver_fact(tally().prepare == i + 1 && now.total_vm == accounts.total_vm &&
			    now.data_vm == accounts.data_vm &&
			    now.locked_vm == accounts.locked_vm,
			    "%s fails: prepare x%u in all, mm_struct has total, data and locked pages %+lld %+lld %+lld",
			    i ? "mapped" : "prepare", tally().prepare,
			    (long long)(now.total_vm - accounts.total_vm),
			    (long long)(now.data_vm - accounts.data_vm),
			    (long long)(now.locked_vm - accounts.locked_vm));
		for (k = 0; k < ARRAY_SIZE(keys); k++)
			user_fact(attempt.error == EXDEV && status_kb(keys[k]) == before[k],
				  "%s fails: mmap: %s, %s is %ld kB, %ld before",
				  i ? "mapped" : "prepare", error_name(attempt.error), keys[k],
				  status_kb(keys[k]), before[k]);
	}
}

static unsigned int count_maps(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned int lines = 0;
	int c;

	if (!maps)
		broken("/proc/self/maps: %s", strerror(errno));
	while ((c = getc(maps)) != EOF)
		lines += c == '\n';
	fclose(maps);
	return lines;
}

/* Ten more VMAs are allowed, and forty maps fail: none may stay counted. */
static void m08(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	unsigned int i, failed = 0, maps = 40;
	char *at = carve(2);
	uint64_t counted;
	long before;

	config.mapped_ret = -EXDEV;
	configure(target.inner, &config);
	if (!read_setting("vm/max_map_count", &before))
		not_applicable("there is no /proc/sys/vm/max_map_count");
	set_setting("vm/max_map_count", count_maps() + 10);
	counted = driver_accounts(target.inner).map_count;
	for (i = 0; i < maps; i++)
		failed += map(target.fd, at, 2, 0).error == EXDEV;
	set_setting("vm/max_map_count", before);
	counted = driver_accounts(target.inner).map_count - counted;
	driver_fact(tally().prepare == maps && !counted,
		    "%u failing maps: prepare x%u, mm_struct counts %lld VMAs more", maps,
		    tally().prepare, (long long)counted);
	user_fact(failed == maps, "%u of %u mmaps fail with mapped's errno", failed, maps);
}

/*
 *     | 0 | 1 | 2 | 3 |   munmap of 1 would make one VMA more
 */
static void m09(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	char *area = map_as_or_break(&target, &config, 4, 0);
	long before;
	int error;

	if (!read_setting("vm/max_map_count", &before))
		not_applicable("there is no /proc/sys/vm/max_map_count");
	set_setting("vm/max_map_count", 1);
	error = munmap(area + page_size(), page_size()) ? errno : 0;
	set_setting("vm/max_map_count", before);
	expect_life("munmap inside, at max_map_count", 0, 0);
	driver_fact(tally().prepare == 1, "prepare x%u", tally().prepare);
	user_fact(error == ENOMEM, "munmap inside, at max_map_count: %s", error_name(error));
	expect_vmas("munmap inside, at max_map_count", area, 4, 1);
}

const struct clause clauses_m[] = {
	{ "M01", "RLIMIT_AS refuses with ENOMEM before any hook",
	  TWO, EVERY_OK, 0, m01, false, NULL },
	{ "M02", "vm.max_map_count refuses with ENOMEM before any hook",
	  TWO, EVERY_OK, 0, m02, false, NULL },
	{ "M03", "RLIMIT_MEMLOCK refuses MAP_LOCKED with EAGAIN before any hook",
	  TWO, EVERY_OK, 0, m03, false, NULL },
	{ "M04", "A failed private writable map gives back what it was charged",
	  TWO, EVERY_OK, MMAPVET_F_MAPPED, m04, false, NULL },
	{ "M05", "So does one with MAP_FIXED over an accounted mapping",
	  TWO, EVERY_OK, MMAPVET_F_MAPPED, m05, false, NULL },
	{ "M06", "Strict overcommit refuses private maps before any hook, and leaves shared ones alone",
	  TWO, EVERY_OK, 0, m06, false, NULL },
	{ "M07", "VmSize, VmData and VmLck are as before after a failure",
	  TWO, EVERY_OK, MMAPVET_F_MAPPED, m07, false, NULL },
	{ "M08", "Failing maps do not use up vm.max_map_count",
	  TWO, EVERY_OK, MMAPVET_F_MAPPED, m08, false, NULL },
	{ "M09", "A munmap that would split at vm.max_map_count fails with ENOMEM and without open",
	  TWO, EVERY_OK, 0, m09, false, NULL },
	{ 0 },
};
