// SPDX-License-Identifier: MIT
/* Group K: the stacked paths, where a wrapper's legacy .mmap maps an inner file. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>

#include "probe.h"

static void k01(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	uint64_t word;
	bool shows;
	char *at;

	config.store = MMAPVET_STORE_COUNT;
	configure(target.inner, &config);
	at = map_or_break(target.fd, carve(2), 2, 0);
	log_pull();
	if (log_count(MMAPVET_EV_MMAP) != 1 || log_count(MMAPVET_EV_PREPARE) != 1)
		vacuous("the wrapper's mmap x%u, the nested prepare x%u",
			log_count(MMAPVET_EV_MMAP), log_count(MMAPVET_EV_PREPARE));
	driver_fact(log_count(MMAPVET_EV_MAPPED) == 1, "nested mapped x%u",
		    log_count(MMAPVET_EV_MAPPED));
	word = private_word(at);
	shows = mapped_shows(&target);
	user_fact(shows && word <= PRIVATE + 1,
		  "what mapped stores or returns %s mmap's caller; the count is %lld",
		  shows ? "reaches" : "never reaches", (long long)(word - PRIVATE));
}

static void k04(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	struct mmapvet_find find;
	uint64_t word;
	char *at;

	/* What prepare stores, with a mapped that leaves it alone ... */
	configure(target.inner, &config);
	at = map_or_break(target.fd, carve(2), 2, 0);
	find = driver_find(target.inner, at);
	driver_fact(find.private == PRIVATE, "prepare stored %#llx, the VMA has %#llx",
		    (unsigned long long)PRIVATE, (unsigned long long)find.private);
	word = private_word(at);
	user_fact(word == PRIVATE, "the first touch reads private data %#llx",
		  (unsigned long long)word);

	/* ... and what mapped makes of it. */
	config.store = MMAPVET_STORE_VALUE;
	config.mapped_private = REWRITTEN;
	configure(target.inner, &config);
	at = map_or_break(target.fd, carve(2), 2, 0);
	find = driver_find(target.inner, at);
	driver_fact(find.private == REWRITTEN, "mapped stored %#llx, the VMA has %#llx",
		    (unsigned long long)REWRITTEN, (unsigned long long)find.private);
	word = private_word(at);
	user_fact(word == REWRITTEN, "the first touch then reads %#llx",
		  (unsigned long long)word);
	log_pull();
	if (log_count(MMAPVET_EV_PREPARE) != 2)
		vacuous("the nested prepare x%u, to be x2", log_count(MMAPVET_EV_PREPARE));
}

/* The three ways in which the nested part of a stacked map can fail. */
struct failure {
	const char *name;
	int error;
	struct mmapvet_config config;
};

static void make_failures(struct failure failures[3])
{
	failures[0] = (struct failure){ "nested prepare", EPERM, plain_config() };
	failures[0].config.prepare_ret = -EPERM;
	failures[1] = (struct failure){ "the action", EINVAL, plain_config() };
	failures[1].config.action = MMAPVET_A_KERNEL_PAGES;
	failures[1].config.flags = MMAPVET_C_BAD_PAGE;
	failures[1].config.bad_page = 1;
	failures[2] = (struct failure){ "nested mapped", EXDEV, plain_config() };
	failures[2].config.mapped_ret = -EXDEV;
}

static void k05(enum path path)
{
	struct target target = open_target(path);
	struct failure failures[3];
	unsigned int i;
	char *at;

	make_failures(failures);
	for (i = 0; i < ARRAY_SIZE(failures); i++) {
		configure(target.inner, &failures[i].config);
		at = carve(2);
		expect_failed_map(&target, map(target.fd, at, 2, 0), at, 2, failures[i].error);
	}
	log_pull();
	driver_fact(log_count(MMAPVET_EV_PREPARE) == 3 && log_count(MMAPVET_EV_MAPPED),
		    "3 failing maps: prepare x%u, mapped x%u",
		    log_count(MMAPVET_EV_PREPARE), log_count(MMAPVET_EV_MAPPED));
}

