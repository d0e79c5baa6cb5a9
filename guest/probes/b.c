// SPDX-License-Identifier: MIT
/* Group B: what mapped is told. Its arguments travel to user space in the private data. */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "probe.h"

static void store(const struct target *target, enum mmapvet_store what)
{
	struct mmapvet_config config = plain_config();

	config.store = what;
	configure(target->inner, &config);
}

static void b01(enum path path)
{
	struct target target = open_target(path);
	const struct mmapvet_event *mapped;
	unsigned int i;
	uint64_t word;
	char *at;

	store(&target, MMAPVET_STORE_START);
	for (i = 0; i < 2; i++) {
		at = map_or_break(target.fd, carve(3), 3, i);
		word = stored_word(&target, at, PRIVATE);
		log_pull();
		mapped = log_event(MMAPVET_EV_MAPPED, i);
		driver_fact(mapped && mapped->start == (uintptr_t)at,
			    "mapped's start is %#llx, mmap returned %p",
			    mapped ? (unsigned long long)mapped->start : 0, (void *)at);
		user_fact(word == (uintptr_t)at, "mapped stored start %#llx, mmap returned %p",
			  (unsigned long long)word, (void *)at);
	}
}

/*
 *     | fence |  page  | page, of which 1 byte was asked for | fence |
 */
static void b02(enum path path)
{
	struct target target = open_target(path);
	const struct mmapvet_event *mapped;
	char *at = carve(2);
	struct attempt attempt;
	struct vma vma = { 0 };
	uint64_t word;

	store(&target, MMAPVET_STORE_PAGES);
	attempt = map_bytes(target.fd, at, page_size() + 1, 0, PROT_READ | PROT_WRITE, MAP_SHARED);
	if (!attempt.at)
		broken("mmap fails with %s", error_name(attempt.error));
	log_pull();
	mapped = log_event(MMAPVET_EV_MAPPED, 0);
	driver_fact(mapped && mapped->end == (uintptr_t)at + 2 * page_size(),
		    "a page and a byte at %p: mapped's end is %#llx", (void *)at,
		    mapped ? (unsigned long long)mapped->end : 0);
	word = stored_word(&target, at, PRIVATE);
	vma_at(at, &vma);
	user_fact(word == 2 && vma.end == (uintptr_t)at + 2 * page_size(),
		  "mapped stored %llu pages (1 page and a byte make 2), the VMA ends at %#llx",
		  (unsigned long long)word, (unsigned long long)vma.end);
}

static void b03(enum path path)
{
	static const unsigned int offsets[] = { 3, 0x12345 };
	struct target target = open_target(path);
	const struct mmapvet_event *mapped;
	struct vma vma;
	unsigned int i;
	uint64_t word;
	char *at;

	store(&target, MMAPVET_STORE_PGOFF);
	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		at = map_or_break(target.fd, carve(2), 2, offsets[i]);
		log_pull();
		mapped = log_event(MMAPVET_EV_MAPPED, i);
		driver_fact(mapped && mapped->pgoff == offsets[i],
			    "page offset %#x: mapped's pgoff is %#llx", offsets[i],
			    mapped ? (unsigned long long)mapped->pgoff : ~0ULL);
		word = stored_word(&target, at, PRIVATE);
		vma = (struct vma){ 0 };
		vma_at(at, &vma);
		user_fact(word == offsets[i] && vma.pgoff == offsets[i],
			  "page offset %#x: mapped stored %#llx, the VMA has %#llx", offsets[i],
			  (unsigned long long)word, (unsigned long long)vma.pgoff);
	}
}

/* Two opens of one node: only the open file tells them apart. */
static void b05(enum path path)
{
	struct target targets[] = { open_target(path), open_target(path) };
	const struct mmapvet_event *mapped;
	uint64_t word, cookie;
	unsigned int i;
	char *at;

	for (i = 0; i < ARRAY_SIZE(targets); i++) {
		store(&targets[i], MMAPVET_STORE_FILE);
		cookie = cookie_of(targets[i].fd);
		at = map_or_break(targets[i].fd, carve(2), 2, 0);
		log_pull();
		mapped = log_event(MMAPVET_EV_MAPPED, i);
		driver_fact(mapped && mapped->file == cookie,
			    "open file %llu: mapped's file is %llu", (unsigned long long)cookie,
			    mapped ? (unsigned long long)mapped->file : 0);
		word = stored_word(&targets[i], at, PRIVATE);
		user_fact(word == cookie, "open file %llu: mapped stored file %llu",
			  (unsigned long long)cookie, (unsigned long long)word);
	}
}

static void b04(enum path path)
{
	struct target target = open_target(path);
	const struct mmapvet_event *mapped;
	struct vma vma = { 0 };
	uint64_t word;
	char *at;

	store(&target, MMAPVET_STORE_PGOFF);
	at = map_or_break(target.fd, carve(3), 3, 7);
	log_pull();
	mapped = log_event(MMAPVET_EV_MAPPED, 0);
	driver_fact(mapped && mapped->lookup == MMAPVET_LOOKUP_EXACT &&
		    mapped->start == mapped->lookup_start && mapped->end == mapped->lookup_end &&
		    mapped->pgoff == mapped->lookup_pgoff,
		    "mapped gets %#llx-%#llx pgoff %llu, its VMA has %#llx-%#llx pgoff %llu",
		    mapped ? (unsigned long long)mapped->start : 0,
		    mapped ? (unsigned long long)mapped->end : 0,
		    mapped ? (unsigned long long)mapped->pgoff : 0,
		    mapped ? (unsigned long long)mapped->lookup_start : 0,
		    mapped ? (unsigned long long)mapped->lookup_end : 0,
		    mapped ? (unsigned long long)mapped->lookup_pgoff : 0);
	word = stored_word(&target, at, PRIVATE);
	user_fact(vma_at(at, &vma) && word == vma.pgoff, "mapped stored pgoff %llu, the VMA has %llu",
		  (unsigned long long)word, (unsigned long long)vma.pgoff);
}

