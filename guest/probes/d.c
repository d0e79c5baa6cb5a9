// SPDX-License-Identifier: MIT
/* Group D: the mmap action and mapped. */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "probe.h"

/*
 * Kernel pages fill page 0 of the range. mapped stores the word that it reads
 * there, and the fault on page 1, which the action left out, shows it.
 *
 *     | fence | page 0: action | page 1: fault | fence |
 */
static void d01_kernel_pages(const struct target *target)
{
	struct mmapvet_config config = plain_config();
	const struct mmapvet_event *mapped;
	struct attempt attempt;
	uint64_t word = 0;
	char *at = carve(2);

	config.action = MMAPVET_A_KERNEL_PAGES;
	config.flags = MMAPVET_C_ACTION_AT | MMAPVET_C_NEED_READ;
	config.action_pages = 1;
	config.store = MMAPVET_STORE_WORD;
	configure(target->inner, &config);
	attempt = map(target->fd, at, 2, 0);
	log_pull();
	mapped = log_event(MMAPVET_EV_MAPPED, 0);
	driver_fact(mapped && !mapped->nofault && mapped->word_first == MMAPVET_MAGIC,
		    "kernel pages: mapped x%u reads %#llx", log_count(MMAPVET_EV_MAPPED),
		    mapped ? (unsigned long long)mapped->word_first : 0);
	if (attempt.at)
		word = stored_word(target, at + page_size(), PRIVATE);
	user_fact(attempt.at && word == MMAPVET_MAGIC,
		  "kernel pages: mmap with a mapped that must read: %s; it stored %#llx",
		  error_name(attempt.error), (unsigned long long)word);
}

/* PFNs can't be mixed with faults: that mapped could read is told by its errno. */
static void d01_remap(const struct target *target, unsigned int before)
{
	struct mmapvet_config config = plain_config();
	const struct mmapvet_event *mapped;
	struct attempt attempt;
	struct touch word = { .signal = -1 };
	char *at = carve(4);

	config.action = MMAPVET_A_REMAP;
	config.flags = MMAPVET_C_NEED_READ;
	configure(target->inner, &config);
	attempt = map(target->fd, at, 4, 0);
	log_pull();
	mapped = log_event(MMAPVET_EV_MAPPED, before);
	driver_fact(mapped && !mapped->nofault && mapped->word_first == MMAPVET_MAGIC &&
		    (mapped->word_last & ~0xffULL) == MMAPVET_MAGIC,
		    "remap: mapped reads %#llx in the first page, %#llx in the last",
		    mapped ? (unsigned long long)mapped->word_first : 0,
		    mapped ? (unsigned long long)mapped->word_last : 0);
	if (attempt.at)
		word = touch(at + 3 * page_size(), 0);
	user_fact(attempt.at && !word.signal && word.word == MMAPVET_MAGIC + 3,
		  "remap: mmap with a mapped that must read: %s; page 3 reads %#llx",
		  error_name(attempt.error), (unsigned long long)word.word);
}

static void d01(enum path path)
{
	struct target target = open_target(path);

	d01_kernel_pages(&target);
	d01_remap(&target, log_count(MMAPVET_EV_MAPPED));
}

/* A slab page can't be mapped, so the action fails at its third page. */
static void d02(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	struct attempt attempt;

	config.action = MMAPVET_A_KERNEL_PAGES;
	config.flags = MMAPVET_C_BAD_PAGE;
	config.bad_page = 2;
	config.mapped_ret = -EXDEV;	/* shows if mapped ran before the action */
	configure(target.inner, &config);
	attempt = map(target.fd, carve(4), 4, 0);
	log_pull();
	if (!attempt.error)
		vacuous("the action was to fail, but mmap succeeded");
	driver_fact(log_count(MMAPVET_EV_PREPARE) == 1 && !log_count(MMAPVET_EV_MAPPED),
		    "the action fails: prepare x%u, mapped x%u", log_count(MMAPVET_EV_PREPARE),
		    log_count(MMAPVET_EV_MAPPED));
	user_fact(attempt.error == EINVAL,
		  "the action fails with EINVAL, mapped would with EXDEV, mmap: %s",
		  error_name(attempt.error));
}

static struct mmapvet_config with_action(enum mmapvet_action action)
{
	struct mmapvet_config config = plain_config();

	config.action = action;
	return config;
}

