// SPDX-License-Identifier: MIT
/* Group A: when mapped is delivered. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "probe.h"

/*
 *     | fence |  2 pages, new  | fence |
 */
static void a01(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	bool shows;

	configure(target.inner, &config);
	map_or_break(target.fd, carve(2), 2, 0);
	log_pull();
	driver_fact(log_count(MMAPVET_EV_PREPARE) == 1 && log_count(MMAPVET_EV_MAPPED),
		    "prepare x%u, mapped x%u when mmap returned", log_count(MMAPVET_EV_PREPARE),
		    log_count(MMAPVET_EV_MAPPED));
	shows = mapped_shows(&target);
	user_fact(shows, "what mapped stores or returns %s mmap's caller",
		  shows ? "reaches" : "never reaches");
}

static void a02(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	unsigned int i, distinct = 0;
	uint64_t word;
	char *at;

	config.store = MMAPVET_STORE_COUNT;
	configure(target.inner, &config);
	/* Three mappings of their own: none of them may get it twice, none not at all. */
	for (i = 0; i < 3; i++) {
		at = map_or_break(target.fd, carve(1 + i), 1 + i, 0);
		word = stored_word(&target, at, PRIVATE);
		user_fact(word == PRIVATE + 1, "mapping %u: mapped counted %lld times", i,
			  (long long)(word - PRIVATE));
		munmap(at, (1 + i) * page_size());
	}
	log_pull();
	for (i = 0; i < log_count(MMAPVET_EV_MAPPED); i++)
		distinct += log_event(MMAPVET_EV_MAPPED, i)->private_in == PRIVATE;
	driver_fact(log_count(MMAPVET_EV_MAPPED) == 3 && distinct == 3,
		    "3 mappings: mapped x%u, of which x%u saw the descriptor's private data",
		    log_count(MMAPVET_EV_MAPPED), distinct);
}

/*
 *     | fence | first | second | third | refused | fence |
 *               pgoff 0   1        2        3: all would merge
 */
static void a03(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	size_t page = page_size();
	char *area = carve(4);
	struct attempt refused;
	unsigned int i, vmas;

	configure(target.inner, &config);
	for (i = 0; i < 3; i++)
		map_or_break(target.fd, area + i * page, 1, i);
	vmas = vmas_in(area, area + 3 * page, NULL, 0);
	if (vmas != 1)
		vacuous("the 3 mappings did not merge, there are %u VMAs", vmas);
	config.prepare_ret = -EXDEV;
	configure(target.inner, &config);
	refused = map(target.fd, area + 3 * page, 1, 3);
	log_pull();
	driver_fact(log_count(MMAPVET_EV_PREPARE) == 4,
		    "4 adjacent mmaps, of which 3 merge or could: prepare x%u",
		    log_count(MMAPVET_EV_PREPARE));
	user_fact(refused.error == EXDEV, "prepare refuses a map that would merge: %s",
		  error_name(refused.error));
}

static void a04(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	const struct mmapvet_event *prepare, *mapped;
	struct attempt both;

	configure(target.inner, &config);
	map_or_break(target.fd, carve(2), 2, 0);
	log_pull();
	prepare = log_event(MMAPVET_EV_PREPARE, 0);
	mapped = log_event(MMAPVET_EV_MAPPED, 0);
	driver_fact(prepare && mapped && prepare->seq < mapped->seq,
		    "prepare is event %llu, mapped is event %llu",
		    prepare ? (unsigned long long)prepare->seq : 0,
		    mapped ? (unsigned long long)mapped->seq : 0);
	driver_fact(prepare && mapped && prepare->tid == mapped->tid &&
		    prepare->tgid == mapped->tgid && mapped->tgid == (unsigned int)getpid(),
		    "both ran in one task, which is the caller of mmap");

	/* A consequence that user space sees: the first that fails gives the errno. */
	config.prepare_ret = -EXDEV;
	config.mapped_ret = -EPERM;
	configure(target.inner, &config);
	both = map(target.fd, carve(2), 2, 0);
	user_fact(both.error == EXDEV,
		  "prepare would fail with EXDEV and mapped with EPERM, mmap: %s",
		  error_name(both.error));
}

/* Maps with these hooks and a mapped that would fail, if it were called. */
static char *map_without_mapped(const struct target *target, const char *what,
				unsigned int hooks, int flags)
{
	struct mmapvet_config config = plain_config();
	struct attempt attempt;

	config.hooks = hooks;
	config.store = MMAPVET_STORE_COUNT;
	config.mapped_ret = -EPERM;
	configure(target->inner, &config);
	attempt = map_bytes(target->fd, carve(2), 2 * page_size(), 0, PROT_READ | PROT_WRITE,
			    flags);
	user_fact(attempt.at, "%s: mmap: %s", what, error_name(attempt.error));
	return attempt.at;
}