static void k08(enum path path)
{
	struct target target = open_target(path);
	const struct mmapvet_event *last;
	struct failure failures[3];
	unsigned int i, closed = 0;
	struct attempt attempt;
	char *at;

	make_failures(failures);
	for (i = 0; i < ARRAY_SIZE(failures); i++) {
		configure(target.inner, &failures[i].config);
		at = carve(2);
		attempt = map(target.fd, at, 2, 0);
		if (!attempt.error)
			vacuous("%s was to fail, but the stacked mmap succeeded",
				failures[i].name);
		log_pull();
		last = log_event(MMAPVET_EV_MMAP_RET, i);
		driver_fact(last && last->ret == -failures[i].error,
			    "%s fails: the wrapper's mmap returns %lld", failures[i].name,
			    last ? (long long)last->ret : 0);
		driver_saw("%s fails: close x%u, then find_vma() finds %s", failures[i].name,
			   tally().close - closed,
			   driver_find(target.inner, at).found ? "a VMA" : "nothing");
		closed = tally().close;
		user_saw("%s fails: then %u VMAs, a touch gets %s", failures[i].name,
			 vmas_in(at, at + 2 * page_size(), NULL, 0),
			 touch(at, 0).signal == SIGSEGV ? "SIGSEGV" : "something else");
	}
}

static void k02(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	const struct mmapvet_event *mapped;
	struct attempt old, attempt;
	char *at = map_as_or_break(&target, &config, 2, 0);

	log_pull();
	mapped = log_event(MMAPVET_EV_MAPPED, 0);
	if (!mapped)
		vacuous("mapped x0");
	driver_saw("a map at a hole: find_vma() in mapped finds %s",
		   mapped->lookup == MMAPVET_LOOKUP_NONE ? "nothing" : "a VMA");
	expect_vmas("a map at a hole, after mmap", at, 2, 1);

	old = map_bytes(target.fd, carve(2), 2 * page_size(), 0, PROT_READ, MAP_SHARED);
	if (!old.at)
		broken("mmap fails with %s", error_name(old.error));
	attempt = map_over(target.fd, old.at, 2 * page_size(), 100, PROT_READ | PROT_WRITE,
			   MAP_SHARED);
	log_pull();
	mapped = log_event(MMAPVET_EV_MAPPED, 2);
	if (!mapped)
		vacuous("mapped x%u, to be x3", log_count(MMAPVET_EV_MAPPED));
	driver_saw("an overlay: find_vma() in mapped finds %s",
		   mapped->lookup == MMAPVET_LOOKUP_NONE ? "nothing" :
		   mapped->lookup_pgoff || mapped->lookup_flags & VMA_WRITE ?
		   "the new VMA" : "the old VMA");
	user_fact(attempt.at == old.at, "an overlay: mmap: %s", error_name(attempt.error));
}

static const char *outer_node(enum path path)
{
	static const char *const nodes[PATHS] = {
		[W1] = "/dev/mmapvet-w1", [W2] = "/dev/mmapvet", [W3] = "/dev/mmapvet-w3",
		[W5] = "/dev/mmapvet-w5",
	};

	return nodes[path];
}

/* Only w2 gives the VMA the inner file. */
static void k03(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	uint64_t inner = cookie_of(target.inner);
	uint64_t vm_file = path == W2 ? inner : cookie_of(target.fd);
	const struct mmapvet_event *prepare;
	char name[64];
	char *at = map_as_or_break(&target, &config, 2, 0);

	log_pull();
	prepare = log_event(MMAPVET_EV_PREPARE, 0);
	driver_fact(prepare && prepare->file == inner && prepare->vm_file == vm_file,
		    "the nested descriptor: file %llu (inner %llu), vm_file %llu (the VMA's %llu)",
		    prepare ? (unsigned long long)prepare->file : 0, (unsigned long long)inner,
		    prepare ? (unsigned long long)prepare->vm_file : 0,
		    (unsigned long long)vm_file);
	vma_path(at, name, sizeof(name));
	user_fact(!strcmp(name, outer_node(path)), "maps shows \"%s\", to be \"%s\"", name,
		  outer_node(path));
}

static void k06(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	size_t page = page_size();
	struct mmapvet_find find;
	struct vma vma = { 0 };
	char *area, *plain;

	plain = map_as_or_break(&target, &config, 2, 0);
	area = carve(4);
	config.set_flags = VMA_DONTCOPY | VMA_DONTEXPAND;
	config.pgoff_delta = 0x102;
	config.flags = MMAPVET_C_WC_BEFORE;
	configure(target.inner, &config);
	map_or_break(target.fd, area, 2, 1);
	map_or_break(target.fd, area + 2 * page, 2, 3);
	find = driver_find(target.inner, area);
	driver_fact(tally().prepare == 3 && (find.flags & config.set_flags) == config.set_flags &&
		    find.pgoff == 0x103, "prepare x%u: the VMA has flags %#llx and pgoff %#llx",
		    tally().prepare, (unsigned long long)find.flags,
		    (unsigned long long)find.pgoff);
	driver_fact(find.prot != driver_find(target.inner, plain).prot,
		    "its page_prot is %#llx, that of a plain one %#llx",
		    (unsigned long long)find.prot,
		    (unsigned long long)driver_find(target.inner, plain).prot);
	user_fact(smaps_flag(area, "dc") && smaps_flag(area, "de") && vma_at(area, &vma) &&
		  vma.pgoff == 0x103, "smaps: dc %s, de %s; pgoff %#llx",
		  smaps_flag(area, "dc") ? "yes" : "no", smaps_flag(area, "de") ? "yes" : "no",
		  (unsigned long long)vma.pgoff);
	expect_vmas("adjacent, but DONTEXPAND", area, 4, 2);
}

