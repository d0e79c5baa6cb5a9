// SPDX-License-Identifier: GPL-2.0-only
/*
 * The log: a ring of events, allocated before any hook runs, and the counters.
 * The module parameter `lie` falsifies what goes into the ring, nothing else.
 */
#include <linux/atomic.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/vmalloc.h>

#include "internal.h"

#define MV_RING		4096

static unsigned int lie;
module_param(lie, uint, 0644);
MODULE_PARM_DESC(lie, "what the log lies about (enum mmapvet_lie), 0 nothing");

static DEFINE_SPINLOCK(mv_ring_lock);
static struct mmapvet_event *mv_ring;	/* mv_ring_lock, and what follows */
static u32 mv_ring_first, mv_ring_count;
static u64 mv_ring_seq, mv_ring_lost;
static LIST_HEAD(mv_runs);

static atomic64_t mv_entered[MMAPVET_EV_TYPES];
static atomic64_t mv_failed[MMAPVET_EV_TYPES];
static atomic64_t mv_mapped_ok;
static atomic64_t mv_overlapped;
static atomic64_t mv_steps;

int mv_log_init(void)
{
	mv_ring = vcalloc(MV_RING, sizeof(*mv_ring));
	return mv_ring ? 0 : -ENOMEM;
}

void mv_log_exit(void)
{
	vfree(mv_ring);
}

u32 mv_log_size(void)
{
	return MV_RING;
}

static struct mmapvet_event *mv_ring_at(u32 index)
{
	return &mv_ring[(mv_ring_first + index) % MV_RING];
}

static void mv_push(const struct mmapvet_event *ev)
{
	struct mmapvet_event *slot;

	if (mv_ring_count == MV_RING) {
		mv_ring_lost++;
		mv_ring_seq++;
		return;
	}
	slot = mv_ring_at(mv_ring_count++);
	*slot = *ev;
	slot->seq = ++mv_ring_seq;
}

/* The lie about the order: the newest event goes before the last prepare. */
static void mv_push_swapped(const struct mmapvet_event *ev)
{
	struct mmapvet_event *slot, *last;
	u32 i;

	mv_push(ev);
	last = mv_ring_at(mv_ring_count - 1);
	for (i = mv_ring_count; i-- > 0;) {
		slot = mv_ring_at(i);
		if (slot->type == MMAPVET_EV_PREPARE) {
			swap(*slot, *last);
			swap(slot->seq, last->seq);
			swap(slot->time_ns, last->time_ns);
			return;
		}
	}
}

/* Does the lie leave this event out? Else it is changed in place. */
static bool mv_falsify(struct mmapvet_event *ev, unsigned int kind)
{
	switch (kind) {
	case MMAPVET_LIE_DROP_MAPPED:
		return ev->type == MMAPVET_EV_MAPPED;
	case MMAPVET_LIE_DROP_CLOSE:
		return ev->type == MMAPVET_EV_CLOSE;
	case MMAPVET_LIE_DROP_OPEN:
		return ev->type == MMAPVET_EV_OPEN;
	case MMAPVET_LIE_DROP_PREPARE:
		return ev->type == MMAPVET_EV_PREPARE;
	case MMAPVET_LIE_MMAP:
		return ev->type == MMAPVET_EV_MMAP || ev->type == MMAPVET_EV_MMAP_RET;
	case MMAPVET_LIE_END:
		if (ev->end)
			ev->end += PAGE_SIZE;
		break;
	case MMAPVET_LIE_START:
		if (ev->start)
			ev->start += PAGE_SIZE;
		break;
	case MMAPVET_LIE_PGOFF:
		ev->pgoff++;
		break;
	case MMAPVET_LIE_PRIVATE:
		ev->private_in++;
		ev->private_out++;
		break;
	case MMAPVET_LIE_FILE:
		ev->file += 1000;
		ev->vm_file += 1000;
		break;
	case MMAPVET_LIE_EARLY:
		ev->entered = 0;
		break;
	case MMAPVET_LIE_RET:
		ev->ret = 0;
		break;
	case MMAPVET_LIE_READ:
		ev->nofault = -EFAULT;
		ev->word_first = 0;
		ev->word_last = 0;
		break;
	default:
		break;
	}
	return false;
}

static void mv_log(struct mmapvet_event *ev)
{
	unsigned int kind = READ_ONCE(lie);

	if (mv_falsify(ev, kind))
		return;
	if (ev->type == MMAPVET_EV_MAPPED && kind == MMAPVET_LIE_DOUBLE_MAPPED)
		mv_push(ev);
	if (ev->type == MMAPVET_EV_MAPPED && kind == MMAPVET_LIE_ORDER)
		mv_push_swapped(ev);
	else
		mv_push(ev);
}

