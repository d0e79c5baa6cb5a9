// SPDX-License-Identifier: MIT
/*
 * Group N: allocations that fail, one after the other, all along a call. What
 * is left when all is over (N06, N07) is in leaks.c.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"

#define RW		(PROT_READ | PROT_WRITE)
#define CHARGED		(16UL << 20)	/* bytes of a mapping that shows in Committed_AS */
#define FEWEST_POINTS	5		/* along all shapes of mmap, or the walk was none */

static bool same_refs(const struct mmapvet_refs *a, const struct mmapvet_refs *b)
{
	return !memcmp(a, b, sizeof(*a));
}

/*
 * After a step whose mappings are all gone: opens and closes are even, the
 * references are what they were, and no VMA is left. `unasked` closes came for
 * a mapping without mapped (E08).
 */
static void check_even(struct trouble *trouble, const struct target *target,
		       const struct mmapvet_refs *before, unsigned int n, unsigned int unasked)
{
	struct mmapvet_refs refs = driver_refs(target->inner);
	struct tally now = tally();
	struct mmapvet_reset left = log_drop();

	note(trouble, now.mapped + now.open + unasked == now.close,
	     "at %u: mapped x%u, open x%u, close x%u", n, now.mapped, now.open, now.close);
	note(trouble, same_refs(&refs, before), "at %u: file x%llu, pages x%u…, before x%llu, x%u…",
	     n, (unsigned long long)refs.file, refs.page_refs[0],
	     (unsigned long long)before->file, before->page_refs[0]);
	note(trouble, !left.live_before, "at %u: %llu VMAs are left", n,
	     (unsigned long long)left.live_before);
}

/*
 *     | fence |     a hole      | fence |
 *                    ^ returned: nothing near, so that its page table is its own,
 *                      and a VMA there takes a new node of the maple tree
 */
static char *carve_apart(void)
{
	size_t unit = page_size() * (page_size() / sizeof(uint64_t));
	char *area = carve(4 * (unit / page_size()));

	return (char *)(((uintptr_t)area + 2 * unit) & -unit);
}

/* A way to call mmap, mremap or munmap, in an area of AREA pages. */
#define AREA	8

struct work {
	const char *name;
	bool maps;			/* it is mmap that is walked */
	void (*before)(const struct target *target, char *area);
	int (*call)(const struct target *target, char *area);
};

static int map_error(struct attempt attempt)
{
	return attempt.at ? 0 : attempt.error;
}

static void nothing(const struct target *target, char *area)
{
}

static void map_whole(const struct target *target, char *area)
{
	map_or_break(target->fd, area, 4, 0);
	/* Page tables of a move are then there to be moved. */
	touch(area, 0);
}

static int map_hole(const struct target *target, char *area)
{
	return map_error(map(target->fd, area, 2, 0));
}

static int map_private(const struct target *target, char *area)
{
	return map_error(map_bytes(target->fd, area, 2 * page_size(), 0, RW, MAP_PRIVATE));
}

/* In the middle, at an offset that doesn't merge: a split, and a new VMA. */
static int map_overlay(const struct target *target, char *area)
{
	return map_error(map_over(target->fd, area + page_size(), page_size(), 6, RW, MAP_SHARED));
}

static int map_populated(const struct target *target, char *area)
{
	return map_error(map_bytes(target->fd, area, 2 * page_size(), 0, RW,
				   MAP_SHARED | MAP_POPULATE));
}

static int move(const struct target *target, char *area)
{
	size_t size = 2 * page_size();
	void *to = mremap(area, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, area + 3 * size);

	return to == MAP_FAILED ? errno : 0;
}

static int grow(const struct target *target, char *area)
{
	size_t page = page_size();
	void *to = mremap(area, 4 * page, 6 * page, 0);

	return to == MAP_FAILED ? errno : 0;
}

static int unmap_middle(const struct target *target, char *area)
{
	return munmap(area + page_size(), page_size()) ? errno : 0;
}

static int unmap_all(const struct target *target, char *area)
{
	return munmap(area, 4 * page_size()) ? errno : 0;
}

static const struct work works[] = {
	{ "mmap, shared", true, nothing, map_hole },
	{ "mmap, private", true, nothing, map_private },
	{ "mmap inside of another mapping", true, map_whole, map_overlay },
	{ "mmap, populated", true, nothing, map_populated },
	{ "mremap, move of a part", false, map_whole, move },
	{ "mremap, growth in place", false, map_whole, grow },
	{ "munmap of the middle", false, map_whole, unmap_middle },
	{ "munmap of all", false, map_whole, unmap_all },
};

