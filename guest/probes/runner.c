// SPDX-License-Identifier: MIT
/*
 * Threads of a probe that start when told, and what they are doing. While a
 * hook is at its gate, the mmap lock is held for writing: whatever would map
 * or grow the heap (pthread_create, malloc, stdio) has to be done before.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "probe.h"

#define STACK_TOUCHED	32768
#define POLL_US		2000
#define PATIENCE_MS	5000		/* for a host that is busy */
#define PATIENCE_POLLS	500		/* where time passes and nobody runs */
#define STEADY		4		/* polls in a row that make a waiter */

/* Not through the vDSO, whose pages may need the lock. */
static uint64_t now_ms(void)
{
	struct timespec now;

	syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ULL + now.tv_nsec / 1000000;
}

static void touch_stack(void)
{
	volatile char room[STACK_TOUCHED];
	unsigned int i;

	for (i = 0; i < sizeof(room); i += 1024)
		room[i] = 0;
}

static void *runner_main(void *argument)
{
	struct runner *runner = argument;

	touch_stack();
	runner->tid = syscall(SYS_gettid);
	sem_post(&runner->ready);
	while (sem_wait(&runner->go) < 0)
		;
	runner->run(runner->argument);
	atomic_store(&runner->done, true);
	return NULL;
}

void runner_start(struct runner *runner, void (*run)(void *), void *argument)
{
	int error;

	runner->run = run;
	runner->argument = argument;
	atomic_store(&runner->done, false);
	sem_init(&runner->ready, 0, 0);
	sem_init(&runner->go, 0, 0);
	error = pthread_create(&runner->thread, NULL, runner_main, runner);
	if (error)
		broken("pthread_create: %s", strerror(error));
	while (sem_wait(&runner->ready) < 0)
		;
	/* What runner_waits() does, so that its own pages are there. */
	touch_stack();
	task_state(runner->tid);
}

void runner_go(struct runner *runner)
{
	sem_post(&runner->go);
}

bool runner_done(struct runner *runner)
{
	return atomic_load(&runner->done);
}

void runner_join(struct runner *runner)
{
	pthread_join(runner->thread, NULL);
	sem_destroy(&runner->ready);
	sem_destroy(&runner->go);
}

/* "TID (comm) S …": no stdio, which might need the lock that is waited for. */
char task_state(pid_t tid)
{
	char file[32], text[256];
	const char *state;

	snprintf(file, sizeof(file), "/proc/%d/stat", tid);
	if (!read_text(file, text, sizeof(text)))
		return '\0';
	state = strrchr(text, ')');
	return state && state[1] ? state[2] : '\0';
}

static bool waits(pid_t tid, struct runner *runner)
{
	uint64_t deadline = now_ms() + PATIENCE_MS;
	unsigned int polls, steady = 0;

	for (polls = 0; polls < PATIENCE_POLLS || now_ms() < deadline; polls++) {
		if (runner && runner_done(runner))
			return false;
		steady = task_state(tid) == 'D' ? steady + 1 : 0;
		if (steady == STEADY)
			return true;
		usleep(POLL_US);
	}
	return false;
}

bool runner_waits(struct runner *runner)
{
	return waits(runner->tid, runner);
}

bool task_waits(pid_t tid)
{
	return waits(tid, NULL);
}
