// SPDX-License-Identifier: MIT
/*
 * mmapvet-probes: checks clauses of the mmap_prepare and mapped contract on the
 * running kernel, through /dev/mmapvet, and prints KTAP (docs/probe-output.md).
 */
#include <fnmatch.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/utsname.h>

#include "report.h"

/* As in kselftest. */
enum { EXIT_PASSED = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_SKIPPED = 4 };

#define MAX_CELLS 1024

static const struct clause *const groups[] = {
	clauses_a, clauses_b, clauses_c, clauses_d, clauses_e,
	clauses_f, clauses_g, clauses_h, clauses_i, clauses_j,
	clauses_k, clauses_l, clauses_m, clauses_n, clauses_o,
	clauses_u, clauses_own,
};

struct cell {
	const struct clause *clause;
	enum path path;
};

static const char usage[] =
	"usage: mmapvet-probes [--list] [--timeout SECONDS] [--path PATH] [--seed N]\n"
	"                      [--program FILE] [--coverage FOLDER] [SELECTOR...]\n"
	"\n"
	"SELECTOR is a clause or a cell, with wildcards: E02, 'K*', K01.W2. None means all.\n"
	"PATH is direct, W1 to W5 or user. N makes J09 repeat the operations of the run that named it.\n"
	"FILE is a program of your own, which then is the cell Z01.direct.\n"
	"With --coverage, what gcov counts of each clause is left in FOLDER.\n"
	"Load the driver first: insmod driver/mmapvet.ko\n";

static bool selected(const struct cell *cell, char **selectors, bool *used)
{
	bool any = !*selectors;
	char name[32];
	int i;

	snprintf(name, sizeof(name), "%s.%s", cell->clause->id, path_names[cell->path]);
	for (i = 0; selectors[i]; i++) {
		if (fnmatch(selectors[i], name, 0) && fnmatch(selectors[i], cell->clause->id, 0))
			continue;
		used[i] = true;
		any = true;
	}
	return any;
}

static unsigned int collect(struct cell *cells, const char *path, char **selectors, bool *used)
{
	const struct clause *clause;
	unsigned int group, count = 0;
	struct cell cell;

	for (group = 0; group < ARRAY_SIZE(groups); group++) {
		if (groups[group] == clauses_own && !own_there())
			continue;
		for (clause = groups[group]; clause->id; clause++) {
			cell.clause = clause;
			for (cell.path = DIRECT; cell.path < PATHS; cell.path++) {
				if (!(clause->paths & ON(cell.path)))
					continue;
				if (path && strcmp(path, path_names[cell.path]))
					continue;
				if (selected(&cell, selectors, used) && count < MAX_CELLS)
					cells[count++] = cell;
			}
		}
	}
	return count;
}

static void print_header(const struct mmapvet_info *info)
{
	struct utsname host;
	char features[256];

	uname(&host);
	feature_names(info->features, features, sizeof(features));
	printf("KTAP version 1\n");
	printf("# mmapvet-probes abi=%u driver-abi=%u kernel=%s machine=%s page=%zu features=%s\n",
	       MMAPVET_ABI, info->abi, host.release, host.machine, page_size(), features);
}

static struct verdict decide(const struct cell *cell, const struct mmapvet_info *info,
			     const char *no_driver, unsigned int seconds)
{
	unsigned int needs = cell->clause->needs | path_needs(cell->path) | MMAPVET_F_PREPARE;
	struct verdict verdict = { .outcome = SKIP };
	char missing[256];

	if (no_driver) {
		verdict.outcome = ERROR;
		snprintf(verdict.reason, sizeof(verdict.reason), "%s", no_driver);
		return verdict;
	}
	if (needs & ~info->features) {
		feature_names(needs & ~info->features, missing, sizeof(missing));
		snprintf(verdict.reason, sizeof(verdict.reason), "this kernel has no %s", missing);
		return verdict;
	}
	return run_cell(cell->clause, cell->path, seconds);
}

static void print_result(unsigned int number, const struct cell *cell,
			 const struct verdict *verdict)
{
	static const char *const directives[] = {
		[VACUITY] = " # ERROR vacuous: ", [ERROR] = " # ERROR ",
		[TIMEOUT] = " # TIMEOUT ", [SKIP] = " # SKIP ",
	};
	bool ok = verdict->outcome == PASS || verdict->outcome == CHANGED ||
		  verdict->outcome == SKIP;

	printf("%sok %u %s.%s %s", ok ? "" : "not ", number, cell->clause->id,
	       path_names[cell->path], cell->clause->title);
	if (verdict->outcome >= VACUITY)
		printf("%s%s", directives[verdict->outcome], verdict->reason);
	putchar('\n');
}

