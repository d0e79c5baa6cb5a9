// SPDX-License-Identifier: MIT
/* What both observers are held to after a step of a probe. */
#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "report.h"

struct tally tally(void)
{
	log_pull();
	return (struct tally){
		.prepare = log_count(MMAPVET_EV_PREPARE),
		.mapped = log_count(MMAPVET_EV_MAPPED),
		.open = log_count(MMAPVET_EV_OPEN),
		.close = log_count(MMAPVET_EV_CLOSE),
		.fault = log_count(MMAPVET_EV_FAULT),
		.mremap = log_count(MMAPVET_EV_MREMAP),
	};
}

void expect_life(const char *step, unsigned int open, unsigned int close)
{
	struct tally now = tally();

	driver_fact(now.open == open && now.close == close,
		    "%s: open x%u, close x%u in all, to be x%u, x%u", step, now.open, now.close,
		    open, close);
}

void expect_delivery(const char *step, unsigned int prepare, unsigned int mapped)
{
	struct tally now = tally();

	driver_fact(now.prepare == prepare && now.mapped == mapped,
		    "%s: prepare x%u, mapped x%u in all, to be x%u, x%u", step, now.prepare,
		    now.mapped, prepare, mapped);
}

void expect_vmas(const char *step, const char *area, unsigned int pages, unsigned int vmas)
{
	unsigned int found = vmas_in(area, area + pages * page_size(), NULL, 0);

	user_fact(found == vmas, "%s: %u VMAs, to be %u", step, found, vmas);
}

void expect_page(const char *step, const char *address, unsigned int n)
{
	struct touch word = touch(address, 0);

	user_fact(!word.signal && word.word == MMAPVET_MAGIC + n,
		  "%s: reads %#llx (signal %d), to be that of pattern page %u", step,
		  (unsigned long long)word.word, word.signal, n);
}

pid_t in_child(int (*run)(void *), void *argument, int *status)
{
	pid_t child = fork();

	if (child < 0)
		broken("fork: %s", strerror(errno));
	if (!child)
		_exit(run(argument));
	if (waitpid(child, status, 0) != child)
		broken("waitpid: %s", strerror(errno));
	/* What ended the child's part of the probe ends the probe. */
	if (report->ending != UNFINISHED)
		_exit(0);
	return child;
}
