// SPDX-License-Identifier: MIT
/*
 * Group O: what differs between architectures and page sizes, and what must
 * not. What only one of them has is told by its own headers (PROT_MTE), and
 * encodings of page_prot are a table.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <asm/mman.h>
#include <unistd.h>

#include "probe.h"

#define RW		(PROT_READ | PROT_WRITE)
#define DEBUGFS		"/sys/kernel/debug/"

/* The driver's own count of the pages of a map, as user space reads it back. */
static uint64_t pages_counted(const struct target *target, unsigned int pages)
{
	struct mmapvet_config config = plain_config();
	uint64_t word;
	char *at;

	config.store = MMAPVET_STORE_PAGES;
	at = map_as_or_break(target, &config, pages, 0);
	word = stored_word(target, at, PRIVATE);
	unmap(at, pages);
	return word;
}

static void o01(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	const struct mmapvet_event *mapped;
	size_t page = page_size();
	struct attempt attempt;
	uint64_t one, five;
	unsigned int i;
	struct vma vma = { 0 };
	bool found;
	char *at;

	user_fact(page == getauxval(AT_PAGESZ) && !(page & (page - 1)),
		  "a page has %zu bytes", page);
	configure(target.inner, &config);

	/* An offset in units smaller than a page reaches no hook. */
	at = (char *)syscall(SYS_mmap, NULL, page, RW, MAP_SHARED, target.fd, page / 2);
	driver_fact(at == MAP_FAILED && !tally().prepare, "an offset of half a page: prepare x%u",
		    tally().prepare);
	user_fact(at == MAP_FAILED && errno == EINVAL, "an offset of half a page: mmap: %s",
		  error_name(at == MAP_FAILED ? errno : 0));

	/* A length of one byte more than a page is two pages. */
	attempt = map_bytes(target.fd, carve(2), page + 1, 3, RW, MAP_SHARED);
	if (!attempt.at)
		broken("mmap: %s", error_name(attempt.error));
	log_pull();
	mapped = log_event(MMAPVET_EV_MAPPED, 0);
	driver_fact(mapped && mapped->end - mapped->start == 2 * page && mapped->pgoff == 3,
		    "page + 1 bytes at page 3: mapped is given %llu bytes, pgoff %llu",
		    mapped ? (unsigned long long)(mapped->end - mapped->start) : 0,
		    mapped ? (unsigned long long)mapped->pgoff : 0);
	found = vma_at(attempt.at, &vma);
	user_fact(found && vma.end - vma.start == 2 * page && vma.pgoff == 3,
		  "page + 1 bytes at page 3: the VMA has %llu bytes, pgoff %llu",
		  (unsigned long long)(vma.end - vma.start), (unsigned long long)vma.pgoff);
	for (i = 0; i < 2; i++)
		expect_page("page + 1 bytes at page 3", attempt.at + i * page, 3 + i);

	one = pages_counted(&target, 1);
	five = pages_counted(&target, 5);
	user_fact(one == 1 && five == 5, "the driver counts %llu pages in 1, and %llu in 5",
		  (unsigned long long)one, (unsigned long long)five);
}

#ifdef PROT_MTE

static void o02(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	struct attempt device, memory, plain;
	int fd;

	if (!(getauxval(AT_HWCAP2) & HWCAP2_MTE))
		not_applicable("this machine has no tagged memory");
	fd = syscall(SYS_memfd_create, "tagged", 0);
	if (fd < 0 || ftruncate(fd, page_size()) < 0)
		not_applicable("no memfd: %s", strerror(errno));
	configure(target.inner, &config);
	device = map_bytes(target.fd, carve(1), page_size(), 0, RW | PROT_MTE, MAP_SHARED);
	driver_fact(!tally().prepare, "PROT_MTE on a device: prepare x%u", tally().prepare);
	user_fact(device.error == EINVAL, "PROT_MTE on a device: mmap: %s",
		  error_name(device.error));
	memory = map_bytes(fd, carve(1), page_size(), 0, RW | PROT_MTE, MAP_SHARED);
	user_fact(memory.at && smaps_flag(memory.at, "mt"), "PROT_MTE on memory: mmap: %s",
		  error_name(memory.error));
	plain = map_bytes(target.fd, carve(1), page_size(), 0, RW, MAP_SHARED);
	driver_fact(tally().prepare == 1, "the device without it: prepare x%u", tally().prepare);
	user_fact(plain.at, "the device without it: mmap: %s", error_name(plain.error));
}

