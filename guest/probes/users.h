/* SPDX-License-Identifier: MIT */
/*
 * Group U: the kernel's own users of the hooks. Our driver has no part in
 * their mappings: driver facts are what the in-tree driver counts or logs, and
 * what find_vma() (of our driver) says of the VMA.
 */
#ifndef USERS_H
#define USERS_H

#include "probe.h"

/* What a remap action makes of a VMA. */
#define REMAPPED	(VMA_IO | VMA_PFNMAP | VMA_DONTEXPAND | VMA_DONTDUMP)

/* Mounts a filesystem of this type where nobody else sees it; not_applicable() without it. */
void mount_here(const char *type, const char *folder, const char *options);

/* The module's file beside the probes; nothing if it is loaded. not_applicable() without it. */
void load_module(const char *name);
/* errno of an rmmod; files are closed a little late, so it is tried for a while. */
int unload_module(const char *name);
/* Its users by the kernel's own count, -1 if it is not loaded. */
long module_users_of(const char *name);

/* What find_vma() finds: exactly this range, with these VMA flags, and operations or none. */
void expect_vma(const char *what, const char *at, unsigned int pages, uint64_t flags,
		bool has_ops);
/* mmap fails with this error, and nothing is there: for both observers. */
void expect_refused(const char *what, int fd, char *at, unsigned int pages, uint64_t pgoff,
		    int flags, int error);
/* Two maps side by side: one VMA (they merged) or two, for both observers. */
void expect_side_by_side(const char *what, const char *at, unsigned int pages_each, bool merged);
/* umount of the folder ends so: who still maps a file of it keeps it busy. */
void expect_umount(const char *step, const char *folder, int error);
/* A file with so many pages, page n full of 'a' + n; it stays open. */
int make_file(const char *file, unsigned int pages);

/* One file a kind of user. */
void tcmu_device(enum path path);
void tcmu_size(enum path path);
void tcmu_module(enum path path);
void stm_channel(enum path path);
void stm_refused(enum path path);
void stm_failed(enum path path);
void stm_module(enum path path);
void overlay_file(enum path path);
void shm_segment(enum path path);
void tmpfs_file(enum path path);
void zero_device(enum path path);
void secret_memory(enum path path);
void aio_ring(enum path path);
void ext4_file(enum path path);
void mem_device(enum path path);
void hpet_device(enum path path);
void mtd_device(enum path path);
void users_leaks(enum path path);

#endif
