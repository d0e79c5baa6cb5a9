// SPDX-License-Identifier: MIT
/* Group H: what happens to a VMA after it was mapped. */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"

static char *map_plain(const struct target *target, unsigned int pages)
{
	struct mmapvet_config config = plain_config();

	configure(target->inner, &config);
	return map_or_break(target->fd, carve(pages), pages, 0);
}

/* After a step: so many opens in all, so many VMAs in the area. */
static void expect_split(const char *step, const char *area, unsigned int pages,
			 unsigned int opens, unsigned int vmas)
{
	unsigned int found = vmas_in(area, area + pages * page_size(), NULL, 0);

	log_pull();
	driver_fact(log_count(MMAPVET_EV_OPEN) == opens, "%s: open x%u in all, to be x%u", step,
		    log_count(MMAPVET_EV_OPEN), opens);
	user_fact(found == vmas, "%s: %u VMAs, to be %u", step, found, vmas);
}

/*
 *     | 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 |   one VMA of 10 pages
 *       munmap 1      \___ mprotect 3..4
 */
static void h01(enum path path)
{
	struct target target = open_target(path);
	char *area = map_plain(&target, 10);
	size_t page = page_size();

	if (munmap(area + page, page))
		broken("munmap: %s", strerror(errno));
	expect_split("munmap of a page inside", area, 10, 2, 2);
	if (mprotect(area + 3 * page, 2 * page, PROT_READ))
		broken("mprotect: %s", strerror(errno));
	expect_split("mprotect of two pages inside", area, 10, 4, 4);
	if (madvise(area + 8 * page, 2 * page, MADV_DONTFORK))
		broken("madvise: %s", strerror(errno));
	expect_split("madvise of the last two", area, 10, 5, 5);
	if (mlock(area + 5 * page, page))
		broken("mlock: %s", strerror(errno));
	expect_split("mlock of one page", area, 10, 6, 6);
	driver_fact(log_count(MMAPVET_EV_PREPARE) == 1 && log_count(MMAPVET_EV_MAPPED) <= 1,
		    "for all the splits: prepare x%u, mapped x%u", log_count(MMAPVET_EV_PREPARE),
		    log_count(MMAPVET_EV_MAPPED));
}

/* The n-th close has this range. */
static void expect_close(unsigned int n, const char *start, const char *end)
{
	const struct mmapvet_event *close;

	log_pull();
	close = log_event(MMAPVET_EV_CLOSE, n);
	driver_fact(log_count(MMAPVET_EV_CLOSE) == n + 1 && close->start == (uintptr_t)start &&
		    close->end == (uintptr_t)end, "close x%u, the last of %#llx-%#llx",
		    log_count(MMAPVET_EV_CLOSE), close ? (unsigned long long)close->start : 0,
		    close ? (unsigned long long)close->end : 0);
	user_fact(!vmas_in(start, end, NULL, 0), "no VMA is left in %p-%p", (void *)start,
		  (void *)end);
}

static void h02(enum path path)
{
	struct target target = open_target(path);
	char *area = map_plain(&target, 6);
	size_t page = page_size();

	/* The tail, then the head, then what is left: each has its final range. */
	munmap(area + 4 * page, 2 * page);
	expect_close(0, area + 4 * page, area + 6 * page);
	munmap(area, page);
	expect_close(1, area, area + page);
	munmap(area, 6 * page);
	expect_close(2, area + page, area + 4 * page);
}

/* VMAs of ours in the area, as the driver's find_vma() goes through it. */
static unsigned int driver_vmas(const struct target *target, const char *area, unsigned int pages)
{
	uint64_t at = (uintptr_t)area, end = at + pages * page_size();
	struct mmapvet_find find;
	unsigned int count = 0;

	while (at < end) {
		find = driver_find(target->inner, (const void *)(uintptr_t)at);
		if (find.found && find.ops == MMAPVET_OPS_OURS)
			count++;
		at = find.found ? find.end : at + page_size();
	}
	return count;
}

