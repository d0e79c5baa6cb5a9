// SPDX-License-Identifier: MIT
/* Mapping and touching memory, and living through the signals. */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "probe.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

size_t page_size(void)
{
	static size_t size;

	if (!size)
		size = sysconf(_SC_PAGESIZE);
	return size;
}

/*
 *     | PROT_NONE |  hole: pages  | PROT_NONE |
 *                 ^ returned
 */
char *carve(unsigned int pages)
{
	size_t page = page_size();
	char *area = mmap(NULL, (pages + 2) * page, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (area == MAP_FAILED)
		broken("can't reserve %u pages: %s", pages + 2, strerror(errno));
	if (munmap(area + page, pages * page) < 0)
		broken("can't open the reservation: %s", strerror(errno));
	return area + page;
}

struct attempt map_bytes(int fd, char *address, size_t length, uint64_t pgoff, int prot,
			 int flags)
{
	struct attempt attempt = { 0 };
	void *at = mmap(address, length, prot, flags | MAP_FIXED_NOREPLACE, fd,
			(off_t)pgoff * page_size());

	if (at == MAP_FAILED)
		attempt.error = errno;
	else
		attempt.at = at;
	return attempt;
}

struct attempt map_over(int fd, char *address, size_t length, unsigned int pgoff, int prot,
			int flags)
{
	struct attempt attempt = { 0 };
	void *at = mmap(address, length, prot, flags | MAP_FIXED, fd,
			(off_t)pgoff * page_size());

	if (at == MAP_FAILED)
		attempt.error = errno;
	else
		attempt.at = at;
	return attempt;
}

void unmap(char *address, unsigned int pages)
{
	if (munmap(address, pages * page_size()) < 0)
		broken("munmap of %u pages: %s", pages, strerror(errno));
}

struct attempt map_as(const struct target *target, const struct mmapvet_config *config,
		      unsigned int pages, unsigned int pgoff)
{
	configure(target->inner, config);
	return map(target->fd, carve(pages), pages, pgoff);
}

char *map_as_or_break(const struct target *target, const struct mmapvet_config *config,
		      unsigned int pages, unsigned int pgoff)
{
	configure(target->inner, config);
	return map_or_break(target->fd, carve(pages), pages, pgoff);
}

struct attempt map(int fd, char *address, unsigned int pages, unsigned int pgoff)
{
	return map_bytes(fd, address, pages * page_size(), pgoff, PROT_READ | PROT_WRITE,
			 MAP_SHARED);
}

char *map_or_break(int fd, char *address, unsigned int pages, unsigned int pgoff)
{
	struct attempt attempt = map(fd, address, pages, pgoff);

	if (!attempt.at)
		broken("mmap of %u pages at page offset %u fails with %s", pages, pgoff,
		       error_name(attempt.error));
	return attempt.at;
}

const char *error_name(int error)
{
	static char number[32];

	switch (error) {
	case 0: return "success";
	case EPERM: return "EPERM";
	case EIO: return "EIO";
	case EAGAIN: return "EAGAIN";
	case ENOMEM: return "ENOMEM";
	case EACCES: return "EACCES";
	case EFAULT: return "EFAULT";
	case EBADF: return "EBADF";
	case ECHILD: return "ECHILD";
	case EBUSY: return "EBUSY";
	case EEXIST: return "EEXIST";
	case EXDEV: return "EXDEV";
	case ENODEV: return "ENODEV";
	case EINVAL: return "EINVAL";
	case ENXIO: return "ENXIO";
	case EOPNOTSUPP: return "EOPNOTSUPP";
	case ETIMEDOUT: return "ETIMEDOUT";
	default:
		snprintf(number, sizeof(number), "errno %d", error);
		return number;
	}
}

/* Threads may touch at once: each jumps back into its own read. */
static __thread sigjmp_buf touched;

static void on_signal(int number)
{
	siglongjmp(touched, number);
}

void touch_from_threads(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
}

struct touch touch(const char *address, unsigned int n)
{
	struct sigaction action = { .sa_handler = on_signal }, segv, bus;
	struct touch result = { 0 };

	sigaction(SIGSEGV, &action, &segv);
	sigaction(SIGBUS, &action, &bus);
	result.signal = sigsetjmp(touched, 1);
	if (!result.signal)
		result.word = ((const volatile uint64_t *)address)[n];
	sigaction(SIGSEGV, &segv, NULL);
	sigaction(SIGBUS, &bus, NULL);
	return result;
}

uint64_t private_word(const char *address)
{
	struct touch read = touch(address, 0);

	if (read.signal)
		broken("the first touch of %p gets signal %d", (const void *)address, read.signal);
	if ((read.word & ~0xffULL) != MMAPVET_MAGIC)
		broken("the page at %p is not the driver's: word 0 is %#llx",
		       (const void *)address, (unsigned long long)read.word);
	return touch(address, 1).word;
}

/*
 * An mmap of `pages` at the hole `at` was to fail with `error` and to leave
 * nothing there, neither for user space nor for the driver's find_vma().
 */
void expect_failed_map(const struct target *target, struct attempt attempt, const char *at,
		       unsigned int pages, int error)
{
	const char *last = at + (pages - 1) * page_size();
	struct mmapvet_find first_found = driver_find(target->inner, at);
	struct mmapvet_find last_found = driver_find(target->inner, last);
	unsigned int left = vmas_in(at, at + pages * page_size(), NULL, 0);

	driver_fact(!first_found.found && !last_found.found,
		    "find_vma() finds %s in the range that was to fail with %s",
		    first_found.found || last_found.found ? "a VMA" : "nothing", error_name(error));
	user_fact(attempt.error == error && !left, "mmap: %s, then %u VMAs in the range",
		  error_name(attempt.error), left);
}

void saw_map(const struct target *target, const char *step, struct attempt attempt,
	     const char *at, unsigned int pages)
{
	const char *last = at + (pages - 1) * page_size();
	bool found = driver_find(target->inner, at).found ||
		     driver_find(target->inner, last).found;

	driver_saw("%s: then find_vma() finds %s", step, found ? "a VMA" : "nothing");
	user_saw("%s: mmap: %s, then %u VMAs", step, error_name(attempt.error),
		 vmas_in(at, at + pages * page_size(), NULL, 0));
}

bool mapped_shows(const struct target *target)
{
	struct mmapvet_config config = plain_config();
	struct attempt counted, failed;

	config.store = MMAPVET_STORE_COUNT;
	configure(target->inner, &config);
	counted = map(target->fd, carve(1), 1, 0);
	config.mapped_ret = -EXDEV;
	configure(target->inner, &config);
	failed = map(target->fd, carve(1), 1, 0);
	return (counted.at && private_word(counted.at) == PRIVATE + 1) || failed.error == EXDEV;
}

uint64_t stored_word(const struct target *target, const char *address, uint64_t before)
{
	uint64_t word = private_word(address);

	if (word == before && mapped_shows(target))
		broken("mapped runs, but what it stores never reaches the VMA (C02): user space can't see more");
	return word;
}