/*
 * A hook begins. Counted before anything else. @mm is that of the VMA where
 * hooks of one mm must not overlap (not for faults, and not for legacy .mmap,
 * within which the nested hooks run).
 */
void mv_enter(struct mv_run *run, u32 type, struct mm_struct *mm)
{
	struct mv_run *other;

	atomic64_inc(&mv_entered[type]);

	memset(run, 0, sizeof(*run));
	run->mm = mm;
	run->task = current;
	run->ev.type = type;
	run->ev.tid = task_pid_nr(current);
	run->ev.tgid = task_tgid_nr(current);
	run->ev.nofault = 1;
	run->ev.rmap_free = -1;
	run->ev.user_closed = -1;
	run->ev.entered = atomic64_inc_return(&mv_steps);
	if (!mm)
		return;

	run->ev.mmap_locked = mv_mmap_write_locked(mm);
	spin_lock(&mv_ring_lock);
	list_for_each_entry(other, &mv_runs, node)
		if (other->mm == mm && other->task != current)
			atomic64_inc(&mv_overlapped);
	list_add(&run->node, &mv_runs);
	spin_unlock(&mv_ring_lock);
}

/* The same for a hook that has the VMA at hand. */
void mv_enter_vma(struct mv_run *run, u32 type, struct vm_area_struct *vma)
{
	bool watched = type != MMAPVET_EV_FAULT && type != MMAPVET_EV_MMAP &&
		       type != MMAPVET_EV_MMAP_RET;

	mv_enter(run, type, watched ? vma->vm_mm : NULL);
	run->ev.start = vma->vm_start;
	run->ev.end = vma->vm_end;
	run->ev.pgoff = vma->vm_pgoff;
	run->ev.flags = vma->vm_flags;
	run->ev.prot = pgprot_val(vma->vm_page_prot);
	run->ev.file = mv_cookie(vma->vm_file);
	run->ev.vm_file = run->ev.file;
	run->ev.private_in = mv_number(vma->vm_private_data);
	run->ev.private_out = run->ev.private_in;
	run->ev.ops = mv_vm_ops_kind(vma->vm_ops);
}

void mv_leave(struct mv_run *run, long ret)
{
	run->ev.ret = ret;
	run->ev.left = atomic64_inc_return(&mv_steps);
	if (ret)
		atomic64_inc(&mv_failed[run->ev.type]);
	else if (run->ev.type == MMAPVET_EV_MAPPED)
		atomic64_inc(&mv_mapped_ok);

	spin_lock(&mv_ring_lock);
	if (run->mm)
		list_del(&run->node);
	run->ev.time_ns = ktime_get_ns();
	mv_log(&run->ev);
	spin_unlock(&mv_ring_lock);
}

/* Takes up to @room events out of the ring, oldest first. */
u32 mv_log_take(struct mmapvet_event *buf, u32 room)
{
	u32 i, count;

	spin_lock(&mv_ring_lock);
	count = min(room, mv_ring_count);
	for (i = 0; i < count; i++)
		buf[i] = *mv_ring_at(i);
	mv_ring_first = (mv_ring_first + count) % MV_RING;
	mv_ring_count -= count;
	spin_unlock(&mv_ring_lock);
	return count;
}

void mv_log_counts(struct mmapvet_counts *counts)
{
	int i;

	memset(counts, 0, sizeof(*counts));
	for (i = 0; i < MMAPVET_EV_TYPES; i++) {
		counts->entered[i] = atomic64_read(&mv_entered[i]);
		counts->failed[i] = atomic64_read(&mv_failed[i]);
	}
	counts->live = atomic64_read(&mv_mapped_ok) +
		       (s64)counts->entered[MMAPVET_EV_OPEN] -
		       (s64)counts->entered[MMAPVET_EV_CLOSE];
	counts->overlapped = atomic64_read(&mv_overlapped);
	counts->open_files = mv_contexts_files();
	spin_lock(&mv_ring_lock);
	counts->lost = mv_ring_lost;
	spin_unlock(&mv_ring_lock);
}

void mv_log_reset(void)
{
	int i;

	spin_lock(&mv_ring_lock);
	mv_ring_first = 0;
	mv_ring_count = 0;
	mv_ring_seq = 0;
	mv_ring_lost = 0;
	spin_unlock(&mv_ring_lock);
	for (i = 0; i < MMAPVET_EV_TYPES; i++) {
		atomic64_set(&mv_entered[i], 0);
		atomic64_set(&mv_failed[i], 0);
	}
	atomic64_set(&mv_mapped_ok, 0);
	atomic64_set(&mv_overlapped, 0);
	atomic64_set(&mv_steps, 0);
}
