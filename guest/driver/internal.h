/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the mmapvet driver share. One idea a file:
 *
 *   main.c      module, misc devices
 *   node.c      open and release of the nodes, who holds which file
 *   ioctl.c     the requests of mmapvet.h
 *   context.c   the live contexts, and finding one's way from a file to it
 *   log.c       the ring of events and the counters
 *   look.c      what a hook looks at: find_vma(), user memory, locks, PTEs
 *   prepare.c   f_op->mmap_prepare
 *   hooks.c     vm_ops, among them mapped
 *   wrappers.c  the stacked nodes, legacy .mmap
 *   action.c    the mmap actions that mmap_prepare asks for
 *   gate.c      where hooks wait for user space, or for each other
 *   fault.c     faults on request
 */
#ifndef _MMAPVET_INTERNAL_H
#define _MMAPVET_INTERNAL_H

#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

#include "features.gen.h"
#include "mmapvet.h"

enum mv_kind {
	MV_DIRECT,
	MV_W1,
	MV_W2,
	MV_W3,
	MV_W4,
	MV_W5,
	MV_LEGACY,
	MV_BOTH,
	MV_NONE,
	MV_KINDS,
};

/* Where the hooks of an open file wait, see gate.c. */
struct mv_gate {
	wait_queue_head_t	wait;
	u32			inside;		/* hooks that wait, under mv_context.lock */
	u32			turn;		/* times that it was opened, likewise */
};

/*
 * One open file of ours. A VMA pins its vm_file and thereby the context, but
 * for VMAs whose vm_file mmap_prepare replaced by the swap file: for these the
 * context outlives its file, see mv_contexts_reap().
 */
struct mv_context {
	struct kref		ref;
	struct list_head	node;		/* mv_contexts_lock */
	bool			released;	/* mv_contexts_lock */
	enum mv_kind		kind;
	u64			cookie;
	struct address_space	*mapping;	/* of the node, until release */
	struct page		*pages[MMAPVET_PAGES];
	struct page		*bad_pages[MMAPVET_PAGES]; /* prepare: map_kernel_pages */
	void			*slab;		/* its page must not be mapped */

	spinlock_t		lock;		/* what follows */
	struct mmapvet_config	config;
	u64			prepares;	/* since the last config */
	struct mv_gate		gate;
	struct file		*inner;		/* wrappers; set once */
	struct file		*swap;
	u64			swap_cookie;
};

/*
 * By the clock that user space measures with. msleep() counts jiffies: they lag
 * while the host does not run the CPU that keeps them, catch up at once, and
 * the sleep is over too early.
 */
static inline void mv_sleep(u32 ms)
{
	usleep_range(ms * 1000UL, ms * 1000UL + 1000);
}

/* A hook while it runs: its event, and what mmapvet_counts.overlapped needs. */
struct mv_run {
	struct list_head	node;
	struct mm_struct	*mm;		/* NULL: not watched for overlaps */
	struct task_struct	*task;
	struct mmapvet_event	ev;
};

/* main.c */
extern const struct file_operations *const mv_fops[MV_KINDS];

/* node.c */
int mv_open(enum mv_kind kind, struct file *file);
int mv_release(struct inode *inode, struct file *file);
void mv_context_free(struct mv_context *ctx);

/* ioctl.c */
long mv_ioctl(struct file *file, unsigned int cmd, unsigned long arg);

/* context.c */
bool mv_is_ours(const struct file *file);
struct mv_context *mv_context_of(const struct file *file);
struct mv_context *mv_context_get(const struct file *file);
void mv_context_put(struct mv_context *ctx);
void mv_context_config(struct mv_context *ctx, struct mmapvet_config *config);
int mv_context_swap(struct mv_context *ctx, struct file *swap, u64 cookie, struct file **old);
void mv_contexts_add(struct mv_context *ctx);
void mv_contexts_release(struct mv_context *ctx);
void mv_contexts_reap(void);
u64 mv_contexts_files(void);
u64 mv_contexts_vmas(void);
void mv_contexts_open_gates(void);
u64 mv_cookie_new(void);
u64 mv_cookie(const struct file *file);

/* log.c */
int mv_log_init(void);
void mv_log_exit(void);
void mv_log_reset(void);
u32 mv_log_size(void);
u32 mv_log_take(struct mmapvet_event *buf, u32 room);
void mv_log_counts(struct mmapvet_counts *counts);
void mv_enter(struct mv_run *run, u32 type, struct mm_struct *mm);
void mv_enter_vma(struct mv_run *run, u32 type, struct vm_area_struct *vma);
void mv_leave(struct mv_run *run, long ret);

/* gate.c */
void mv_gate_init(struct mv_gate *gate);
void mv_gate_open(struct mv_context *ctx);
int mv_gate_pass(struct mv_context *ctx, const struct mmapvet_config *config);
u32 mv_gate_await(struct mv_context *ctx, u32 hooks, u32 ms);

/* fault.c */
void mv_fault(void);

/* look.c */
void mv_look(struct mmapvet_event *ev, struct mm_struct *mm, const struct file *file);
u64 mv_word(unsigned long address, int *err);
bool mv_mmap_write_locked(struct mm_struct *mm);

/* prepare.c */
#ifdef MMAPVET_HAVE_PREPARE
int mv_mmap_prepare(struct vm_area_desc *desc);
#endif

/* hooks.c */
const struct vm_operations_struct *mv_vm_ops(u32 hooks);
const struct vm_operations_struct *mv_vm_ops_forward(const struct vm_operations_struct *ops);
u32 mv_vm_ops_kind(const struct vm_operations_struct *ops);

/* wrappers.c */
int mv_mmap_legacy(struct file *file, struct vm_area_struct *vma);
#ifdef MMAPVET_HAVE_VFS_MMAP
int mv_mmap_w1(struct file *file, struct vm_area_struct *vma);
int mv_mmap_w2(struct file *file, struct vm_area_struct *vma);
int mv_mmap_w4(struct file *file, struct vm_area_struct *vma);
int mv_mmap_w5(struct file *file, struct vm_area_struct *vma);
#endif
#ifdef MMAPVET_HAVE_COMPAT_DESC
int mv_mmap_w3(struct file *file, struct vm_area_struct *vma);
#endif

/* action.c */
#ifdef MMAPVET_HAVE_ACTION
int mv_action(struct mv_context *ctx, const struct mmapvet_config *config,
	      struct vm_area_desc *desc);
#endif

#ifdef MMAPVET_HAVE_DESC_FLAGS
#define mv_desc_flags(desc)		vma_flags_to_legacy((desc)->vma_flags)
#define mv_desc_set(desc, bits)		vma_desc_set_flags_mask(desc, legacy_to_vma_flags(bits))
#define mv_desc_clear(desc, bits)	vma_desc_clear_flags_mask(desc, legacy_to_vma_flags(bits))
#else
#define mv_desc_flags(desc)		((desc)->vm_flags)
#define mv_desc_set(desc, bits)		((desc)->vm_flags |= (bits))
#define mv_desc_clear(desc, bits)	((desc)->vm_flags &= ~(bits))
#endif

/* Private data are numbers that the configuration chose, never pointers. */
#define mv_private(value)		((void *)(unsigned long)(value))
#define mv_number(pointer)		((u64)(unsigned long)(pointer))

#endif /* _MMAPVET_INTERNAL_H */
