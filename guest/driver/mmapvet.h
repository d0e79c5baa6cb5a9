/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * mmapvet.h - what the mmapvet driver and its probes say to each other
 *
 * The driver offers these nodes, all served by one set of hooks:
 *
 *   /dev/mmapvet         f_op->mmap_prepare, vm_ops->mapped: the direct path
 *   /dev/mmapvet-w1      legacy .mmap: vfs_mmap(inner, vma)
 *   /dev/mmapvet-w2      legacy .mmap: vma_set_file(vma, inner), vfs_mmap()
 *   /dev/mmapvet-w3      legacy .mmap: compat_set_desc_from_vma(), the inner
 *                        hook, __compat_vma_mmap()
 *   /dev/mmapvet-w4      as w1, then returns mmapvet_config.wrapper_ret
 *   /dev/mmapvet-w5      as w1, then replaces vm_ops by a forwarding table
 *   /dev/mmapvet-legacy  legacy .mmap whose vm_ops have mapped
 *   /dev/mmapvet-both    both .mmap and .mmap_prepare
 *   /dev/mmapvet-none    neither
 *   mmapvet in debugfs   the operations of /dev/mmapvet behind debugfs's own
 *
 * A wrapper maps an inner file, which is an open /dev/mmapvet handed to it by
 * MMAPVET_IOC_SET_INNER. Behaviour is configured on the inner file only.
 * All multi-byte values are in host byte order; all structs have no holes.
 */
#ifndef _UAPI_MMAPVET_H
#define _UAPI_MMAPVET_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* Raised whenever a struct, a number or a meaning below changes. */
#define MMAPVET_ABI		2

/* Pages of pattern that each open of /dev/mmapvet owns. */
#define MMAPVET_PAGES		8
/* Word 0 of pattern page k reads MMAPVET_MAGIC + k. */
#define MMAPVET_MAGIC		0x6d6d617076657400ULL
/* Word 1 is the VMA's private data as the fault hook saw it (else 0). */

/* What the kernel that the driver was built against has (compile probes). */
enum mmapvet_feature {
	MMAPVET_F_PREPARE	= 1 << 0,	/* f_op->mmap_prepare */
	MMAPVET_F_MAPPED	= 1 << 1,	/* vm_ops->mapped */
	MMAPVET_F_VFS_MMAP	= 1 << 2,	/* vfs_mmap(), compat layer */
	MMAPVET_F_COMPAT_DESC	= 1 << 3,	/* compat_set_desc_from_vma() */
	MMAPVET_F_ACTION	= 1 << 4,	/* desc->action, remap */
	MMAPVET_F_KERNEL_PAGES	= 1 << 5,	/* mmap_action_map_kernel_pages */
	MMAPVET_F_SIMPLE_IOREMAP = 1 << 6,	/* mmap_action_simple_ioremap */
	MMAPVET_F_OVERRIDE	= 1 << 7,	/* action.error_override */
	MMAPVET_F_HIDE		= 1 << 8,	/* hide_from_rmap_until_complete */
	MMAPVET_F_SUCCESS_HOOK	= 1 << 9,	/* action.success_hook (removed) */
	MMAPVET_F_DESC_FLAGS	= 1 << 10,	/* vma_flags bitmap helpers */
};

enum mmapvet_event_type {
	MMAPVET_EV_PREPARE	= 1,	/* f_op->mmap_prepare */
	MMAPVET_EV_MAPPED	= 2,	/* vm_ops->mapped */
	MMAPVET_EV_OPEN		= 3,	/* vm_ops->open, on the new VMA */
	MMAPVET_EV_CLOSE	= 4,	/* vm_ops->close */
	MMAPVET_EV_FAULT	= 5,	/* vm_ops->fault; start is the address */
	MMAPVET_EV_MREMAP	= 6,	/* vm_ops->mremap, on the new VMA */
	MMAPVET_EV_MAY_SPLIT	= 7,	/* vm_ops->may_split; end is the address */
	MMAPVET_EV_MMAP		= 8,	/* legacy .mmap entered */
	MMAPVET_EV_MMAP_RET	= 9,	/* legacy .mmap about to return */
	MMAPVET_EV_RELEASE	= 10,	/* f_op->release */
	MMAPVET_EV_TYPES	= 11,
};

/* What find_vma() says inside a hook about the range the hook was given. */
enum mmapvet_lookup {
	MMAPVET_LOOKUP_NOT_DONE	= 0,
	MMAPVET_LOOKUP_NONE	= 1,	/* no VMA overlaps the range */
	MMAPVET_LOOKUP_EXACT	= 2,	/* one VMA, same start and end */
	MMAPVET_LOOKUP_OTHER	= 3,	/* a VMA with another range */
};