/* An action on kernel pages, of which the third is a slab page: it fails there. */
static struct mmapvet_config with_bad_page(void)
{
	struct mmapvet_config config = with_action(MMAPVET_A_KERNEL_PAGES);

	config.flags = MMAPVET_C_BAD_PAGE;
	config.bad_page = 2;
	return config;
}

/* How many of the pattern pages have other counts than before. */
static unsigned int changed_pages(const struct mmapvet_refs *before, const struct mmapvet_refs *now)
{
	unsigned int i, changed = 0;

	for (i = 0; i < MMAPVET_PAGES; i++)
		changed += before->page_refs[i] != now->page_refs[i] ||
			   before->page_maps[i] != now->page_maps[i];
	return changed;
}

static void d03(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = with_bad_page();
	struct mmapvet_refs before = driver_refs(target.inner), after, during;
	struct attempt attempt;
	char *at = carve(4);

	configure(target.inner, &config);
	attempt = map(target.fd, at, 4, 0);
	if (!attempt.error)
		vacuous("the action was to fail, but mmap succeeded");
	after = driver_refs(target.inner);
	driver_fact(tally().prepare == 1 && !changed_pages(&before, &after),
		    "prepare x%u; a failed action leaves %u pages with other references or mappings",
		    tally().prepare, changed_pages(&before, &after));
	expect_vmas("a failed action", at, 4, 0);

	/* The control: the same action without the bad page does change them. */
	config = with_action(MMAPVET_A_KERNEL_PAGES);
	configure(target.inner, &config);
	at = map_or_break(target.fd, at, 4, 0);
	during = driver_refs(target.inner);
	driver_fact(changed_pages(&before, &during) == 4, "one that succeeds changes %u, to be 4",
		    changed_pages(&before, &during));
	expect_page("one that succeeds", at + 3 * page_size(), 3);
}

/*
 *     | old, 4 pages |   overlaid by a map whose mapped fails
 */
static void d04(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	const struct mmapvet_event *close, *mapped;
	struct attempt attempt;
	unsigned int before;
	long size;
	char *area = carve(4);

	size = status_kb("VmSize");
	configure(target.inner, &config);
	map_or_break(target.fd, area, 4, 0);
	log_pull();
	before = log_count(MMAPVET_EV_MAPPED);
	config.mapped_ret = -EXDEV;
	configure(target.inner, &config);
	attempt = map_over(target.fd, area, 4 * page_size(), 100, PROT_READ | PROT_WRITE,
			   MAP_SHARED);
	log_pull();
	close = log_event(MMAPVET_EV_CLOSE, 0);
	mapped = log_event(MMAPVET_EV_MAPPED, before);
	driver_fact(close && mapped && close->seq < mapped->seq && close->pgoff == 0,
		    "the close of the old VMA is event %llu, the new one's mapped %llu",
		    close ? (unsigned long long)close->seq : 0,
		    mapped ? (unsigned long long)mapped->seq : 0);
	user_fact(attempt.error == EXDEV && status_kb("VmSize") == size,
		  "the overlay: %s; VmSize is %ld kB, %ld before both maps",
		  error_name(attempt.error), status_kb("VmSize"), size);
}

static void d05(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	const struct mmapvet_event *mapped;
	struct attempt unread;
	struct tally now;
	char *at = map_as_or_break(&target, &config, 2, 0);

	now = tally();
	mapped = log_event(MMAPVET_EV_MAPPED, 0);
	driver_fact(mapped && mapped->nofault == -EFAULT && !now.fault,
		    "without an action: mapped x%u can't read (%d), fault x%u", now.mapped,
		    mapped ? mapped->nofault : 0, now.fault);
	user_fact(!page_present(at, NULL) && !page_present(at + page_size(), NULL),
		  "after mmap pagemap has %s", page_present(at, NULL) ? "a page" : "no page");
	expect_page("the first touch", at, 0);
	driver_fact(tally().fault == 1, "the first touch: fault x%u", tally().fault);

	config.flags = MMAPVET_C_NEED_READ;
	unread = map_as(&target, &config, 2, 0);
	user_fact(unread.error == EFAULT, "mmap where mapped must read: %s",
		  error_name(unread.error));
}

static struct mmapvet_config with_hide(bool hide)
{
	struct mmapvet_config config = plain_config();

	if (hide)
		config.flags = MMAPVET_C_HIDE;
	return config;
}

