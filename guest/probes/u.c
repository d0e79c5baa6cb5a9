// SPDX-License-Identifier: MIT
/* Group U: the kernel's own users of the hooks, as the profile `users` has them. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "report.h"
#include "users.h"

/* The facts of a user's clause go to a report that nobody reads: only memory counts. */
static int live(void *argument)
{
	const struct clause *clause = argument;

	clause->run(USER);
	report->ending = FINISHED;
	return 0;
}

struct lives {
	unsigned int lived, missing, broke;
};

/* Each user lives once more. */
static struct lives live_all(void)
{
	struct report *quiet = report_new();
	const struct clause *clause;
	struct lives lives = { 0 };
	int status;
	pid_t child;

	if (!quiet)
		broken("no shared memory for a report");
	for (clause = clauses_u; clause->run != users_leaks; clause++) {
		report_clear(quiet);
		child = fork();
		if (child < 0)
			broken("fork: %s", strerror(errno));
		if (!child) {
			report = quiet;
			_exit(live((void *)clause));
		}
		if (waitpid(child, &status, 0) != child)
			broken("waitpid: %s", strerror(errno));
		restore_settings(quiet);
		switch (quiet->ending) {
		case FINISHED:
			lives.lived++;
			break;
		case NOT_APPLICABLE:
			lives.missing++;
			break;
		default:
			lives.broke++;
		}
	}
	return lives;
}

void users_leaks(enum path path)
{
	struct target target = open_target(DIRECT);
	struct lives lives;

	leaks_begin(&target);
	lives = live_all();
	if (!lives.lived)
		vacuous("none of the kernel's own users lived");
	user_fact(!lives.broke, "%u lived, %u are not there, %u broke", lives.lived, lives.missing,
		  lives.broke);
	leaks_end("after all users", true);
}

#define USER_CLAUSE(id, run, recorded, title) \
	{ id, title, TWO, ON(USER), 0, run, recorded, NULL }
/* A count that user space can't see. */
#define COUNT_CLAUSE(id, run, recorded, title) \
	{ id, title, DRIVER_ONLY, ON(USER), 0, run, recorded, NULL }

const struct clause clauses_u[] = {
	COUNT_CLAUSE("U01", tcmu_device, false,
	  "tcmu: mapped takes a reference of the device, each copy too, the last close frees it"),
	USER_CLAUSE("U02", tcmu_size, false,
	  "tcmu: a map of another size is EINVAL and takes nothing"),
	USER_CLAUSE("U03", tcmu_module, false,
	  "tcmu: a mapping keeps the module, and nothing else does after munmap"),
	COUNT_CLAUSE("U04", stm_channel, false,
	  "STM: mapped takes a reference of runtime power management, each copy too, close gives it back"),
	USER_CLAUSE("U05", stm_refused, false,
	  "STM: a map that mmap_prepare refuses takes nothing"),
	COUNT_CLAUSE("U06", stm_failed, true,
	  "STM: a map whose action fails gives back what mapped never took"),
	USER_CLAUSE("U07", stm_module, false,
	  "STM: a mapping keeps the device's module, and nothing else does after munmap"),
	USER_CLAUSE("U08", overlay_file, false,
	  "overlayfs: maps side by side never merge, and keep the filesystem busy"),
	COUNT_CLAUSE("U09", shm_segment, false,
	  "SysV shm: each VMA is counted, and the last one takes the segment along"),
	USER_CLAUSE("U10", tmpfs_file, false,
	  "tmpfs: maps side by side merge, and keep the filesystem busy"),
	USER_CLAUSE("U11", zero_device, false,
	  "/dev/zero: private is anonymous memory, shared a file of its own"),
	USER_CLAUSE("U12", mem_device, false,
	  "/dev/mem: a frame is remapped, what can't be addressed is EINVAL"),
	USER_CLAUSE("U13", hpet_device, false,
	  "HPET: its page is remapped, two are EINVAL"),
	USER_CLAUSE("U14", mtd_device, false,
	  "mtdchar: every map is ENODEV and takes nothing"),
	USER_CLAUSE("U15", secret_memory, false,
	  "memfd_secret: shared is mapped and not dumped, private is EINVAL"),
	USER_CLAUSE("U16", aio_ring, false,
	  "aio: the ring is mapped by the kernel, not copied, and goes with its context"),
	USER_CLAUSE("U17", ext4_file, false,
	  "ext4: maps side by side merge, and keep filesystem and loop device busy"),
	{ "U18", "kmemleak finds nothing of any of them",
	  DRIVER_ONLY, ON(USER), MMAPVET_F_MAPPED, users_leaks, false, "*new suspected memory leaks*" },
	{ 0 },
};