/* What the VMA's or descriptor's vm_ops are. */
enum mmapvet_ops {
	MMAPVET_OPS_NOT_SEEN	= 0,
	MMAPVET_OPS_NULL	= 1,
	MMAPVET_OPS_OURS	= 2,
	MMAPVET_OPS_FOREIGN	= 3,	/* the core's dummy table, for one */
};

/*
 * One event. Fields that a hook can't know are 0. `*_file` are cookies: the
 * number that MMAPVET_IOC_INFO or MMAPVET_IOC_SET_SWAP gave for that open
 * file, 0 for a file that is not ours.
 */
struct mmapvet_event {
	__u64 seq;		/* from 1, no gaps unless the ring was full */
	__u64 time_ns;		/* ktime_get_ns() */
	__u32 type;		/* enum mmapvet_event_type */
	__u32 tid;
	__u32 tgid;
	__u32 ops;		/* enum mmapvet_ops */
	__u64 start;
	__u64 end;
	__u64 pgoff;		/* pages */
	__u64 flags;		/* VMA flags, first word */
	__u64 prot;		/* page_prot, raw */
	__u64 file;		/* mapped: its argument; prepare: desc->file */
	__u64 vm_file;		/* prepare: desc->vm_file; else VMA's file */
	__u64 private_in;	/* private data on entry */
	__u64 private_out;	/* private data as the hook left it */
	__s64 ret;		/* what the hook returned */
	__u32 action;		/* prepare: desc->action.type on entry */
	__u32 lookup;		/* enum mmapvet_lookup */
	__u64 lookup_start;
	__u64 lookup_end;
	__u64 lookup_pgoff;
	__u64 lookup_flags;
	__u64 lookup_prot;
	__s32 nofault;		/* mapped: 0 read, -EFAULT not, 1 not tried */
	__s32 rmap_free;	/* 1 lock could be taken, 0 held, -1 not tried */
	__u64 word_first;	/* nofault: word 0 of the first page */
	__u64 word_last;	/* nofault: word 0 of the last page */
	__u64 pte_prot;		/* mapped: PTE protection bits, 0 not read */
	__u64 mmap_locked;	/* 1 mmap lock held for writing */
	__u64 entered;		/* steps: each begin and end of a hook is one, */
	__u64 left;		/* counted over all hooks */
	__s32 user_closed;	/* mapped: 1 SMAP, PAN or the like is in force, 0 not, -1 unknown */
	__u32 reserved;
};

/* Which hooks the table has that mmap_prepare puts into desc->vm_ops. */
enum mmapvet_hooks {
	MMAPVET_H_MAPPED	= 1 << 0,
	MMAPVET_H_CLOSE		= 1 << 1,
	MMAPVET_H_OPEN		= 1 << 2,
	MMAPVET_H_FAULT		= 1 << 3,
	MMAPVET_H_ALL		= 0xf,		/* mremap, may_split always */
	MMAPVET_H_UNTOUCHED	= 1 << 8,	/* leave desc->vm_ops alone */
	MMAPVET_H_NULL		= 1 << 9,	/* set desc->vm_ops to NULL */
};

/* What mapped stores through its output parameter. */
enum mmapvet_store {
	MMAPVET_STORE_NOTHING	= 0,
	MMAPVET_STORE_VALUE	= 1,	/* config.mapped_private */
	MMAPVET_STORE_COUNT	= 2,	/* value on entry + 1 */
	MMAPVET_STORE_START	= 3,
	MMAPVET_STORE_PAGES	= 4,	/* (end - start) / page size */
	MMAPVET_STORE_PGOFF	= 5,
	MMAPVET_STORE_FILE	= 6,	/* cookie of the file argument */
	MMAPVET_STORE_WORD	= 7,	/* word 0 read from start, 0 if not */
};

enum mmapvet_action {
	MMAPVET_A_NONE		= 0,
	MMAPVET_A_REMAP		= 1,	/* mmap_action_remap */
	MMAPVET_A_IOREMAP	= 2,	/* mmap_action_ioremap */
	MMAPVET_A_SIMPLE_IOREMAP = 3,	/* mmap_action_simple_ioremap */
	MMAPVET_A_KERNEL_PAGES	= 4,	/* mmap_action_map_kernel_pages */
	MMAPVET_A_UNKNOWN	= 5,	/* a type that no kernel knows */
};

