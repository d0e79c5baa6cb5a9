// SPDX-License-Identifier: MIT
/* Of group U, devices that are always there or that QEMU has: /dev/mem, /dev/hpet, /dev/mtd0. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "report.h"
#include "users.h"

#define VALUE	0x8877665544332211ULL

static int reads_value(void *at)
{
	struct touch word = touch(at, 0);

	return word.signal || word.word != VALUE;
}

/* A page of this process's own, through its physical address: a remap action. */
void mem_device(enum path path)
{
	int fd = open("/dev/mem", O_RDWR | O_CLOEXEC), status;
	volatile uint64_t *own;
	struct touch word;
	uint64_t pfn;
	char *at;

	if (fd < 0)
		not_applicable("/dev/mem: %s", strerror(errno));
	own = mmap(NULL, page_size(), PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0);
	if (own == MAP_FAILED)
		broken("a page of our own: %s", strerror(errno));
	*own = VALUE;
	if (!page_present((const char *)own, &pfn) || !pfn)
		broken("/proc/self/pagemap doesn't tell the page's frame");

	at = mmap(NULL, page_size(), PROT_READ | PROT_WRITE, MAP_SHARED, fd, pfn * page_size());
	user_fact(at != MAP_FAILED, "mmap of our own page by its frame: %s",
		  error_name(at == MAP_FAILED ? errno : 0));
	if (at == MAP_FAILED)
		return;
	expect_vma("the frame", at, 1, REMAPPED, true);
	user_fact(smaps_flag(at, "io") && smaps_flag(at, "pf"), "smaps has io and pf");
	user_fact(!reads_value(at), "it reads what we wrote to the page");
	in_child(reads_value, at, &status);
	user_fact(!status, "a child reads it as well");
	*(volatile uint64_t *)at = VALUE + 1;
	user_fact(*own == VALUE + 1, "what is written there is in the page");
	close(fd);
	word = touch(at, 0);
	user_fact(!word.signal && word.word == VALUE + 1, "it reads on without the file");
	unmap(at, 1);

	/* Beyond what the processor can address: mmap_prepare refuses. */
	fd = open("/dev/mem", O_RDWR | O_CLOEXEC);
	expect_refused("at 2^56", fd, carve(1), 1, (1ULL << 56) / page_size(), MAP_SHARED, EINVAL);
	close(fd);
}

#define HPET_COUNTER	(0xf0 / sizeof(uint64_t))
#define HPET_REVISION	0xff		/* of the first word; never 0 */

/* A simple ioremap of one page. */
void hpet_device(enum path path)
{
	int fd = open("/dev/hpet", O_RDONLY | O_CLOEXEC);
	struct touch first, counter, later;
	struct attempt attempt;
	char *at = carve(2);

	if (fd < 0)
		not_applicable("/dev/hpet: %s", strerror(errno));
	expect_refused("two pages", fd, at, 2, 0, MAP_SHARED, EINVAL);
	attempt = map_bytes(fd, at, page_size(), 0, PROT_READ, MAP_SHARED);
	user_fact(attempt.at != NULL, "one page: %s", error_name(attempt.error));
	if (!attempt.at)
		return;
	expect_vma("the registers", at, 1, REMAPPED, true);
	user_fact(smaps_flag(at, "io") && smaps_flag(at, "pf"), "smaps has io and pf");
	first = touch(at, 0);
	counter = touch(at, HPET_COUNTER);
	usleep(1000);
	later = touch(at, HPET_COUNTER);
	user_fact(!first.signal && first.word & HPET_REVISION,
		  "the capabilities read %#llx (signal %d)", (unsigned long long)first.word,
		  first.signal);
	user_fact(later.word != counter.word, "the counter goes %s",
		  later.word != counter.word ? "on" : "nowhere");
	close(fd);
	unmap(at, 1);
}

/* Its mmap_prepare always refuses on a machine with an MMU. */
void mtd_device(enum path path)
{
	long idle, open_users, after;
	char *at = carve(1);
	int fd, removed;

	load_module("mtdram");
	idle = module_users_of("mtdram");
	fd = open("/dev/mtd0", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		not_applicable("/dev/mtd0: %s", strerror(errno));
	open_users = module_users_of("mtdram");
	expect_refused("shared", fd, at, 1, 0, MAP_SHARED, ENODEV);
	expect_refused("private", fd, at, 1, 0, MAP_PRIVATE, ENODEV);
	close(fd);
	after = module_users_of("mtdram");
	driver_fact(!idle && open_users == 1 && !after,
		    "users of the driver: %ld idle, %ld with an open file, %ld after close", idle,
		    open_users, after);
	removed = unload_module("mtdram");
	user_fact(!removed, "rmmod: %s", error_name(removed));
}