static void d06(enum path path)
{
	struct target target = open_target(path);
	const struct mmapvet_event *mapped;
	struct mmapvet_config config;
	struct attempt attempt;
	int hide;

	for (hide = 0; hide < 2; hide++) {
		config = with_hide(hide);
		attempt = map_as(&target, &config, 2, 0);
		log_pull();
		mapped = log_event(MMAPVET_EV_MAPPED, hide);
		driver_fact(mapped && mapped->rmap_free == !hide,
			    "%s hide: the file's rmap lock is %s in mapped",
			    hide ? "with" : "without",
			    mapped && mapped->rmap_free ? "free" : "held");
		user_fact(attempt.at, "%s hide: mmap: %s", hide ? "with" : "without",
			  error_name(attempt.error));
	}
}

/* A lock that was not released makes the next map of the file wait for ever. */
static void d07(enum path path)
{
	static const char *const names[] = { "success", "a failed action", "a failed mapped" };
	static const int errors[] = { 0, EINVAL, EXDEV };
	struct target target = open_target(path);
	struct mmapvet_config config, plain = plain_config();
	struct attempt attempt, next;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		config = i == 1 ? with_bad_page() : plain_config();
		config.flags |= MMAPVET_C_HIDE;
		config.mapped_ret = i == 2 ? -EXDEV : 0;
		attempt = map_as(&target, &config, 4, 0);
		next = map_as(&target, &plain, 2, 0);
		if (next.at)
			unmap(next.at, 2);
		driver_fact(tally().prepare == 2 * i + 2, "hide and %s: prepare x%u in all",
			    names[i], tally().prepare);
		user_fact(attempt.error == errors[i] && next.at,
			  "hide and %s: mmap: %s, and the next one: %s", names[i],
			  error_name(attempt.error), error_name(next.error));
	}
}

/* smaps shows just these flags, and the VMA that mapped found had these bits. */
static void expect_flags(const char *what, const char *at, unsigned int n, const char *const *flags,
			 uint64_t bits)
{
	const struct mmapvet_event *mapped;
	unsigned int i;

	log_pull();
	mapped = log_event(MMAPVET_EV_MAPPED, n);
	driver_fact(mapped && (mapped->lookup_flags & bits) == bits,
		    "%s: the VMA has flags %#llx in mapped, to have %#llx", what,
		    mapped ? (unsigned long long)mapped->lookup_flags : 0,
		    (unsigned long long)bits);
	for (i = 0; flags[i]; i++)
		user_fact(smaps_flag(at, flags[i]), "%s: smaps %s %s", what,
			  smaps_flag(at, flags[i]) ? "has" : "lacks", flags[i]);
}

static void d08(enum path path)
{
	static const char *const remap_flags[] = { "io", "pf", "de", "dd", NULL };
	static const char *const kernel_flags[] = { "mm", NULL };
	struct target target = open_target(path);
	struct mmapvet_config config = with_action(MMAPVET_A_REMAP);
	char *at = map_as_or_break(&target, &config, 2, 0);

	expect_flags("remap", at, 0, remap_flags,
		     VMA_IO | VMA_PFNMAP | VMA_DONTEXPAND | VMA_DONTDUMP);
	config = with_action(MMAPVET_A_KERNEL_PAGES);
	at = map_as_or_break(&target, &config, 2, 0);
	expect_flags("kernel pages", at, 1, kernel_flags, VMA_MIXEDMAP);
}

static void d09(enum path path)
{
	static const enum mmapvet_action actions[] = { MMAPVET_A_KERNEL_PAGES, MMAPVET_A_REMAP };
	struct target target = open_target(path);
	struct mmapvet_config config;
	unsigned int i;
	char *at;

	for (i = 0; i < ARRAY_SIZE(actions); i++) {
		config = with_action(actions[i]);
		config.flags = MMAPVET_C_ACTION_AT;
		config.action_pages = 3;
		configure(target.inner, &config);
		at = carve(2);
		expect_failed_map(&target, map(target.fd, at, 2, 0), at, 2, EFAULT);
		expect_delivery("an action of 3 pages on a VMA of 2", i + 1, 0);
		expect_life("an action of 3 pages on a VMA of 2", 0, 0);
	}
}