/* Walks one work; returns the injection points. */
static unsigned int walk_work(const struct target *target, const struct work *work)
{
	struct trouble driver = { 0 }, user = { 0 };
	struct mmapvet_refs before;
	struct walk walk = { 0 };
	char *area = carve_apart();
	unsigned int failed = 0;
	int error;
	bool hit;

	log_drop();
	before = driver_refs(target->inner);
	while (walk_on(&walk)) {
		work->before(target, area);
		walk_arm(&walk);
		error = work->call(target, area);
		hit = walk_disarm(&walk);
		failed += error != 0;
		note(&user, !error || (hit && error == ENOMEM), "at %u: %s", walk.n,
		     error_name(error));
		note(&user, !error || work->before != nothing || !vmas_in(area, area + AREA * page_size(), NULL, 0),
		     "at %u: a VMA where mmap failed", walk.n);
		unmap(area, AREA);
		check_even(&driver, target, &before, walk.n, 0);
	}
	driver_walk(work->name, &walk, &driver);
	user_walk(work->name, &walk, &user);
	user_fact(true, "%s: %u of %u steps fail", work->name, failed, walk.n);
	return walk.hits;
}

/* Large private maps: what they are charged shows if it is not given back. */
static void walk_charge(const struct target *target)
{
	struct trouble driver = { 0 };
	struct mmapvet_refs before;
	struct walk walk = { 0 };
	struct attempt attempt;
	long charge, grown;
	char *area;

	area = mmap(NULL, CHARGED, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (area == MAP_FAILED)
		broken("no room for %lu bytes: %s", CHARGED, strerror(errno));
	log_drop();
	before = driver_refs(target->inner);
	charge = meminfo_kb("Committed_AS");
	while (walk_on(&walk)) {
		walk_arm(&walk);
		attempt = map_over(target->fd, area, CHARGED, 0, RW, MAP_PRIVATE);
		walk_disarm(&walk);
		if (mmap(area, CHARGED, PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) != area)
			broken("anonymous mmap: %s", strerror(errno));
		check_even(&driver, target, &before, walk.n, 0);
	}
	grown = meminfo_kb("Committed_AS") - charge;
	driver_walk("mmap, private and large", &walk, &driver);
	user_fact(attempt.at && grown < (long)CHARGED / 2048,
		  "mmap, private and large: after %u steps Committed_AS is %ld kB more",
		  walk.n, grown);
}

static void n01(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	unsigned int i, hits, points = 0;
	bool beyond_first = false;

	inject_setup();
	configure(target.inner, &config);
	for (i = 0; i < ARRAY_SIZE(works); i++) {
		hits = walk_work(&target, &works[i]);
		if (!works[i].maps)
			continue;
		points += hits;
		beyond_first |= hits > 1;
	}
	walk_charge(&target);
	if (points < FEWEST_POINTS || !beyond_first)
		vacuous("%u injection points along mmap%s", points,
			beyond_first ? "" : ", none beyond the first allocation");
}

static void n02(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	struct trouble driver = { 0 }, user = { 0 };
	unsigned int after_prepare = 0;
	struct mmapvet_refs before;
	struct walk walk = { 0 };
	struct attempt attempt;
	char *at = carve_apart();
	struct tally now;

	inject_setup();
	configure(target.inner, &config);
	log_drop();
	before = driver_refs(target.inner);
	while (walk_on(&walk)) {
		walk_arm(&walk);
		attempt = map(target.fd, at, 2, 0);
		walk_disarm(&walk);
		now = tally();
		if (!attempt.at && now.prepare) {
			after_prepare++;
			note(&driver, !now.mapped && !now.close && !now.open,
			     "at %u: mapped x%u, open x%u, close x%u", walk.n, now.mapped, now.open,
			     now.close);
			note(&user, attempt.error == ENOMEM && !vmas_in(at, at + 2 * page_size(), NULL, 0),
			     "at %u: mmap: %s", walk.n, error_name(attempt.error));
		}
		unmap(at, 2);
		check_even(&driver, &target, &before, walk.n, 0);
	}
	if (!after_prepare)
		vacuous("none of %u injection points comes after prepare", walk.hits);
	driver_walk("mmap", &walk, &driver);
	user_walk("mmap, failing after prepare", &walk, &user);
	driver_fact(true, "%u of the points come after prepare", after_prepare);
}

static void n03(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	struct trouble driver = { 0 }, user = { 0 };
	unsigned int swapped = 0;
	struct mmapvet_refs before;
	struct walk walk = { 0 };
	struct attempt attempt;
	char *at = carve_apart();
	int fd;

	fd = syscall(SYS_memfd_create, "swap", 0);
	if (fd < 0 || ftruncate(fd, MMAPVET_PAGES * page_size()) < 0)
		not_applicable("no memfd: %s", strerror(errno));
	inject_setup();
	config.flags = MMAPVET_C_SWAP;
	set_swap(target.inner, fd);
	configure(target.inner, &config);
	log_drop();
	before = driver_refs(target.inner);
	while (walk_on(&walk)) {
		walk_arm(&walk);
		attempt = map(target.fd, at, 2, 0);
		walk_disarm(&walk);
		swapped += !attempt.at && tally().prepare;
		note(&user, attempt.at || attempt.error == ENOMEM, "at %u: mmap: %s", walk.n,
		     error_name(attempt.error));
		unmap(at, 2);
		check_even(&driver, &target, &before, walk.n, 0);
		note(&driver, driver_refs(target.inner).swap == before.swap,
		     "at %u: swap file x%llu, before x%llu", walk.n,
		     (unsigned long long)driver_refs(target.inner).swap,
		     (unsigned long long)before.swap);
	}
	if (!swapped)
		vacuous("none of %u injection points comes after the swap", walk.hits);
	driver_walk("mmap with a swapped file", &walk, &driver);
	user_walk("mmap with a swapped file", &walk, &user);
	driver_fact(true, "%u of the points come after the swap", swapped);
}

/*
 * A page in the page table beside, so that only the lowest table of what is
 * mapped at `at` is missing, not the one above it.
 */
static void keep_upper_table(char *at)
{
	size_t entries = page_size() / sizeof(uint64_t), unit = page_size() * entries;
	bool last = ((uintptr_t)at / unit) % entries == entries - 1;
	char *beside = last ? at - unit : at + unit;

	if (mmap(beside, page_size(), RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
		 0) != beside)
		broken("no page beside %p: %s", (void *)at, strerror(errno));
	*(volatile char *)beside = 1;
}

/* The same with a hole so large that the table above is missing as well. */
static char *carve_far(void)
{
	size_t entries = page_size() / sizeof(uint64_t), unit = page_size() * entries * entries;
	char *area = carve(4 * (unit / page_size()));

	return (char *)(((uintptr_t)area + 2 * unit) & -unit);
}

struct tables {
	const char *name;
	enum mmapvet_action action;
	bool upper;
	int other_error;		/* that may come instead of ENOMEM */
};

/* insert_pages() has EFAULT for a missing upper table: finding 12. */
static const struct tables tables[] = {
	{ "kernel pages", MMAPVET_A_KERNEL_PAGES, false, ENOMEM },
	{ "remap", MMAPVET_A_REMAP, false, ENOMEM },
	{ "kernel pages, upper tables", MMAPVET_A_KERNEL_PAGES, true, EFAULT },
	{ "remap, upper tables", MMAPVET_A_REMAP, true, ENOMEM },
};

/*
 * A walk may step over the table's allocation: whether those before it count as
 * one point or two depends on what the allocator has at hand.
 */
#define WALKS	8

/* What walks of one action came to. */
struct outcome {
	struct trouble driver, user;
	unsigned int in_action, others;
};

static void walk_once(const struct target *target, enum path path, const struct tables *tables,
		      char *at, const struct mmapvet_refs *before, struct walk *walk,
		      struct outcome *outcome)
{
	struct attempt attempt;
	unsigned int closes;
	struct tally now;

	while (walk_on(walk)) {
		walk_arm(walk);
		attempt = map(target->fd, at, 2, 0);
		walk_disarm(walk);
		now = tally();
		/* On the direct path a close says that the VMA was there: it was the action. */
		closes = !attempt.at && path == DIRECT ? now.close : 0;
		outcome->in_action += !attempt.at && now.prepare && (path != DIRECT || closes);
		note(&outcome->driver,
		     attempt.at || (!now.mapped && closes == now.close && closes <= 1),
		     "at %u: mapped x%u, close x%u", walk->n, now.mapped, now.close);
		outcome->others += attempt.error && attempt.error != ENOMEM;
		note(&outcome->user, attempt.at || attempt.error == ENOMEM ||
		     attempt.error == tables->other_error,
		     "at %u: mmap: %s", walk->n, error_name(attempt.error));
		note(&outcome->user, attempt.at || !vmas_in(at, at + 2 * page_size(), NULL, 0),
		     "at %u: a VMA where mmap failed", walk->n);
		unmap(at, 2);
		check_even(&outcome->driver, target, before, walk->n, closes);
	}
}

/* Page tables of an action that can't be had: D02, D03 and E08 as ever. */
static void walk_action(const struct target *target, enum path path, const struct tables *tables)
{
	struct mmapvet_config config = plain_config();
	struct outcome outcome = { 0 };
	struct mmapvet_refs before;
	unsigned int walks = 0;
	struct walk walk;
	char *at;

	at = tables->upper ? carve_far() : carve_apart();
	if (!tables->upper)
		keep_upper_table(at);
	config.action = tables->action;
	configure(target->inner, &config);
	log_drop();
	before = driver_refs(target->inner);
	do {
		walk = (struct walk){ 0 };
		walk_once(target, path, tables, at, &before, &walk, &outcome);
	} while (!outcome.in_action && ++walks < WALKS);
	if (!outcome.in_action)
		vacuous("%s: none of %u injection points is in the action", tables->name,
			walk.hits);
	driver_walk(tables->name, &walk, &outcome.driver);
	user_walk(tables->name, &walk, &outcome.user);
	driver_fact(true, "%s: %u of the points are in the action", tables->name,
		    outcome.in_action);
	if (outcome.others)
		user_fact(true, "%s: %u fail with %s instead of ENOMEM (finding 12)", tables->name,
			  outcome.others, error_name(tables->other_error));
}

static void n04(enum path path)
{
	struct target target = open_target(path);
	unsigned int i;

	inject_setup();
	for (i = 0; i < ARRAY_SIZE(tables); i++)
		walk_action(&target, path, &tables[i]);
}

/* Three VMAs that fork copies, of which a part was copied when it failed. */
static void n05(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	struct trouble driver = { 0 }, user = { 0 };
	unsigned int i, half_way = 0;
	struct mmapvet_refs before;
	struct walk walk = { 0 };
	int error, status;
	struct tally now;
	char *at[3];
	long child;

	inject_setup();
	configure(target.inner, &config);
	for (i = 0; i < ARRAY_SIZE(at); i++) {
		at[i] = map_or_break(target.fd, carve(2), 2, 0);
		touch(at[i], 0);
	}
	log_drop();
	before = driver_refs(target.inner);
	while (walk_on(&walk)) {
		walk_arm(&walk);
		/* Not fork(): what libc does around it would be walked too. */
		child = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
		if (!child)
			_exit(0);
		error = errno;
		walk_disarm(&walk);
		status = -1;
		if (child > 0)
			waitpid(child, &status, 0);
		note(&user, child > 0 ? !status : error == ENOMEM || error == EAGAIN,
		     "at %u: fork: %s, child's status %#x", walk.n,
		     error_name(child > 0 ? 0 : error), status);
		now = tally();
		half_way += child < 0 && now.open;
		note(&driver, child < 0 || now.open == ARRAY_SIZE(at), "at %u: open x%u", walk.n,
		     now.open);
		note(&driver, now.open == now.close && !now.mapped,
		     "at %u: open x%u, close x%u, mapped x%u", walk.n, now.open, now.close,
		     now.mapped);
		note(&driver, log_drop().live_before == ARRAY_SIZE(at) &&
		     driver_refs(target.inner).file == before.file,
		     "at %u: file x%llu, before x%llu, or VMAs are left", walk.n,
		     (unsigned long long)driver_refs(target.inner).file,
		     (unsigned long long)before.file);
	}
	if (!half_way)
		vacuous("none of %u injection points is half-way", walk.hits);
	driver_walk("fork", &walk, &driver);
	user_walk("fork", &walk, &user);
	driver_fact(true, "%u of the points are half-way, after the first open", half_way);
	for (i = 0; i < ARRAY_SIZE(at); i++)
		expect_page("the parent's mapping", at[i], 0);
}

struct mapper {
	struct runner runner;
	int fd;
	char *at;
	struct attempt attempt;
};

static void run_mapper(void *argument)
{
	struct mapper *mapper = argument;

	mapper->attempt = map(mapper->fd, mapper->at, 2, 0);
}

/* From within mapped on, every allocation fails. */
static void n08_all(const struct target *target)
{
	struct mmapvet_config config = plain_config();
	struct mapper mapper = { .fd = target->fd, .at = carve_apart() };
	bool driver_left, user_left;

	config.flags = MMAPVET_C_GATE_MAPPED;
	config.gate_ms = GATE_MS;
	config.mapped_ret = -EXDEV;
	configure(target->inner, &config);
	runner_start(&mapper.runner, run_mapper, &mapper);
	inject_into(mapper.runner.tid);
	runner_go(&mapper.runner);
	if (gate_await(target->inner, 1) != 1)
		vacuous("mapped never came to its gate");
	inject_all(true);
	gate_open(target->inner);
	while (!runner_done(&mapper.runner))
		usleep(1000);
	inject_all(false);
	runner_join(&mapper.runner);
	driver_left = driver_find(target->inner, mapper.at).found;
	user_left = vmas_in(mapper.at, mapper.at + 2 * page_size(), NULL, 0);
	driver_saw("every allocation fails from mapped on: %s",
		   driver_left ? "the VMA survives" : "no VMA is left");
	user_saw("every allocation fails from mapped on: mmap: %s, %s",
		 error_name(mapper.attempt.error),
		 user_left ? "the mapping survives" : "nothing is left");
	unmap(mapper.at, 2);
}

/* mapped fails, and so may the clean-up: what is left then? */
static void n08(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	struct trouble driver = { 0 }, user = { 0 };
	unsigned int failing = 0, survivors = 0, driver_survivors = 0;
	struct mmapvet_refs before;
	struct walk walk = { 0 };
	struct attempt attempt;
	char *at = carve_apart();
	bool left;

	inject_setup();
	config.mapped_ret = -EXDEV;
	configure(target.inner, &config);
	log_drop();
	before = driver_refs(target.inner);
	while (walk_on(&walk)) {
		walk_arm(&walk);
		attempt = map(target.fd, at, 2, 0);
		walk_disarm(&walk);
		left = vmas_in(at, at + 2 * page_size(), NULL, 0);
		failing += tally().mapped;
		survivors += left;
		driver_survivors += driver_find(target.inner, at).found;
		note(&user, attempt.error == EXDEV || attempt.error == ENOMEM, "at %u: mmap: %s",
		     walk.n, error_name(attempt.error));
		unmap(at, 2);
		note(&driver, driver_refs(target.inner).file == before.file, "at %u: file x%llu",
		     walk.n, (unsigned long long)driver_refs(target.inner).file);
		note(&driver, !log_drop().live_before, "at %u: VMAs are left", walk.n);
	}
	if (failing < 2)
		vacuous("no injection point comes after mapped has failed");
	driver_walk("mmap, mapped fails", &walk, &driver);
	user_walk("mmap, mapped fails", &walk, &user);
	driver_saw("one failing allocation: %s", driver_survivors ? "the VMA survives" : "no VMA is left");
	user_saw("one failing allocation: %s", survivors ? "the mapping survives" : "nothing is left");
	n08_all(&target);
}

const struct clause clauses_n[] = {
	{ "N01", "Whichever allocation fails along mmap, mremap or munmap: success or ENOMEM, and nothing is lost",
	  TWO, EVERY_OK, MMAPVET_F_MAPPED, n01, false, NULL },
	{ "N02", "An allocation that fails after prepare leads to neither mapped nor close",
	  TWO, ON(DIRECT), MMAPVET_F_MAPPED, n02, false, NULL },
	{ "N03", "A swapped file is released when an allocation fails after it",
	  TWO, ON(DIRECT), MMAPVET_F_MAPPED, n03, false, NULL },
	{ "N04", "A page table that an action can't have fails it as any error does: ENOMEM, no mapped",
	  TWO, EVERY_OK, MMAPVET_F_MAPPED | MMAPVET_F_ACTION | MMAPVET_F_KERNEL_PAGES, n04, false, NULL },
	{ "N05", "In a fork that fails half-way every open has its close",
	  TWO, EVERY_OK, 0, n05, false, NULL },
	{ "N06", "kmemleak finds nothing that the driver or its users have left",
	  DRIVER_ONLY, ON(DIRECT), MMAPVET_F_MAPPED, leaks_memory, false, "*new suspected memory leaks*" },
	{ "N07", "Open files and mappings pin the module, and nothing else does: then it can be unloaded",
	  TWO, EVERY_OK, MMAPVET_F_MAPPED, leaks_module, false, NULL },
	{ "N08", "If the clean-up after a failed mapped can't allocate, the mapping may survive",
	  TWO, ON(DIRECT), MMAPVET_F_MAPPED, n08, true, NULL },
	{ 0 },
};
