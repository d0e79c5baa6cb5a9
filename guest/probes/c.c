// SPDX-License-Identifier: MIT
/* Group C: the private data on their way through mapped. */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "probe.h"

static void c01(enum path path)
{
	static const uint64_t values[] = { PRIVATE, 0, 0xfedcba98ULL };
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	const struct mmapvet_event *mapped;
	unsigned int i;
	uint64_t word;
	char *at;

	config.store = MMAPVET_STORE_COUNT;
	for (i = 0; i < ARRAY_SIZE(values); i++) {
		config.private = values[i];
		configure(target.inner, &config);
		at = map_or_break(target.fd, carve(2), 2, 0);
		log_pull();
		mapped = log_event(MMAPVET_EV_MAPPED, i);
		driver_fact(mapped && mapped->private_in == values[i],
			    "prepare stored %#llx, mapped gets %#llx",
			    (unsigned long long)values[i],
			    mapped ? (unsigned long long)mapped->private_in : ~0ULL);
		word = stored_word(&target, at, values[i]);
		user_fact(word == values[i] + 1,
			  "prepare stored %#llx, and mapped's value + 1 reads %#llx",
			  (unsigned long long)values[i], (unsigned long long)word);
	}
}

/* Maps with this store mode; both observers expect these private data in the VMA. */
static void expect_private(enum path path, enum mmapvet_store store, uint64_t value,
			   uint64_t expected)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	const struct mmapvet_event *close;
	struct mmapvet_find find;
	uint64_t word;
	char *at;

	config.store = store;
	config.mapped_private = value;
	configure(target.inner, &config);
	at = map_or_break(target.fd, carve(2), 2, 0);
	log_pull();
	find = driver_find(target.inner, at);
	driver_fact(log_count(MMAPVET_EV_MAPPED) == 1 && find.private == expected,
		    "mapped x%u, then the VMA's private data are %#llx, to be %#llx",
		    log_count(MMAPVET_EV_MAPPED), (unsigned long long)find.private,
		    (unsigned long long)expected);
	word = private_word(at);
	user_fact(word == expected, "the first touch reads private data %#llx, to be %#llx",
		  (unsigned long long)word, (unsigned long long)expected);

	munmap(at, 2 * page_size());
	log_pull();
	close = log_event(MMAPVET_EV_CLOSE, 0);
	driver_fact(close && close->private_in == expected, "close gets %#llx",
		    close ? (unsigned long long)close->private_in : 0);
}

static void c02(enum path path)
{
	expect_private(path, MMAPVET_STORE_VALUE, REWRITTEN, REWRITTEN);
}

/* A mapped that does not run would look the same, so show that it does. */
static void c03(enum path path)
{
	struct target target = open_target(path);
	bool shows;

	expect_private(path, MMAPVET_STORE_NOTHING, 0, PRIVATE);
	shows = mapped_shows(&target);
	user_fact(shows, "mapped %s", shows ? "does run" : "does not run at all");
}

static void c04(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	const struct mmapvet_event *mapped, *close;
	struct attempt attempt;
	uint64_t word;
	char *at;

	config.store = MMAPVET_STORE_VALUE;
	config.mapped_private = REWRITTEN;
	config.mapped_ret = -EPERM;
	configure(target.inner, &config);
	at = carve(2);
	attempt = map(target.fd, at, 2, 0);
	log_pull();
	mapped = log_event(MMAPVET_EV_MAPPED, 0);

	/* A kernel that leaves the VMA in place shows what is in it. */
	if (vmas_in(at, at + 2 * page_size(), NULL, 0)) {
		word = private_word(at);
		user_fact(word == PRIVATE, "mmap: %s; the VMA is still there, with private data %#llx",
			  error_name(attempt.error), (unsigned long long)word);
		munmap(at, 2 * page_size());
		log_pull();
	} else {
		user_fact(attempt.error == EPERM, "mmap: %s, no VMA is left to show other data",
			  error_name(attempt.error));
	}
	close = log_event(MMAPVET_EV_CLOSE, 0);
	driver_fact(mapped && mapped->ret == -EPERM && mapped->private_out == REWRITTEN,
		    "mapped x%u stored %#llx and returned %lld", log_count(MMAPVET_EV_MAPPED),
		    mapped ? (unsigned long long)mapped->private_out : 0,
		    mapped ? (long long)mapped->ret : 0);
	driver_fact(close && close->private_in == PRIVATE, "close x%u gets %#llx",
		    log_count(MMAPVET_EV_CLOSE), close ? (unsigned long long)close->private_in : 0);
}

static void c05(enum path path)
{
	expect_private(path, MMAPVET_STORE_VALUE, 0, 0);
}

static int read_in_child(void *at)
{
	return private_word(at) != REWRITTEN;
}

/*
 *     | 0 | 1 | 2 | 3 |   forked, then split between 1 and 2, then 0..1 moved
 */
static void c06(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	size_t page = page_size();
	unsigned int i, good = 0;
	char *area, *moved;
	int status;

	config.store = MMAPVET_STORE_VALUE;
	config.mapped_private = REWRITTEN;
	area = map_as_or_break(&target, &config, 4, 0);
	in_child(read_in_child, area, &status);
	user_fact(!status, "the child reads %s private data", status ? "other" : "the same");
	if (mprotect(area + 2 * page, 2 * page, PROT_READ) < 0)
		broken("mprotect: %s", strerror(errno));
	moved = mremap(area, 2 * page, 2 * page, MREMAP_MAYMOVE | MREMAP_FIXED, carve(2));
	if (moved == MAP_FAILED)
		broken("mremap: %s", strerror(errno));
	user_fact(private_word(moved) == REWRITTEN && private_word(area + 2 * page) == REWRITTEN,
		  "the moved part reads %#llx, the part that stayed %#llx, to be %#llx",
		  (unsigned long long)private_word(moved),
		  (unsigned long long)private_word(area + 2 * page), REWRITTEN);

	log_pull();
	for (i = 0; i < log_count(MMAPVET_EV_OPEN); i++)
		good += log_event(MMAPVET_EV_OPEN, i)->private_in == REWRITTEN;
	if (i != 3)
		vacuous("fork, split and move: open x%u, to be x3", i);
	driver_fact(good == 3, "fork, split and move: %u of 3 opens get %#llx", good, REWRITTEN);
	driver_fact(driver_find(target.inner, moved).private == REWRITTEN,
		    "find_vma() of the moved part: private data %#llx",
		    (unsigned long long)driver_find(target.inner, moved).private);
}

const struct clause clauses_c[] = {
	{ "C01", "*vm_private_data on entry of mapped is what mmap_prepare stored",
	  TWO, EVERY_OK, MMAPVET_F_MAPPED, c01, false, NULL },
	{ "C02", "A value stored by mapped becomes the VMA's private data",
	  TWO, EVERY_OK, MMAPVET_F_MAPPED, c02, false, NULL },
	{ "C03", "A mapped that stores nothing leaves the private data unchanged",
	  TWO, EVERY_OK, MMAPVET_F_MAPPED, c03, false, NULL },
	{ "C04", "A failing mapped does not write back private data",
	  DRIVER_ONLY, ON(DIRECT), MMAPVET_F_MAPPED, c04, false, NULL },
	{ "C05", "A mapped that stores NULL clears the private data",
	  TWO, EVERY_OK, MMAPVET_F_MAPPED, c05, false, NULL },
	{ "C06", "The copies that fork, a split and a move make carry the final private data",
	  TWO, EVERY_OK, MMAPVET_F_MAPPED, c06, false, NULL },
	{ 0 },
};
