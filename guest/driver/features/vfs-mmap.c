// SPDX-License-Identifier: GPL-2.0-only
/* vfs_mmap() and the compat layer behind it */
#include <linux/fs.h>
#include <linux/mm.h>

static int __maybe_unused mv_vfs_mmap(struct file *file, struct vm_area_struct *vma)
{
	int (*compat)(struct file *file, struct vm_area_struct *vma) = compat_vma_mmap;

	return vfs_mmap(file, vma) ?: compat(file, vma);
}