static void expect_balance(const struct target *target, const char *step, const char *area,
			   unsigned int pages, unsigned int vmas)
{
	struct mmapvet_counts counts = driver_counts(target->inner);
	unsigned int seen = driver_vmas(target, area, pages);
	unsigned int found = vmas_in(area, area + pages * page_size(), NULL, 0);
	long long logged = 0;
	unsigned int i;

	log_pull();
	for (i = 0; i < log_count(MMAPVET_EV_MAPPED); i++)
		logged += !log_event(MMAPVET_EV_MAPPED, i)->ret;
	logged += (long long)log_count(MMAPVET_EV_OPEN) - log_count(MMAPVET_EV_CLOSE);
	driver_fact(counts.live == seen && logged == seen,
		    "%s: mapped + open - close = %lld (counters), %lld (log), find_vma() finds %u",
		    step, (long long)counts.live, logged, seen);
	user_fact(found == vmas, "%s: %u VMAs, to be %u", step, found, vmas);
}

/*
 *     | a, 4 pages | b, 2 pages |      hole      | c, 2 pages |   then ...
 *       pgoff 0      pgoff 4: merges               pgoff 100
 */
static void h03(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	size_t page = page_size();
	char *area = carve(16);

	configure(target.inner, &config);
	map_or_break(target.fd, area, 4, 0);
	expect_balance(&target, "a map", area, 16, 1);
	map_or_break(target.fd, area + 4 * page, 2, 4);
	expect_balance(&target, "a map that merges", area, 16, 1);
	map_or_break(target.fd, area + 10 * page, 2, 100);
	expect_balance(&target, "a map apart", area, 16, 2);
	munmap(area + 2 * page, page);
	expect_balance(&target, "a munmap inside", area, 16, 3);
	mprotect(area, page, PROT_READ);
	expect_balance(&target, "an mprotect", area, 16, 4);
	if (mremap(area + 10 * page, 2 * page, 2 * page, MREMAP_MAYMOVE | MREMAP_FIXED,
		   area + 13 * page) == MAP_FAILED)
		broken("mremap: %s", strerror(errno));
	expect_balance(&target, "an mremap", area, 16, 4);
	munmap(area, 16 * page);
	expect_balance(&target, "a munmap of all", area, 16, 0);
}

/* The child reads the mapping, tells how that went, and exits. */
static void h06(enum path path)
{
	struct target target = open_target(path);
	char *area = map_plain(&target, 2);
	const struct mmapvet_event *open, *close;
	struct mmapvet_find find;
	unsigned int mapped;
	struct vma vma;
	pid_t child;
	int status;

	log_pull();
	mapped = log_count(MMAPVET_EV_MAPPED);
	child = fork();
	if (child < 0)
		broken("fork: %s", strerror(errno));
	if (!child) {
		struct touch word = touch(area, 0);

		_exit(word.signal || word.word != MMAPVET_MAGIC);
	}
	if (waitpid(child, &status, 0) != child)
		broken("waitpid: %s", strerror(errno));
	user_fact(!status, "the child %s the mapping", status ? "can't read" : "reads");
	user_fact(vma_at(area, &vma), "the parent keeps its own");

	log_pull();
	open = log_event(MMAPVET_EV_OPEN, 0);
	close = log_event(MMAPVET_EV_CLOSE, 0);
	driver_fact(log_count(MMAPVET_EV_OPEN) == 1 && open->start == (uintptr_t)area,
		    "fork: open x%u", log_count(MMAPVET_EV_OPEN));
	driver_fact(log_count(MMAPVET_EV_CLOSE) == 1 && close->tgid == (unsigned int)child &&
		    close->start == (uintptr_t)area, "the child's exit: close x%u, in process %u",
		    log_count(MMAPVET_EV_CLOSE), close ? close->tgid : 0);
	driver_fact(log_count(MMAPVET_EV_PREPARE) == 1 && log_count(MMAPVET_EV_MAPPED) == mapped,
		    "neither runs prepare nor mapped");
	find = driver_find(target.inner, area);
	driver_fact(find.ops == MMAPVET_OPS_OURS, "find_vma() still finds the parent's VMA");
}

