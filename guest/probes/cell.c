// SPDX-License-Identifier: MIT
/*
 * One cell: its probe in a child of its own, under a time limit, between two
 * looks at the driver and at the kernel's log; then the verdict.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "report.h"

#define UNKILLABLE_SECONDS	5

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ULL + now.tv_nsec / 1000000;
}

static void set_verdict(struct verdict *verdict, enum outcome outcome, const char *reason)
{
	verdict->outcome = outcome;
	snprintf(verdict->reason, sizeof(verdict->reason), "%s", reason);
}

/* False where the kernel does not tell (no CONFIG_PROC_SYSCTL). */
static bool read_taint(unsigned long *taint)
{
	FILE *file = fopen("/proc/sys/kernel/tainted", "re");
	bool read = file && fscanf(file, "%lu", taint) == 1;

	if (file)
		fclose(file);
	return read;
}

/* Nothing of an earlier cell may be left; files are closed a little late. */
static bool reset_driver(struct verdict *verdict)
{
	struct mmapvet_reset reset;
	int tries;

	for (tries = 0; tries < 100; tries++) {
		if (ioctl(control, MMAPVET_IOC_RESET, &reset) < 0) {
			set_verdict(verdict, ERROR, "the driver refuses to be reset");
			return false;
		}
		if (!reset.live_before && !reset.files_before)
			return true;
		usleep(10000);
	}
	verdict->outcome = ERROR;
	snprintf(verdict->reason, sizeof(verdict->reason),
		 "the cell before left %llu VMAs and %llu open files",
		 (unsigned long long)reset.live_before, (unsigned long long)reset.files_before);
	return false;
}

static _Noreturn void run_child(const struct clause *clause, enum path path)
{
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	clause->run(path);
	report->ending = FINISHED;
	_exit(0);
}

/* Waits for the child, at most until the deadline. False if it still runs. */
static bool wait_until(pid_t child, uint64_t deadline, int *status)
{
	const struct timespec nap = { .tv_nsec = 100000000 };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	for (;;) {
		if (waitpid(child, status, WNOHANG) == child)
			return true;
		if (now_ms() >= deadline)
			return false;
		sigtimedwait(&set, NULL, &nap);
	}
}

/* Orphans are ours (PR_SET_CHILD_SUBREAPER), in whatever session they are. */
static void kill_children(void)
{
	DIR *tasks = opendir("/proc");
	char file[32], text[256];
	struct dirent *entry;
	const char *state;
	int parent;

	if (!tasks)
		return;
	while ((entry = readdir(tasks))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		snprintf(file, sizeof(file), "/proc/%.10s/stat", entry->d_name);
		if (!read_text(file, text, sizeof(text)))
			continue;
		/* "PID (comm) S PPID" */
		state = strrchr(text, ')');
		if (state && sscanf(state, ") %*c %d", &parent) == 1 && parent == getpid())
			kill(atoi(entry->d_name), SIGKILL);
	}
	closedir(tasks);
}

/* Ends what the child has left running. False if something can't be ended. */
static bool end_group(pid_t child)
{
	struct mmapvet_gate gates = { .open = MMAPVET_GATE_ALL };
	uint64_t deadline = now_ms() + UNKILLABLE_SECONDS * 1000;
	pid_t pid;

	kill(-child, SIGKILL);
	kill(child, SIGKILL);
	/* A hook at a gate can't be killed. */
	ioctl(control, MMAPVET_IOC_GATE, &gates);
	do {
		pid = waitpid(-1, NULL, WNOHANG);
		if (pid < 0)
			return true;	/* no child is left */
		if (!pid) {
			kill_children();
			usleep(2000);
		}
	} while (now_ms() < deadline);
	return false;
}

static void run_and_wait(const struct clause *clause, enum path path, unsigned int seconds,
			 struct verdict *verdict)
{
	bool ended, all_ended;
	pid_t child;
	int status;

	fflush(stdout);
	child = fork();
	if (child < 0) {
		set_verdict(verdict, ERROR, strerror(errno));
		return;
	}
	if (!child)
		run_child(clause, path);

	ended = wait_until(child, now_ms() + seconds * 1000ULL, &status);
	all_ended = end_group(child);
	restore_settings(report);
	if (!all_ended) {
		set_verdict(verdict, TIMEOUT, "the probe hangs in the kernel and can't be killed");
		verdict->stuck = true;
		return;
	}
	if (!ended) {
		verdict->outcome = TIMEOUT;
		snprintf(verdict->reason, sizeof(verdict->reason), "no end after %u s", seconds);
	} else if (WIFSIGNALED(status)) {
		verdict->outcome = ERROR;
		snprintf(verdict->reason, sizeof(verdict->reason), "the probe died of signal %d",
			 WTERMSIG(status));
	} else if (report->ending == UNFINISHED) {
		set_verdict(verdict, ERROR, "the probe ended early");
	}
}

