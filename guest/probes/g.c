// SPDX-License-Identifier: MIT
/* Group G: what mmap_prepare does to the descriptor, and what becomes of it. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "probe.h"

static void g01(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	struct mmapvet_find find;
	struct attempt attempt;
	int error;

	config.set_flags = VMA_DONTCOPY | VMA_DONTEXPAND;
	config.clear_flags = VMA_MAYWRITE;
	configure(target.inner, &config);
	attempt = map_bytes(target.fd, carve(2), 2 * page_size(), 0, PROT_READ, MAP_SHARED);
	if (!attempt.at)
		broken("mmap fails with %s", error_name(attempt.error));
	find = driver_find(target.inner, attempt.at);
	driver_fact(tally().prepare == 1 && (find.flags & config.set_flags) == config.set_flags &&
		    !(find.flags & config.clear_flags),
		    "prepare x%u set %#llx and cleared %#llx, the VMA has %#llx", tally().prepare,
		    (unsigned long long)config.set_flags, (unsigned long long)config.clear_flags,
		    (unsigned long long)find.flags);
	user_fact(smaps_flag(attempt.at, "dc") && smaps_flag(attempt.at, "de") &&
		  !smaps_flag(attempt.at, "mw"), "smaps: dc %s, de %s, mw %s",
		  smaps_flag(attempt.at, "dc") ? "yes" : "no",
		  smaps_flag(attempt.at, "de") ? "yes" : "no",
		  smaps_flag(attempt.at, "mw") ? "yes" : "no");
	error = mprotect(attempt.at, page_size(), PROT_READ | PROT_WRITE) ? errno : 0;
	user_fact(error == EACCES, "mprotect to writable: %s", error_name(error));
}

/* Only the driver sees page_prot; the mapping works with either. */
static void g02(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	char *plain = map_as_or_break(&target, &config, 2, 0), *at;
	uint64_t before, after;

	config.flags = MMAPVET_C_WC_BEFORE;
	at = map_as_or_break(&target, &config, 2, 0);
	before = driver_find(target.inner, plain).prot;
	after = driver_find(target.inner, at).prot;
	driver_fact(tally().prepare == 2 && before != after,
		    "prepare x%u; page_prot is %#llx in a plain VMA, %#llx with write-combining",
		    tally().prepare, (unsigned long long)before, (unsigned long long)after);
	expect_page("the plain one", plain, 0);
	expect_page("the write-combined one", at, 0);
}

static void g03(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	const struct mmapvet_event *mapped, *fault;
	struct vma vma = { 0 };
	uint64_t word;
	char *at;

	config.pgoff_delta = 0x102;
	config.store = MMAPVET_STORE_PGOFF;
	at = map_as_or_break(&target, &config, 2, 1);
	word = stored_word(&target, at, PRIVATE);
	log_pull();
	mapped = log_event(MMAPVET_EV_MAPPED, 0);
	fault = log_event(MMAPVET_EV_FAULT, 0);
	driver_fact(mapped && mapped->pgoff == 0x103 && fault && fault->pgoff == 0x103,
		    "pgoff 1, and prepare adds 0x102: mapped gets %#llx, the fault %#llx",
		    mapped ? (unsigned long long)mapped->pgoff : 0,
		    fault ? (unsigned long long)fault->pgoff : 0);
	user_fact(vma_at(at, &vma) && vma.pgoff == 0x103 && word == 0x103,
		  "the VMA has pgoff %#llx, mapped stored %#llx", (unsigned long long)vma.pgoff,
		  (unsigned long long)word);
	expect_page("page 0x103, of 8 that repeat", at, 3);
}

/* A file that prepare is to put into the descriptor: its cookie. */
static uint64_t make_swap(const struct target *target, struct mmapvet_config *config)
{
	int swap = memfd_create("mmapvet-swap", MFD_CLOEXEC);

	if (swap < 0)
		broken("memfd_create: %s", strerror(errno));
	config->flags |= MMAPVET_C_SWAP;
	return set_swap(target->inner, swap);
}

