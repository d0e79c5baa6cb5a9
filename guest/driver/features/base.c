// SPDX-License-Identifier: GPL-2.0-only
/* Not a feature: if this does not compile, nothing that fails below means anything. */
#include <linux/fs.h>
#include <linux/mm.h>

static unsigned long __maybe_unused mv_base(struct vm_area_struct *vma)
{
	return vma->vm_start + vma->vm_pgoff;
}
