// SPDX-License-Identifier: MIT
/*
 * Clause J09: several threads map, unmap, move, protect, touch and fork in one
 * area, at the same time and over each other. What each thread does, and in
 * which order, follows from the seed alone; how the threads interleave doesn't.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"

#define THREADS		4
#define ROUNDS		6
#define OPERATIONS	40		/* of one thread in one round */
#define AREA		32		/* pages */

uint64_t storm_seed;

enum device { PLAIN, FAILING, WRAPPED, DEVICES };

struct thread {
	struct runner runner;
	pthread_barrier_t *start;
	const int *fds;			/* by enum device */
	char *area;
	uint64_t state;			/* of its random numbers */
	uint64_t digest;		/* of its operations */
	unsigned int children;
	unsigned int strange;		/* results that no operation may have */
	char what[80];			/* the first of these */
};

struct operation {
	unsigned int kind;
	unsigned int from, pages;	/* a range of the area */
	unsigned int to, to_pages;	/* another one */
	unsigned int pgoff;
	unsigned int choice;
};

/* splitmix64 */
static uint64_t draw(struct thread *thread)
{
	uint64_t z = thread->state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

static unsigned int below(struct thread *thread, unsigned int limit)
{
	unsigned int number = draw(thread) % limit;

	thread->digest = (thread->digest ^ number) * 0x100000001b3ULL;
	return number;
}

static struct operation next_operation(struct thread *thread)
{
	struct operation operation;

	operation.kind = below(thread, 16);
	operation.from = below(thread, AREA);
	operation.pages = 1 + below(thread, AREA - operation.from < 8 ? AREA - operation.from : 8);
	operation.to = below(thread, AREA);
	operation.to_pages = 1 + below(thread, AREA - operation.to < 8 ? AREA - operation.to : 8);
	operation.pgoff = below(thread, MMAPVET_PAGES);
	operation.choice = below(thread, 64);
	return operation;
}

static void strange(struct thread *thread, const char *what, int error)
{
	if (!thread->strange++)
		snprintf(thread->what, sizeof(thread->what), "%s: %s", what, error_name(error));
}

static void do_map(struct thread *thread, const struct operation *operation, char *at)
{
	static const int prots[] = { PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE };
	/* Most maps are plain, or there would be little left to fight for. */
	static const enum device devices[] = { PLAIN, PLAIN, FAILING, WRAPPED };
	enum device device = devices[operation->choice % ARRAY_SIZE(devices)];
	struct attempt attempt;

	attempt = map_over(thread->fds[device], at, operation->pages * page_size(),
			   operation->pgoff, prots[operation->choice / 4 % ARRAY_SIZE(prots)],
			   operation->choice & 32 ? MAP_SHARED : MAP_PRIVATE);
	/* A map that merges has no mapped that could fail. */
	if (attempt.at ? attempt.at != at : device != FAILING || attempt.error != EXDEV)
		strange(thread, "mmap", attempt.error);
}

static void do_touch(struct thread *thread, const char *at)
{
	struct touch seen = touch(at, 0);

	if (!seen.signal && (seen.word & ~0xffULL) != MMAPVET_MAGIC)
		strange(thread, "a touch reads no pattern", 0);
}

static void do_fork(struct thread *thread, const struct operation *operation, char *at)
{
	char *other = thread->area + operation->to * page_size();
	pid_t child = fork();
	int status;

	if (!child) {
		do_touch(thread, at);
		munmap(other, operation->to_pages * page_size());
		do_touch(thread, at);
		_exit(thread->strange != 0);
	}
	if (child < 0) {
		strange(thread, "fork", errno);
		return;
	}
	thread->children++;
	if (waitpid(child, &status, 0) != child || status)
		strange(thread, "a child ends ill", 0);
}

static void perform(struct thread *thread, const struct operation *operation)
{
	static const int advices[] = { MADV_DONTNEED, MADV_DONTFORK, MADV_DOFORK };
	size_t length = operation->pages * page_size();
	char *at = thread->area + operation->from * page_size();
	char *to = thread->area + operation->to * page_size();

	/* What fails because another thread was there first is no trouble. */
	switch (operation->kind) {
	case 0 ... 5:
		do_map(thread, operation, at);
		break;
	case 6: case 7:
		if (munmap(at, length))
			strange(thread, "munmap", errno);
		break;
	case 8: case 9:
		mremap(at, length, operation->to_pages * page_size(), MREMAP_MAYMOVE | MREMAP_FIXED,
		       to);
		break;
	case 10:
		mprotect(at, length, operation->choice & 1 ? PROT_READ : PROT_NONE);
		break;
	case 11:
		madvise(at, length, advices[operation->choice % ARRAY_SIZE(advices)]);
		break;
	case 12:
		do_fork(thread, operation, at);
		break;
	default:
		do_touch(thread, at);
	}
}

static void run_thread(void *argument)
{
	struct thread *thread = argument;
	struct operation operation;
	unsigned int i;

	pthread_barrier_wait(thread->start);
	for (i = 0; i < OPERATIONS; i++) {
		operation = next_operation(thread);
		perform(thread, &operation);
	}
}

struct outcome {
	unsigned int maps, moves, children, strange;
	const char *what;
	uint64_t digest;
};

static void run_round(struct thread *threads, unsigned int round, struct outcome *outcome)
{
	pthread_barrier_t start;
	unsigned int i;

	pthread_barrier_init(&start, NULL, THREADS);
	for (i = 0; i < THREADS; i++) {
		threads[i].start = &start;
		threads[i].state = storm_seed ^ (uint64_t)(round * THREADS + i + 1) << 32;
		runner_start(&threads[i].runner, run_thread, &threads[i]);
	}
	for (i = 0; i < THREADS; i++)
		runner_go(&threads[i].runner);
	for (i = 0; i < THREADS; i++)
		runner_join(&threads[i].runner);
	pthread_barrier_destroy(&start);
	log_pull();
	outcome->maps += log_count(MMAPVET_EV_MAPPED);
	outcome->moves += log_count(MMAPVET_EV_MREMAP);
}

/*
 * When all is unmapped: every mapped, failed ones of the direct path included,
 * and every open has had its close (H03, E08), and no VMA is left.
 */
static void expect_calm(const struct target *target, char *area, unsigned int round)
{
	struct mmapvet_counts counts;
	struct mmapvet_reset left;
	struct tally now;
	bool balanced;

	unmap(area, AREA);
	counts = driver_counts(target->inner);
	now = tally();
	balanced = now.mapped + now.open == now.close;
	left = log_drop();
	if (!round || !balanced || counts.overlapped || counts.lost || left.live_before)
		driver_fact(balanced && !counts.overlapped && !counts.lost && !left.live_before,
			    "round %u: mapped x%u, open x%u, close x%u, hooks of one mm at once x%llu, VMAs left x%llu",
			    round, now.mapped, now.open, now.close,
			    (unsigned long long)counts.overlapped,
			    (unsigned long long)left.live_before);
	if (!round)
		expect_vmas("after the first round", area, AREA, 0);
}

static uint64_t any_seed(void)
{
	uint32_t seed = 0;

	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		broken("getrandom: %s", strerror(errno));
	return seed ? seed : 1;
}

void storm(enum path path)
{
	struct target target = open_target(path), failing = open_target(DIRECT);
	struct mmapvet_config config = plain_config();
	const int fds[DEVICES] = { target.fd, failing.fd, open_target(W1).fd };
	struct thread threads[THREADS] = { 0 };
	struct outcome outcome = { 0 };
	char *area = carve(AREA);
	unsigned int i;

	if (!storm_seed)
		storm_seed = any_seed();
	/* At once: a storm that does not end is worth repeating as well. */
	user_fact(true, "seed %llu", (unsigned long long)storm_seed);
	configure(target.inner, &config);
	config.mapped_ret = -EXDEV;
	configure(failing.inner, &config);
	touch_from_threads();
	for (i = 0; i < THREADS; i++) {
		threads[i].fds = fds;
		threads[i].area = area;
	}
	for (i = 0; i < ROUNDS; i++) {
		run_round(threads, i, &outcome);
		expect_calm(&target, area, i);
	}
	for (i = 0; i < THREADS; i++) {
		outcome.children += threads[i].children;
		outcome.digest = outcome.digest * 31 + threads[i].digest;
		if (threads[i].strange && !outcome.strange)
			outcome.what = threads[i].what;
		outcome.strange += threads[i].strange;
	}
	if (!outcome.maps || !outcome.moves || !outcome.children)
		vacuous("%u maps, %u moves and %u forks are no storm", outcome.maps, outcome.moves,
			outcome.children);
	driver_fact(true, "%u maps and %u moves in %d rounds", outcome.maps, outcome.moves, ROUNDS);
	user_fact(!outcome.strange,
		  "operations %016llx, %u forks, %u strange results%s%s",
		  (unsigned long long)outcome.digest,
		  outcome.children, outcome.strange, outcome.strange ? ", first " : "",
		  outcome.strange ? outcome.what : "");
}