#else

static void o02(enum path path)
{
	not_applicable("this architecture has no tagged memory");
}

#endif

/* The memory type in page_prot. */
#if defined(__x86_64__)
#define TYPE_MASK	0x98ULL		/* PAT, PCD, PWT */
static const char *const type_names[] = { [0] = "plain", [1] = "write-combined", [2] = "uncached" };
#define TYPE_OF(prot)	(((prot) >> 3 & 3) | ((prot) >> 7 & 1) << 2)
#elif defined(__aarch64__)
#define TYPE_MASK	0x1cULL		/* AttrIndx */
static const char *const type_names[] = { [0] = "plain", [2] = "write-combined", [3] = "uncached" };
#define TYPE_OF(prot)	((prot) >> 2 & 7)
#else
#define TYPE_MASK	0ULL
static const char *const type_names[] = { [0] = "plain" };
#define TYPE_OF(prot)	0
#endif

static const char *memory_type(uint64_t prot)
{
	unsigned int type = TYPE_OF(prot);

	return type < ARRAY_SIZE(type_names) && type_names[type] ? type_names[type] : "another";
}

/* Of a mapping with this flag: its memory type, also after two mprotect. */
static void saw_type(const struct target *target, unsigned int flag, const char *type)
{
	struct mmapvet_config config = plain_config();
	const char *first, *after;
	int error = 0;
	char *at;

	config.flags = flag;
	at = map_as_or_break(target, &config, 1, 0);
	first = memory_type(driver_find(target->inner, at).prot);
	if (mprotect(at, page_size(), PROT_READ) || mprotect(at, page_size(), RW))
		error = errno;
	after = memory_type(driver_find(target->inner, at).prot);
	driver_saw("%s in prepare: the VMA's page_prot is %s, after mprotect %s", type, first,
		   after);
	user_fact(!error, "%s: two mprotect: %s", type,
		  error_name(error));
	expect_page(type, at, 0);
	unmap(at, 1);
}

static void o03(enum path path)
{
	struct target target = open_target(path);

	if (!TYPE_MASK)
		not_applicable("the encoding of page_prot is not known here");
	saw_type(&target, 0, "plain");
	saw_type(&target, MMAPVET_C_WC_BEFORE, "write-combined");
	saw_type(&target, MMAPVET_C_UNCACHED, "uncached");
}

/* Lines of the kernel's log since the file was opened that have the text. */
static int kmsg_open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		not_applicable("/dev/kmsg: %s", strerror(errno));
	lseek(fd, 0, SEEK_END);
	return fd;
}

static unsigned int kmsg_count(int fd, const char *text)
{
	unsigned int count = 0;
	char record[8192];
	ssize_t size;

	for (;;) {
		size = read(fd, record, sizeof(record) - 1);
		if (size < 0 && errno == EPIPE)
			continue;
		if (size <= 0)
			return count;
		record[size] = '\0';
		count += strstr(record, text) != NULL;
	}
}

#define MEMORY_TYPES	DEBUGFS "x86/pat_memtype_list"

