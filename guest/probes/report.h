/* SPDX-License-Identifier: MIT */
/*
 * What a cell's child leaves to its parent: a report in shared memory, so that
 * whatever the child said last survives its end.
 */
#ifndef REPORT_H
#define REPORT_H

#include <sys/types.h>

#include "probe.h"

#define REPORT_TEXT	32768
#define REPORT_EVENTS	4096
#define REPORT_REASON	512

enum ending { UNFINISHED, FINISHED, VACUOUS, NOT_APPLICABLE, BROKEN };

/* A setting of the machine that the child changed, as it was. */
struct saved_setting {
	char file[80];
	char value[16];
};

#define REPORT_SETTINGS	12

/* A program's last words, in lines. */
#define REPORT_SAID	8
#define REPORT_LINE	240

struct report {
	enum ending ending;
	char reason[REPORT_REASON];		/* of VACUOUS, NOT_APPLICABLE, BROKEN */
	bool reload;				/* the driver, once the child has ended */
	unsigned int settings;
	struct saved_setting setting[REPORT_SETTINGS];
	unsigned int driver_ok, driver_bad, user_ok, user_bad;
	unsigned int driver_saw, user_saw;
	char first_driver_bad[REPORT_REASON];
	char first_user_bad[REPORT_REASON];
	char facts[REPORT_TEXT];		/* whole lines, ended by newline */
	size_t facts_length;
	char said[REPORT_SAID][REPORT_LINE];	/* the n-th line in n % REPORT_SAID */
	unsigned int said_lines;
	char vmas[REPORT_TEXT];
	size_t vmas_length;
	uint64_t dropped[MMAPVET_EV_TYPES];	/* events that were looked at and dropped */
	unsigned int events;
	struct mmapvet_event event[REPORT_EVENTS];
};

/* The running cell's report, and the parent's own open /dev/mmapvet. */
extern struct report *report;
extern int control;

struct report *report_new(void);
void report_clear(struct report *report);
void report_vma(const struct vma *vma);
void report_said(const char *line);
void print_said(void);
void print_event(const struct mmapvet_event *event);
void print_counts(const struct mmapvet_counts *counts);

/* driver.c */
extern const char *const path_names[PATHS];
const char *driver_connect(struct mmapvet_info *info);
void driver_reload(void);
int open_module_file(const char *name);
void feature_names(unsigned int features, char *text, size_t size);
unsigned int path_needs(enum path path);

/* own.c */
/* The program that is to run as Z01; NULL for none. */
extern const char *own_program;
bool own_there(void);

/* machine.c */
void restore_settings(struct report *report);

/* cell.c */
enum outcome { PASS, CHANGED, FAIL, FAULT, VACUITY, ERROR, TIMEOUT, SKIP };

struct verdict {
	enum outcome outcome;
	char reason[2 * REPORT_REASON];
	bool stuck;				/* the probe can't be ended: no cell after it */
};

struct verdict run_cell(const struct clause *clause, enum path path, unsigned int seconds);

/* coverage.c */
void coverage_begin(const char *where);
/* Between two cells, of these clauses; NULL before the first and after the last. */
void coverage_cell(const char *clause, const char *next);

/* kmsg.c */
void kmsg_begin(const char *cell);
/* Ends the cell's slice of the log; returns the number of bad splats. */
unsigned int kmsg_end(const char *cell, const char *required, unsigned int *required_seen);
void rearm_warnings(void);
bool warnings_rearmed(void);

#endif