static void k07(enum path path)
{
	struct target target = open_target(path);
	struct failure failures[3];
	unsigned int i;
	char step[80];
	char *at;

	make_failures(failures);
	for (i = 1; i < ARRAY_SIZE(failures); i++) {
		failures[i].config.override = -EAGAIN;
		configure(target.inner, &failures[i].config);
		at = carve(2);
		snprintf(step, sizeof(step), "%s fails with %s, EAGAIN would override",
			 failures[i].name, error_name(failures[i].error));
		saw_map(&target, step, map(target.fd, at, 2, 0), at, 2);
		driver_fact(tally().prepare == i, "%s fails: prepare x%u in all", failures[i].name,
			    tally().prepare);
	}
}

static void k09(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	const struct mmapvet_event *mapped;
	char *at;

	config.flags = MMAPVET_C_HIDE | (path == W3 ? MMAPVET_C_CLEAR_HIDE : 0);
	at = map_as_or_break(&target, &config, 2, 0);
	log_pull();
	mapped = log_event(MMAPVET_EV_MAPPED, 0);
	driver_fact(mapped && mapped->rmap_free == 1, "a stacked map with hide: the rmap lock is %s",
		    mapped && mapped->rmap_free == 1 ? "free" : "held");
	expect_page("its first page", at, 0);
	unmap(at, 2);
	expect_vmas("its munmap, which takes the lock", at, 2, 0);
}

static void k10(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	const struct mmapvet_event *mapped;
	struct attempt attempt;
	unsigned int i;
	char *at;

	for (i = 0; i < 2; i++) {
		config.action = i ? MMAPVET_A_REMAP : MMAPVET_A_KERNEL_PAGES;
		at = map_as_or_break(&target, &config, 2, 3);
		log_pull();
		mapped = log_event(MMAPVET_EV_MAPPED, i);
		driver_fact(mapped && !mapped->nofault && mapped->word_first == MMAPVET_MAGIC + 3 &&
			    mapped->word_last == MMAPVET_MAGIC + 4,
			    "%s: mapped reads %#llx and %#llx", i ? "remap" : "kernel pages",
			    mapped ? (unsigned long long)mapped->word_first : 0,
			    mapped ? (unsigned long long)mapped->word_last : 0);
		expect_page(i ? "remap" : "kernel pages", at + page_size(), 4);
		user_fact(smaps_flag(at, i ? "pf" : "mm"), "%s: smaps %s %s",
			  i ? "remap" : "kernel pages", smaps_flag(at, i ? "pf" : "mm") ? "has" : "lacks",
			  i ? "pf" : "mm");
	}
	config.action = MMAPVET_A_KERNEL_PAGES;
	config.flags = MMAPVET_C_ACTION_AT;
	config.action_pages = 3;
	attempt = map_as(&target, &config, 2, 0);
	user_fact(attempt.error == EFAULT, "an action of 3 pages on a VMA of 2: mmap: %s",
		  error_name(attempt.error));
	driver_fact(tally().prepare == 3 && tally().mapped <= 2,
		    "an action of 3 pages on a VMA of 2: prepare x%u, mapped x%u in all",
		    tally().prepare, tally().mapped);
}

static const char *which_file(const struct target *target, uint64_t cookie)
{
	if (cookie == cookie_of(target->fd))
		return "the outer file";
	return cookie == cookie_of(target->inner) ? "the inner file" : "another file";
}

static void k11(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	const struct mmapvet_event *mapped;
	uint64_t word;
	char *at;

	config.store = MMAPVET_STORE_FILE;
	at = map_as_or_break(&target, &config, 2, 0);
	log_pull();
	mapped = log_event(MMAPVET_EV_MAPPED, 0);
	if (!mapped)
		vacuous("mapped x0");
	driver_saw("mapped's file is %s", which_file(&target, mapped->file));
	word = stored_word(&target, at, PRIVATE);
	user_saw("mapped stored %s", which_file(&target, word));
}

