// SPDX-License-Identifier: MIT
/* Group E: what becomes of an error that mapped returns. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probe.h"

/* Maps two pages into a hole while mapped fails with `error`. */
static void fail_once(const struct target *target, int error, unsigned int before)
{
	struct mmapvet_config config = plain_config();
	const struct mmapvet_event *mapped;
	struct attempt attempt;
	char *at = carve(2);

	config.mapped_ret = -error;
	configure(target->inner, &config);
	attempt = map(target->fd, at, 2, 0);
	log_pull();
	mapped = log_event(MMAPVET_EV_MAPPED, before);
	driver_fact(mapped && mapped->ret == -error, "mapped returned %lld",
		    mapped ? (long long)mapped->ret : 0);
	expect_failed_map(target, attempt, at, 2, error);
}

static void e01(enum path path)
{
	struct target target = open_target(path);

	fail_once(&target, EPERM, 0);
}

/*
 *     | fence | left, 2 pages | fails, 4 pages | right, 2 pages | fence |
 *               pgoff 100       pgoff 0          pgoff 200: none merges
 */
static void e02(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	size_t page = page_size();
	char *left = carve(8), *middle = left + 2 * page, *right = middle + 4 * page;
	struct mmapvet_find left_found, right_found;
	struct attempt attempt;
	struct touch first, last;
	struct vma vma;
	bool intact;

	configure(target.inner, &config);
	map_or_break(target.fd, left, 2, 100);
	map_or_break(target.fd, right, 2, 200);
	config.mapped_ret = -EPERM;
	configure(target.inner, &config);
	attempt = map(target.fd, middle, 4, 0);
	log_pull();
	expect_failed_map(&target, attempt, middle, 4, EPERM);

	left_found = driver_find(target.inner, left);
	right_found = driver_find(target.inner, right);
	driver_fact(left_found.found && left_found.start == (uintptr_t)left &&
		    left_found.end == (uintptr_t)middle && right_found.found &&
		    right_found.start == (uintptr_t)right &&
		    right_found.end == (uintptr_t)right + 2 * page,
		    "find_vma(): the neighbours are %#llx-%#llx and %#llx-%#llx",
		    (unsigned long long)left_found.start, (unsigned long long)left_found.end,
		    (unsigned long long)right_found.start, (unsigned long long)right_found.end);

	intact = vma_at(left, &vma) && vma.end == (uintptr_t)middle &&
		 vma_at(right, &vma) && vma.start == (uintptr_t)right &&
		 private_word(left) == PRIVATE && private_word(right + page) == PRIVATE;
	user_fact(intact, "the neighbours are %s", intact ? "intact and readable" : "damaged");
	first = touch(middle, 0);
	last = touch(middle + 3 * page, 0);
	user_fact(first.signal == SIGSEGV && last.signal == SIGSEGV,
		  "touching the first page gets signal %d, the last one %d (SIGSEGV is %d)",
		  first.signal, last.signal, SIGSEGV);
}

static void e03(enum path path)
{
	/* 512 is the kernel's own ERESTARTSYS: it too passes unmodified. */
	static const int errors[] = { EPERM, EIO, ENOMEM, EBUSY, 512 };
	struct target target = open_target(path);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(errors); i++)
		fail_once(&target, errors[i], i);
}

/* Kernel pages, the second of which can't be mapped: the action fails with EINVAL. */
static struct mmapvet_config with_failing_action(void)
{
	struct mmapvet_config config = plain_config();

	config.action = MMAPVET_A_KERNEL_PAGES;
	config.flags = MMAPVET_C_BAD_PAGE;
	config.bad_page = 1;
	return config;
}

static struct mmapvet_config with_failing_mapped(void)
{
	struct mmapvet_config config = plain_config();

	config.mapped_ret = -EXDEV;
	return config;
}

static void e04(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = with_failing_action();
	char *at = carve(2);

	config.override = -EAGAIN;
	configure(target.inner, &config);
	expect_failed_map(&target, map(target.fd, at, 2, 0), at, 2, EAGAIN);
	expect_delivery("the action fails with EINVAL, overridden by EAGAIN", 1, 0);
}

static void e05(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	struct attempt attempt;

	config.override = -EAGAIN;
	attempt = map_as(&target, &config, 2, 0);
	expect_delivery("an override, and nothing fails", 1, 1);
	user_fact(attempt.at, "an override, and nothing fails: mmap: %s",
		  error_name(attempt.error));
}

static void e06(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = with_failing_mapped();
	char *at = carve(2);

	config.override = 5;
	configure(target.inner, &config);
	expect_failed_map(&target, map(target.fd, at, 2, 0), at, 2, EINVAL);
	expect_delivery("an override of 5, which is no errno", 1, 0);
}

