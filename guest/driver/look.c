// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the mapped hook looks at around itself. The mmap lock is held: nothing
 * here may wait for it, so user memory is read without faulting it in.
 */
#include <linux/uaccess.h>

#include "internal.h"

bool mv_mmap_write_locked(struct mm_struct *mm)
{
	if (!down_read_trylock(&mm->mmap_lock))
		return true;
	up_read(&mm->mmap_lock);
	return false;
}

/* Word 0 at @address of the current mm; 0 and -EFAULT if it is not there. */
u64 mv_word(unsigned long address, int *err)
{
	u64 word = 0;

	*err = copy_from_user_nofault(&word, (const void __user *)address, sizeof(word));
	return *err ? 0 : word;
}

/* Would touching user memory without the helpers of uaccess.h fault here? */
static s32 mv_user_closed(void)
{
#if defined(CONFIG_X86_64)
	if (!(native_read_cr4() & X86_CR4_SMAP))
		return 0;
	return !(native_save_fl() & X86_EFLAGS_AC);
#elif defined(CONFIG_ARM64)
	if (!system_uses_hw_pan())
		return 0;
	return !!(read_sysreg_s(SYS_PSTATE_PAN) & PSR_PAN_BIT);
#else
	return -1;
#endif
}

static u64 mv_pte_prot(struct vm_area_struct *vma, unsigned long address)
{
	struct follow_pfnmap_args args = { .vma = vma, .address = address };
	u64 prot;

	if (!(vma->vm_flags & (VM_IO | VM_PFNMAP)))
		return 0;
	if (follow_pfnmap_start(&args))
		return 0;
	prot = pgprot_val(args.pgprot);
	follow_pfnmap_end(&args);
	return prot;
}

static void mv_lookup(struct mmapvet_event *ev, struct mm_struct *mm)
{
	struct vm_area_struct *vma = find_vma(mm, ev->start);

	if (!vma || vma->vm_start >= ev->end) {
		ev->lookup = MMAPVET_LOOKUP_NONE;
		return;
	}
	ev->lookup = vma->vm_start == ev->start && vma->vm_end == ev->end ?
		     MMAPVET_LOOKUP_EXACT : MMAPVET_LOOKUP_OTHER;
	ev->lookup_start = vma->vm_start;
	ev->lookup_end = vma->vm_end;
	ev->lookup_pgoff = vma->vm_pgoff;
	ev->lookup_flags = vma->vm_flags;
	ev->lookup_prot = pgprot_val(vma->vm_page_prot);
	if (ev->lookup == MMAPVET_LOOKUP_EXACT)
		ev->pte_prot = mv_pte_prot(vma, ev->start);
}

/* Fills in what mapped, given the range in @ev and @file, can see by itself. */
void mv_look(struct mmapvet_event *ev, struct mm_struct *mm, const struct file *file)
{
	int err;

	mv_lookup(ev, mm);
	ev->user_closed = mv_user_closed();
	ev->word_first = mv_word(ev->start, &ev->nofault);
	ev->word_last = mv_word(ev->end - PAGE_SIZE, &err);

	ev->rmap_free = i_mmap_trylock_read(file->f_mapping);
	if (ev->rmap_free)
		i_mmap_unlock_read(file->f_mapping);
}
