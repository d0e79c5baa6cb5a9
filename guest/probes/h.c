// SPDX-License-Identifier: MIT
/* Group H: what happens to a VMA after it was mapped. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
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
	/* W2 gives each map another file: nothing merges. */
	unsigned int more = path == W2;
	char *area = carve(16);

	configure(target.inner, &config);
	map_or_break(target.fd, area, 4, 0);
	expect_balance(&target, "a map", area, 16, 1);
	map_or_break(target.fd, area + 4 * page, 2, 4);
	expect_balance(&target, more ? "a second map" : "a map that merges", area, 16,
		       1 + more);
	map_or_break(target.fd, area + 10 * page, 2, 100);
	expect_balance(&target, "a map apart", area, 16, 2 + more);
	munmap(area + 2 * page, page);
	expect_balance(&target, "a munmap inside", area, 16, 3 + more);
	mprotect(area, page, PROT_READ);
	expect_balance(&target, "an mprotect", area, 16, 4 + more);
	if (mremap(area + 10 * page, 2 * page, 2 * page, MREMAP_MAYMOVE | MREMAP_FIXED,
		   area + 13 * page) == MAP_FAILED)
		broken("mremap: %s", strerror(errno));
	expect_balance(&target, "an mremap", area, 16, 4 + more);
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

/*
 *     | old, 4 pages |   overlaid by another page offset
 */
static void h04(enum path path)
{
	struct target target = open_target(path);
	char *area = map_plain(&target, 4);
	const struct mmapvet_event *close, *prepare, *mapped;
	struct attempt attempt;
	unsigned int before;

	log_pull();
	before = log_count(MMAPVET_EV_MAPPED);
	attempt = map_over(target.fd, area, 4 * page_size(), 100, PROT_READ | PROT_WRITE,
			   MAP_SHARED);
	log_pull();
	close = log_event(MMAPVET_EV_CLOSE, 0);
	prepare = log_event(MMAPVET_EV_PREPARE, 1);
	mapped = log_event(MMAPVET_EV_MAPPED, before);
	driver_fact(close && prepare && mapped && close->seq < prepare->seq &&
		    prepare->seq < mapped->seq && close->pgoff == 0 && mapped->pgoff == 100,
		    "close of the old VMA is event %llu, prepare %llu, mapped %llu",
		    close ? (unsigned long long)close->seq : 0,
		    prepare ? (unsigned long long)prepare->seq : 0,
		    mapped ? (unsigned long long)mapped->seq : 0);
	user_fact(attempt.at == area, "the overlay: mmap: %s", error_name(attempt.error));
	expect_page("page offset 100, of 8 that repeat", area, 4);
}

static void h05(enum path path)
{
	struct target target = open_target(path);
	char *area = map_plain(&target, 4);
	const struct mmapvet_event *close;
	struct attempt attempt;

	attempt = map_over(target.fd, area, 4 * page_size(), 100, PROT_READ | PROT_WRITE,
			   MAP_SHARED);
	expect_life("an overlay of a whole VMA", 0, 1);
	close = log_event(MMAPVET_EV_CLOSE, 0);
	driver_fact(close && close->start == (uintptr_t)area && !close->pgoff,
		    "close is of the replaced VMA: %#llx, pgoff %llu",
		    close ? (unsigned long long)close->start : 0,
		    close ? (unsigned long long)close->pgoff : 0);
	user_fact(attempt.at == area, "the overlay: mmap: %s", error_name(attempt.error));
	expect_vmas("the overlay", area, 4, 1);
}

static int exit_at_once(void *argument)
{
	(void)argument;
	return 0;
}

static int exec_list(void *argument)
{
	int null = open("/dev/null", O_WRONLY);

	(void)argument;
	dup2(null, STDOUT_FILENO);
	execl("/proc/self/exe", "mmapvet-probes", "--list", NULL);
	return 1;
}

/* Two VMAs go with each child: by its exit, and by its exec. */
static void h07(enum path path)
{
	static int (*const ways[])(void *) = { exit_at_once, exec_list };
	struct target target = open_target(path);
	char *area = map_plain(&target, 4);
	unsigned int i, closes, n;
	pid_t child;
	int status;

	unmap(area + page_size(), 1);
	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		child = in_child(ways[i], NULL, &status);
		user_fact(!status, "the child's %s goes %s", i ? "exec" : "exit",
			  status ? "wrong" : "well");
		log_pull();
		closes = 0;
		for (n = 0; n < log_count(MMAPVET_EV_CLOSE); n++)
			closes += log_event(MMAPVET_EV_CLOSE, n)->tgid == (unsigned int)child;
		driver_fact(closes == 2, "the child's %s: close x%u in its process, it had 2 VMAs",
			    i ? "exec" : "exit", closes);
	}
	expect_vmas("the parent", area, 4, 2);
}