static void b06(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	const struct mmapvet_event *mapped;
	uint64_t cookie, word;
	char path_seen[64];
	int swap;
	char *at;

	swap = memfd_create("mmapvet-swap", MFD_CLOEXEC);
	if (swap < 0)
		broken("memfd_create: %s", strerror(errno));
	cookie = set_swap(target.inner, swap);
	config.flags = MMAPVET_C_SWAP;
	config.store = MMAPVET_STORE_FILE;
	at = map_as_or_break(&target, &config, 2, 0);
	log_pull();
	mapped = log_event(MMAPVET_EV_MAPPED, 0);
	driver_fact(mapped && mapped->file == cookie,
		    "prepare put file %llu into the descriptor, mapped's file is %llu",
		    (unsigned long long)cookie, mapped ? (unsigned long long)mapped->file : 0);
	word = stored_word(&target, at, PRIVATE);
	vma_path(at, path_seen, sizeof(path_seen));
	user_fact(word == cookie && strstr(path_seen, "mmapvet-swap"),
		  "mapped stored file %llu, the new one is %llu; maps shows \"%s\"",
		  (unsigned long long)word, (unsigned long long)cookie, path_seen);
}

static void b07(enum path path)
{
	struct target target = open_target(path);
	struct mmapvet_config config = plain_config();
	const struct mmapvet_event *prepare;
	uint64_t cookie = cookie_of(target.fd);
	char *at = map_as_or_break(&target, &config, 3, 5);
	struct vma vma = { 0 };

	log_pull();
	prepare = log_event(MMAPVET_EV_PREPARE, 0);
	if (!prepare)
		vacuous("prepare x0");
	driver_fact(prepare->start == (uintptr_t)at &&
		    prepare->end == (uintptr_t)at + 3 * page_size() && prepare->pgoff == 5,
		    "the descriptor's range is %#llx-%#llx pgoff %llu",
		    (unsigned long long)prepare->start, (unsigned long long)prepare->end,
		    (unsigned long long)prepare->pgoff);
	driver_fact((prepare->flags & (VMA_WRITE | VMA_SHARED | VMA_MAYWRITE)) ==
		    (VMA_WRITE | VMA_SHARED | VMA_MAYWRITE) && prepare->prot,
		    "its flags are %#llx (shared and writable was asked for)",
		    (unsigned long long)prepare->flags);
	driver_fact(prepare->file == cookie && prepare->vm_file == cookie,
		    "file is %llu and vm_file %llu, mmap was given %llu",
		    (unsigned long long)prepare->file, (unsigned long long)prepare->vm_file,
		    (unsigned long long)cookie);
	driver_fact(prepare->ops == MMAPVET_OPS_FOREIGN && !prepare->private_in && !prepare->action,
		    "the core's own vm_ops, private data %#llx, action %u",
		    (unsigned long long)prepare->private_in, prepare->action);
	user_fact(vma_at(at, &vma) && vma.start == (uintptr_t)at &&
		  vma.end == (uintptr_t)at + 3 * page_size() && vma.pgoff == 5 &&
		  !strcmp(vma.perms, "rw-s"), "the VMA is %#llx-%#llx pgoff %llu %s",
		  (unsigned long long)vma.start, (unsigned long long)vma.end,
		  (unsigned long long)vma.pgoff, vma.perms);
}

const struct clause clauses_b[] = {
	{ "B01", "mapped's start is the address that mmap() returns",
	  TWO, EVERY_OK, MMAPVET_F_MAPPED, b01, false, NULL },
	{ "B02", "mapped's end is start plus the page-rounded length",
	  TWO, EVERY_OK, MMAPVET_F_MAPPED, b02, false, NULL },
	{ "B03", "mapped's pgoff is the file's page offset",
	  TWO, EVERY_OK, MMAPVET_F_MAPPED, b03, false, NULL },
	{ "B04", "mapped's start, end and pgoff are the VMA's own at that moment",
	  DRIVER_ONLY, ON(DIRECT), MMAPVET_F_MAPPED, b04, false, NULL },
	{ "B05", "mapped's file is the VMA's file, the open file that was mapped",
	  TWO, ON(DIRECT), MMAPVET_F_MAPPED, b05, false, NULL },
	{ "B06", "After mmap_prepare swapped vm_file, mapped's file is the new one",
	  TWO, EVERY_OK, MMAPVET_F_MAPPED, b06, false, NULL },
	{ "B07", "On entry of mmap_prepare the descriptor holds the request, and defaults elsewhere",
	  DRIVER_ONLY, ON(DIRECT), 0, b07, false, NULL },
	{ 0 },
};
