// SPDX-License-Identifier: MIT
/* Group D: the mmap action and mapped. */
#include <errno.h>

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

const struct clause clauses_d[] = {
	{ "D01", "The action is complete before mapped: its pages are readable",
	  TWO, ON(DIRECT), MMAPVET_F_MAPPED | MMAPVET_F_ACTION | MMAPVET_F_KERNEL_PAGES, d01,
	  NULL, NULL },
	{ "D02", "When the action fails, mmap fails and mapped is not called",
	  TWO, ON(DIRECT), MMAPVET_F_MAPPED | MMAPVET_F_ACTION | MMAPVET_F_KERNEL_PAGES, d02,
	  NULL, NULL },
	{ 0 },
};