static void h09(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	const struct mmapvet_event *open, *close;
	size_t page = page_size();
	char *from, *to;
	int error;

	config.mremap_ret = -EBUSY;
	from = map_as_or_break(&target, &config, 2, 0);
	to = carve(2);
	error = mremap(from, 2 * page, 2 * page, MREMAP_MAYMOVE | MREMAP_FIXED, to) == MAP_FAILED ?
		errno : 0;
	log_pull();
	open = log_event(MMAPVET_EV_OPEN, 0);
	close = log_event(MMAPVET_EV_CLOSE, 0);
	driver_fact(tally().mremap == 1 && tally().open == 1 && tally().close == 1 &&
		    open->start == (uintptr_t)to && close->start == (uintptr_t)to,
		    "the mremap hook fails: open x%u, mremap x%u, close x%u, of the new range",
		    tally().open, tally().mremap, tally().close);
	user_fact(error == EBUSY, "mremap: %s", error_name(error));
	expect_page("the old mapping", from, 0);
	expect_vmas("the new range", to, 2, 0);
}

/*
 *     | 2 pages | hole, 2 pages |   grows into the hole
 */
static void h10(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	size_t page = page_size();
	char *area = carve(4);
	int error;

	configure(target.inner, &config);
	map_or_break(target.fd, area, 2, 0);
	error = mremap(area, 2 * page, 4 * page, 0) == MAP_FAILED ? errno : 0;
	expect_life("growth in place", 0, 0);
	driver_fact(!tally().mremap && tally().prepare == 1,
		    "growth in place: mremap x%u, prepare x%u", tally().mremap, tally().prepare);
	user_fact(!error, "growth in place: mremap: %s", error_name(error));
	if (!error)
		expect_page("its new last page", area + 3 * page, 3);

	config.set_flags = VMA_DONTEXPAND;
	configure(target.inner, &config);
	area = carve(4);
	map_or_break(target.fd, area, 2, 0);
	error = mremap(area, 2 * page, 4 * page, 0) == MAP_FAILED ? errno : 0;
	user_fact(error == EFAULT, "growth of a VMA with DONTEXPAND: mremap: %s",
		  error_name(error));
	expect_life("growth of a VMA with DONTEXPAND", 0, 0);
}

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

static void h11(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	char *area = map_plain(&target, 2), *copy;
	size_t page = page_size();
	int error;

	copy = mremap(area, 0, 2 * page, MREMAP_MAYMOVE | MREMAP_FIXED, carve(2));
	if (copy == MAP_FAILED)
		broken("mremap from length 0: %s", strerror(errno));
	expect_life("mremap from length 0", 1, 0);
	expect_page("the copy", copy, 0);
	expect_page("the original", area, 0);
	copy = mremap(area, 2 * page, 2 * page, MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP,
		      carve(2));
	if (copy == MAP_FAILED)
		broken("mremap with DONTUNMAP: %s", strerror(errno));
	expect_life("mremap with DONTUNMAP", 2, 0);
	expect_page("what was moved", copy, 0);
	expect_page("what was left", area, 0);

	config.set_flags = VMA_PFNMAP;
	area = map_as_or_break(&target, &config, 2, 0);
	copy = mremap(area, 2 * page, 2 * page, MREMAP_MAYMOVE | MREMAP_DONTUNMAP);
	error = copy == MAP_FAILED ? errno : 0;
	user_fact(error == EINVAL, "DONTUNMAP of a VMA with PFNMAP: mremap: %s", error_name(error));
	expect_life("DONTUNMAP of a VMA with PFNMAP", 2, 0);
}

static void protect(char *at, unsigned int pages, int prot)
{
	if (mprotect(at, pages * page_size(), prot) < 0)
		broken("mprotect: %s", strerror(errno));
}

/*
 *     | 0 | 1 | 2 | 3 |   2..3 to read-only, 1 too (the boundary moves), and back
 */
