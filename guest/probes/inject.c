// SPDX-License-Identifier: MIT
/*
 * Fault injection: the n-th allocation of this thread fails, for n from 1 until
 * the work is done before it comes to the n-th (/proc/thread-self/fail-nth).
 * Without the settings below the kernel leaves out allocations that may wait,
 * which are all that matter here.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "probe.h"

#define DEBUGFS		"/sys/kernel/debug/"
#define MOST_POINTS	2000

static const struct {
	const char *file, *value;
} settings[] = {
	{ DEBUGFS "failslab/ignore-gfp-wait", "N" },
	{ DEBUGFS "failslab/cache-filter", "N" },
	{ DEBUGFS "failslab/verbose", "0" },
	{ DEBUGFS "fail_page_alloc/ignore-gfp-wait", "N" },
	{ DEBUGFS "fail_page_alloc/ignore-gfp-highmem", "N" },
	{ DEBUGFS "fail_page_alloc/min-order", "0" },
	{ DEBUGFS "fail_page_alloc/verbose", "0" },
};

static int fail_nth = -1;

void inject_setup(void)
{
	unsigned int i;

	if (fail_nth >= 0)
		return;
	fail_nth = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (fail_nth < 0)
		not_applicable("no fault injection: /proc/thread-self/fail-nth: %s",
			       strerror(errno));
	for (i = 0; i < ARRAY_SIZE(settings); i++)
		set_file(settings[i].file, settings[i].value);
}

void inject_into(pid_t tid)
{
	char file[48];

	set_file(DEBUGFS "failslab/task-filter", "Y");
	set_file(DEBUGFS "failslab/times", "-1");
	snprintf(file, sizeof(file), "/proc/self/task/%d/make-it-fail", tid);
	if (!write_text(file, "1"))
		not_applicable("%s: %s", file, strerror(errno));
}

void inject_all(bool fail)
{
	if (fail)
		set_file(DEBUGFS "failslab/probability", "100");
	else if (!write_text(DEBUGFS "failslab/probability", "0"))
		broken("failslab can't be switched off: %s", strerror(errno));
}

static void write_nth(unsigned int n)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%u", n);

	if (pwrite(fail_nth, text, length, 0) != length)
		broken("fail-nth: %s", strerror(errno));
}

bool walk_on(struct walk *walk)
{
	if (walk->over)
		return false;
	if (++walk->n > MOST_POINTS)
		broken("no end after %d injection points", MOST_POINTS);
	return true;
}

void walk_arm(const struct walk *walk)
{
	write_nth(walk->n);
}

/* It reads 0 if the allocation was made to fail, else what was left to count. */
bool walk_disarm(struct walk *walk)
{
	char text[16] = "";
	bool hit;

	if (pread(fail_nth, text, sizeof(text) - 1, 0) <= 0)
		broken("fail-nth: %s", strerror(errno));
	hit = !strtoul(text, NULL, 10);
	write_nth(0);
	if (hit)
		walk->hits++;
	else
		walk->over = true;
	return hit;
}

void note(struct trouble *trouble, bool ok, const char *format, ...)
{
	va_list args;

	if (ok || trouble->bad++)
		return;
	va_start(args, format);
	vsnprintf(trouble->first, sizeof(trouble->first), format, args);
	va_end(args);
}

static const char *told(const char *what, const struct walk *walk, const struct trouble *trouble)
{
	static char text[400];

	snprintf(text, sizeof(text), "%s: %u injection points, %u steps, %u troubles%s%s", what,
		 walk->hits, walk->n, trouble->bad, trouble->bad ? ", first " : "",
		 trouble->first);
	return text;
}

void driver_walk(const char *what, const struct walk *walk, const struct trouble *trouble)
{
	driver_fact(!trouble->bad, "%s", told(what, walk, trouble));
}

void user_walk(const char *what, const struct walk *walk, const struct trouble *trouble)
{
	user_fact(!trouble->bad, "%s", told(what, walk, trouble));
}
