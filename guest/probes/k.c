// SPDX-License-Identifier: MIT
/* Group K: the stacked paths, where a wrapper's legacy .mmap maps an inner file. */
#include <errno.h>
#include <signal.h>

#include "probe.h"

static void k01(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	uint64_t word;
	bool shows;
	char *at;

	config.store = MMAPVET_STORE_COUNT;
	configure(target.inner, &config);
	at = map_or_break(target.fd, carve(2), 2, 0);
	log_pull();
	if (log_count(MMAPVET_EV_MMAP) != 1 || log_count(MMAPVET_EV_PREPARE) != 1)
		vacuous("the wrapper's mmap x%u, the nested prepare x%u",
			log_count(MMAPVET_EV_MMAP), log_count(MMAPVET_EV_PREPARE));
	driver_fact(log_count(MMAPVET_EV_MAPPED) == 1, "nested mapped x%u",
		    log_count(MMAPVET_EV_MAPPED));
	word = private_word(at);
	shows = mapped_shows(&target);
	user_fact(shows && word <= PRIVATE + 1,
		  "what mapped stores or returns %s mmap's caller; the count is %lld",
		  shows ? "reaches" : "never reaches", (long long)(word - PRIVATE));
}

static void k04(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	struct mmapvet_find find;
	uint64_t word;
	char *at;

	/* What prepare stores, with a mapped that leaves it alone ... */
	configure(target.inner, &config);
	at = map_or_break(target.fd, carve(2), 2, 0);
	find = driver_find(target.inner, at);
	driver_fact(find.private == PRIVATE, "prepare stored %#llx, the VMA has %#llx",
		    (unsigned long long)PRIVATE, (unsigned long long)find.private);
	word = private_word(at);
	user_fact(word == PRIVATE, "the first touch reads private data %#llx",
		  (unsigned long long)word);

	/* ... and what mapped makes of it. */
	config.store = MMAPVET_STORE_VALUE;
	config.mapped_private = REWRITTEN;
	configure(target.inner, &config);
	at = map_or_break(target.fd, carve(2), 2, 0);
	find = driver_find(target.inner, at);
	driver_fact(find.private == REWRITTEN, "mapped stored %#llx, the VMA has %#llx",
		    (unsigned long long)REWRITTEN, (unsigned long long)find.private);
	word = private_word(at);
	user_fact(word == REWRITTEN, "the first touch then reads %#llx",
		  (unsigned long long)word);
	log_pull();
	if (log_count(MMAPVET_EV_PREPARE) != 2)
		vacuous("the nested prepare x%u, to be x2", log_count(MMAPVET_EV_PREPARE));
}

/* The three ways in which the nested part of a stacked map can fail. */
struct failure {
	const char *name;
	int error;
	struct mmapvet_config config;
};

static void make_failures(struct failure failures[3])
{
	failures[0] = (struct failure){ "nested prepare", EPERM, plain_config() };
	failures[0].config.prepare_ret = -EPERM;
	failures[1] = (struct failure){ "the action", EINVAL, plain_config() };
	failures[1].config.action = MMAPVET_A_KERNEL_PAGES;
	failures[1].config.flags = MMAPVET_C_BAD_PAGE;
	failures[1].config.bad_page = 1;
	failures[2] = (struct failure){ "nested mapped", EXDEV, plain_config() };
	failures[2].config.mapped_ret = -EXDEV;
}

static void k05(enum path path)
{
	struct target target = open_target(path);
	struct failure failures[3];
	unsigned int i;
	char *at;

	make_failures(failures);
	for (i = 0; i < ARRAY_SIZE(failures); i++) {
		configure(target.inner, &failures[i].config);
		at = carve(2);
		expect_failed_map(&target, map(target.fd, at, 2, 0), at, 2, failures[i].error);
	}
	log_pull();
	driver_fact(log_count(MMAPVET_EV_PREPARE) == 3 && log_count(MMAPVET_EV_MAPPED),
		    "3 failing maps: prepare x%u, mapped x%u",
		    log_count(MMAPVET_EV_PREPARE), log_count(MMAPVET_EV_MAPPED));
}

static void k08(enum path path)
{
	struct target target = open_target(path);
	const struct mmapvet_event *last;
	struct failure failures[3];
	struct attempt attempt;
	struct touch word;
	unsigned int i;
	char *at;

	make_failures(failures);
	for (i = 0; i < ARRAY_SIZE(failures); i++) {
		configure(target.inner, &failures[i].config);
		at = carve(2);
		attempt = map(target.fd, at, 2, 0);
		if (!attempt.error)
			vacuous("%s was to fail, but the stacked mmap succeeded",
				failures[i].name);
		log_pull();
		last = log_event(MMAPVET_EV_MMAP_RET, i);
		driver_fact(last && last->ret == -failures[i].error,
			    "%s fails: the wrapper's mmap returns %lld", failures[i].name,
			    last ? (long long)last->ret : 0);
		driver_fact(!log_count(MMAPVET_EV_CLOSE) && !driver_find(target.inner, at).found,
			    "close x%u, find_vma() finds %s", log_count(MMAPVET_EV_CLOSE),
			    driver_find(target.inner, at).found ? "a VMA" : "nothing");
		word = touch(at, 0);
		user_fact(word.signal == SIGSEGV && !vmas_in(at, at + 2 * page_size(), NULL, 0),
			  "%s fails: a gap is left, a touch gets signal %d (SIGSEGV is %d)",
			  failures[i].name, word.signal, SIGSEGV);
	}
}

#define NEEDS_ACTION	(MMAPVET_F_MAPPED | MMAPVET_F_ACTION | MMAPVET_F_KERNEL_PAGES)

const struct clause clauses_k[] = {
	{ "K01", "The nested file's mapped is called, once",
	  TWO, STACKED, MMAPVET_F_MAPPED, k01, NULL, NULL },
	{ "K04", "Nested private data and its rewrite replace whatever the wrapper had",
	  TWO, STACKED, MMAPVET_F_MAPPED, k04, NULL, NULL },
	{ "K05", "Errors of the nested prepare, action and mapped fail the mmap with that errno",
	  TWO, STACKED, NEEDS_ACTION, k05, NULL, NULL },
	{ "K08", "A failing stacked map is not unmapped by the compat layer: no close, the core cleans up",
	  TWO, STACKED, NEEDS_ACTION, k08, "no close, and a gap is left", NULL },
	{ 0 },
};
