// SPDX-License-Identifier: MIT
/* Group F: merging. A range that joins a VMA which is there already gets no mapped. */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/mman.h>

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

/*
 *     |  hole  | middle, 2 pages |  hole  |   then the right one, then the left
 *       pgoff 0  pgoff 2           pgoff 4
 */
static void f02(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	size_t page = page_size();
	char *area = carve(6);

	configure(target.inner, &config);
	map_or_break(target.fd, area + 2 * page, 2, 2);
	map_or_break(target.fd, area + 4 * page, 2, 4);
	expect_vmas("a map to the right", area, 6, 1);
	expect_life("a map to the right", 0, 0);
	map_or_break(target.fd, area, 2, 0);
	expect_vmas("a map to the left", area, 6, 1);
	expect_life("a map to the left", 0, 0);
	driver_fact(tally().prepare == 3, "prepare x%u", tally().prepare);
}

/*
 *     | left | gap | right |   2 pages each, then the gap is filled
 */
static void f03(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	size_t page = page_size();
	unsigned int i, vmas;
	char *area;

	for (i = 0; i < 2; i++) {
		config.hooks = i ? MMAPVET_H_ALL & ~MMAPVET_H_CLOSE : MMAPVET_H_ALL;
		configure(target.inner, &config);
		area = carve(6);
		map_or_break(target.fd, area, 2, 0);
		map_or_break(target.fd, area + 4 * page, 2, 4);
		map_or_break(target.fd, area + 2 * page, 2, 2);
		vmas = driver_find(target.inner, area).end == (uintptr_t)area + 6 * page ? 1 : 2;
		driver_fact(vmas == 2 - i && tally().prepare == 3 * i + 3 && !tally().close,
			    "%s close: find_vma() of the left one ends at %#llx, close x%u",
			    i ? "without" : "with",
			    (unsigned long long)driver_find(target.inner, area).end, tally().close);
		expect_vmas(i ? "without close" : "with close", area, 6, 2 - i);
	}
}

static void f04(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	size_t page = page_size();
	const struct mmapvet_event *close;
	char *area = carve(4);

	configure(target.inner, &config);
	map_or_break(target.fd, area, 2, 0);
	config.private = REWRITTEN;
	configure(target.inner, &config);
	map_or_break(target.fd, area + 2 * page, 2, 2);
	if (vmas_in(area, area + 4 * page, NULL, 0) != 1)
		vacuous("the ranges did not merge");
	driver_fact(driver_find(target.inner, area + 2 * page).private == PRIVATE,
		    "find_vma(): private data %#llx, to be those of the first map",
		    (unsigned long long)driver_find(target.inner, area + 2 * page).private);
	user_fact(private_word(area + 2 * page) == PRIVATE,
		  "the second range reads private data %#llx, the first map's are %#llx",
		  (unsigned long long)private_word(area + 2 * page), PRIVATE);
	unmap(area, 4);
	log_pull();
	close = log_event(MMAPVET_EV_CLOSE, 0);
	driver_fact(close && close->private_in == PRIVATE, "close x%u gets %#llx", tally().close,
		    close ? (unsigned long long)close->private_in : 0);
}

/* Two adjacent maps that must not merge: each is a VMA of its own and gets mapped. */
static void expect_apart(const char *what, const char *area)
{
	expect_vmas(what, area, 4, 2);
	expect_delivery(what, 2, 2);
}

static void f05(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	char *area = carve(4);

	config.set_flags = VMA_DONTEXPAND;
	configure(target.inner, &config);
	map_or_break(target.fd, area, 2, 0);
	map_or_break(target.fd, area + 2 * page_size(), 2, 2);
	expect_apart("adjacent, but DONTEXPAND", area);
}

static void f06(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	char *area = carve(4);

	configure(target.inner, &config);
	map_or_break(target.fd, area, 2, 0);
	map_or_break(target.fd, area + 2 * page_size(), 2, 0);
	expect_apart("adjacent, but the same offset twice", area);
}

static void f07(enum path path)
{
	struct target targets[] = { open_target(path), open_target(path) };
	struct mmapvet_config config = plain_config();
	char *area = carve(4);
	unsigned int i;

	for (i = 0; i < 2; i++) {
		configure(targets[i].inner, &config);
		map_or_break(targets[i].fd, area + i * 2 * page_size(), 2, 2 * i);
	}
	expect_apart("adjacent, but of two opens", area);
}

