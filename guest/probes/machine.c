// SPDX-License-Identifier: MIT
/* Settings of the machine that a probe changes, and its parent puts back. */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "report.h"

static FILE *open_setting(const char *name, const char *mode)
{
	char file[80];

	snprintf(file, sizeof(file), "/proc/sys/%s", name);
	return fopen(file, mode);
}

bool read_setting(const char *name, long *value)
{
	FILE *file = open_setting(name, "re");
	bool read = file && fscanf(file, "%ld", value) == 1;

	if (file)
		fclose(file);
	return read;
}

static bool write_setting(const char *name, long value)
{
	FILE *file = open_setting(name, "we");
	bool written;

	if (!file)
		return false;
	written = fprintf(file, "%ld\n", value) > 0;
	return !fclose(file) && written;
}

/* Saved before it is written: the parent may find this process killed in between. */
void set_setting(const char *name, long value)
{
	struct saved_setting *saved = &report->setting[report->settings];

	if (report->settings == REPORT_SETTINGS)
		broken("more than %d settings", REPORT_SETTINGS);
	if (!read_setting(name, &saved->value))
		not_applicable("there is no /proc/sys/%s", name);
	snprintf(saved->name, sizeof(saved->name), "%s", name);
	report->settings++;
	if (!write_setting(name, value))
		not_applicable("/proc/sys/%s can't be set to %ld: %s", name, value,
			       strerror(errno));
}

/* Newest first: the same setting may have been changed twice. */
void restore_settings(struct report *report)
{
	while (report->settings) {
		const struct saved_setting *saved = &report->setting[--report->settings];

		if (!write_setting(saved->name, saved->value))
			printf("# /proc/sys/%s could not be put back to %ld\n", saved->name,
			       saved->value);
	}
}

/* Over /sys, which every machine has: the mount goes with this process. */
const char *private_folder(unsigned long flags)
{
	if (unshare(CLONE_NEWNS) < 0)
		not_applicable("no mount namespace of its own: %s", strerror(errno));
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		broken("can't make the mounts private: %s", strerror(errno));
	if (mount("mmapvet", "/sys", "tmpfs", flags, NULL) < 0)
		not_applicable("no tmpfs: %s", strerror(errno));
	return "/sys";
}
