/* SPDX-License-Identifier: MIT */
/*
 * What a clause's probe is written with.
 *
 * A probe is a function that runs in a child process of its own, for one path
 * to the driver. It states facts: driver_fact() for what the driver's log, its
 * find_vma() or its reference counts say, user_fact() for what user space saw
 * by itself (errno, PROCMAP_QUERY, memory, signals; never the driver's log).
 * cell.c makes the verdict of them.
 */
#ifndef PROBE_H
#define PROBE_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <mmapvet.h>

enum path { DIRECT, W1, W2, W3, W4, W5, USER, PATHS };

#define ON(path)	(1u << (path))
#define STACKED		(ON(W1) | ON(W2) | ON(W3))
#define EVERY_OK	(ON(DIRECT) | STACKED | ON(W5))	/* all that can succeed */

/* AS_STATED: whoever states facts counts, and who both do must agree. */
enum observers { TWO, DRIVER_ONLY, AS_STATED };

struct clause {
	const char *id;
	const char *title;
	enum observers observers;
	unsigned int paths;		/* ON(DIRECT) | ... */
	unsigned int needs;		/* enum mmapvet_feature */
	void (*run)(enum path path);
	/* An X clause: what it saw is compared with what is recorded, by the harness. */
	bool recorded;
	/* A splat that the kernel must show: a pattern (fnmatch) of its first line. */
	const char *splat;
};

/* One table a group, ended by an entry without id. */
extern const struct clause clauses_a[], clauses_b[], clauses_c[], clauses_d[], clauses_e[];
extern const struct clause clauses_f[], clauses_g[], clauses_h[], clauses_i[], clauses_j[];
extern const struct clause clauses_k[], clauses_l[], clauses_m[], clauses_n[], clauses_o[];
extern const struct clause clauses_u[];
extern const struct clause clauses_own[];

/* A probe of your own, for "mmapvet probe FILE.c": the one function that your file defines. */
void probe(enum path path) __attribute__((__weak__));

/* report.c: what a probe states; one line each, without newline. */
#define printf_like(text, first) __attribute__((__format__(printf, text, first)))
void driver_fact(bool ok, const char *format, ...) printf_like(2, 3);
void user_fact(bool ok, const char *format, ...) printf_like(2, 3);
/*
 * Of an X clause: what is, in few canonical words without addresses, times or
 * numbers that differ from run to run. Nothing here knows what is recorded.
 */
void driver_saw(const char *format, ...) printf_like(1, 2);
void user_saw(const char *format, ...) printf_like(1, 2);
/* The event that the clause is about never happened. Ends the probe. */
_Noreturn void vacuous(const char *format, ...) printf_like(1, 2);
/* This machine or kernel has not what the clause is about. Ends the probe. */
_Noreturn void not_applicable(const char *format, ...) printf_like(1, 2);
/* Our own side broke. Ends the probe. */
_Noreturn void broken(const char *format, ...) printf_like(1, 2);

/* driver.c: the driver of one cell. */
struct target {
	int fd;				/* what to map */
	int inner;			/* what to configure; fd itself if direct */
};

int open_node(const char *name);
struct target open_target(enum path path);
struct mmapvet_config plain_config(void);
void configure(int inner, const struct mmapvet_config *config);
uint64_t cookie_of(int fd);
unsigned int features_of(int fd);
/* find_vma() of the driver; found is 0 if no VMA contains the address. */
struct mmapvet_find driver_find(int fd, const void *address);
struct mmapvet_counts driver_counts(int fd);

struct mmapvet_refs driver_refs(int fd);
/* What the kernel has counted, seen from inside. */
struct mmapvet_accounts driver_accounts(int fd);
/* Registers fd as the file that MMAPVET_C_SWAP puts into the descriptor: its cookie. */
uint64_t set_swap(int inner, int fd);

/* Waits until so many hooks are at the gate of inner, 5 s at most. How many there are. */
unsigned int gate_await(int inner, unsigned int hooks);
void gate_open(int inner);

/* driver.c: the log so far. */
void log_pull(void);
/* Drops it, and the counters, for a probe whose steps are many: what it found is stated. */
struct mmapvet_reset log_drop(void);
unsigned int log_count(enum mmapvet_event_type type);
/* The n-th event of the type, from 0; NULL if there are not so many. */
const struct mmapvet_event *log_event(enum mmapvet_event_type type, unsigned int n);