/* Does the log hold exactly what the hooks counted? Fills in counts. */
static bool log_agrees(struct mmapvet_counts *counts)
{
	int tries, type;
	bool agrees = false;

	memset(counts, 0, sizeof(*counts));
	for (tries = 0; tries < 20 && !agrees; tries++) {
		if (tries)
			usleep(5000);
		if (ioctl(control, MMAPVET_IOC_COUNTS, counts) < 0)
			return false;
		log_pull();
		agrees = !counts->lost;
		for (type = 1; type < MMAPVET_EV_TYPES; type++)
			agrees &= counts->entered[type] == log_count(type);
	}
	return agrees;
}

/* The log has to be whole where a fact may come from it. */
static bool needs_log(const struct clause *clause)
{
	return clause->observers != AS_STATED || report->driver_ok || report->driver_bad;
}

/* What the facts say, where nothing went wrong on our side. */
static void judge(const struct clause *clause, struct verdict *verdict)
{
	bool driver_bad = report->driver_bad, user_bad = report->user_bad;
	bool driver_stated = report->driver_ok + report->driver_bad + report->driver_saw;
	bool user_stated = report->user_ok + report->user_bad + report->user_saw;

	if (report->ending == BROKEN) {
		set_verdict(verdict, ERROR, report->reason);
	} else if (report->ending == VACUOUS) {
		set_verdict(verdict, VACUITY, report->reason);
	} else if (report->ending == NOT_APPLICABLE) {
		set_verdict(verdict, SKIP, report->reason);
	} else if (!driver_stated && !user_stated) {
		set_verdict(verdict, ERROR, "the probe states no fact");
	} else if (clause->observers != AS_STATED && !(driver_stated && user_stated)) {
		set_verdict(verdict, ERROR, "the probe states no fact of one of the observers");
	} else if (!driver_bad && !user_bad) {
		verdict->outcome = PASS;
	} else if ((driver_bad && user_bad) ||
		   (driver_bad && clause->observers == DRIVER_ONLY) ||
		   (clause->observers == AS_STATED && !(driver_stated && user_stated))) {
		verdict->outcome = clause->recorded ? CHANGED : FAIL;
	} else {
		verdict->outcome = ERROR;
		snprintf(verdict->reason, sizeof(verdict->reason),
			 "driver and user disagree: the %s says: %s",
			 driver_bad ? "driver" : "user",
			 driver_bad ? report->first_driver_bad : report->first_user_bad);
	}
}

static void print_report(const struct clause *clause, const struct mmapvet_counts *counts,
			 const struct verdict *verdict)
{
	unsigned int i;

	for (i = 0; i < report->events; i++)
		print_event(&report->event[i]);
	print_counts(counts);
	fwrite(report->facts, 1, report->facts_length, stdout);
	print_said();
	fwrite(report->vmas, 1, report->vmas_length, stdout);
	if (verdict->outcome == CHANGED)
		printf("# changed a fact that goes with it does not hold: %s; %s\n",
		       report->first_driver_bad, report->first_user_bad);
}

static void check_splats(const struct clause *clause, const char *cell, struct verdict *verdict)
{
	unsigned int bad, required;

	bad = kmsg_end(cell, clause->splat, &required);
	if (bad) {
		set_verdict(verdict, FAULT, "");
		return;
	}
	if (!clause->splat || required || verdict->outcome != PASS)
		return;
	if (warnings_rearmed()) {
		printf("# driver bad: the kernel writes no \"%s\"\n", clause->splat);
		printf("# user bad: /dev/kmsg shows no \"%s\"\n", clause->splat);
		set_verdict(verdict, FAIL, "");
	} else {
		set_verdict(verdict, VACUITY,
			    "no warning seen, but it comes once a boot and could not be re-armed");
	}
}

/* Runs a cell whose features are there; prints all but the result line. */
struct verdict run_cell(const struct clause *clause, enum path path, unsigned int seconds)
{
	struct verdict verdict = { .outcome = PASS };
	struct mmapvet_counts counts;
	unsigned long before, after;
	bool tells_taint;
	uint64_t began;
	char cell[32];

	snprintf(cell, sizeof(cell), "%s.%s", clause->id, path_names[path]);
	printf("# begin %s\n", cell);
	began = now_ms();
	tells_taint = read_taint(&before);
	report_clear(report);
	rearm_warnings();
	kmsg_begin(cell);

	if (reset_driver(&verdict)) {
		run_and_wait(clause, path, seconds, &verdict);
		if (!log_agrees(&counts) && verdict.outcome == PASS && needs_log(clause))
			set_verdict(&verdict, ERROR, "the driver's log and its counters disagree");
		if (verdict.outcome == PASS && report->reload)
			driver_reload();
		if (verdict.outcome == PASS)
			judge(clause, &verdict);
		print_report(clause, &counts, &verdict);
	}
	check_splats(clause, cell, &verdict);
	if (tells_taint && read_taint(&after))
		printf("# taint before=%lu after=%lu\n", before, after);
	printf("# duration %llu ms\n", (unsigned long long)(now_ms() - began));
	return verdict;
}
