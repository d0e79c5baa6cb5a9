// SPDX-License-Identifier: MIT
/*
 * The cell Z01: a probe of the user's own. Either it is written with probe.h
 * and linked in, or it is a program by itself, as a mail has it: then its exit
 * code decides, by kselftest's codes, and the KTAP that it prints.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "report.h"

/* As in kselftest. */
enum { EXIT_XFAIL = 2, EXIT_XPASS = 3, EXIT_SKIP = 4 };

/* How a child says that it could not become the program. */
#define EXIT_NO_EXEC	127

#define POLL_MS		20

#define MOST_RESULTS	40		/* KTAP results that are told; bad ones always are */

const char *own_program;

static unsigned int results;

bool own_there(void)
{
	return own_program || probe;
}

/* "ok 1 name" or "not ok 1 name", of a subtest as well. */
static bool take_result(const char *line)
{
	bool ok = true;

	line += strspn(line, " \t");
	if (!strncmp(line, "not ", 4)) {
		ok = false;
		line += 4;
	}
	if (strncmp(line, "ok ", 3))
		return false;
	/* What a directive excuses is nobody's fault. */
	if (strstr(line, "# SKIP") || strstr(line, "# TODO") || strstr(line, "# XFAIL"))
		ok = true;
	if (results++ < MOST_RESULTS || !ok)
		user_fact(ok, "the program says: %sok %s", ok ? "" : "not ", line + 3);
	return true;
}

static void take_line(const char *line)
{
	if (*line && !take_result(line))
		report_said(line);
}

/* Line by line; what is too long for one is cut. */
static void take_output(const char *text, ssize_t length)
{
	static char line[REPORT_LINE];
	static unsigned int used;
	ssize_t i;

	for (i = 0; i < length; i++) {
		if (text[i] == '\n') {
			line[used] = '\0';
			used = 0;
			take_line(line);
		} else if (used < sizeof(line) - 1) {
			/* A report's lines end at a newline, and hold text only. */
			line[used++] = iscntrl((unsigned char)text[i]) ? ' ' : text[i];
		}
	}
}

/*
 * Until the program ends: what it has left running may hold its output open,
 * and is ended with the cell.
 */
static int read_until_end(pid_t child, int fd)
{
	struct pollfd output = { .fd = fd, .events = POLLIN };
	bool ended = false;
	char text[2048];
	ssize_t length;
	int status = 0;

	for (;;) {
		if (!ended)
			ended = waitpid(child, &status, WNOHANG) == child;
		if (poll(&output, 1, ended ? 0 : POLL_MS) <= 0) {
			if (ended)
				break;
			continue;
		}
		length = read(fd, text, sizeof(text));
		if (length > 0) {
			take_output(text, length);
			continue;
		}
		if (ended)
			break;
		/* It has closed its output, and works on. */
		usleep(POLL_MS * 1000);
	}
	take_output("\n", 1);
	return status;
}

static _Noreturn void become_program(int output)
{
	char *const arguments[] = { (char *)own_program, NULL };
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	dup2(output, STDOUT_FILENO);
	dup2(output, STDERR_FILENO);
	execv(own_program, arguments);
	fprintf(stderr, "%s: %s\n", own_program, strerror(errno));
	_exit(EXIT_NO_EXEC);
}

static void judge_exit(int code)
{
	switch (code) {
	case 0:
		user_fact(true, "the program exits with 0");
		return;
	case EXIT_XFAIL:
		user_fact(true, "the program exits with 2: it fails as it expects to");
		return;
	case EXIT_XPASS:
		user_fact(false, "the program exits with 3: it passes, and expects not to");
		return;
	case EXIT_SKIP:
		not_applicable("the program exits with 4: it can't be tried here%s%s",
			       report->said_lines ? ": " : "",
			       report->said_lines ? report->said[(report->said_lines - 1) % REPORT_SAID] : "");
	case EXIT_NO_EXEC:
		broken("the program can't be run, or says so: it exits with 127");
	default:
		user_fact(false, "the program exits with %d", code);
	}
}

static void run_program(void)
{
	int ends[2], status;
	pid_t child;

	if (pipe(ends) < 0)
		broken("pipe: %s", strerror(errno));
	child = fork();
	if (child < 0)
		broken("fork: %s", strerror(errno));
	if (!child)
		become_program(ends[1]);
	close(ends[1]);
	status = read_until_end(child, ends[0]);
	if (WIFSIGNALED(status))
		broken("the program died of signal %d (%s)", WTERMSIG(status),
		       strsignal(WTERMSIG(status)));
	judge_exit(WEXITSTATUS(status));
}

static void run_own(enum path path)
{
	if (own_program)
		run_program();
	else
		probe(path);
}

const struct clause clauses_own[] = {
	{ .id = "Z01", .title = "A probe of the user's own", .observers = AS_STATED,
	  .paths = ON(DIRECT) | ON(W1) | ON(W2) | ON(W3) | ON(W4) | ON(W5), .run = run_own },
	{ }
};