static void k12(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	const struct mmapvet_event *ret;
	struct attempt attempt;
	char *at = carve(2);

	config.wrapper_ret = -EXDEV;
	configure(target.inner, &config);
	attempt = map(target.fd, at, 2, 0);
	log_pull();
	ret = log_event(MMAPVET_EV_MMAP_RET, 0);
	driver_fact(ret && ret->ret == -EXDEV, "the wrapper fails after its nested map");
	driver_saw("mapped x%u, close x%u, a count of %lld is left", tally().mapped, tally().close,
		   (long long)driver_counts(target.inner).live);
	user_fact(attempt.error == EXDEV && !vmas_in(at, at + 2 * page_size(), NULL, 0),
		  "mmap: %s, nothing is mapped", error_name(attempt.error));
}

static void k13(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_refs before = driver_refs(target.inner), after;
	char *at = carve(2);
	long size = status_kb("VmSize");
	struct failure failures[3];
	struct attempt attempt;
	unsigned int i, page, changed;

	make_failures(failures);
	for (i = 0; i < ARRAY_SIZE(failures); i++) {
		configure(target.inner, &failures[i].config);
		attempt = map(target.fd, at, 2, 0);
		after = driver_refs(target.inner);
		changed = 0;
		for (page = 0; page < MMAPVET_PAGES; page++)
			changed += before.page_refs[page] != after.page_refs[page] ||
				   before.page_maps[page] != after.page_maps[page];
		driver_fact(tally().prepare == i + 1 && !changed && before.file == after.file,
			    "%s fails: prepare x%u; %u pages have other counts, the file's references are %llu (%llu before)",
			    failures[i].name, tally().prepare, changed,
			    (unsigned long long)after.file, (unsigned long long)before.file);
		user_fact(attempt.error && status_kb("VmSize") == size,
			  "%s fails: mmap: %s, VmSize is %ld kB, %ld before", failures[i].name,
			  error_name(attempt.error), status_kb("VmSize"), size);
	}
}

/* The driver's view of a VMA that is not its own: where it is, and that a table is set. */
static void expect_foreign(const char *what, const char *at, unsigned int pages)
{
	int fd = open_node("mmapvet");
	struct mmapvet_find find = driver_find(fd, at);

	driver_fact(find.found && find.start == (uintptr_t)at &&
		    find.end == (uintptr_t)at + pages * page_size() &&
		    find.ops == MMAPVET_OPS_FOREIGN, "%s: find_vma() finds %#llx-%#llx", what,
		    (unsigned long long)find.start, (unsigned long long)find.end);
	close(fd);
}

static void write_file(const char *file, const char *text, int flags)
{
	int fd = open(file, flags | O_CLOEXEC, 0600);
	ssize_t length = strlen(text);

	if (fd < 0 || pwrite(fd, text, length, 0) != length)
		broken("%s: %s", file, strerror(errno));
	close(fd);
}

/* A file of the lower layer is mapped, then written, which copies it up. */
static void k14_overlayfs(void)
{
	const char *folder = private_folder(0);
	static const char *const names[] = { "lower", "upper", "work", "all" };
	char file[64], *at;
	unsigned int i;
	int fd;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(file, sizeof(file), "%s/%s", folder, names[i]);
		if (mkdir(file, 0700) < 0)
			broken("%s: %s", file, strerror(errno));
	}
	write_file("/sys/lower/file", "below", O_CREAT | O_WRONLY);
	if (mount("overlay", "/sys/all", "overlay", 0,
		  "lowerdir=/sys/lower,upperdir=/sys/upper,workdir=/sys/work") < 0)
		not_applicable("no overlayfs: %s", strerror(errno));
	fd = open("/sys/all/file", O_RDONLY | O_CLOEXEC);
	at = mmap(carve(1), page_size(), PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0);
	if (at == MAP_FAILED)
		broken("mmap of the lower file: %s", strerror(errno));
	expect_foreign("overlayfs, the lower file", at, 1);
	user_fact(!strcmp(at, "below"), "the lower file reads \"%.8s\"", at);
	close(fd);

	write_file("/sys/all/file", "above", O_RDWR);
	fd = open("/sys/all/file", O_RDWR | O_CLOEXEC);
	at = mmap(carve(1), page_size(), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
	if (at == MAP_FAILED)
		broken("mmap of the upper file: %s", strerror(errno));
	expect_foreign("overlayfs, the upper file", at, 1);
	user_fact(!strcmp(at, "above"), "the upper file reads \"%.8s\"", at);
}