static void d10(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = with_action(MMAPVET_A_REMAP);
	const struct mmapvet_event *mapped;
	struct attempt full, partial;
	struct vma vma = { 0 };
	uint64_t pfn = 0;
	char *plain;

	/* pagemap skips VMAs with PFNMAP, but knows the same page in a plain one. */
	plain = map_as_or_break(&target, &(struct mmapvet_config){ .hooks = MMAPVET_H_ALL }, 1, 0);
	expect_page("a plain map", plain, 0);
	if (!page_present(plain, &pfn) || !pfn)
		not_applicable("pagemap tells no PFN");
	configure(target.inner, &config);
	full = map_bytes(target.fd, carve(2), 2 * page_size(), 0, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE);
	if (!full.at)
		broken("private remap of the whole VMA: %s", error_name(full.error));
	log_pull();
	mapped = log_event(MMAPVET_EV_MAPPED, 1);
	vma_at(full.at, &vma);
	driver_fact(mapped && mapped->pgoff &&
		    mapped->pgoff == driver_find(target.inner, full.at).pgoff,
		    "private remap of the whole VMA: mapped's pgoff is %#llx, not the 0 of mmap",
		    mapped ? (unsigned long long)mapped->pgoff : 0);
	user_fact(vma.pgoff == pfn, "the VMA's pgoff is %#llx, its first page's PFN %#llx",
		  (unsigned long long)vma.pgoff, (unsigned long long)pfn);

	config.flags = MMAPVET_C_ACTION_AT;
	config.action_pages = 1;
	configure(target.inner, &config);
	partial = map_bytes(target.fd, carve(2), 2 * page_size(), 0, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE);
	user_fact(partial.error == EINVAL, "private remap of a part: mmap: %s",
		  error_name(partial.error));
	driver_fact(tally().prepare == 3 && tally().mapped <= 2,
		    "private remap of a part: prepare x%u, mapped x%u in all", tally().prepare,
		    tally().mapped);
}

static void d11(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = with_action(MMAPVET_A_SIMPLE_IOREMAP);
	struct attempt attempt;
	unsigned int mapped;

	attempt = map_as(&target, &config, 2, 1);
	if (!attempt.at)
		broken("simple ioremap at page offset 1: %s", error_name(attempt.error));
	mapped = tally().mapped;
	driver_fact(driver_find(target.inner, attempt.at).pgoff == 1 && tally().prepare == 1,
		    "simple ioremap at page offset 1: prepare x%u, mapped x%u, the VMA's pgoff is %llu",
		    tally().prepare, mapped,
		    (unsigned long long)driver_find(target.inner, attempt.at).pgoff);
	expect_page("simple ioremap at page offset 1", attempt.at, 1);
	expect_page("its second page", attempt.at + page_size(), 2);

	config.phys_pages = 4;
	attempt = map_as(&target, &config, 8, 0);
	driver_fact(tally().prepare == 2 && tally().mapped == mapped,
		    "8 pages of a region of 4: prepare x%u, mapped x%u in all", tally().prepare,
		    tally().mapped);
	user_fact(attempt.error == EINVAL, "8 pages of a region of 4: mmap: %s",
		  error_name(attempt.error));
}

/* page_prot is copied when the helper is called: PTE and VMA differ if it changes later. */
static void d12(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = with_action(MMAPVET_A_REMAP);
	const struct mmapvet_event *plain, *before, *after;

	map_as_or_break(&target, &config, 2, 0);
	config.flags = MMAPVET_C_WC_BEFORE;
	expect_page("write-combined before the helper", map_as_or_break(&target, &config, 2, 0), 0);
	config.flags = MMAPVET_C_WC_AFTER;
	expect_page("write-combined after the helper", map_as_or_break(&target, &config, 2, 0), 0);
	log_pull();
	plain = log_event(MMAPVET_EV_MAPPED, 0);
	before = log_event(MMAPVET_EV_MAPPED, 1);
	after = log_event(MMAPVET_EV_MAPPED, 2);
	if (!plain || !before || !after)
		vacuous("mapped x%u, to be x3", log_count(MMAPVET_EV_MAPPED));
	if (before->lookup_prot == plain->lookup_prot)
		not_applicable("this machine knows no write-combining");
	/* Where the kernel tracks memory types, RAM keeps the one it has. */
	driver_saw("set before the helper: PTE %s, VMA write-combined",
		   before->pte_prot == plain->pte_prot ? "plain" : "write-combined");
	driver_saw("set after it: PTE %s, VMA %s",
		   after->pte_prot == plain->pte_prot ? "plain" : "write-combined",
		   after->lookup_prot == plain->lookup_prot ? "plain" : "write-combined");
}