static void a05(enum path path)
{
	struct target target = open_target(path);
	struct touch word;
	uint64_t private;
	char *at;

	at = map_without_mapped(&target, "a table without mapped",
				MMAPVET_H_OPEN | MMAPVET_H_CLOSE | MMAPVET_H_FAULT, MAP_SHARED);
	if (at) {
		private = private_word(at);
		user_fact(private == PRIVATE, "and the private data stay %#llx",
			  (unsigned long long)private);
	}
	at = map_without_mapped(&target, "an untouched table", MMAPVET_H_UNTOUCHED, MAP_SHARED);
	if (at) {
		word = touch(at, 0);
		user_fact(word.signal == SIGBUS, "and a touch gets signal %d (SIGBUS is %d)",
			  word.signal, SIGBUS);
	}
	at = map_without_mapped(&target, "a NULL table", MMAPVET_H_NULL, MAP_PRIVATE);
	if (at) {
		word = touch(at, 0);
		user_fact(!word.signal && !word.word, "and the memory is anonymous: word %#llx",
			  (unsigned long long)word.word);
	}
	log_pull();
	driver_fact(log_count(MMAPVET_EV_PREPARE) == 3 && !log_count(MMAPVET_EV_MAPPED),
		    "prepare x%u, mapped x%u", log_count(MMAPVET_EV_PREPARE),
		    log_count(MMAPVET_EV_MAPPED));
}

static void a06(enum path path)
{
	static const int errors[] = { EPERM, EIO, ENOMEM, EBUSY };
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	unsigned int i, left;
	struct attempt attempt;
	char *at;

	for (i = 0; i < ARRAY_SIZE(errors); i++) {
		config.prepare_ret = -errors[i];
		configure(target.inner, &config);
		at = carve(2);
		attempt = map(target.fd, at, 2, 0);
		left = vmas_in(at, at + 2 * page_size(), NULL, 0);
		user_fact(attempt.error == errors[i] && !left,
			  "prepare fails with %s, mmap: %s, then %u VMAs in the range",
			  error_name(errors[i]), error_name(attempt.error), left);
	}
	log_pull();
	driver_fact(log_count(MMAPVET_EV_PREPARE) == ARRAY_SIZE(errors),
		    "prepare x%u", log_count(MMAPVET_EV_PREPARE));
	driver_fact(!log_count(MMAPVET_EV_MAPPED) && !log_count(MMAPVET_EV_OPEN) &&
		    !log_count(MMAPVET_EV_CLOSE) && !log_count(MMAPVET_EV_FAULT),
		    "mapped x%u, open x%u, close x%u, fault x%u", log_count(MMAPVET_EV_MAPPED),
		    log_count(MMAPVET_EV_OPEN), log_count(MMAPVET_EV_CLOSE),
		    log_count(MMAPVET_EV_FAULT));
}

/* A call that the generic checks refuse: its own errno, and no hook sees it. */
static void expect_refused(const char *what, struct attempt attempt, int error)
{
	struct tally now = tally();

	driver_fact(!now.prepare && !now.mapped, "%s: prepare x%u, mapped x%u", what, now.prepare,
		    now.mapped);
	user_fact(attempt.error == error, "%s: mmap: %s, to be %s", what,
		  error_name(attempt.error), error_name(error));
}

static struct attempt map_raw(int fd, size_t length, long offset)
{
	struct attempt attempt = { 0 };
	long at = syscall(SYS_mmap, NULL, length, PROT_READ, MAP_SHARED, fd, offset);

	if (at == -1)
		attempt.error = errno;
	else
		attempt.at = (char *)at;
	return attempt;
}