static void h12(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	size_t page = page_size();
	unsigned int i, opens;
	char *area;

	for (i = 0; i < 2; i++) {
		config.hooks = i ? MMAPVET_H_ALL & ~MMAPVET_H_CLOSE : MMAPVET_H_ALL;
		area = map_as_or_break(&target, &config, 4, 0);
		protect(area + 2 * page, 2, PROT_READ);
		opens = tally().open;
		driver_fact(opens == i + 1, "mprotect of the second half: open x%u in all", opens);
		protect(area + page, 1, PROT_READ);
		expect_life("mprotect that moves the boundary", opens, 0);
		expect_vmas("mprotect that moves the boundary", area, 4, 2);
		protect(area + page, 3, PROT_READ | PROT_WRITE);
		expect_life("mprotect back", opens, 0);
		expect_vmas(i ? "mprotect back, without close" : "mprotect back, with close",
			    area, 4, 2 - i);
	}
}

static void h13(enum path path)
{
	struct target target = open_target(path);
	char *area = map_plain(&target, 2);
	size_t page = page_size();
	unsigned char in_core[2];
	struct tally before;

	expect_page("before", area, 0);
	before = tally();
	if (madvise(area, 2 * page, MADV_DONTNEED) < 0)
		broken("madvise: %s", strerror(errno));
	expect_page("after MADV_DONTNEED", area, 0);
	driver_fact(tally().fault == before.fault + 1, "MADV_DONTNEED, then a touch: fault x%u more",
		    tally().fault - before.fault);
	user_fact(!msync(area, 2 * page, MS_ASYNC), "msync: %s", strerror(errno));
	user_fact(!mincore(area, 2 * page, in_core), "mincore: %s", strerror(errno));
	expect_life("madvise, msync and mincore", 0, 0);
	expect_delivery("madvise, msync and mincore", before.prepare, before.mapped);
}

static void h14(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	size_t page = page_size();
	int error;
	char *area;

	config.may_split_ret = -EBUSY;
	area = map_as_or_break(&target, &config, 4, 0);
	error = munmap(area + page, page) ? errno : 0;
	log_pull();
	driver_fact(log_count(MMAPVET_EV_MAY_SPLIT) == 1,
		    "munmap inside: may_split x%u", log_count(MMAPVET_EV_MAY_SPLIT));
	user_fact(error == EBUSY, "munmap inside: %s", error_name(error));
	error = mprotect(area + page, page, PROT_READ) ? errno : 0;
	user_fact(error == EBUSY, "mprotect inside: %s", error_name(error));
	expect_life("what may_split refuses", 0, 0);
	expect_vmas("what may_split refuses", area, 4, 1);
	/* The child of a later cell must be able to unmap it. */
	config.may_split_ret = 0;
	configure(target.inner, &config);
}

/* The release of the open file with this cookie, NULL if it is not in the log. */
static const struct mmapvet_event *release_of(uint64_t cookie)
{
	const struct mmapvet_event *release;
	unsigned int n = 0;

	log_pull();
	do
		release = log_event(MMAPVET_EV_RELEASE, n++);
	while (release && release->file != cookie);
	return release;
}

/* The file that the VMA holds: on w2 the inner one, for the outer goes with its descriptor. */
static void h15(enum path path)
{
	struct target target = open_target(path);
	int other = open_node("mmapvet");
	uint64_t cookie = cookie_of(path == W2 ? target.inner : target.fd);
	const struct mmapvet_event *last, *release = NULL;
	char *area = map_plain(&target, 2);
	unsigned int i;

	if (target.fd != target.inner)
		close(target.inner);
	close(target.fd);
	driver_fact(!release_of(cookie) && driver_find(other, area).found,
		    "after close(fd): %s release of the VMA's file, find_vma() %s the mapping",
		    release_of(cookie) ? "a" : "no",
		    driver_find(other, area).found ? "finds" : "does not find");
	expect_page("after close(fd)", area, 0);
	unmap(area, 2);
	expect_vmas("after munmap", area, 2, 0);
	for (i = 0; !release && i < 100; i++) {
		if (i)
			usleep(1000);
		release = release_of(cookie);
	}
	last = log_event(MMAPVET_EV_CLOSE, 0);
	driver_fact(last && release && last->seq < release->seq,
		    "after munmap: close is event %llu, release of the file is event %llu",
		    last ? (unsigned long long)last->seq : 0,
		    release ? (unsigned long long)release->seq : 0);
}

static int unmap_inside(void *area)
{
	return munmap((char *)area + page_size(), page_size());
}

/*
 *     | 0 | 1 | 2 | 3 |   the child unmaps 1 and exits: it had 2 VMAs then
 */
