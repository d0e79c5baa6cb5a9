// SPDX-License-Identifier: MIT
/* Group A: when mapped is delivered. */
#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
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

const struct clause clauses_a[] = {
	{ "A01", "A mapping that becomes a VMA of its own gets mapped before mmap() returns",
	  TWO, ON(DIRECT), MMAPVET_F_MAPPED, a01, NULL, NULL },
	{ "A02", "It gets mapped exactly once",
	  TWO, ON(DIRECT), MMAPVET_F_MAPPED, a02, NULL, NULL },
	{ "A03", "mmap_prepare runs once for every mmap that passed the generic checks, merged or not",
	  TWO, ON(DIRECT), 0, a03, NULL, NULL },
	{ "A04", "The order is prepare, then mapped, in the same task and mm",
	  DRIVER_ONLY, ON(DIRECT), MMAPVET_F_MAPPED, a04, NULL, NULL },
	{ "A05", "There is no mapped when the ops lack it, are untouched, or are NULL",
	  TWO, ON(DIRECT), MMAPVET_F_MAPPED, a05, NULL, NULL },
	{ "A06", "A failing mmap_prepare aborts with its errno and no other hook",
	  TWO, ON(DIRECT), 0, a06, NULL, NULL },
	{ 0 },
};
