// SPDX-License-Identifier: MIT
/* Group E: what becomes of an error that mapped returns. */
#include <errno.h>
#include <signal.h>

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

const struct clause clauses_e[] = {
	{ "E01", "A negative result of mapped fails mmap",
	  TWO, ON(DIRECT), MMAPVET_F_MAPPED, e01, NULL, NULL },
	{ "E02", "An error from mapped unmaps the whole range, neighbours untouched",
	  TWO, ON(DIRECT), MMAPVET_F_MAPPED, e02, NULL, NULL },
	{ "E03", "The errno of mapped is passed through unmodified",
	  TWO, ON(DIRECT), MMAPVET_F_MAPPED, e03, NULL, NULL },
	{ 0 },
};