static void o04(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	const struct mmapvet_event *mapped;
	unsigned int told;
	int kmsg;
	char *at;

	if (access(MEMORY_TYPES, F_OK))
		not_applicable("this kernel doesn't track memory types: no " MEMORY_TYPES);
	kmsg = kmsg_open();
	config.action = MMAPVET_A_REMAP;
	config.flags = MMAPVET_C_WC_BEFORE;
	at = map_as_or_break(&target, &config, 1, 0);
	log_pull();
	mapped = log_event(MMAPVET_EV_MAPPED, 0);
	if (!mapped || !mapped->pte_prot)
		vacuous("mapped x%u saw no PTE", tally().mapped);
	driver_saw("a write-combined remap of RAM: the PTE is %s, the VMA %s",
		   memory_type(mapped->pte_prot), memory_type(mapped->lookup_prot));
	told = kmsg_count(kmsg, "map pfn RAM range req write-combining");
	user_saw("a write-combined remap of RAM: the kernel's log mentions it x%u", told);
	expect_page("a write-combined remap of RAM", at, 0);
}

static void o05(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	const struct mmapvet_event *mapped;
	uint64_t word;
	char *at;

	config.action = MMAPVET_A_KERNEL_PAGES;
	config.store = MMAPVET_STORE_WORD;
	at = map_as_or_break(&target, &config, 1, 0);
	log_pull();
	mapped = log_event(MMAPVET_EV_MAPPED, 0);
	if (!mapped)
		vacuous("mapped x%u", tally().mapped);
	if (mapped->user_closed <= 0)
		not_applicable("this processor has neither SMAP nor PAN");
	driver_fact(mapped->user_closed == 1 && !mapped->nofault &&
		    mapped->word_first == MMAPVET_MAGIC,
		    "user memory is closed to mapped, copy_from_user_nofault() reads %#llx of it",
		    (unsigned long long)mapped->word_first);
	/* No fault can write word 1 of pages that an action mapped: the driver is asked. */
	word = driver_find(target.inner, at).private;
	driver_fact(word == MMAPVET_MAGIC, "what it read became the private data: %#llx",
		    (unsigned long long)word);
	expect_page("read by user space itself", at, 0);
}

#define DEVMEM	"/dev/mem"

/* A page that is no RAM, by the machines that mmapvet boots. */
#if defined(__x86_64__)
#define DEVICE_PAGE	0xf0000L
#define DEVICE_NAME	"the BIOS ROM"
#elif defined(__aarch64__)
#define DEVICE_PAGE	0x9000000L	/* PL011 */
#define DEVICE_NAME	"the console's registers"
#else
#define DEVICE_PAGE	-1L
#define DEVICE_NAME	""
#endif

