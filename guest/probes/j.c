// SPDX-License-Identifier: MIT
/*
 * Group J: what other threads and processes see while a hook runs. The hook
 * waits at its gate until the others have come as far as they can; the order
 * is read from the steps that the driver counts, never from a clock.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"

#define ROUNDS		4		/* each makes a mapping of its own */
#define MEET_MS		300		/* long enough to meet, for those who can */

static struct mmapvet_config gated_config(int mapped_ret)
{
	struct mmapvet_config config = plain_config();

	config.flags = MMAPVET_C_GATE_MAPPED;
	config.gate_ms = GATE_MS;
	config.mapped_ret = mapped_ret;
	return config;
}

/* A map in a thread of its own. */
struct mapper {
	struct runner runner;
	int fd;
	char *at;
	struct attempt attempt;
};

static void run_mapper(void *argument)
{
	struct mapper *mapper = argument;

	mapper->attempt = map(mapper->fd, mapper->at, 1, 0);
}

static void start_mapper(struct mapper *mapper, const struct target *target)
{
	mapper->fd = target->fd;
	mapper->at = carve(1);
	runner_start(&mapper->runner, run_mapper, mapper);
}

/* Lets it map, until its mapped hook is at the gate. */
static void go_to_gate(struct mapper *mapper, const struct target *target)
{
	runner_go(&mapper->runner);
	if (gate_await(target->inner, 1) == 1)
		return;
	gate_open(target->inner);
	vacuous("mapped never came to its gate");
}

static void open_and_join(struct mapper *mapper, const struct target *target)
{
	gate_open(target->inner);
	runner_join(&mapper->runner);
}

/* Did a begin after b had ended? */
static bool after(const struct mmapvet_event *a, const struct mmapvet_event *b)
{
	return a && b && a->entered > b->left;
}

static bool apart(const struct mmapvet_event *a, const struct mmapvet_event *b)
{
	return after(a, b) || after(b, a);
}

struct toucher {
	struct runner runner;
	const char *at;
	struct touch touch;
};

static void run_toucher(void *argument)
{
	struct toucher *toucher = argument;

	toucher->touch = touch(toucher->at, 0);
}

/* A touch of the new range while mapped is at its gate; then mapped returns ret. */
static void touch_meanwhile(const struct target *target, int ret, bool *waits,
			    struct attempt *attempt, struct touch *seen)
{
	struct mmapvet_config config = gated_config(ret);
	struct toucher toucher;
	struct mapper mapper;

	configure(target->inner, &config);
	start_mapper(&mapper, target);
	toucher.at = mapper.at;
	runner_start(&toucher.runner, run_toucher, &toucher);
	go_to_gate(&mapper, target);
	runner_go(&toucher.runner);
	*waits = runner_waits(&toucher.runner);
	open_and_join(&mapper, target);
	runner_join(&toucher.runner);
	*attempt = mapper.attempt;
	*seen = toucher.touch;
}

static void j01(enum path path)
{
	struct target target = open_target(path);
	const struct mmapvet_event *mapped, *fault;
	struct attempt attempt;
	struct touch seen;
	unsigned int i;
	bool waits;

	for (i = 0; i < ROUNDS; i++) {
		touch_meanwhile(&target, 0, &waits, &attempt, &seen);
		log_pull();
		mapped = log_event(MMAPVET_EV_MAPPED, i);
		fault = log_event(MMAPVET_EV_FAULT, i);
		driver_fact(after(fault, mapped) && tally().fault == i + 1,
			    "fault x%u in all, the last one %s mapped had returned", tally().fault,
			    after(fault, mapped) ? "after" : "before");
		user_fact(waits && attempt.at && !seen.signal && seen.word == MMAPVET_MAGIC,
			  "the toucher %s, mmap: %s, it reads %#llx (signal %d)",
			  waits ? "waits for mapped" : "does not wait", error_name(attempt.error),
			  (unsigned long long)seen.word, seen.signal);
	}
}