static void e07(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	char *at = carve(2);

	config.override = -EAGAIN;
	config.action = MMAPVET_A_KERNEL_PAGES;
	config.flags = MMAPVET_C_ACTION_AT;
	config.action_pages = 3;
	configure(target.inner, &config);
	saw_map(&target, "the action's prepare step fails, EAGAIN would override",
		map(target.fd, at, 2, 0), at, 2);
	driver_saw("prepare x%u, mapped x%u", tally().prepare, tally().mapped);
}

static void e08(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config configs[] = { with_failing_mapped(), with_failing_action() };
	static const int errors[] = { EXDEV, EINVAL };
	unsigned int i, closed = 0;
	struct attempt attempt;
	char *at;

	for (i = 0; i < ARRAY_SIZE(configs); i++) {
		configure(target.inner, &configs[i]);
		at = carve(2);
		attempt = map(target.fd, at, 2, 0);
		driver_fact(tally().prepare == i + 1, "prepare x%u in all", tally().prepare);
		driver_saw("%s fails: close x%u", i ? "the action" : "mapped",
			   tally().close - closed);
		closed = tally().close;
		user_fact(attempt.error == errors[i] && !vmas_in(at, at + 2 * page_size(), NULL, 0),
			  "%s fails: mmap: %s, and what close was for is gone",
			  i ? "the action" : "mapped", error_name(attempt.error));
	}
}

/*
 *     | left | overlaid | right |   one VMA before, a hole in it afterwards
 */
static void e09(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config, plain = plain_config();
	size_t page = page_size();
	struct attempt attempt;
	struct touch word;
	unsigned int i;
	char *area;

	for (i = 0; i < 2; i++) {
		configure(target.inner, &plain);
		area = carve(6);
		map_or_break(target.fd, area, 6, 0);
		config = plain_config();
		config.prepare_ret = i ? 0 : -EXDEV;
		config.mapped_ret = i ? -EXDEV : 0;
		configure(target.inner, &config);
		attempt = map_over(target.fd, area + 2 * page, 2 * page, 100,
				   PROT_READ | PROT_WRITE, MAP_SHARED);
		word = touch(area + 2 * page, 0);
		driver_fact(tally().prepare == 2 * i + 2 &&
			    !driver_find(target.inner, area + 2 * page).found,
			    "%s fails under MAP_FIXED: prepare x%u in all, find_vma() finds %s",
			    i ? "mapped" : "prepare", tally().prepare,
			    driver_find(target.inner, area + 2 * page).found ? "a VMA" : "a hole");
		user_fact(attempt.error == EXDEV && word.signal == SIGSEGV,
			  "%s fails under MAP_FIXED: mmap: %s, a touch gets signal %d",
			  i ? "mapped" : "prepare", error_name(attempt.error), word.signal);
		expect_vmas("the two ends that were not overlaid", area, 6, 2);
	}
}

static void e10(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = with_failing_mapped();
	struct attempt failed, again;
	char *at = carve(2);

	configure(target.inner, &config);
	failed = map(target.fd, at, 2, 0);
	if (!failed.error)
		vacuous("mapped was to fail, but mmap succeeded");
	config = plain_config();
	configure(target.inner, &config);
	again = map(target.fd, at, 2, 0);
	expect_delivery("the same address again", 2, 2);
	user_fact(again.at == at, "the same address again: mmap: %s", error_name(again.error));
	if (again.at)
		expect_page("and its page", again.at, 0);
}

/* A result above 0 is neither an errno nor an address, yet it is what mmap returns. */
static void e11(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config;
	unsigned int i;
	char *at;
	int error;
	long raw;

	for (i = 0; i < 2; i++) {
		config = plain_config();
		config.prepare_ret = i ? 0 : 7;
		config.mapped_ret = i ? 7 : 0;
		configure(target.inner, &config);
		at = carve(2);
		errno = 0;
		raw = syscall(SYS_mmap, at, 2 * page_size(), PROT_READ, MAP_SHARED | MAP_FIXED,
			      target.fd, 0L);
		error = errno;
		driver_fact(tally().prepare == i + 1, "prepare x%u in all", tally().prepare);
		driver_saw("%s returns 7: then find_vma() finds %s", i ? "mapped" : "prepare",
			   driver_find(target.inner, at).found ? "a VMA" : "nothing");
		if (raw == (long)at)
			user_saw("%s returns 7: mmap succeeds", i ? "mapped" : "prepare");
		else
			user_saw("%s returns 7: mmap returns %ld, errno %d, then %u VMAs",
				 i ? "mapped" : "prepare", raw, error,
				 vmas_in(at, at + 2 * page_size(), NULL, 0));
	}
}