static int run_cells(const struct cell *cells, unsigned int count, unsigned int seconds,
		     const char *coverage)
{
	unsigned int i, bad = 0, skipped = 0;
	struct mmapvet_info info;
	const char *no_driver = driver_connect(&info);
	struct verdict verdict;
	sigset_t set;

	report = report_new();
	if (!report && !no_driver)
		no_driver = "no shared memory for the report";
	/* Grandchildren that outlive a cell's child are ours to end. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);

	print_header(&info);
	printf("1..%u\n", count);
	if (coverage)
		coverage_begin(coverage);
	for (i = 0; i < count; i++) {
		coverage_cell(i ? cells[i - 1].clause->id : NULL, cells[i].clause->id);
		verdict = decide(&cells[i], &info, no_driver, seconds);
		if (verdict.stuck) {
			/* Whose fault that is, its stack tells; the cell has no result. */
			printf("Bail out! %s.%s: %s\n", cells[i].clause->id,
			       path_names[cells[i].path], verdict.reason);
			return EXIT_FAILED;
		}
		print_result(i + 1, &cells[i], &verdict);
		if (verdict.outcome == SKIP)
			skipped++;
		else if (verdict.outcome != PASS && verdict.outcome != CHANGED)
			bad++;
	}
	coverage_cell(cells[count - 1].clause->id, NULL);
	if (no_driver)
		printf("Bail out! %s\n", no_driver);
	if (bad)
		return EXIT_FAILED;
	return skipped == count ? EXIT_SKIPPED : EXIT_PASSED;
}

static bool known_path(const char *path)
{
	int i;

	for (i = 0; i < PATHS; i++)
		if (!strcmp(path, path_names[i]))
			return true;
	return false;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "list", no_argument, NULL, 'l' },
		{ "timeout", required_argument, NULL, 't' },
		{ "path", required_argument, NULL, 'p' },
		{ "seed", required_argument, NULL, 's' },
		{ "program", required_argument, NULL, 'o' },
		{ "coverage", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	static struct cell cells[MAX_CELLS];
	unsigned long seconds = 30;
	unsigned int count, i;
	const char *path = NULL, *coverage = NULL;
	bool list = false;
	bool *used;
	char *end;
	int option;

	setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (option) {
		case 'l':
			list = true;
			break;
		case 't':
			seconds = strtoul(optarg, &end, 10);
			if (*end || !seconds || seconds > 86400) {
				fprintf(stderr, "--timeout \"%s\": expected seconds, 1 to 86400\n",
					optarg);
				return EXIT_USAGE;
			}
			break;
		case 'p':
			path = optarg;
			if (!known_path(path)) {
				fprintf(stderr, "--path \"%s\": expected direct, W1 to W5 or user\n", path);
				return EXIT_USAGE;
			}
			break;
		case 's':
			storm_seed = strtoull(optarg, &end, 10);
			if (!*optarg || *end || !storm_seed) {
				fprintf(stderr, "--seed \"%s\": expected a number above 0\n", optarg);
				return EXIT_USAGE;
			}
			break;
		case 'o':
			own_program = optarg;
			break;
		case 'c':
			coverage = optarg;
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			fputs(usage, stderr);
			return EXIT_USAGE;
		}
	}

	used = calloc(argc, sizeof(*used));
	if (!used)
		return EXIT_FAILED;
	count = collect(cells, path, argv + optind, used);
	for (i = 0; argv[optind + i]; i++) {
		if (used[i])
			continue;
		fprintf(stderr, "\"%s\" selects no cell; --list shows all\n", argv[optind + i]);
		return EXIT_USAGE;
	}
	free(used);
	if (!count) {
		fprintf(stderr, "no cell has the path \"%s\"; --list shows all\n", path);
		return EXIT_USAGE;
	}
	if (!list)
		return run_cells(cells, count, seconds, coverage);
	for (i = 0; i < count; i++)
		printf("%s.%s\t%s\n", cells[i].clause->id, path_names[cells[i].path],
		       cells[i].clause->title);
	return 0;
}