static void j02(enum path path)
{
	struct target target = open_target(path);
	const struct mmapvet_event *mapped;
	struct attempt attempt;
	struct touch seen;
	unsigned int i;
	bool waits;

	for (i = 0; i < ROUNDS; i++) {
		touch_meanwhile(&target, -EXDEV, &waits, &attempt, &seen);
		log_pull();
		mapped = log_event(MMAPVET_EV_MAPPED, i);
		driver_fact(mapped && mapped->ret == -EXDEV && !tally().fault,
			    "mapped x%u failed, fault x%u", tally().mapped, tally().fault);
		user_fact(waits && attempt.error == EXDEV && seen.signal == SIGSEGV,
			  "the toucher %s, mmap: %s, it gets signal %d (SIGSEGV is %d)",
			  waits ? "waits for mapped" : "does not wait", error_name(attempt.error),
			  seen.signal, SIGSEGV);
	}
}

/* The hooks of the n-th map and of the next one: does none overlap another? */
static bool hooks_apart(unsigned int n)
{
	const struct mmapvet_event *hooks[] = {
		log_event(MMAPVET_EV_PREPARE, n), log_event(MMAPVET_EV_PREPARE, n + 1),
		log_event(MMAPVET_EV_MAPPED, n), log_event(MMAPVET_EV_MAPPED, n + 1),
	};
	unsigned int i, k;

	for (i = 0; i < ARRAY_SIZE(hooks); i++)
		for (k = 0; k < i; k++)
			if (!apart(hooks[i], hooks[k]))
				return false;
	return true;
}

/* The first of two maps is in mapped when the second one comes. */
static void second_waits(const struct target *target, unsigned int round)
{
	struct mmapvet_config config = gated_config(0);
	struct mapper first, second;
	unsigned int inside;
	bool waits;

	configure(target->inner, &config);
	start_mapper(&first, target);
	start_mapper(&second, target);
	go_to_gate(&first, target);
	runner_go(&second.runner);
	waits = runner_waits(&second.runner);
	inside = gate_await(target->inner, 1);
	gate_open(target->inner);
	/* Not joined yet: a thread that ends needs the lock that the second one holds. */
	gate_await(target->inner, 1);
	open_and_join(&second, target);
	runner_join(&first.runner);
	log_pull();
	driver_fact(inside == 1 && hooks_apart(2 * round),
		    "%u hook inside while the second map waits, and no two hooks overlap", inside);
	user_fact(waits && first.attempt.at && second.attempt.at,
		  "the second map %s, the maps: %s, %s", waits ? "waits" : "does not wait",
		  error_name(first.attempt.error), error_name(second.attempt.error));
}

/* Each mapped stays until another hook is inside: none may ever come. */
static void never_meet(const struct target *target, unsigned int round)
{
	struct mmapvet_config config = gated_config(0);
	struct mapper first, second;

	config.gate_ms = MEET_MS;
	config.gate_meet = 2;
	configure(target->inner, &config);
	start_mapper(&first, target);
	start_mapper(&second, target);
	runner_go(&first.runner);
	runner_go(&second.runner);
	runner_join(&first.runner);
	runner_join(&second.runner);
	log_pull();
	driver_fact(hooks_apart(2 * round) && !driver_counts(target->inner).overlapped,
		    "two maps at once: no two hooks overlap, %llu times in all",
		    (unsigned long long)driver_counts(target->inner).overlapped);
	user_fact(first.attempt.error == ETIMEDOUT && second.attempt.error == ETIMEDOUT,
		  "two maps at once, whose mapped waits for the other's: %s, %s",
		  error_name(first.attempt.error), error_name(second.attempt.error));
}

static void j03(enum path path)
{
	struct target target = open_target(path);

	second_waits(&target, 0);
	second_waits(&target, 1);
	never_meet(&target, 2);
}

static int map_and_tell(void *argument)
{
	const struct target *target = argument;

	return map(target->fd, carve(1), 1, 0).error;
}