/* The driver's node on a tmpfs that is mounted noexec. */
static int open_noexec(int inner)
{
	char file[64];
	struct stat node;
	int fd;

	snprintf(file, sizeof(file), "%s/node", private_folder(MS_NOEXEC));
	if (fstat(inner, &node) < 0 || mknod(file, S_IFCHR | 0600, node.st_rdev) < 0)
		broken("%s: %s", file, strerror(errno));
	fd = open(file, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		broken("%s: %s", file, strerror(errno));
	return fd;
}

static void a07(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	int read_only = open("/dev/mmapvet", O_RDONLY | O_CLOEXEC), closed = dup(target.fd);
	size_t page = page_size();
	char *taken = carve(2);

	if (read_only < 0)
		broken("/dev/mmapvet: %s", strerror(errno));
	close(closed);
	configure(target.inner, &config);
	if (mmap(taken, page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != taken)
		broken("mmap of anonymous memory: %s", strerror(errno));

	expect_refused("shared and writable of a read-only fd", map(read_only, carve(1), 1, 0),
		       EACCES);
	expect_refused("a length of 0", map_raw(target.fd, 0, 0), EINVAL);
	expect_refused("an offset within a page", map_raw(target.fd, page, page / 2), EINVAL);
	expect_refused("MAP_FIXED_NOREPLACE over a VMA", map(target.fd, taken, 2, 0), EEXIST);
	expect_refused("a closed fd", map(closed, carve(1), 1, 0), EBADF);
	expect_refused("PROT_EXEC of a noexec mount",
		       map_bytes(open_noexec(target.inner), carve(1), page, 0,
				 PROT_READ | PROT_EXEC, MAP_SHARED), EPERM);

	/* The control: a call without fault does reach the hooks. */
	map_or_break(target.fd, carve(1), 1, 0);
	driver_fact(tally().prepare == 1, "a call without fault: prepare x%u", tally().prepare);
}

#define NAP_MS 30

static void a08(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	const struct mmapvet_event *mapped;
	struct timespec before, after;
	struct attempt attempt;
	long ms;

	config.flags = MMAPVET_C_SLEEP_ALLOC;
	config.mapped_sleep_ms = NAP_MS;
	clock_gettime(CLOCK_MONOTONIC, &before);
	attempt = map_as(&target, &config, 2, 0);
	clock_gettime(CLOCK_MONOTONIC, &after);
	ms = (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000;
	log_pull();
	mapped = log_event(MMAPVET_EV_MAPPED, 0);
	driver_fact(mapped && mapped->mmap_locked && !mapped->ret,
		    "mapped x%u slept and allocated, the mmap lock was %s",
		    log_count(MMAPVET_EV_MAPPED), mapped && mapped->mmap_locked ? "held" : "free");
	user_fact(attempt.at && ms >= NAP_MS, "mmap: %s, %s the %d ms that mapped slept",
		  error_name(attempt.error), ms >= NAP_MS ? "not before" : "before", NAP_MS);
}

static void a09(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	const struct mmapvet_event *mapped;
	struct mmapvet_find find;
	struct vma vma = { 0 };
	char *at = map_as_or_break(&target, &config, 3, 5);

	log_pull();
	mapped = log_event(MMAPVET_EV_MAPPED, 0);
	find = driver_find(target.inner, at);
	driver_fact(mapped && mapped->lookup == MMAPVET_LOOKUP_EXACT &&
		    mapped->lookup_start == mapped->start && mapped->lookup_end == mapped->end,
		    "find_vma() in mapped: %#llx-%#llx, mapped was given %#llx-%#llx",
		    mapped ? (unsigned long long)mapped->lookup_start : 0,
		    mapped ? (unsigned long long)mapped->lookup_end : 0,
		    mapped ? (unsigned long long)mapped->start : 0,
		    mapped ? (unsigned long long)mapped->end : 0);
	driver_fact(mapped && mapped->lookup_flags == find.flags &&
		    mapped->lookup_pgoff == find.pgoff,
		    "its flags %#llx and pgoff %llu there, %#llx and %llu afterwards",
		    mapped ? (unsigned long long)mapped->lookup_flags : 0,
		    mapped ? (unsigned long long)mapped->lookup_pgoff : 0,
		    (unsigned long long)find.flags, (unsigned long long)find.pgoff);
	user_fact(vma_at(at, &vma) && vma.start == (uintptr_t)at &&
		  vma.end == (uintptr_t)at + 3 * page_size() && vma.pgoff == 5,
		  "after mmap the VMA is %#llx-%#llx, pgoff %llu", (unsigned long long)vma.start,
		  (unsigned long long)vma.end, (unsigned long long)vma.pgoff);
}

static void a10(enum path path)
{
	static const int prots[] = { PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE };
	static const int sharings[] = { MAP_SHARED, MAP_PRIVATE };
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	struct attempt good, bad;
	unsigned int i, prot, sharing;

	for (i = 0; i < ARRAY_SIZE(prots) * ARRAY_SIZE(sharings); i++) {
		prot = prots[i % ARRAY_SIZE(prots)];
		sharing = sharings[i / ARRAY_SIZE(prots)];
		config.mapped_ret = 0;
		configure(target.inner, &config);
		good = map_bytes(target.fd, carve(1), page_size(), 0, prot, sharing);
		config.mapped_ret = -EXDEV;
		configure(target.inner, &config);
		bad = map_bytes(target.fd, carve(1), page_size(), 0, prot, sharing);
		log_pull();
		driver_fact(log_count(MMAPVET_EV_MAPPED) == 2 * i + 2,
			    "prot %u, %s: mapped x%u in all, to be x%u", prot,
			    sharing == MAP_SHARED ? "shared" : "private",
			    log_count(MMAPVET_EV_MAPPED), 2 * i + 2);
		user_fact(good.at && bad.error == EXDEV,
			  "prot %u, %s: mmap: %s, and %s where mapped fails with EXDEV", prot,
			  sharing == MAP_SHARED ? "shared" : "private", error_name(good.error),
			  error_name(bad.error));
	}
}

/*
 *     | 0 | 1 | 2 | 3 |   one VMA at pgoff 0, then page 1 shows pgoff 6
 */
static void a11(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	const struct mmapvet_event *close, *mapped, *fault;
	char *area = map_as_or_break(&target, &config, 4, 0);
	size_t page = page_size();
	unsigned int before;

	log_pull();
	before = log_count(MMAPVET_EV_MAPPED);
	if (syscall(SYS_remap_file_pages, area + page, page, 0, 6, 0) < 0)
		broken("remap_file_pages: %s", strerror(errno));
	log_pull();
	close = log_event(MMAPVET_EV_CLOSE, 0);
	mapped = log_event(MMAPVET_EV_MAPPED, before);
	fault = log_event(MMAPVET_EV_FAULT, 0);
	driver_fact(log_count(MMAPVET_EV_PREPARE) == 2 && mapped &&
		    mapped->start == (uintptr_t)area + page && mapped->pgoff == 6,
		    "remap_file_pages: prepare x%u, mapped x%u",
		    log_count(MMAPVET_EV_PREPARE), log_count(MMAPVET_EV_MAPPED));
	driver_fact(close && mapped && fault && close->seq < mapped->seq &&
		    mapped->seq < fault->seq,
		    "close of the old page, then mapped, then the fault that populates");
	expect_page("remap_file_pages", area + page, 6);
	expect_vmas("remap_file_pages", area, 4, 3);

	/* What a mapped that fails does to it. */
	config.mapped_ret = -EXDEV;
	configure(target.inner, &config);
	before = syscall(SYS_remap_file_pages, area + page, page, 0, 2, 0) < 0 ? errno : 0;
	user_fact(before == EXDEV, "remap_file_pages where mapped fails with EXDEV: %s",
		  error_name(before));
}

const struct clause clauses_a[] = {
	{ "A01", "A mapping that becomes a VMA of its own gets mapped before mmap() returns",
	  TWO, EVERY_OK, MMAPVET_F_MAPPED, a01, false, NULL },
	{ "A02", "It gets mapped exactly once",
	  TWO, EVERY_OK, MMAPVET_F_MAPPED, a02, false, NULL },
	{ "A03", "mmap_prepare runs once for every mmap that passed the generic checks, merged or not",
	  TWO, ON(DIRECT), 0, a03, false, NULL },
	{ "A04", "The order is prepare, then mapped, in the same task and mm",
	  DRIVER_ONLY, EVERY_OK, MMAPVET_F_MAPPED, a04, false, NULL },
	{ "A05", "There is no mapped when the ops lack it, are untouched, or are NULL",
	  TWO, EVERY_OK, MMAPVET_F_MAPPED, a05, false, NULL },
	{ "A06", "A failing mmap_prepare aborts with its errno and no other hook",
	  TWO, EVERY_OK, 0, a06, false, NULL },
	{ "A07", "A call that the generic checks refuse reaches no hook",
	  TWO, EVERY_OK, 0, a07, false, NULL },
	{ "A08", "mapped runs with the mmap lock held and may sleep",
	  TWO, EVERY_OK, MMAPVET_F_MAPPED, a08, false, NULL },
	{ "A09", "On the direct path mapped finds its VMA in the tree, with the final range and flags",
	  DRIVER_ONLY, ON(DIRECT), MMAPVET_F_MAPPED, a09, false, NULL },
	{ "A10", "Delivery is the same whatever the protection and sharing",
	  TWO, EVERY_OK, MMAPVET_F_MAPPED, a10, false, NULL },
	{ "A11", "A mapping that the kernel makes itself is delivered too: remap_file_pages()",
	  TWO, EVERY_OK, MMAPVET_F_MAPPED, a11, false, NULL },
	{ 0 },
};