static void f08(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	size_t page = page_size();
	char *area = carve(4);
	struct attempt second;

	configure(target.inner, &config);
	map_or_break(target.fd, area, 2, 0);
	second = map_bytes(target.fd, area + 2 * page, 2 * page, 2, PROT_READ, MAP_SHARED);
	if (!second.at)
		broken("mmap fails with %s", error_name(second.error));
	expect_apart("adjacent, but of other protection", area);
}

/*
 *     | 0 | 1 | 2 | 3 | 4 | 5 |   one VMA, then 2..3 mapped again at pgoff 2
 *             \_______/
 */
static void f10(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	size_t page = page_size();
	char *area = map_as_or_break(&target, &config, 6, 0);
	struct attempt attempt;
	unsigned int mapped = tally().mapped;
	struct vma vma = { 0 };

	config.mapped_ret = -EXDEV;
	configure(target.inner, &config);
	attempt = map_over(target.fd, area + 2 * page, 2 * page, 2, PROT_READ | PROT_WRITE,
			   MAP_SHARED);
	expect_life("an overlay at the same offset", 2, 1);
	expect_delivery("an overlay at the same offset", 2, mapped);
	user_fact(attempt.at && vma_at(area, &vma) && vma.end == (uintptr_t)area + 4 * page,
		  "mmap, where mapped would fail with EXDEV: %s; the left VMA ends at %#llx",
		  error_name(attempt.error), (unsigned long long)vma.end);
	expect_vmas("an overlay at the same offset", area, 6, 2);
}

/* What a legacy file merges is never shown to it; w2 swaps the file, so never merges. */
static void f11(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	char *area = carve(4);

	configure(target.inner, &config);
	map_or_break(target.fd, area, 2, 0);
	map_or_break(target.fd, area + 2 * page_size(), 2, 2);
	log_pull();
	driver_saw("two adjacent maps: the wrapper's mmap x%u, prepare x%u, mapped x%u",
		   log_count(MMAPVET_EV_MMAP), tally().prepare, tally().mapped);
	user_saw("two adjacent maps: %u VMAs",
		 vmas_in(area, area + 4 * page_size(), NULL, 0));
}

/*
 *     | touched, written | adjacent |   2 pages each, private
 */
static void f12(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	int prot = PROT_READ | PROT_WRITE;
	size_t page = page_size();
	struct attempt first, second;
	unsigned int i;
	char *area;

	for (i = 0; i < 2; i++) {
		config.mapped_ret = 0;
		configure(target.inner, &config);
		area = carve(4);
		first = map_bytes(target.fd, area, 2 * page, 0, prot, MAP_PRIVATE);
		if (!first.at)
			broken("private mmap fails with %s", error_name(first.error));
		if (i)
			*(volatile char *)(area + page) = 1;
		config.mapped_ret = -EXDEV;
		configure(target.inner, &config);
		second = map_bytes(target.fd, area + 2 * page, 2 * page, 2, prot, MAP_PRIVATE);
		driver_fact(tally().prepare == 2 * i + 2 && tally().mapped <= i + 1,
			    "%s: prepare x%u, mapped x%u in all", i ? "next to a written page" :
			    "next to an untouched one", tally().prepare, tally().mapped);
		user_fact(second.at, "%s: mmap, where mapped would fail with EXDEV: %s",
			  i ? "next to a written page" : "next to an untouched one",
			  error_name(second.error));
		expect_vmas("two adjacent private maps", area, 4, 1);
	}
}

/*
 * Where completion runs on a merge (F01), hide would release a lock that nobody
 * holds, and later cells would wait for it for ever.
 */
static void f13_dare(const struct target *target)
{
	struct mmapvet_config config = plain_config();
	char *area = carve(4);

	config.store = MMAPVET_STORE_COUNT;
	configure(target->inner, &config);
	map_or_break(target->fd, area, 2, 0);
	map_or_break(target->fd, area + 2 * page_size(), 2, 2);
	if (tally().mapped > 1 || private_word(area) > PRIVATE + 1)
		broken("mapped runs on a merge (F01): hide is not tried");
	unmap(area, 4);
}