static char *move(char *from, unsigned int pages, char *to)
{
	char *at = mremap(from, pages * page_size(), pages * page_size(),
			  MREMAP_MAYMOVE | MREMAP_FIXED, to);

	if (at == MAP_FAILED)
		broken("mremap: %s", strerror(errno));
	return at;
}

static void h08(enum path path)
{
	struct target target = open_target(path);
	const struct mmapvet_event *open, *moved, *close;
	char *from = map_plain(&target, 2), *to = carve(4);
	size_t page = page_size();
	unsigned int mapped, vmas;

	log_pull();
	mapped = log_count(MMAPVET_EV_MAPPED);
	move(from, 2, to);
	log_pull();
	open = log_event(MMAPVET_EV_OPEN, 0);
	moved = log_event(MMAPVET_EV_MREMAP, 0);
	close = log_event(MMAPVET_EV_CLOSE, 0);
	driver_fact(log_count(MMAPVET_EV_OPEN) == 1 && log_count(MMAPVET_EV_MREMAP) == 1 &&
		    log_count(MMAPVET_EV_CLOSE) == 1, "a move: open x%u, mremap x%u, close x%u",
		    log_count(MMAPVET_EV_OPEN), log_count(MMAPVET_EV_MREMAP),
		    log_count(MMAPVET_EV_CLOSE));
	driver_fact(open && moved && close && open->seq < moved->seq && moved->seq < close->seq &&
		    open->start == (uintptr_t)to && close->start == (uintptr_t)from,
		    "in that order, open of the new range, close of the old one");
	user_fact(!vmas_in(from, from + 2 * page, NULL, 0) &&
		  vmas_in(to, to + 2 * page, NULL, 0) == 1 && private_word(to) == PRIVATE,
		  "the mapping has moved, its data are readable");

	/*
	 *     | to, 2 pages | moved here, 2 pages |   pgoff 0 and 2: they merge
	 */
	from = map_or_break(target.fd, carve(2), 2, 2);
	log_pull();
	mapped += log_count(MMAPVET_EV_MAPPED) > mapped;
	move(from, 2, to + 2 * page);
	vmas = vmas_in(to, to + 4 * page, NULL, 0);
	if (vmas != 1)
		vacuous("the moved VMA did not merge, there are %u VMAs", vmas);
	log_pull();
	driver_fact(log_count(MMAPVET_EV_OPEN) == 1 && log_count(MMAPVET_EV_CLOSE) == 2,
		    "a move that merges: no open (x%u in all), a close (x%u in all)",
		    log_count(MMAPVET_EV_OPEN), log_count(MMAPVET_EV_CLOSE));
	driver_fact(log_count(MMAPVET_EV_MAPPED) == mapped, "no move runs mapped");
	user_fact(private_word(to + 3 * page) == PRIVATE, "1 VMA, its last page readable");
}

const struct clause clauses_h[] = {
	{ "H01", "A split calls open for each new piece, never prepare or mapped",
	  DRIVER_ONLY, ON(DIRECT), 0, h01, NULL, NULL },
	{ "H02", "Every removed VMA gets one close with its final range",
	  DRIVER_ONLY, ON(DIRECT), 0, h02, NULL, NULL },
	{ "H03", "After every step, mapped + open - close is the number of VMAs",
	  DRIVER_ONLY, ON(DIRECT), MMAPVET_F_MAPPED, h03, NULL, NULL },
	{ "H06", "fork calls open for each copied VMA, neither prepare nor mapped; the child's exit closes",
	  DRIVER_ONLY, ON(DIRECT), 0, h06, NULL, NULL },
	{ "H08", "mremap moves with open, the mremap hook and close, never mapped; a merge needs no open",
	  DRIVER_ONLY, ON(DIRECT), 0, h08, NULL, NULL },
	{ 0 },
};