enum mmapvet_config_flags {
	MMAPVET_C_HIDE		= 1 << 0,	/* hide_from_rmap_until_complete */
	MMAPVET_C_SLEEP_ALLOC	= 1 << 1,	/* GFP_KERNEL allocation in mapped */
	MMAPVET_C_BAD_PAGE	= 1 << 2,	/* a slab page at bad_page */
	MMAPVET_C_WC_BEFORE	= 1 << 3,	/* write-combine prot, then action */
	MMAPVET_C_WC_AFTER	= 1 << 4,	/* action, then write-combine prot */
	MMAPVET_C_SWAP		= 1 << 5,	/* desc->vm_file = the swap file */
	MMAPVET_C_NEED_READ	= 1 << 6,	/* mapped: -EFAULT if start can't be read */
	MMAPVET_C_OPEN_MARK	= 1 << 7,	/* open: private data += MMAPVET_OPEN_MARK */
	MMAPVET_C_CLEAR_MAYWRITE = 1 << 8,
	MMAPVET_C_ACTION_AT	= 1 << 9,	/* action on action_page.., not whole */
	MMAPVET_C_CLEAR_HIDE	= 1 << 10,	/* w3: clear hide before completing */
	MMAPVET_C_PRIVATE_PER_MAP = 1 << 11,	/* private + n for the n-th prepare */
	MMAPVET_C_GATE_PREPARE	= 1 << 12,	/* prepare waits at the gate */
	MMAPVET_C_GATE_MAPPED	= 1 << 13,	/* mapped does */
	MMAPVET_C_UNCACHED	= 1 << 14,	/* noncached prot */
	MMAPVET_C_LEAK		= 1 << 15,	/* mapped leaks memory, for kmemleak */
};

#define MMAPVET_OPEN_MARK	0x10000ULL

/* Pieces of memory that one MMAPVET_C_LEAK leaks. */
#define MMAPVET_LEAKS		8

/* Behaviour of one open /dev/mmapvet; all zero but hooks is a plain device. */
struct mmapvet_config {
	__u32 hooks;		/* enum mmapvet_hooks */
	__u32 flags;		/* enum mmapvet_config_flags */
	__s32 prepare_ret;
	__s32 mapped_ret;
	__s32 mremap_ret;
	__s32 may_split_ret;
	__s32 wrapper_ret;	/* w4 */
	__s32 override;		/* action.error_override */
	__u32 store;		/* enum mmapvet_store */
	__u32 action;		/* enum mmapvet_action */
	__u64 private;		/* desc->private_data */
	__u64 mapped_private;	/* for MMAPVET_STORE_VALUE */
	__u64 set_flags;	/* VMA flags to set in the descriptor */
	__u64 clear_flags;
	__s64 pgoff_delta;	/* added to desc->pgoff, pages */
	__u32 action_page;	/* with MMAPVET_C_ACTION_AT: first page of the range */
	__u32 action_pages;	/* pages the action covers; 0 the whole VMA */
	__u32 phys_pages;	/* simple ioremap: pages of the region; 0 all */
	__u32 bad_page;		/* index for MMAPVET_C_BAD_PAGE */
	__u32 mapped_sleep_ms;	/* at most 10000 */
	__u32 prepare_sleep_ms;
	__u32 fault_sleep_ms;
	__u32 gate_ms;		/* at the gate at most, then -ETIMEDOUT; at most 10000 */
	__u32 gate_meet;	/* so many hooks inside open it; 0: only MMAPVET_IOC_GATE */
	__u32 reserved;
};

struct mmapvet_info {
	__u32 abi;		/* MMAPVET_ABI of the driver */
	__u32 features;		/* enum mmapvet_feature */
	__u64 cookie;		/* of this open file */
	__u32 event_size;	/* sizeof(struct mmapvet_event) */
	__u32 ring_size;	/* events that fit */
};

/* Counted on entry of each hook, apart from the ring and never falsified. */
struct mmapvet_counts {
	__u64 entered[MMAPVET_EV_TYPES];	/* by enum mmapvet_event_type */
	__u64 failed[MMAPVET_EV_TYPES];		/* hook returned non-zero */
	__u64 lost;		/* events that did not fit into the ring */
	__s64 live;		/* mapped_ok + open - close, see H03 */
	__u64 open_files;	/* open files of all nodes, the caller's included */
	__u64 overlapped;	/* times two hooks of one mm ran at once */
};

/* Empties the ring, zeroes the counts; config of this file back to plain. */
struct mmapvet_reset {
	__u64 live_before;	/* VMAs with our ops still alive, should be 0 */
	__u64 files_before;	/* other open files of ours, should be 0 */
};

