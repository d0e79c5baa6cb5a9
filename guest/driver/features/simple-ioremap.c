// SPDX-License-Identifier: GPL-2.0-only
/* mmap_action_simple_ioremap() */
#include <linux/fs.h>
#include <linux/mm.h>

static void __maybe_unused mv_simple_ioremap(struct vm_area_desc *desc)
{
	mmap_action_simple_ioremap(desc, (phys_addr_t)0, PAGE_SIZE);
}
