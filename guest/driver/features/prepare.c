// SPDX-License-Identifier: GPL-2.0-only
/* f_op->mmap_prepare */
#include <linux/fs.h>
#include <linux/mm.h>

static int mv_prepare(struct vm_area_desc *desc)
{
	desc->vm_ops = NULL;
	desc->private_data = NULL;
	return desc->vm_file == desc->file ? 0 : -EINVAL;
}

static const struct file_operations mv_prepare_fops __maybe_unused = {
	.mmap_prepare	= mv_prepare,
};