static void d13(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = with_action(MMAPVET_A_UNKNOWN);
	char *at = carve(2);

	configure(target.inner, &config);
	expect_failed_map(&target, map(target.fd, at, 2, 0), at, 2, EINVAL);
	expect_delivery("an unknown action type", 1, 0);
}

/* A kind that reached completion as itself would warn, and fail with EINVAL. */
static void d14(enum path path)
{
	static const enum mmapvet_action actions[] = {
		MMAPVET_A_IOREMAP, MMAPVET_A_SIMPLE_IOREMAP,
	};
	struct target target = open_target(path);
	struct mmapvet_config config;
	struct attempt attempt;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(actions); i++) {
		config = with_action(actions[i]);
		attempt = map_as(&target, &config, 2, 0);
		driver_fact(tally().prepare == i + 1 && attempt.at &&
			    (driver_find(target.inner, attempt.at).flags & VMA_PFNMAP),
			    "%s: prepare x%u, the VMA's flags are %#llx",
			    i ? "simple ioremap" : "ioremap", tally().prepare,
			    (unsigned long long)driver_find(target.inner, attempt.at).flags);
		user_fact(attempt.at, "%s: mmap: %s", i ? "simple ioremap" : "ioremap",
			  error_name(attempt.error));
		if (attempt.at)
			expect_page("its first page", attempt.at, 0);
	}
}

static void d15(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = with_action(MMAPVET_A_KERNEL_PAGES);
	unsigned int features = features_of(target.inner);
	struct attempt attempt = map_as(&target, &config, 2, 0);

	driver_saw("a driver that sets action.success_hook %s",
		   features & MMAPVET_F_SUCCESS_HOOK ? "compiles" : "does not compile");
	driver_fact(tally().prepare == 1, "an action without such a hook: prepare x%u",
		    tally().prepare);
	user_fact(attempt.at, "an action without such a hook: mmap: %s", error_name(attempt.error));
}

static void d16(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = with_action(MMAPVET_A_KERNEL_PAGES);
	struct mmapvet_refs before = driver_refs(target.inner), during, after;
	unsigned int k, good = 0;
	char *at = map_as_or_break(&target, &config, 4, 2);

	during = driver_refs(target.inner);
	for (k = 0; k < 4; k++) {
		expect_page("kernel pages at page offset 2", at + k * page_size(), k + 2);
		good += during.page_refs[k + 2] == before.page_refs[k + 2] + 1 &&
			during.page_maps[k + 2] == before.page_maps[k + 2] + 1;
	}
	driver_fact(good == 4 && changed_pages(&before, &during) == 4,
		    "while mapped, %u of 4 pages have one reference and one mapping more", good);
	unmap(at, 4);
	after = driver_refs(target.inner);
	driver_fact(tally().prepare == 1 && !changed_pages(&before, &after),
		    "prepare x%u; after munmap %u pages have other counts than before",
		    tally().prepare, changed_pages(&before, &after));
}

/*
 *     | first, 2 pages | second, 2 pages |   pgoff 0 and 2: would merge
 */
static void d17(enum path path)
{
	static const enum mmapvet_action actions[] = { MMAPVET_A_KERNEL_PAGES, MMAPVET_A_REMAP };
	struct target target = open_target(path);
	struct mmapvet_config config;
	unsigned int i;
	char *area;

	for (i = 0; i < ARRAY_SIZE(actions); i++) {
		config = with_action(actions[i]);
		configure(target.inner, &config);
		area = carve(4);
		map_or_break(target.fd, area, 2, 0);
		map_or_break(target.fd, area + 2 * page_size(), 2, 2);
		expect_vmas(i ? "two adjacent remaps" : "two adjacent maps of kernel pages", area,
			    4, 2);
		expect_delivery(i ? "two adjacent remaps" : "two adjacent maps of kernel pages",
				2 * i + 2, 2 * i + 2);
	}
}

static int read_pattern(void *at)
{
	struct touch first = touch(at, 0), last = touch((char *)at + page_size(), 0);

	return first.word != MMAPVET_MAGIC || last.word != MMAPVET_MAGIC + 1;
}

