// SPDX-License-Identifier: GPL-2.0-only
/* vm_ops->mapped, with the arguments that the contract names */
#include <linux/fs.h>
#include <linux/mm.h>

static int mv_mapped(unsigned long start, unsigned long end, pgoff_t pgoff,
		     const struct file *file, void **vm_private_data)
{
	return 0;
}

static const struct vm_operations_struct mv_mapped_ops __maybe_unused = {
	.mapped	= mv_mapped,
};
