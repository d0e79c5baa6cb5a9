// SPDX-License-Identifier: GPL-2.0-only
/* desc->action and the remap helpers */
#include <linux/fs.h>
#include <linux/mm.h>

static enum mmap_action_type __maybe_unused mv_action(struct vm_area_desc *desc)
{
	mmap_action_remap(desc, desc->start, 0, PAGE_SIZE);
	mmap_action_ioremap(desc, desc->start, 0, PAGE_SIZE);
	return desc->action.type;
}