/* The same meeting, of two processes: both come. */
static void j04(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = gated_config(0);
	const struct mmapvet_event *first, *second;
	int own, status;
	pid_t child;

	config.gate_meet = 2;
	configure(target.inner, &config);
	child = fork();
	if (child < 0)
		broken("fork: %s", strerror(errno));
	if (!child)
		_exit(map_and_tell(&target));
	own = map_and_tell(&target);
	if (waitpid(child, &status, 0) != child || !WIFEXITED(status))
		broken("the second process has no result");
	log_pull();
	first = log_event(MMAPVET_EV_MAPPED, 0);
	second = log_event(MMAPVET_EV_MAPPED, 1);
	if (!first || !second || first->tgid == second->tgid)
		vacuous("mapped x%u, to be once for each of two processes", tally().mapped);
	driver_saw("the hooks of two processes %s",
		   apart(first, second) ? "come one after the other" : "overlap");
	user_saw("two processes, whose mapped waits for the other's: %s",
		 own || WEXITSTATUS(status) ? "one waits in vain" : "both maps succeed");
}

struct forker {
	struct runner runner;
	const char *at;
	int born;			/* a pipe that the child writes to first */
	int status;			/* exit status: the signal that its touch got */
	bool failed;
};

static void run_forker(void *argument)
{
	struct forker *forker = argument;
	struct touch seen;
	pid_t child;

	child = fork();
	if (!child) {
		if (write(forker->born, "", 1) != 1)
			_exit(255);
		seen = touch(forker->at, 0);
		_exit(!seen.signal && seen.word != MMAPVET_MAGIC ? 254 : seen.signal);
	}
	forker->failed = child < 0 || waitpid(child, &forker->status, 0) != child;
}

/* A fork while mapped is at its gate; then mapped returns ret. */
static void fork_meanwhile(const struct target *target, int ret, unsigned int round)
{
	struct mmapvet_config config = gated_config(ret);
	unsigned int opens = tally().open;
	const struct mmapvet_event *mapped, *open;
	int seen, ends[2], to_see = ret ? SIGSEGV : 0;
	struct forker forker = { .status = -1 };
	struct mapper mapper;
	bool waits, early;
	char byte;

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		broken("pipe: %s", strerror(errno));
	configure(target->inner, &config);
	start_mapper(&mapper, target);
	forker.at = mapper.at;
	forker.born = ends[1];
	runner_start(&forker.runner, run_forker, &forker);
	go_to_gate(&mapper, target);
	runner_go(&forker.runner);
	waits = runner_waits(&forker.runner);
	early = read(ends[0], &byte, 1) == 1;
	open_and_join(&mapper, target);
	runner_join(&forker.runner);
	close(ends[0]);
	close(ends[1]);
	if (forker.failed || !WIFEXITED(forker.status))
		broken("the forked child has no result");
	seen = WEXITSTATUS(forker.status);

	log_pull();
	mapped = log_event(MMAPVET_EV_MAPPED, round);
	open = log_event(MMAPVET_EV_OPEN, opens);
	if (ret)
		driver_fact(mapped && mapped->ret == ret && tally().open == opens,
			    "mapped fails: open x%u for the copy", tally().open - opens);
	else
		driver_fact(after(open, mapped) && tally().open == opens + 1,
			    "open x%u for the copy, %s mapped had returned", tally().open - opens,
			    after(open, mapped) ? "after" : "before");
	user_fact(waits && !early && seen == to_see,
		  "mapped %s: fork %s, the child's touch gets signal %d, to be %d",
		  ret ? "fails" : "succeeds", waits && !early ? "waits for it" : "does not wait",
		  seen, to_see);
	if (!ret)
		unmap(mapper.at, 1);
}

static void j05(enum path path)
{
	struct target target = open_target(path);
	unsigned int i;

	for (i = 0; i < ROUNDS; i++)
		fork_meanwhile(&target, i & 1 ? -EXDEV : 0, i);
}

/* A reader of /proc/self/maps, or of one VMA by PROCMAP_QUERY. */
struct reader {
	struct runner runner;
	const char *at;
	bool query;
	int maps;
	bool found;
	struct vma vma;
};

/* Large enough to be read without a stop; touched before the gate is closed. */
static char listing[1 << 17];

