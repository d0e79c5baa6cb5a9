// SPDX-License-Identifier: MIT
/*
 * The kernel's log: markers going in, so that a slice of the console belongs to
 * one cell, and splats coming out.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "report.h"

#define CLEAR_WARN_ONCE "/sys/kernel/debug/clear_warn_once"

/* Of one cell, that are passed on; a flood must not become ours. */
#define MAX_LINES 500

static int kmsg = -1;
static bool rearmed;

/* Not dprintf(): it asks for the file's position first, which kmsg refuses. */
static void mark(const char *what, const char *cell)
{
	char line[128];
	int len = snprintf(line, sizeof(line), "<6>mmapvet: %s %s\n", what, cell);

	if (write(kmsg, line, len) != len)
		printf("# the kernel log took no \"%s\" line: %s\n", what, strerror(errno));
}

/* Opened for each cell: writes are rate limited by open file. */
void kmsg_begin(const char *cell)
{
	kmsg = open("/dev/kmsg", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (kmsg < 0)
		return;
	lseek(kmsg, 0, SEEK_END);
	mark("begin", cell);
}

static const char *const splat_starts[] = {
	"BUG: ", "WARNING: ", "INFO: task ", "INFO: rcu", "INFO: trying to register",
	"INFO: possible", "kernel BUG at", "Oops", "general protection fault",
	"Unable to handle kernel", "Internal error", "UBSAN: ", "KASAN: ", "KFENCE: ",
	"refcount_t: ", "list_add corruption", "list_del corruption",
	"unreferenced object", "new suspected memory leaks", "possible recursive locking", "possible circular locking",
	"inconsistent lock state", "suspicious RCU usage", "Kernel panic",
	"watchdog: BUG",
};

static bool is_splat_start(const char *text)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(splat_starts); i++)
		if (strstr(text, splat_starts[i]))
			return true;
	return false;
}

struct splats {
	const char *required;
	unsigned int lines;
	unsigned int required_seen;
	unsigned int bad;
	bool cut;			/* "cut here" was seen, the title follows */
	bool inside;			/* within a report, until its end marker */
};

static void splat(struct splats *splats, const char *title)
{
	if (splats->required && !splats->required_seen &&
	    !fnmatch(splats->required, title, 0)) {
		splats->required_seen++;
		printf("# splat ok: %s\n", title);
	} else {
		splats->bad++;
		printf("# splat bad: %s\n", title);
	}
}

static void read_line(struct splats *splats, const char *text)
{
	if (strstr(text, "[ cut here ]")) {
		splats->cut = true;
		splats->inside = false;
		return;
	}
	if (strstr(text, "[ end trace")) {
		splats->inside = false;
		return;
	}
	/* WARN() may print its own message before the title. */
	if (splats->cut && !is_splat_start(text))
		return;
	if (splats->inside || !is_splat_start(text))
		return;
	splat(splats, text);
	splats->inside = splats->cut;
	splats->cut = false;
}

/* A record: "<prefix>,<seq>,<usec>,<flags>;<text>\n[ KEY=value\n]". */
static void read_record(struct splats *splats, char *record)
{
	char *text = strchr(record, ';');
	char *end;

	/* Only the kernel's own words: facility 0. */
	if (!text || strtoul(record, NULL, 10) >> 3)
		return;
	text++;
	end = strchr(text, '\n');
	if (end)
		*end = '\0';
	if (splats->lines++ < MAX_LINES)
		printf("# kmsg %s\n", text);
	read_line(splats, text);
}

unsigned int kmsg_end(const char *cell, const char *required, unsigned int *required_seen)
{
	struct splats splats = { .required = required };
	char record[8192];
	ssize_t size;

	*required_seen = 0;
	if (kmsg < 0)
		return 0;
	for (;;) {
		size = read(kmsg, record, sizeof(record) - 1);
		if (size < 0 && errno == EPIPE)
			continue;	/* records were overwritten */
		if (size <= 0)
			break;
		record[size] = '\0';
		read_record(&splats, record);
	}
	mark("end", cell);
	close(kmsg);
	kmsg = -1;
	*required_seen = splats.required_seen;
	return splats.bad;
}

/*
 * WARN_ON_ONCE() warns again after a write to debugfs. Where debugfs is not
 * mounted, mount it for this process alone.
 */
void rearm_warnings(void)
{
	static bool tried;
	int fd = open(CLEAR_WARN_ONCE, O_WRONLY | O_CLOEXEC);

	if (fd < 0 && !tried && !unshare(CLONE_NEWNS)) {
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
		mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
		fd = open(CLEAR_WARN_ONCE, O_WRONLY | O_CLOEXEC);
	}
	tried = true;
	rearmed = fd >= 0 && write(fd, "1", 1) == 1;
	if (fd >= 0)
		close(fd);
}

bool warnings_rearmed(void)
{
	return rearmed;
}