static void h16(enum path path)
{
	struct target target = open_target(path);
	char *area = map_plain(&target, 4);
	unsigned int i, opens = 0, closes = 0;
	pid_t child;
	int status;

	child = in_child(unmap_inside, area, &status);
	user_fact(!status, "the child's munmap goes %s", status ? "wrong" : "well");
	log_pull();
	for (i = 0; i < log_count(MMAPVET_EV_OPEN); i++)
		opens += log_event(MMAPVET_EV_OPEN, i)->tgid == (unsigned int)child;
	for (i = 0; i < log_count(MMAPVET_EV_CLOSE); i++)
		closes += log_event(MMAPVET_EV_CLOSE, i)->tgid == (unsigned int)child;
	/* fork's open runs in the parent, those of the two splits in the child. */
	driver_fact(tally().open == 3 && opens == 2 && tally().close == 3 && closes == 3,
		    "open x%u, of which x%u in the child; close x%u, x%u", tally().open, opens,
		    tally().close, closes);
	expect_vmas("the parent", area, 4, 1);
	expect_page("the page that the child unmapped", area + page_size(), 1);
}

/*
 *     | a, 2 | hole, 2 | b, 2 |c, 2, other offset |   one munmap over all
 */
static void h17(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	size_t page = page_size();
	char *area = carve(8);

	configure(target.inner, &config);
	map_or_break(target.fd, area, 2, 0);
	map_or_break(target.fd, area + 4 * page, 2, 0);
	map_or_break(target.fd, area + 6 * page, 2, 100);
	expect_vmas("three maps", area, 8, 3);
	unmap(area, 8);
	expect_life("one munmap over them and a hole", 0, 3);
	expect_vmas("one munmap over them and a hole", area, 8, 0);
}

const struct clause clauses_h[] = {
	{ "H01", "A split calls open for each new piece, never prepare or mapped",
	  DRIVER_ONLY, EVERY_OK, 0, h01, false, NULL },
	{ "H02", "Every removed VMA gets one close with its final range",
	  DRIVER_ONLY, EVERY_OK, 0, h02, false, NULL },
	{ "H03", "After every step, mapped + open - close is the number of VMAs",
	  DRIVER_ONLY, EVERY_OK, MMAPVET_F_MAPPED, h03, false, NULL },
	{ "H04", "An overlay runs close of the old VMA, then prepare and mapped of the new one",
	  DRIVER_ONLY, EVERY_OK, MMAPVET_F_MAPPED, h04, false, NULL },
	{ "H05", "A replaced VMA is closed once",
	  DRIVER_ONLY, EVERY_OK, 0, h05, false, NULL },
	{ "H06", "fork calls open for each copied VMA, neither prepare nor mapped; the child's exit closes",
	  DRIVER_ONLY, EVERY_OK, 0, h06, false, NULL },
	{ "H07", "exit and exec close every VMA",
	  DRIVER_ONLY, EVERY_OK, 0, h07, false, NULL },
	{ "H08", "mremap moves with open, the mremap hook and close, never mapped; a merge needs no open",
	  DRIVER_ONLY, EVERY_OK, 0, h08, false, NULL },
	{ "H09", "An error from the mremap hook undoes the move: close of the new range, the old one stays",
	  DRIVER_ONLY, EVERY_OK, 0, h09, false, NULL },
	{ "H10", "Growth in place calls no hook, and is refused to VMAs with DONTEXPAND",
	  TWO, EVERY_OK, 0, h10, false, NULL },
	{ "H11", "mremap from length 0 and with DONTUNMAP open the copy and close nothing",
	  DRIVER_ONLY, EVERY_OK, 0, h11, false, NULL },
	{ "H12", "mprotect there and back leaves a split VMA with close split, and merges one without",
	  TWO, EVERY_OK, 0, h12, false, NULL },
	{ "H13", "madvise(DONTNEED), msync and mincore are no events in the life of a VMA",
	  DRIVER_ONLY, EVERY_OK, 0, h13, false, NULL },
	{ "H14", "A may_split that refuses fails the operation before any open",
	  TWO, EVERY_OK, 0, h14, false, NULL },
	{ "H15", "Closing the descriptor keeps the mapping; release comes after close",
	  TWO, EVERY_OK, 0, h15, false, NULL },
	{ "H16", "After fork, what the child unmaps opens and closes on its side alone",
	  DRIVER_ONLY, EVERY_OK, 0, h16, false, NULL },
	{ "H17", "munmap over a hole and several VMAs closes each once",
	  DRIVER_ONLY, EVERY_OK, 0, h17, false, NULL },
	{ 0 },
};