static void expect_swap_shown(const char *at, bool shown)
{
	char path[64];

	vma_path(at, path, sizeof(path));
	user_fact(!!strstr(path, "mmapvet-swap") == shown, "maps shows \"%s\"", path);
}

static uint64_t swap_refs(const struct target *target)
{
	return driver_refs(target->inner).swap;
}

static void g04(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	uint64_t before;
	char *at;

	make_swap(&target, &config);
	before = swap_refs(&target);
	at = map_as_or_break(&target, &config, 2, 0);
	driver_fact(tally().prepare == 1 && swap_refs(&target) == before + 1,
		    "prepare x%u swapped the file: its references are %llu, %llu before",
		    tally().prepare, (unsigned long long)swap_refs(&target),
		    (unsigned long long)before);
	expect_swap_shown(at, true);
}

static void g05(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	struct attempt failed;
	uint64_t before;
	char *at;

	make_swap(&target, &config);
	before = swap_refs(&target);
	at = map_as_or_break(&target, &config, 2, 0);
	unmap(at, 2);
	driver_fact(swap_refs(&target) == before,
		    "after munmap the file's references are %llu, %llu before",
		    (unsigned long long)swap_refs(&target), (unsigned long long)before);
	config.mapped_ret = -EXDEV;
	failed = map_as(&target, &config, 2, 0);
	driver_fact(tally().prepare == 2 && swap_refs(&target) == before,
		    "after a failed mapped they are %llu, prepare x%u",
		    (unsigned long long)swap_refs(&target), tally().prepare);
	user_fact(failed.error == EXDEV, "mmap where mapped fails: %s", error_name(failed.error));
	expect_vmas("munmap", at, 2, 0);
}

static void g06(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	uint64_t cookie = make_swap(&target, &config);
	char *at;

	at = map_as_or_break(&target, &config, 2, 0);
	driver_fact(tally().prepare == 1 && log_count(MMAPVET_EV_MMAP) == 1 &&
		    driver_find(target.inner, at).file == cookie,
		    "a stacked map, prepare x%u: the VMA's file is %llu", tally().prepare,
		    (unsigned long long)driver_find(target.inner, at).file);
	expect_swap_shown(at, true);
	expect_page("its first page", at, 0);
}

static void g07(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	struct touch word;
	char *at;

	config.hooks = MMAPVET_H_UNTOUCHED;
	at = map_as_or_break(&target, &config, 2, 0);
	driver_fact(tally().prepare == 1 &&
		    driver_find(target.inner, at).ops == MMAPVET_OPS_FOREIGN,
		    "prepare x%u leaves vm_ops alone: the VMA has %s", tally().prepare,
		    driver_find(target.inner, at).ops == MMAPVET_OPS_FOREIGN ? "the core's own" :
		    "others");
	word = touch(at, 0);
	user_fact(word.signal == SIGBUS, "a touch gets signal %d (SIGBUS is %d)", word.signal,
		  SIGBUS);
}

static void g08(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	struct attempt attempt;
	struct touch word;

	config.hooks = MMAPVET_H_ALL | MMAPVET_H_NULL;
	config.mapped_ret = -EXDEV;
	configure(target.inner, &config);
	attempt = map_bytes(target.fd, carve(2), 2 * page_size(), 0, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE);
	if (!attempt.at)
		broken("mmap fails with %s", error_name(attempt.error));
	word = touch(attempt.at, 0);
	user_fact(!word.signal && !word.word, "a first read gets %#llx",
		  (unsigned long long)word.word);
	*(volatile uint64_t *)attempt.at = REWRITTEN;
	word = touch(attempt.at, 0);
	user_fact(word.word == REWRITTEN, "what was written reads %#llx",
		  (unsigned long long)word.word);
	driver_fact(tally().prepare == 1 && !tally().mapped && !tally().fault &&
		    driver_find(target.inner, attempt.at).ops == MMAPVET_OPS_NULL,
		    "prepare x%u sets NULL: mapped x%u, fault x%u, the VMA's vm_ops are %s",
		    tally().prepare, tally().mapped, tally().fault,
		    driver_find(target.inner, attempt.at).ops == MMAPVET_OPS_NULL ? "NULL" :
		    "not NULL");
}