struct mmapvet_read {
	__u64 buffer;		/* user pointer to struct mmapvet_event[] */
	__u32 room;		/* events that fit there */
	__u32 count;		/* out: events copied, oldest first; removed */
};

struct mmapvet_refs {
	__u64 file;		/* references of this open file (the caller's ioctl holds one) */
	__u64 inner;		/* of the inner file, 0 if none */
	__u64 swap;		/* of the swap file, 0 if none */
	__u32 page_refs[MMAPVET_PAGES];
	__u32 page_maps[MMAPVET_PAGES];
};

/* find_vma() of the calling process: the driver's own view of its mm. */
struct mmapvet_find {
	__u64 address;		/* in */
	__u64 found;		/* 1 if a VMA contains address */
	__u64 start;
	__u64 end;
	__u64 pgoff;
	__u64 flags;
	__u64 prot;
	__u64 private;
	__u64 file;		/* cookie */
	__u64 ops;		/* enum mmapvet_ops */
};

struct mmapvet_swap {
	__s32 fd;		/* in: -1 drops the swap file */
	__u32 reserved;
	__u64 cookie;		/* out */
};

enum mmapvet_gate_open {
	MMAPVET_GATE_LEAVE	= 0,	/* as it is */
	MMAPVET_GATE_THIS	= 1,	/* of this open file */
	MMAPVET_GATE_ALL	= 2,	/* of every open file of ours */
};

/* Waits until so many hooks are at the gate of this open file, then opens it. */
struct mmapvet_gate {
	__u32 hooks;
	__u32 wait_ms;		/* but no longer; at most 10000 */
	__u32 open;		/* enum mmapvet_gate_open */
	__u32 inside;		/* out: hooks inside, before it was opened */
};

/* What the kernel has counted; of the calling process but for committed. Pages. */
struct mmapvet_accounts {
	__u64 committed;	/* of the whole machine: vm_memory_committed() */
	__u64 total_vm;
	__u64 data_vm;
	__u64 locked_vm;
	__u64 map_count;	/* VMAs */
};

#define MMAPVET_IOC_INFO	_IOR('V', 1, struct mmapvet_info)
#define MMAPVET_IOC_CONFIG	_IOW('V', 2, struct mmapvet_config)
#define MMAPVET_IOC_RESET	_IOR('V', 3, struct mmapvet_reset)
#define MMAPVET_IOC_READ	_IOWR('V', 4, struct mmapvet_read)
#define MMAPVET_IOC_COUNTS	_IOR('V', 5, struct mmapvet_counts)
#define MMAPVET_IOC_REFS	_IOR('V', 6, struct mmapvet_refs)
#define MMAPVET_IOC_FIND	_IOWR('V', 7, struct mmapvet_find)
#define MMAPVET_IOC_SET_INNER	_IOW('V', 8, __s32)
#define MMAPVET_IOC_SET_SWAP	_IOWR('V', 9, struct mmapvet_swap)
#define MMAPVET_IOC_GATE	_IOWR('V', 11, struct mmapvet_gate)
#define MMAPVET_IOC_ACCOUNTS	_IOR('V', 10, struct mmapvet_accounts)

/*
 * Module parameter `lie`: the ring (never the counts, the data or the return
 * values) says something false. A probe that still passes proves nothing.
 */
enum mmapvet_lie {
	MMAPVET_LIE_NONE	= 0,
	MMAPVET_LIE_DROP_MAPPED	= 1,	/* mapped events are left out */
	MMAPVET_LIE_DOUBLE_MAPPED = 2,	/* and logged twice */
	MMAPVET_LIE_END		= 3,	/* end is one page further */
	MMAPVET_LIE_START	= 4,	/* start is one page further */
	MMAPVET_LIE_PGOFF	= 5,	/* pgoff is one more */
	MMAPVET_LIE_PRIVATE	= 6,	/* private data is one more */
	MMAPVET_LIE_FILE	= 7,	/* file is another one */
	MMAPVET_LIE_DROP_CLOSE	= 8,
	MMAPVET_LIE_DROP_OPEN	= 9,
	MMAPVET_LIE_DROP_PREPARE = 10,
	MMAPVET_LIE_ORDER	= 11,	/* mapped is logged before prepare */
	MMAPVET_LIE_RET		= 12,	/* every hook says that it returned 0 */
	MMAPVET_LIE_READ	= 13,	/* nofault and words say unreadable */
	MMAPVET_LIE_MMAP	= 14,	/* legacy .mmap events are left out */
	MMAPVET_LIE_EARLY	= 15,	/* every hook says that it began at step 0 */
	MMAPVET_LIE_TYPES	= 16,
};

#endif /* _UAPI_MMAPVET_H */