static int attached(int id)
{
	struct shmid_ds state;

	if (shmctl(id, IPC_STAT, &state) < 0)
		broken("IPC_STAT: %s", strerror(errno));
	return state.shm_nattch;
}

static int check_shm(void *argument)
{
	const uint64_t *memory = argument;

	return *memory != REWRITTEN;
}

static void k14_shm(void)
{
	int id = shmget(IPC_PRIVATE, page_size(), IPC_CREAT | 0600), status;
	uint64_t *memory;

	if (id < 0)
		not_applicable("no SysV shared memory: %s", strerror(errno));
	memory = shmat(id, carve(1), 0);
	shmctl(id, IPC_RMID, NULL);
	if (memory == (void *)-1)
		broken("shmat: %s", strerror(errno));
	*memory = REWRITTEN;
	expect_foreign("SysV shm", (char *)memory, 1);
	user_fact(attached(id) == 1, "shmat: nattch is %d", attached(id));
	in_child(check_shm, memory, &status);
	user_fact(!status && attached(id) == 1, "the child reads %s memory; then nattch is %d",
		  status ? "other" : "the same", attached(id));
	shmdt(memory);
}

/* The wrapper that does the same, as a control, and then the kernel's own stack. */
static void k14(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();

	expect_page("the wrapper's mapping", map_as_or_break(&target, &config, 1, 0), 0);
	driver_fact(tally().prepare == 1, "the wrapper's nested prepare x%u", tally().prepare);
	if (path == W2)
		k14_overlayfs();
	else
		k14_shm();
}

#define NEEDS_ACTION	(MMAPVET_F_MAPPED | MMAPVET_F_ACTION | MMAPVET_F_KERNEL_PAGES)

const struct clause clauses_k[] = {
	{ "K01", "The nested file's mapped is called, once",
	  TWO, STACKED | ON(W5), MMAPVET_F_MAPPED, k01, false, NULL },
	{ "K02", "On a stacked path mapped does not find its VMA in the tree, but the one that it replaces",
	  DRIVER_ONLY, STACKED | ON(W5), MMAPVET_F_MAPPED, k02, true, NULL },
	{ "K03", "The nested descriptor's file is the inner file, its vm_file is the VMA's",
	  TWO, STACKED | ON(W5), 0, k03, false, NULL },
	{ "K04", "Nested private data and its rewrite replace whatever the wrapper had",
	  TWO, STACKED | ON(W5), MMAPVET_F_MAPPED, k04, false, NULL },
	{ "K05", "Errors of the nested prepare, action and mapped fail the mmap with that errno",
	  TWO, STACKED | ON(W5), NEEDS_ACTION, k05, false, NULL },
	{ "K06", "What the nested mmap_prepare does to flags, pgoff and page_prot reaches the VMA",
	  TWO, STACKED | ON(W5), 0, k06, false, NULL },
	{ "K07", "error_override is ignored on the stacked paths",
	  TWO, STACKED | ON(W5), NEEDS_ACTION | MMAPVET_F_OVERRIDE, k07, true, NULL },
	{ "K08", "A failing stacked map is not unmapped by the compat layer: no close, the core cleans up",
	  TWO, STACKED | ON(W5), NEEDS_ACTION, k08, true, NULL },
	{ "K09", "On the stacked paths hide holds no lock",
	  DRIVER_ONLY, STACKED | ON(W5), MMAPVET_F_MAPPED | MMAPVET_F_HIDE, k09, false, NULL },
	{ "K10", "Actions work on the stacked paths: flags, range check, pages readable in mapped",
	  TWO, STACKED | ON(W5), NEEDS_ACTION, k10, false, NULL },
	{ "K11", "mapped's file is the VMA's: the outer one, unless the wrapper gave the VMA the inner one",
	  TWO, STACKED | ON(W5), MMAPVET_F_MAPPED, k11, true, NULL },
	{ "K12", "A wrapper that fails after its nested map leaves a mapped without close",
	  DRIVER_ONLY, ON(W4), MMAPVET_F_MAPPED, k12, true, NULL },
	{ "K13", "A failed stacked map gives back page references, file references and VmSize",
	  TWO, STACKED | ON(W5), NEEDS_ACTION, k13, false, NULL },
	{ "K14", "The kernel's own stacked files work: overlayfs (as W2) and SysV shm (as W5)",
	  TWO, ON(W2) | ON(W5), 0, k14, false, NULL },
	{ 0 },
};