/* A sealed VMA can't be unmapped, not even by the core itself. */
static void e12(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = with_failing_mapped();
	struct attempt attempt;
	char *at = carve(2);

	config.set_flags = VMA_SEALED;
	configure(target.inner, &config);
	attempt = map(target.fd, at, 2, 0);
	driver_saw("mapped x%u, close x%u", tally().mapped, tally().close);
	saw_map(&target, "a sealed VMA whose mapped fails", attempt, at, 2);
	user_saw("a touch gets %s", touch(at, 0).signal ? "a signal" : "the page");
}

#define SYS_MSEAL 462

static void e13(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	char *at = map_as_or_break(&target, &config, 2, 0);
	struct attempt attempt;
	struct tally before;

	if (syscall(SYS_MSEAL, at, 2 * page_size(), 0L) < 0)
		not_applicable("mseal: %s", strerror(errno));
	before = tally();
	if (!before.prepare)
		vacuous("prepare x0");
	attempt = map_over(target.fd, at, 2 * page_size(), 100, PROT_READ | PROT_WRITE, MAP_SHARED);
	driver_fact(tally().prepare == before.prepare && tally().mapped == before.mapped &&
		    !tally().close, "an overlay of a sealed VMA: prepare x%u, close x%u in all",
		    tally().prepare, tally().close);
	user_fact(attempt.error == EPERM, "an overlay of a sealed VMA: mmap: %s",
		  error_name(attempt.error));
	expect_page("the old mapping", at, 0);
}

static void e14(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = with_failing_mapped();
	char *at = carve(2);

	config.override = -EAGAIN;
	configure(target.inner, &config);
	saw_map(&target, "mapped fails with EXDEV, overridden by EAGAIN",
		map(target.fd, at, 2, 0), at, 2);
	driver_saw("prepare x%u, mapped x%u", tally().prepare, tally().mapped);
}

#define ACTION		(MMAPVET_F_MAPPED | MMAPVET_F_ACTION | MMAPVET_F_KERNEL_PAGES)
#define OVERRIDE	(ACTION | MMAPVET_F_OVERRIDE)

const struct clause clauses_e[] = {
	{ "E01", "A negative result of mapped fails mmap",
	  TWO, EVERY_OK, MMAPVET_F_MAPPED, e01, false, NULL },
	{ "E02", "An error from mapped unmaps the whole range, neighbours untouched",
	  TWO, EVERY_OK, MMAPVET_F_MAPPED, e02, false, NULL },
	{ "E03", "The errno of mapped is passed through unmodified",
	  TWO, EVERY_OK, MMAPVET_F_MAPPED, e03, false, NULL },
	{ "E04", "error_override replaces the errno of a failed action",
	  TWO, ON(DIRECT), OVERRIDE, e04, false, NULL },
	{ "E05", "error_override does nothing when nothing fails",
	  TWO, EVERY_OK, OVERRIDE, e05, false, NULL },
	{ "E06", "An error_override that is no errno is refused with EINVAL and one warning, no mapped",
	  TWO, EVERY_OK, OVERRIDE, e06, false, "WARNING:* at *mmap_*+0x*" },
	{ "E07", "error_override does not touch errors of the action's prepare step",
	  TWO, EVERY_OK, OVERRIDE, e07, true, NULL },
	{ "E08", "On the direct path a failed mapped or action is followed by exactly one close",
	  DRIVER_ONLY, ON(DIRECT), ACTION, e08, true, NULL },
	{ "E09", "MAP_FIXED that fails after the old mapping was cleared leaves a hole",
	  TWO, EVERY_OK, MMAPVET_F_MAPPED, e09, false, NULL },
	{ "E10", "After a failure the same address can be mapped again at once",
	  TWO, EVERY_OK, MMAPVET_F_MAPPED, e10, false, NULL },
	{ "E11", "A positive result of a hook aborts the mapping and is returned as its address",
	  TWO, EVERY_OK, MMAPVET_F_MAPPED, e11, true, NULL },
	{ "E12", "If the clean-up can't unmap, the mapping survives a failed mmap",
	  TWO, ON(DIRECT), MMAPVET_F_MAPPED, e12, true, NULL },
	{ "E13", "An overlay of a sealed mapping fails with EPERM before any hook",
	  TWO, EVERY_OK, 0, e13, false, NULL },
	{ "E14", "error_override replaces the errno of a failed mapped too",
	  TWO, ON(DIRECT), OVERRIDE, e14, true, NULL },
	{ 0 },
};