static void f13(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	size_t page = page_size();
	char *area;

	f13_dare(&target);
	area = carve(6);
	config.flags = MMAPVET_C_HIDE;
	configure(target.inner, &config);
	map_or_break(target.fd, area, 2, 0);
	map_or_break(target.fd, area + 2 * page, 2, 2);
	map_or_break(target.fd, area + 4 * page, 2, 4);
	driver_fact(tally().prepare == 5 && tally().mapped <= 2,
		    "after two without, three adjacent maps with hide: prepare x%u, mapped x%u",
		    tally().prepare, tally().mapped);
	expect_vmas("three adjacent maps with hide", area, 6, 1);
	unmap(area, 6);
	expect_vmas("their munmap, which takes the lock", area, 6, 0);
}

static void f14(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	size_t page = page_size();
	char *area = carve(4), *second = area + 2 * page;
	const struct mmapvet_event *prepare;
	struct vma vma = { 0 };

	configure(target.inner, &config);
	map_or_break(target.fd, area, 2, 0);
	map_or_break(target.fd, second, 2, 2);
	log_pull();
	prepare = log_event(MMAPVET_EV_PREPARE, 1);
	driver_fact(prepare && prepare->start == (uintptr_t)second &&
		    prepare->end == (uintptr_t)second + 2 * page && prepare->pgoff == 2,
		    "the second prepare is given %#llx-%#llx pgoff %llu",
		    prepare ? (unsigned long long)prepare->start : 0,
		    prepare ? (unsigned long long)prepare->end : 0,
		    prepare ? (unsigned long long)prepare->pgoff : 0);
	user_fact(vma_at(second, &vma) && vma.start == (uintptr_t)area &&
		  vma.end == (uintptr_t)second + 2 * page,
		  "though it merged: the VMA there is %#llx-%#llx", (unsigned long long)vma.start,
		  (unsigned long long)vma.end);
}

const struct clause clauses_f[] = {
	{ "F01", "There is no mapped when the new range merged",
	  TWO, ON(DIRECT), MMAPVET_F_MAPPED, f01, false, NULL },
	{ "F02", "A neighbour with close is expanded to either side, without open or close",
	  TWO, ON(DIRECT), 0, f02, false, NULL },
	{ "F03", "A VMA with close is never removed by a merge, one without is",
	  TWO, ON(DIRECT), 0, f03, false, NULL },
	{ "F04", "The VMA that survives a merge keeps its private data",
	  TWO, ON(DIRECT), 0, f04, false, NULL },
	{ "F05", "Special flags stop merging",
	  TWO, EVERY_OK, MMAPVET_F_MAPPED, f05, false, NULL },
	{ "F06", "Page offsets that do not continue stop merging",
	  TWO, EVERY_OK, MMAPVET_F_MAPPED, f06, false, NULL },
	{ "F07", "Two opens of one inode do not merge",
	  TWO, EVERY_OK, MMAPVET_F_MAPPED, f07, false, NULL },
	{ "F08", "Mappings of different protection do not merge",
	  TWO, EVERY_OK, MMAPVET_F_MAPPED, f08, false, NULL },
	{ "F09", "An error that mapped would return cannot fail a mapping that merges",
	  TWO, ON(DIRECT), MMAPVET_F_MAPPED, f09, false, NULL },
	{ "F10", "An overlay of the middle of a VMA at the same offset merges left again, without mapped",
	  TWO, ON(DIRECT), 0, f10, false, NULL },
	{ "F11", "A wrapper's range merges before its .mmap, without any hook; one that swaps the file never merges",
	  TWO, STACKED | ON(W5), MMAPVET_F_MAPPED, f11, true, NULL },
	{ "F12", "Private file mappings merge too, also next to a written page",
	  TWO, ON(DIRECT), 0, f12, false, NULL },
	{ "F13", "A merge runs no action, and hide takes no lock then",
	  TWO, ON(DIRECT), MMAPVET_F_HIDE, f13, false, NULL },
	{ "F14", "mmap_prepare sees only the requested piece, also where it will merge",
	  DRIVER_ONLY, ON(DIRECT), 0, f14, false, NULL },
	{ 0 },
};
