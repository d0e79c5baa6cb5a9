// SPDX-License-Identifier: MIT
/* The shared report: facts going in, diagnostic lines coming out. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "report.h"

struct report *report;

struct report *report_new(void)
{
	struct report *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return shared == MAP_FAILED ? NULL : shared;
}

void report_clear(struct report *shared)
{
	/* Not the events: they are many, and counted. */
	memset(shared, 0, offsetof(struct report, event));
}

static void append(char *text, size_t *length, const char *line)
{
	size_t size = strlen(line);

	if (*length + size + 2 > REPORT_TEXT)
		return;
	memcpy(text + *length, line, size);
	text[*length + size] = '\n';
	*length += size + 1;
}

static void state(const char *who, bool ok, const char *format, va_list args, char *first_bad)
{
	char text[REPORT_REASON], line[REPORT_REASON + 32];

	vsnprintf(text, sizeof(text), format, args);
	snprintf(line, sizeof(line), "# %s %s: %s", who, ok ? "ok" : "bad", text);
	append(report->facts, &report->facts_length, line);
	if (!ok && !*first_bad)
		memcpy(first_bad, text, sizeof(text));
}

void driver_fact(bool ok, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	state("driver", ok, format, args, report->first_driver_bad);
	va_end(args);
	if (ok)
		report->driver_ok++;
	else
		report->driver_bad++;
}

void user_fact(bool ok, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	state("user", ok, format, args, report->first_user_bad);
	va_end(args);
	if (ok)
		report->user_ok++;
	else
		report->user_bad++;
}

static void observe(const char *who, const char *format, va_list args)
{
	char text[REPORT_REASON], line[REPORT_REASON + 32];

	vsnprintf(text, sizeof(text), format, args);
	snprintf(line, sizeof(line), "# observed %s: %s", who, text);
	append(report->facts, &report->facts_length, line);
}

void driver_saw(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	observe("driver", format, args);
	va_end(args);
	report->driver_saw++;
}

void user_saw(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	observe("user", format, args);
	va_end(args);
	report->user_saw++;
}

static _Noreturn void end_as(enum ending ending, const char *format, va_list args)
{
	vsnprintf(report->reason, sizeof(report->reason), format, args);
	report->ending = ending;
	_exit(0);
}

void vacuous(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	end_as(VACUOUS, format, args);
}

void not_applicable(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	end_as(NOT_APPLICABLE, format, args);
}

void broken(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	end_as(BROKEN, format, args);
}

void report_said(const char *line)
{
	snprintf(report->said[report->said_lines++ % REPORT_SAID], REPORT_LINE, "%s", line);
}

/* A program that never ended has said something as well. */
void print_said(void)
{
	unsigned int i = report->said_lines > REPORT_SAID ? report->said_lines - REPORT_SAID : 0;

	for (; i < report->said_lines; i++)
		printf("# user ok: the program says: %s\n", report->said[i % REPORT_SAID]);
}

void report_vma(const struct vma *vma)
{
	char line[128];

	snprintf(line, sizeof(line), "# vma %#llx-%#llx %s pgoff=%llu",
		 (unsigned long long)vma->start, (unsigned long long)vma->end, vma->perms,
		 (unsigned long long)vma->pgoff);
	append(report->vmas, &report->vmas_length, line);
}

static const char *const type_names[MMAPVET_EV_TYPES] = {
	[MMAPVET_EV_PREPARE]	= "prepare",
	[MMAPVET_EV_MAPPED]	= "mapped",
	[MMAPVET_EV_OPEN]	= "open",
	[MMAPVET_EV_CLOSE]	= "close",
	[MMAPVET_EV_FAULT]	= "fault",
	[MMAPVET_EV_MREMAP]	= "mremap",
	[MMAPVET_EV_MAY_SPLIT]	= "may-split",
	[MMAPVET_EV_MMAP]	= "mmap",
	[MMAPVET_EV_MMAP_RET]	= "mmap-ret",
	[MMAPVET_EV_RELEASE]	= "release",
};

static void print_hex(const char *key, uint64_t value)
{
	if (value)
		printf(" %s=%#llx", key, (unsigned long long)value);
}

static void print_number(const char *key, int64_t value)
{
	if (value)
		printf(" %s=%lld", key, (long long)value);
}

static void print_name(const char *key, const char *const *names, unsigned int count,
		       unsigned int value)
{
	if (value)
		printf(" %s=%s", key, value < count ? names[value] : "unknown");
}

void print_event(const struct mmapvet_event *event)
{
	static const char *const ops[] = { "", "null", "ours", "foreign" };
	static const char *const lookups[] = { "", "none", "exact", "other" };

	printf("# log seq=%llu type=%s", (unsigned long long)event->seq,
	       event->type < MMAPVET_EV_TYPES && type_names[event->type] ?
	       type_names[event->type] : "unknown");
	print_number("tid", event->tid);
	print_number("tgid", event->tgid);
	print_name("ops", ops, ARRAY_SIZE(ops), event->ops);
	print_hex("start", event->start);
	print_hex("end", event->end);
	print_number("pgoff", event->pgoff);
	print_hex("flags", event->flags);
	print_hex("prot", event->prot);
	print_number("file", event->file);
	print_number("vm_file", event->vm_file);
	print_hex("in", event->private_in);
	print_hex("out", event->private_out);
	print_number("ret", event->ret);
	print_number("action", event->action);
	if (event->type == MMAPVET_EV_MAPPED) {
		print_name("lookup", lookups, ARRAY_SIZE(lookups), event->lookup);
		print_hex("lookup_start", event->lookup_start);
		print_hex("lookup_end", event->lookup_end);
		print_number("lookup_pgoff", event->lookup_pgoff);
		print_hex("lookup_flags", event->lookup_flags);
		print_hex("lookup_prot", event->lookup_prot);
		print_number("nofault", event->nofault);
		print_number("rmap_free", event->rmap_free);
		print_hex("word_first", event->word_first);
		print_hex("word_last", event->word_last);
		print_hex("pte_prot", event->pte_prot);
		print_number("user_closed", event->user_closed);
	}
	print_number("mmap_locked", event->mmap_locked);
	print_number("entered", event->entered);
	print_number("left", event->left);
	putchar('\n');
}

/* The five that every clause is about, and those others that ran. */
void print_counts(const struct mmapvet_counts *counts)
{
	unsigned int type;
	uint64_t count;

	printf("# count");
	for (type = 1; type < MMAPVET_EV_TYPES; type++) {
		count = report->dropped[type] + counts->entered[type];
		if (type <= MMAPVET_EV_FAULT || count)
			printf(" %s=%llu", type_names[type], (unsigned long long)count);
	}
	putchar('\n');
}
