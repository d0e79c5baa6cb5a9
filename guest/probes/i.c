// SPDX-License-Identifier: MIT
/* Group I: mappings that are populated or locked at once. */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "probe.h"

#define RW (PROT_READ | PROT_WRITE)

struct populate {
	const char *name;
	int flags;
	bool future;			/* mlockall(MCL_FUTURE) around it */
};

static const struct populate populates[] = {
	{ "MAP_POPULATE", MAP_POPULATE, false },
	{ "MAP_LOCKED", MAP_LOCKED, false },
	{ "mlockall(MCL_FUTURE)", 0, true },
};

static struct attempt map_populated(const struct target *target, const struct populate *how,
				    char *at)
{
	struct attempt attempt;

	if (how->future && mlockall(MCL_FUTURE) < 0)
		broken("mlockall: %s", strerror(errno));
	attempt = map_bytes(target->fd, at, 2 * page_size(), 0, RW, MAP_SHARED | how->flags);
	if (how->future)
		munlockall();
	return attempt;
}

static void i01(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	const struct mmapvet_event *mapped, *fault;
	struct attempt attempt;
	bool present;
	unsigned int i;

	configure(target.inner, &config);
	for (i = 0; i < ARRAY_SIZE(populates); i++) {
		attempt = map_populated(&target, &populates[i], carve(2));
		if (!attempt.at)
			broken("%s: mmap fails with %s", populates[i].name,
			       error_name(attempt.error));
		log_pull();
		mapped = log_event(MMAPVET_EV_MAPPED, i);
		fault = log_event(MMAPVET_EV_FAULT, 2 * i);
		driver_fact(mapped && fault && tally().fault == 2 * i + 2 &&
			    mapped->seq < fault->seq && mapped->nofault,
			    "%s: mapped is event %llu, the first of 2 faults %llu",
			    populates[i].name, mapped ? (unsigned long long)mapped->seq : 0,
			    fault ? (unsigned long long)fault->seq : 0);
		present = page_present(attempt.at, NULL) &&
			  page_present(attempt.at + page_size(), NULL);
		user_fact(present, "%s: after mmap pagemap has %s", populates[i].name,
			  present ? "both pages" : "not both pages");
	}
}

static void i02(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	struct attempt attempt;
	unsigned int i;
	char *at;

	config.mapped_ret = -EXDEV;
	configure(target.inner, &config);
	for (i = 0; i < ARRAY_SIZE(populates); i++) {
		at = carve(2);
		attempt = map_populated(&target, &populates[i], at);
		driver_fact(tally().prepare == i + 1 && !tally().fault,
			    "%s, and mapped fails: prepare x%u, fault x%u", populates[i].name,
			    tally().prepare, tally().fault);
		user_fact(attempt.error == EXDEV && !page_present(at, NULL),
			  "%s, and mapped fails: mmap: %s, pagemap has %s", populates[i].name,
			  error_name(attempt.error), page_present(at, NULL) ? "a page" : "no page");
	}
}

static void i03(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	struct attempt attempt;
	long before;

	config.mapped_ret = -EXDEV;
	configure(target.inner, &config);
	before = status_kb("VmLck");
	attempt = map_populated(&target, &populates[1], carve(2));
	driver_fact(tally().mapped == 1 && log_event(MMAPVET_EV_MAPPED, 0)->ret == -EXDEV,
		    "MAP_LOCKED: mapped x%u fails", tally().mapped);
	user_fact(attempt.error == EXDEV && status_kb("VmLck") == before,
		  "MAP_LOCKED: mmap: %s, VmLck is %ld kB, %ld before", error_name(attempt.error),
		  status_kb("VmLck"), before);
}

/* The flag in mapped's VMA, and the growth of VmLck, of a locked map of 2 pages. */
static void expect_locked(enum path path, uint64_t set_flags, bool locked)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	long grown, pages = locked ? 2 : 0;
	const struct mmapvet_event *mapped;
	struct attempt attempt;
	bool flag;

	config.set_flags = set_flags;
	configure(target.inner, &config);
	grown = -status_kb("VmLck");
	attempt = map_populated(&target, &populates[1], carve(2));
	grown += status_kb("VmLck");
	log_pull();
	mapped = log_event(MMAPVET_EV_MAPPED, 0);
	/* On a stacked path the VMA is not in the tree during mapped: it has its flags later. */
	flag = path == DIRECT ? mapped && (mapped->lookup_flags & VMA_LOCKED) :
	       driver_find(target.inner, attempt.at).flags & VMA_LOCKED;
	driver_fact(mapped && flag == locked, "MAP_LOCKED: the VMA %s LOCKED%s",
		    flag ? "has" : "lacks", path == DIRECT ? " in mapped" : " after mmap");
	user_fact(attempt.at && grown == pages * (long)page_size() / 1024,
		  "MAP_LOCKED: mmap: %s, VmLck grows by %ld kB, to be %ld",
		  error_name(attempt.error), grown, pages * (long)page_size() / 1024);
}

static void i04(enum path path)
{
	expect_locked(path, VMA_DONTEXPAND, false);
}

static void i05(enum path path)
{
	expect_locked(path, 0, true);
}

const struct clause clauses_i[] = {
	{ "I01", "MAP_POPULATE, MAP_LOCKED and mlockall(MCL_FUTURE) fault pages in only after mapped",
	  TWO, EVERY_OK, MMAPVET_F_MAPPED, i01, false, NULL },
	{ "I02", "Nothing is populated when mmap failed",
	  TWO, EVERY_OK, MMAPVET_F_MAPPED, i02, false, NULL },
	{ "I03", "A failed MAP_LOCKED map gives VmLck back",
	  TWO, EVERY_OK, MMAPVET_F_MAPPED, i03, false, NULL },
	{ "I04", "A special mapping loses the locked flag, and its count, before mapped",
	  TWO, EVERY_OK, MMAPVET_F_MAPPED, i04, false, NULL },
	{ "I05", "A locked mapping has its flag in mapped, and counts",
	  TWO, EVERY_OK, MMAPVET_F_MAPPED, i05, false, NULL },
	{ 0 },
};
