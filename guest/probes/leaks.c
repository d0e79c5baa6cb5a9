// SPDX-License-Identifier: MIT
/* Of group N, what is left when all is over: memory (N06), users of the module (N07). */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "report.h"

#define KMEMLEAK	"/sys/kernel/debug/kmemleak"
#define YOUNG_SECONDS	6		/* kmemleak overlooks what is younger than 5 s */

struct leaks {
	unsigned int ours, planted, others;
	char first[160];
};

/*
 * "unreferenced object 0x… (size 64):", then lines of which some name functions.
 * Finding 1 (G09) leaks files that memfd_create() made: these are known.
 * All are to blame, or only those of the driver and of the probes.
 */
static struct leaks read_leaks(bool all)
{
	FILE *file = fopen(KMEMLEAK, "re");
	bool ours = all, planted = false, known = false, any = false;
	struct leaks leaks = { 0 };
	char line[256], object[96];

	if (!file)
		broken(KMEMLEAK ": %s", strerror(errno));
	for (;;) {
		bool more = fgets(line, sizeof(line), file);

		if (!more || !strncmp(line, "unreferenced object", 19)) {
			if (any && planted)
				leaks.planted++;
			else if (any && ours && !known && !leaks.ours++)
				memcpy(leaks.first, object, sizeof(object));
			else if (any && !ours)
				leaks.others++;
			if (!more)
				break;
			line[strcspn(line, "\n")] = '\0';
			snprintf(object, sizeof(object), "%.95s", line);
			ours = all;
			planted = known = false;
			any = true;
		}
		planted |= strstr(line, "mv_mapped") && strstr(object, "size 64");
		ours |= strstr(line, "[mmapvet]") || strstr(line, "mmapvet-probes");
		known |= strstr(line, "memfd_create") != NULL;
	}
	fclose(file);
	return leaks;
}

void leaks_begin(const struct target *target)
{
	struct mmapvet_config config = plain_config();
	struct touch read;
	char *at;

	/* What came before is not of this cell. */
	if (!write_text(KMEMLEAK, "clear"))
		not_applicable("no kmemleak in this kernel: " KMEMLEAK ": %s", strerror(errno));
	/* The control: kmemleak must find what the driver leaks on request. */
	config.flags = MMAPVET_C_LEAK;
	at = map_as_or_break(target, &config, 1, 0);
	read = touch(at, 0);
	unmap(at, 1);
	expect_delivery("a mapped that leaks", 1, 1);
	user_fact(read.word == MMAPVET_MAGIC, "a mapped that leaks: the page reads %#llx",
		  (unsigned long long)read.word);
}

void leaks_end(const char *step, bool all)
{
	struct leaks leaks;

	sleep(YOUNG_SECONDS);
	if (!write_text(KMEMLEAK, "scan") || !write_text(KMEMLEAK, "scan"))
		not_applicable("kmemleak is switched off: %s", strerror(errno));
	leaks = read_leaks(all);
	write_text(KMEMLEAK, "clear");
	if (!leaks.planted)
		vacuous("kmemleak doesn't find the memory that the driver leaked on request");
	driver_fact(!leaks.ours,
		    "%s, after two scans: %u of %d planted pieces, %u to blame%s%s, %u others", step,
		    leaks.planted, MMAPVET_LEAKS, leaks.ours, leaks.ours ? ", first " : "",
		    leaks.first, leaks.others);
}

void leaks_memory(enum path path)
{
	struct target target = open_target(path);

	leaks_begin(&target);
	leaks_end("the driver and its users", false);
}

/* Users of the module, by the kernel's own count; -1 if it is not loaded. */
static long module_users(void)
{
	char text[32];

	if (!read_text("/sys/module/mmapvet/refcnt", text, sizeof(text)))
		return -1;
	return strtol(text, NULL, 10);
}

static int remove_module(void)
{
	return syscall(SYS_delete_module, "mmapvet", O_NONBLOCK) ? errno : 0;
}

void leaks_module(enum path path)
{
	long before = module_users(), with, mapped, after;
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	int refused, refused_mapped;
	char *at;

	if (before < 0)
		not_applicable("the driver is no module, or can't be unloaded");
	with = module_users();
	refused = remove_module();
	at = map_as_or_break(&target, &config, 2, 0);
	touch(at, 0);
	close(target.fd);
	if (target.inner != target.fd)
		close(target.inner);
	mapped = module_users();
	refused_mapped = remove_module();
	unmap(at, 2);
	expect_life("munmap", 0, 1);
	after = module_users();
	driver_fact(log_count(MMAPVET_EV_MAPPED) == 1 && log_count(MMAPVET_EV_RELEASE) >= 1,
		    "mapped x%u, release x%u", log_count(MMAPVET_EV_MAPPED),
		    log_count(MMAPVET_EV_RELEASE));
	user_fact(with > before && mapped > before && after == before,
		  "users of the module: %ld before, %ld with an open file, %ld with a mapping only, %ld after munmap",
		  before, with, mapped, after);
	user_fact(refused && refused_mapped,
		  "rmmod with an open file: %s, with a mapping only: %s", error_name(refused),
		  error_name(refused_mapped));
	/* The parent holds it open: when this process has ended, it goes on. */
	report->reload = true;
}
