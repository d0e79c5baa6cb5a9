// SPDX-License-Identifier: MIT
/* Group F: merging. A range that joins a VMA which is there already gets no mapped. */
#include <errno.h>

#include "probe.h"

/*
 *     | fence | first, 2 pages | second, 2 pages | fence |
 *               pgoff 0          pgoff 2: they merge
 */
static void f01(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	size_t page = page_size();
	char *first = carve(4), *second = first + 2 * page;
	struct mmapvet_find find;
	uint64_t before, after;
	unsigned int vmas;
	bool shows;

	config.store = MMAPVET_STORE_COUNT;
	configure(target.inner, &config);
	map_or_break(target.fd, first, 2, 0);
	before = private_word(first);
	map_or_break(target.fd, second, 2, 2);
	log_pull();
	vmas = vmas_in(first, second + 2 * page, NULL, 0);
	if (vmas != 1)
		vacuous("the ranges did not merge, there are %u VMAs", vmas);
	after = private_word(second);

	find = driver_find(target.inner, first);
	driver_fact(log_count(MMAPVET_EV_PREPARE) == 2 && log_count(MMAPVET_EV_MAPPED) == 1,
		    "2 mmaps: prepare x%u, mapped x%u", log_count(MMAPVET_EV_PREPARE),
		    log_count(MMAPVET_EV_MAPPED));
	driver_fact(find.found && find.end == (uintptr_t)second + 2 * page,
		    "find_vma(): one VMA %#llx-%#llx", (unsigned long long)find.start,
		    (unsigned long long)find.end);
	shows = mapped_shows(&target);
	user_fact(shows && after == before,
		  "mapped %s; its count is %lld after the first mmap, %lld after the second, in 1 VMA",
		  shows ? "does run" : "does not run at all", (long long)(before - PRIVATE),
		  (long long)(after - PRIVATE));
}

static void f09(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	size_t page = page_size();
	char *first = carve(4), *second = first + 2 * page;
	const struct mmapvet_event *mapped;
	struct attempt attempt;
	unsigned int vmas;

	configure(target.inner, &config);
	map_or_break(target.fd, first, 2, 0);
	config.mapped_ret = -EPERM;
	configure(target.inner, &config);
	attempt = map(target.fd, second, 2, 2);
	log_pull();
	vmas = vmas_in(first, second + 2 * page, NULL, 0);
	mapped = log_event(MMAPVET_EV_MAPPED, 1);
	if (attempt.at ? vmas != 1 : mapped && mapped->start == (uintptr_t)second)
		vacuous("the ranges did not merge, there are %u VMAs", vmas);

	driver_fact(log_count(MMAPVET_EV_PREPARE) == 2 && log_count(MMAPVET_EV_MAPPED) <= 1,
		    "2 mmaps that merge: prepare x%u, mapped x%u", log_count(MMAPVET_EV_PREPARE),
		    log_count(MMAPVET_EV_MAPPED));
	user_fact(attempt.at, "mmap that merges, with a failing mapped: %s",
		  error_name(attempt.error));
}

const struct clause clauses_f[] = {
	{ "F01", "There is no mapped when the new range merged",
	  TWO, ON(DIRECT), MMAPVET_F_MAPPED, f01, NULL, NULL },
	{ "F09", "An error that mapped would return cannot fail a mapping that merges",
	  TWO, ON(DIRECT), MMAPVET_F_MAPPED, f09, NULL, NULL },
	{ 0 },
};