/* memory.c */
size_t page_size(void);
/* A hole of so many pages, fenced by PROT_NONE: nothing merges by accident. */
char *carve(unsigned int pages);

struct attempt {
	char *at;			/* NULL if mmap failed */
	int error;			/* errno then */
};

/* Maps pages at address (a hole), read and write, shared. pgoff in pages. */
struct attempt map(int fd, char *address, unsigned int pages, unsigned int pgoff);
/* The same, and broken() if it fails. */
char *map_or_break(int fd, char *address, unsigned int pages, unsigned int pgoff);
struct attempt map_bytes(int fd, char *address, size_t length, uint64_t pgoff, int prot,
			 int flags);
/* The same with MAP_FIXED: replaces what is there. */
struct attempt map_over(int fd, char *address, size_t length, unsigned int pgoff, int prot,
			int flags);
/* Unmaps pages, and broken() if that fails. */
void unmap(char *address, unsigned int pages);
/* Configures the target and maps pages at a hole of their own. */
struct attempt map_as(const struct target *target, const struct mmapvet_config *config,
		      unsigned int pages, unsigned int pgoff);
char *map_as_or_break(const struct target *target, const struct mmapvet_config *config,
		      unsigned int pages, unsigned int pgoff);
/* "EPERM", or "success" for 0. */
const char *error_name(int error);

struct touch {
	int signal;			/* 0 if the read went well */
	uint64_t word;
};

/* Reads word n of the page at address. */
struct touch touch(const char *address, unsigned int n);
/* From now on touch() may run in several threads at once. */
void touch_from_threads(void);
/* Word 1: the VMA's private data as the fault saw it. broken() if unreadable. */
uint64_t private_word(const char *address);

/* maps.c: what user space can know of its VMAs. */
struct vma {
	uint64_t start;
	uint64_t end;
	uint64_t pgoff;			/* pages */
	char perms[5];
};

/* The VMA that contains the address. */
bool vma_at(const char *address, struct vma *vma);
/* The VMAs that overlap [start, end): how many, the first `room` of them stored. */
unsigned int vmas_in(const char *start, const char *end, struct vma *vmas, unsigned int room);

/* smaps: has the VMA of the address this two-letter flag ("dc")? */
bool smaps_flag(const char *address, const char *flag);
/* The path of the VMA's file as /proc/self/maps prints it, "" if it has none. */
void vma_path(const char *address, char *path, size_t size);
/* /proc/self/pagemap: is the page there, and its PFN (0 for who may not know). */
bool page_present(const char *address, uint64_t *pfn);
/* A line of /proc/self/status or /proc/meminfo, kB. */
long status_kb(const char *key);
long meminfo_kb(const char *key);
bool read_setting(const char *name, long *value);

/* expect.c: what both observers are held to after a step. */
struct tally {
	unsigned int prepare, mapped, open, close, fault, mremap;
};

/* Counts the log so far. */
struct tally tally(void);
/* In all so far, open and close ran so often. */
void expect_life(const char *step, unsigned int open, unsigned int close);
/* In all so far, prepare and mapped ran so often. */
void expect_delivery(const char *step, unsigned int prepare, unsigned int mapped);
/* So many VMAs lie in the area. */
void expect_vmas(const char *step, const char *area, unsigned int pages, unsigned int vmas);
/* Word 0 of the page is that of pattern page n. */
void expect_page(const char *step, const char *address, unsigned int n);
/* Runs in a child, whose result is the exit status, 0 for well. */
pid_t in_child(int (*run)(void *), void *argument, int *status);

/* runner.c: a thread that starts when told. */
struct runner {
	pthread_t thread;
	pid_t tid;
	sem_t ready, go;
	atomic_bool done;
	void (*run)(void *argument);
	void *argument;
};

void runner_start(struct runner *runner, void (*run)(void *), void *argument);
void runner_go(struct runner *runner);
/* Has it done its work? */
bool runner_done(struct runner *runner);
/* Does it come to wait in the kernel, as for a lock? False if it is done first, or after 5 s. */
bool runner_waits(struct runner *runner);
void runner_join(struct runner *runner);
/* 'R', 'S', 'D', 'Z' and so on; '\0' if there is no such task. */
char task_state(pid_t tid);
/* The same of any task. */
bool task_waits(pid_t tid);