static void read_listing(struct reader *reader)
{
	size_t length = 0;
	char line[32];
	ssize_t size;
	char *found;

	do {
		size = read(reader->maps, listing + length, sizeof(listing) - 1 - length);
		length += size > 0 ? size : 0;
	} while (size > 0);
	listing[length] = '\0';
	snprintf(line, sizeof(line), "%llx-", (unsigned long long)(uintptr_t)reader->at);
	found = strstr(listing, line);
	reader->found = found;
	if (!found)
		return;
	reader->vma.start = (uintptr_t)reader->at;
	reader->vma.end = strtoull(found + strlen(line), &found, 16);
	memcpy(reader->vma.perms, found + 1, 4);
}

static void run_reader(void *argument)
{
	struct reader *reader = argument;

	if (reader->query)
		reader->found = vma_at(reader->at, &reader->vma);
	else
		read_listing(reader);
}

/*
 * A reader while mapped is at its gate; then mapped returns ret. On a stacked
 * path the VMA is not in the tree yet: a reader may do without it, and end.
 */
static void read_meanwhile(const struct target *target, enum path path, int ret, bool query)
{
	struct mmapvet_config config = gated_config(ret);
	struct reader reader = { .query = query };
	bool waits, found_early, whole;
	unsigned int mapped = tally().mapped;
	struct mapper mapper;

	reader.maps = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	if (reader.maps < 0)
		broken("/proc/self/maps: %s", strerror(errno));
	memset(listing, 0, sizeof(listing));
	configure(target->inner, &config);
	start_mapper(&mapper, target);
	reader.at = mapper.at;
	runner_start(&reader.runner, run_reader, &reader);
	go_to_gate(&mapper, target);
	runner_go(&reader.runner);
	waits = runner_waits(&reader.runner);
	found_early = !waits && runner_done(&reader.runner) && reader.found;
	open_and_join(&mapper, target);
	runner_join(&reader.runner);
	close(reader.maps);

	log_pull();
	driver_fact(tally().mapped == mapped + 1 &&
		    log_event(MMAPVET_EV_MAPPED, mapped)->ret == ret,
		    "mapped x%u, it %s", tally().mapped, ret ? "fails" : "succeeds");
	whole = reader.found && reader.vma.start == (uintptr_t)mapper.at &&
		reader.vma.end == (uintptr_t)mapper.at + page_size() &&
		!strncmp(reader.vma.perms, "rw-s", 4);
	user_fact((waits || (path != DIRECT && !found_early)) &&
		  (ret || !waits ? !reader.found : whole),
		  "%s, and mapped %s: it %s, then finds %s",
		  query ? "PROCMAP_QUERY" : "a reader of maps", ret ? "fails" : "succeeds",
		  waits ? "waits" : "does not wait",
		  whole ? "the VMA" : reader.found ? "half a VMA" : "no VMA");
}

static void j06(enum path path)
{
	struct target target = open_target(path);
	unsigned int i;

	for (i = 0; i < 4; i++)
		read_meanwhile(&target, path, i & 1 ? -EXDEV : 0, i & 2);
}

/* The process is not gone, nor its hook, for a moment after the blow. */
static bool outlives(const struct target *target, pid_t child)
{
	unsigned int i;

	for (i = 0; i < 10; i++) {
		siginfo_t info = { 0 };

		if (waitid(P_PID, child, &info, WEXITED | WNOHANG | WNOWAIT) || info.si_pid ||
		    gate_await(target->inner, 1) != 1)
			return false;
		usleep(1000);
	}
	return true;
}

/* mapped ran, then close, and no VMA with our table is left. */
static void expect_closed(const struct target *target, unsigned int round)
{
	const struct mmapvet_event *mapped, *close;
	struct tally now = tally();

	mapped = log_event(MMAPVET_EV_MAPPED, round);
	close = log_event(MMAPVET_EV_CLOSE, round);
	driver_fact(now.mapped == round + 1 && now.close == round + 1 && mapped && !mapped->ret &&
		    after(close, mapped) && !driver_counts(target->inner).live,
		    "mapped x%u, close x%u, the last one %s mapped had returned; balance %lld",
		    now.mapped, now.close, after(close, mapped) ? "after" : "before",
		    (long long)driver_counts(target->inner).live);
}

