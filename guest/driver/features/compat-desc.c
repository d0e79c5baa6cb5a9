// SPDX-License-Identifier: GPL-2.0-only
/* compat_set_desc_from_vma() and __compat_vma_mmap() */
#include <linux/fs.h>
#include <linux/mm.h>

static int __maybe_unused mv_compat_desc(struct file *file, struct vm_area_struct *vma)
{
	struct vm_area_desc desc;

	compat_set_desc_from_vma(&desc, file, vma);
	return __compat_vma_mmap(&desc, vma);
}