/* storm.c: clause J09, and what its operations are drawn from. */
extern uint64_t storm_seed;
void storm(enum path path);

/* inject.c: one work, done over and over; each time a later allocation of it fails. */
struct walk {
	unsigned int n;			/* which allocation fails */
	unsigned int hits;		/* so many have failed */
	bool over;			/* the work is done before it comes to the n-th */
};

/* Makes every allocation one that can fail; not_applicable() if the kernel can't. */
void inject_setup(void);
/* Then, while switched on, every slab allocation of the thread fails. */
void inject_into(pid_t tid);
void inject_all(bool fail);
/* Is there one more time to do the work? */
bool walk_on(struct walk *walk);
/* Around the work, and as close to it as can be. Did an allocation fail? */
void walk_arm(const struct walk *walk);
bool walk_disarm(struct walk *walk);

/* What was wrong after the steps of a walk; the first one is told, at number n. */
struct trouble {
	unsigned int bad;
	char first[160];
};

void note(struct trouble *trouble, bool ok, const char *format, ...) printf_like(3, 4);
/* One fact for a whole walk. */
void driver_walk(const char *what, const struct walk *walk, const struct trouble *trouble);
void user_walk(const char *what, const struct walk *walk, const struct trouble *trouble);

/* leaks.c: clauses N06 and N07. */
void leaks_memory(enum path path);
/* Plants a leak for kmemleak to find; then scans, and holds all that it finds to account, or ours. */
void leaks_begin(const struct target *target);
void leaks_end(const char *step, bool all);
void leaks_module(enum path path);

/* machine.c: what the parent puts back when the cell has ended. */
/* Writes a number below /proc/sys; not_applicable() where there is no such setting. */
void set_setting(const char *name, long value);
/* The same for any file of one short line. */
void set_file(const char *file, const char *value);
/* The begin of a file; for one short line, or what is then not put back. */
bool read_text(const char *file, char *text, size_t size);
bool write_text(const char *file, const char *text);
/* Mounts from now on are only this process's. */
void own_mounts(void);
/* An empty tmpfs that only this process sees, mounted with these flags. */
const char *private_folder(unsigned long flags);

/*
 * Can user space tell that mapped runs on a new mapping? By a count in the
 * private data or by its errno: a kernel that loses one of the two breaks
 * another clause. Configures the target anew.
 */
bool mapped_shows(const struct target *target);

/*
 * Word 1, into which mapped's store was to bring something else than `before`.
 * broken() if mapped does run, yet nothing that it stores reaches the VMA: that
 * breaks another clause (C02), and leaves this one without an observer.
 */
uint64_t stored_word(const struct target *target, const char *address, uint64_t before);

/* An mmap of pages at a hole: how it ended and what it left, for both observers. */
void saw_map(const struct target *target, const char *step, struct attempt attempt,
	     const char *at, unsigned int pages);

/* A wish to map pages at a hole, which fails: both observers look for leftovers. */
void expect_failed_map(const struct target *target, struct attempt attempt, const char *at,
		       unsigned int pages, int error);

#define ARRAY_SIZE(array) (sizeof(array) / sizeof(*(array)))

/* VMA flags, as the driver passes and reports them. */
#define VMA_WRITE	0x2ULL
#define VMA_SHARED	0x8ULL
#define VMA_MAYWRITE	0x20ULL
#define VMA_PFNMAP	0x400ULL
#define VMA_LOCKED	0x2000ULL
#define VMA_IO		0x4000ULL
#define VMA_DONTCOPY	0x20000ULL
#define VMA_DONTEXPAND	0x40000ULL
#define VMA_DONTDUMP	0x4000000ULL
#define VMA_MIXEDMAP	0x10000000ULL
#define VMA_SEALED	(1ULL << 42)

/* How long a hook stays at a closed gate: the most that the driver allows. */
#define GATE_MS		10000

/* Values by which private data are recognised. */
#define PRIVATE		0x1000ULL	/* what mmap_prepare stores */
#define REWRITTEN	0x2222ULL	/* what mapped stores instead */

#endif