static void j07(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = gated_config(0);
	bool outlived;
	unsigned int i;
	pid_t child;
	int status;

	for (i = 0; i < ROUNDS; i++) {
		configure(target.inner, &config);
		child = fork();
		if (child < 0)
			broken("fork: %s", strerror(errno));
		if (!child)
			_exit(map_and_tell(&target));
		if (gate_await(target.inner, 1) != 1)
			vacuous("mapped never came to its gate");
		kill(child, SIGKILL);
		outlived = outlives(&target, child);
		gate_open(target.inner);
		if (waitpid(child, &status, 0) != child)
			broken("the killed process has no result");
		expect_closed(&target, i);
		user_fact(outlived && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
			  "the process %s the hook, and ends with status %#x",
			  outlived ? "stays for" : "does not stay for", status);
	}
}

/* Another thread of it is in mapped when the first one ends the process. */
static _Noreturn void exit_meanwhile(const struct target *target)
{
	struct mapper mapper;

	start_mapper(&mapper, target);
	runner_go(&mapper.runner);
	_exit(gate_await(target->inner, 1) == 1 ? 7 : 8);
}

static void j08(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = gated_config(0);
	bool exiting, outlived;
	unsigned int i;
	pid_t child;
	int status;

	for (i = 0; i < ROUNDS; i++) {
		configure(target.inner, &config);
		child = fork();
		if (child < 0)
			broken("fork: %s", strerror(errno));
		if (!child)
			exit_meanwhile(&target);
		if (gate_await(target.inner, 1) != 1)
			vacuous("mapped never came to its gate");
		exiting = task_waits(child);
		outlived = outlives(&target, child);
		gate_open(target.inner);
		if (waitpid(child, &status, 0) != child)
			broken("the process has no result");
		if (WIFEXITED(status) && WEXITSTATUS(status) == 8)
			vacuous("mapped never came to its gate");
		expect_closed(&target, i);
		user_fact(exiting && outlived && WIFEXITED(status) && WEXITSTATUS(status) == 7,
			  "its first thread %s, the process %s the hook, and ends with status %#x",
			  exiting ? "waits in exit" : "does not wait", outlived ? "stays for" : "does not stay for",
			  status);
	}
}

const struct clause clauses_j[] = {
	{ "J01", "No fault on the new range before mapped has returned: who touches it waits",
	  TWO, EVERY_OK, MMAPVET_F_MAPPED, j01, false, NULL },
	{ "J02", "If mapped fails, who waits to touch the range gets SIGSEGV",
	  TWO, EVERY_OK, MMAPVET_F_MAPPED, j02, false, NULL },
	{ "J03", "In one mm hooks never overlap",
	  TWO, EVERY_OK, MMAPVET_F_MAPPED, j03, false, NULL },
	{ "J04", "Hooks of different processes may overlap",
	  TWO, EVERY_OK, MMAPVET_F_MAPPED, j04, true, NULL },
	{ "J05", "fork waits for a running mapped, and the child inherits a completed mapping",
	  TWO, EVERY_OK, MMAPVET_F_MAPPED, j05, false, NULL },
	{ "J06", "Readers of /proc/self/maps never find a half-made mapping, on the direct path they wait",
	  TWO, EVERY_OK, MMAPVET_F_MAPPED, j06, false, NULL },
	{ "J07", "SIGKILL during mapped: the hook ends as ever, then close runs",
	  TWO, EVERY_OK, MMAPVET_F_MAPPED, j07, false, NULL },
	{ "J08", "exit_group by another thread during mapped: the hook ends as ever, then close runs",
	  TWO, EVERY_OK, MMAPVET_F_MAPPED, j08, false, NULL },
	{ "J09", "A storm of maps, unmaps, moves and forks by several threads ends balanced",
	  TWO, ON(DIRECT), MMAPVET_F_MAPPED, storm, false, NULL },
	{ 0 },
};
