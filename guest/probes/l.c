// SPDX-License-Identifier: MIT
/* Group L: legacy .mmap beside the new hooks. */
#include <errno.h>

#include "probe.h"

/* A mapped that would fail and count, if the core called it. */
static void l01(enum path path)
{
	int legacy = open_node("mmapvet-legacy");
	struct mmapvet_config config = plain_config();
	struct mmapvet_find find;
	struct attempt attempt;
	uint64_t word = 0;
	char *at = carve(2);

	(void)path;
	config.store = MMAPVET_STORE_COUNT;
	config.mapped_ret = -EPERM;
	configure(legacy, &config);
	attempt = map(legacy, at, 2, 0);
	log_pull();
	if (log_count(MMAPVET_EV_MMAP) != 1)
		vacuous("legacy mmap x%u", log_count(MMAPVET_EV_MMAP));
	find = driver_find(legacy, at);
	driver_fact(!log_count(MMAPVET_EV_MAPPED) && find.ops == MMAPVET_OPS_OURS,
		    "mapped x%u, the VMA %s", log_count(MMAPVET_EV_MAPPED),
		    find.ops == MMAPVET_OPS_OURS ? "has our table" : "is not there");
	if (attempt.at)
		word = private_word(at);
	user_fact(attempt.at && word == PRIVATE, "mmap: %s, the private data are %#llx",
		  error_name(attempt.error), (unsigned long long)word);
}

static void l03(enum path path)
{
	struct target target = open_target(path);
	int both = open_node("mmapvet-both");
	struct mmapvet_config config = plain_config();
	struct attempt refused, control;
	unsigned int left;
	char *at = carve(2);

	configure(target.inner, &config);
	refused = map(both, at, 2, 0);
	left = vmas_in(at, at + 2 * page_size(), NULL, 0);
	log_pull();
	driver_fact(!log_count(MMAPVET_EV_PREPARE) && !log_count(MMAPVET_EV_MMAP),
		    "both hooks: prepare x%u, mmap x%u", log_count(MMAPVET_EV_PREPARE),
		    log_count(MMAPVET_EV_MMAP));
	user_fact(refused.error == ENODEV && !left, "both hooks: mmap: %s",
		  error_name(refused.error));

	/* The control: the same call on a file with one of them. */
	control = map(target.fd, at, 2, 0);
	log_pull();
	driver_fact(log_count(MMAPVET_EV_PREPARE) == 1, "one hook: prepare x%u",
		    log_count(MMAPVET_EV_PREPARE));
	user_fact(control.at, "one hook: mmap: %s", error_name(control.error));
}

/* The check is inlined: the warning is at can_mmap_file() or at do_mmap(). */
const struct clause clauses_l[] = {
	{ "L01", "A mapped that legacy .mmap sets is ignored",
	  TWO, ON(DIRECT), MMAPVET_F_MAPPED, l01, "mmap succeeds, mapped is never called", NULL },
	{ "L03", "A file with both hooks is refused with ENODEV and one warning",
	  TWO, ON(DIRECT), 0, l03, NULL, "WARNING:* at [cd]*_mmap*+0x*" },
	{ 0 },
};
