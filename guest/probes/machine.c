// SPDX-License-Identifier: MIT
/* Settings of the machine that a probe changes, and its parent puts back. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "report.h"

bool read_text(const char *file, char *text, size_t size)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	ssize_t length;

	if (fd < 0)
		return false;
	length = read(fd, text, size - 1);
	close(fd);
	if (length < 0)
		return false;
	text[length] = '\0';
	return true;
}

bool write_text(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC);
	ssize_t length = strlen(text);
	bool written;

	if (fd < 0)
		return false;
	written = write(fd, text, length) == length;
	close(fd);
	return written;
}

/* Saved before it is written: the parent may find this process killed in between. */
void set_file(const char *file, const char *value)
{
	struct saved_setting *saved = &report->setting[report->settings];

	if (report->settings == REPORT_SETTINGS)
		broken("more than %d settings", REPORT_SETTINGS);
	if (!read_text(file, saved->value, sizeof(saved->value)))
		not_applicable("there is no %s", file);
	saved->value[strcspn(saved->value, "\n")] = '\0';
	snprintf(saved->file, sizeof(saved->file), "%s", file);
	report->settings++;
	if (!write_text(file, value))
		not_applicable("%s can't be set to %s: %s", file, value, strerror(errno));
}

/* Newest first: the same setting may have been changed twice. */
void restore_settings(struct report *report)
{
	while (report->settings) {
		const struct saved_setting *saved = &report->setting[--report->settings];

		if (!write_text(saved->file, saved->value))
			printf("# %s could not be put back to %s\n", saved->file, saved->value);
	}
}

static const char *setting_file(const char *name)
{
	static char file[sizeof(report->setting[0].file)];

	snprintf(file, sizeof(file), "/proc/sys/%s", name);
	return file;
}

bool read_setting(const char *name, long *value)
{
	char text[32], *end;

	if (!read_text(setting_file(name), text, sizeof(text)))
		return false;
	*value = strtol(text, &end, 10);
	return end != text;
}

void set_setting(const char *name, long value)
{
	char text[24];

	snprintf(text, sizeof(text), "%ld", value);
	set_file(setting_file(name), text);
}

void own_mounts(void)
{
	if (unshare(CLONE_NEWNS) < 0)
		not_applicable("no mount namespace of its own: %s", strerror(errno));
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		broken("can't make the mounts private: %s", strerror(errno));
}

/* Over /sys, which every machine has: the mount goes with this process. */
const char *private_folder(unsigned long flags)
{
	own_mounts();
	if (mount("mmapvet", "/sys", "tmpfs", flags, NULL) < 0)
		not_applicable("no tmpfs: %s", strerror(errno));
	return "/sys";
}