/* What is left of the references when all is unmapped. */
static void saw_leak(const struct target *target, const char *what, uint64_t before)
{
	driver_saw("%s: references of the file that are left: %lld", what,
		   (long long)(swap_refs(target) - before));
}

static void g09(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	size_t page = page_size();
	char *area = carve(4);
	struct attempt failed;
	uint64_t before;

	make_swap(&target, &config);
	before = swap_refs(&target);
	configure(target.inner, &config);
	map_or_break(target.fd, area, 2, 0);
	if (path == DIRECT) {
		map_or_break(target.fd, area + 2 * page, 2, 2);
		expect_vmas("two adjacent maps of the swapped file", area, 4, 1);
		unmap(area, 4);
		saw_leak(&target, "one map and one merge", before);
		before = swap_refs(&target);

		config.flags |= MMAPVET_C_ACTION_AT;
		config.action = MMAPVET_A_KERNEL_PAGES;
		config.action_pages = 3;
		failed = map_as(&target, &config, 2, 0);
		user_fact(failed.error == EFAULT, "an action that fails at its prepare step: %s",
			  error_name(failed.error));
		saw_leak(&target, "that action", before);
	} else {
		expect_swap_shown(area, true);
		unmap(area, 2);
		saw_leak(&target, "one stacked map", before);
	}
	if (!tally().prepare)
		vacuous("prepare x0");
}

static int touch_in_child(void *at)
{
	return touch(at, 0).signal != SIGSEGV;
}

static void g10(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	char *at;
	int status;

	config.set_flags = VMA_DONTCOPY;
	at = map_as_or_break(&target, &config, 2, 0);
	in_child(touch_in_child, at, &status);
	user_fact(!status, "in the child a touch %s", status ? "goes well" : "gets SIGSEGV");
	expect_life("fork of a VMA with DONTCOPY", 0, 0);
	driver_fact(tally().prepare == 1, "prepare x%u", tally().prepare);
	expect_page("in the parent", at, 0);
}

#define KERNEL_PAGES	(MMAPVET_F_ACTION | MMAPVET_F_KERNEL_PAGES)

const struct clause clauses_g[] = {
	{ "G01", "Flags that mmap_prepare sets and clears reach the VMA",
	  TWO, EVERY_OK, 0, g01, false, NULL },
	{ "G02", "A cache attribute in page_prot survives the final recalculation",
	  DRIVER_ONLY, EVERY_OK, 0, g02, false, NULL },
	{ "G03", "A pgoff that mmap_prepare changes shows in mapped, maps and faults",
	  TWO, EVERY_OK, MMAPVET_F_MAPPED, g03, false, NULL },
	{ "G04", "A vm_file that mmap_prepare puts in shows in maps, and the VMA holds one reference",
	  TWO, ON(DIRECT), 0, g04, false, NULL },
	{ "G05", "That reference is given back by munmap and by a failed mapped",
	  DRIVER_ONLY, ON(DIRECT), MMAPVET_F_MAPPED, g05, false, NULL },
	{ "G06", "A vm_file that the nested mmap_prepare puts in takes effect on the stacked path",
	  TWO, STACKED | ON(W5), 0, g06, false, NULL },
	{ "G07", "Untouched vm_ops are the core's own: mmap succeeds, a touch gets SIGBUS",
	  TWO, EVERY_OK, 0, g07, false, NULL },
	{ "G08", "NULL vm_ops make a private mapping anonymous memory, without mapped",
	  TWO, EVERY_OK, MMAPVET_F_MAPPED, g08, false, NULL },
	{ "G09", "A reference of the swapped file leaks on a merge, a stacked map, a failed action prepare",
	  DRIVER_ONLY, EVERY_OK, KERNEL_PAGES, g09, true, NULL },
	{ "G10", "DONTCOPY from the descriptor keeps fork from copying",
	  TWO, EVERY_OK, 0, g10, false, NULL },
	{ 0 },
};