static void o06(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_find find;
	char *at;
	int fd;

	fd = open(DEVMEM, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		not_applicable("this kernel has no " DEVMEM ": %s", strerror(errno));
	if (DEVICE_PAGE < 0)
		not_applicable("no device page is known here");
	at = mmap(NULL, page_size(), PROT_READ, MAP_SHARED, fd, DEVICE_PAGE & -page_size());
	if (at == MAP_FAILED)
		not_applicable("page %#lx of " DEVMEM " can't be mapped: %s", DEVICE_PAGE,
			       strerror(errno));
	find = driver_find(target.inner, at);
	driver_saw("%s: page_prot is %s", DEVICE_NAME, memory_type(find.prot));
	user_fact(smaps_flag(at, "pf") && smaps_flag(at, "io"),
		  "page %#lx of " DEVMEM ": a VMA with the flags of a remap", DEVICE_PAGE);
}

#define TAG	(0x2aULL << 56)

static void o07(enum path path)
{
	static const int fixed[] = { 0, MAP_FIXED_NOREPLACE };
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	const struct mmapvet_event *mapped;
	unsigned int i, before;
	char *hole, *at;
	bool plain;

	configure(target.inner, &config);
	for (i = 0; i < ARRAY_SIZE(fixed); i++) {
		hole = carve(2);
		before = tally().mapped;
		at = mmap((void *)((uintptr_t)hole | TAG), 2 * page_size(), RW,
			  MAP_SHARED | fixed[i], target.fd, 0);
		log_pull();
		mapped = log_event(MMAPVET_EV_MAPPED, before);
		plain = at != MAP_FAILED && !((uintptr_t)at & TAG);
		driver_fact(!mapped == (at == MAP_FAILED) && (!mapped || !(mapped->start & TAG)),
			    "%s with a tag: mapped %s", fixed[i] ? "a fixed address" : "a hint",
			    !mapped ? "doesn't run" : mapped->start & TAG ? "sees the tag" :
			    "sees no tag");
		user_fact(at == MAP_FAILED || plain, "%s with a tag: mmap: %s",
			  fixed[i] ? "a fixed address" : "a hint",
			  at == MAP_FAILED ? error_name(errno) :
			  plain ? "an address without it" : "an address with it");
	}
	map_or_break(target.fd, carve(2), 2, 0);
	driver_fact(tally().mapped > 0, "an address without a tag: mapped x%u in all",
		    tally().mapped);
}

#define TAINT_WARN	(1L << 9)

/* As D13, twice: the first call warns (again, in this boot), the second doesn't. */
static void o08(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	unsigned int i, warnings;
	long taint;
	int kmsg;

	if (!read_setting("kernel/tainted", &taint))
		not_applicable("there is no /proc/sys/kernel/tainted");
	if (access(DEBUGFS "clear_warn_once", W_OK))
		not_applicable("there is no " DEBUGFS "clear_warn_once");
	kmsg = kmsg_open();
	config.action = MMAPVET_A_UNKNOWN;
	for (i = 0; i < 2; i++) {
		struct attempt attempt = map_as(&target, &config, 1, 0);

		warnings = kmsg_count(kmsg, "WARNING:");
		driver_saw("a bad descriptor, time %u: prepare x%u, mapped x%u", i + 1,
			   tally().prepare - i, tally().mapped);
		user_saw("a bad descriptor, time %u: mmap: %s, warnings x%u", i + 1,
			 error_name(attempt.error), warnings);
	}
	if (!write_text(DEBUGFS "clear_warn_once", "1") || !read_setting("kernel/tainted", &taint))
		broken("clear_warn_once: %s", strerror(errno));
	user_saw("after clear_warn_once the taint %s", taint & TAINT_WARN ? "stays" : "is gone");
}

const struct clause clauses_o[] = {
	{ "O01", "Lengths, offsets and contents are in pages, whatever their size",
	  TWO, EVERY_OK, MMAPVET_F_MAPPED, o01, false, NULL },
	{ "O02", "PROT_MTE on a device file is refused with EINVAL before any hook",
	  TWO, ON(DIRECT), 0, o02, false, NULL },
	{ "O03", "A memory type that mmap_prepare sets in page_prot is kept, also by mprotect",
	  DRIVER_ONLY, ON(DIRECT), 0, o03, true, NULL },
	{ "O04", "Where memory types are tracked, a remap of RAM silently gets the type that RAM has",
	  DRIVER_ONLY, ON(DIRECT), MMAPVET_F_MAPPED | MMAPVET_F_ACTION, o04, true, NULL },
	{ "O05", "A hook can't reach user memory but by the uaccess helpers",
	  DRIVER_ONLY, ON(DIRECT), MMAPVET_F_MAPPED | MMAPVET_F_KERNEL_PAGES, o05, false, NULL },
	{ "O06", "/dev/mem gives a page that is no RAM the type of its architecture",
	  TWO, ON(DIRECT), 0, o06, true, NULL },
	{ "O07", "mapped never sees a tagged start",
	  TWO, EVERY_OK, MMAPVET_F_MAPPED, o07, false, NULL },
	{ "O08", "A WARN_ON_ONCE of a clause comes once, clear_warn_once re-arms it, and the taint stays",
	  TWO, ON(DIRECT), MMAPVET_F_ACTION, o08, true,
	  "WARNING:* at *mmap_*+0x*" },
	{ 0 },
};