static void d18(enum path path)
{
	static const enum mmapvet_action actions[] = { MMAPVET_A_KERNEL_PAGES, MMAPVET_A_REMAP };
	struct target target = open_target(path);
	struct mmapvet_config config;
	unsigned int i;
	int status;
	char *at;

	for (i = 0; i < ARRAY_SIZE(actions); i++) {
		config = with_action(actions[i]);
		at = map_as_or_break(&target, &config, 2, 0);
		in_child(read_pattern, at, &status);
		unmap(at, 2);
		user_fact(!status, "%s: the child reads %s content", i ? "remap" : "kernel pages",
			  status ? "other" : "the same");
		driver_fact(tally().open == i + 1 && !tally().fault,
			    "%s: fork's open x%u in all, fault x%u", i ? "remap" : "kernel pages",
			    tally().open, tally().fault);
	}
}

#define KERNEL_PAGES	(MMAPVET_F_MAPPED | MMAPVET_F_ACTION | MMAPVET_F_KERNEL_PAGES)
#define REMAP		(MMAPVET_F_MAPPED | MMAPVET_F_ACTION)
#define IOREMAP		(REMAP | MMAPVET_F_SIMPLE_IOREMAP)

const struct clause clauses_d[] = {
	{ "D01", "The action is complete before mapped: its pages are readable",
	  TWO, EVERY_OK, MMAPVET_F_MAPPED | MMAPVET_F_ACTION | MMAPVET_F_KERNEL_PAGES, d01,
	  false, NULL },
	{ "D02", "When the action fails, mmap fails and mapped is not called",
	  TWO, EVERY_OK, MMAPVET_F_MAPPED | MMAPVET_F_ACTION | MMAPVET_F_KERNEL_PAGES, d02,
	  false, NULL },
	{ "D03", "A partly failed action gives back all references and mappings of the pages",
	  DRIVER_ONLY, EVERY_OK, KERNEL_PAGES, d03, false, NULL },
	{ "D04", "mapped runs after accounting and after the replaced VMAs are gone",
	  TWO, EVERY_OK, MMAPVET_F_MAPPED, d04, false, NULL },
	{ "D05", "Without an action the range is unpopulated in mapped",
	  TWO, EVERY_OK, MMAPVET_F_MAPPED, d05, false, NULL },
	{ "D06", "The file's rmap lock is held in mapped with hide, and free without",
	  DRIVER_ONLY, ON(DIRECT), MMAPVET_F_MAPPED | MMAPVET_F_HIDE, d06, false, NULL },
	{ "D07", "With hide the rmap lock is released on success, and when action or mapped fail",
	  TWO, ON(DIRECT), KERNEL_PAGES | MMAPVET_F_HIDE, d07, false, NULL },
	{ "D08", "Remap marks a VMA IO, PFNMAP, DONTEXPAND and DONTDUMP, kernel pages mark it MIXEDMAP",
	  TWO, ON(DIRECT), KERNEL_PAGES, d08, false, NULL },
	{ "D09", "An action beyond the mapping fails with EFAULT, no mapped, no close; remap warns once",
	  TWO, EVERY_OK, KERNEL_PAGES, d09, false, "WARNING:* at mv_*+0x*" },
	{ "D10", "A private writable remap sets pgoff to the PFN, and is refused for a part of the VMA",
	  TWO, EVERY_OK, REMAP, d10, false, NULL },
	{ "D11", "Simple ioremap starts at pgoff, and is refused beyond its region",
	  TWO, EVERY_OK, IOREMAP, d11, false, NULL },
	{ "D12", "Remap uses the page_prot of when its helper was called; later changes affect the VMA only",
	  DRIVER_ONLY, ON(DIRECT), REMAP, d12, true, NULL },
	{ "D13", "An unknown action type is refused with EINVAL and one warning",
	  TWO, EVERY_OK, REMAP, d13, false, "WARNING:* at *mmap_*+0x*" },
	{ "D14", "The IO kinds of remap never reach completion undelegated",
	  TWO, EVERY_OK, IOREMAP, d14, false, NULL },
	{ "D15", "The action has no success or error hooks",
	  DRIVER_ONLY, ON(DIRECT), KERNEL_PAGES, d15, true, NULL },
	{ "D16", "Kernel page k appears at page k of the VMA, with one reference and one mapping more",
	  TWO, EVERY_OK, KERNEL_PAGES, d16, false, NULL },
	{ "D17", "Mappings with an action never merge",
	  TWO, EVERY_OK, KERNEL_PAGES, d17, false, NULL },
	{ "D18", "fork copies what an action populated: the child reads without a fault",
	  TWO, EVERY_OK, KERNEL_PAGES, d18, false, NULL },
	{ 0 },
};
