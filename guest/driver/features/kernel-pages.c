// SPDX-License-Identifier: GPL-2.0-only
/* mmap_action_map_kernel_pages() */
#include <linux/fs.h>
#include <linux/mm.h>

static void __maybe_unused mv_kernel_pages(struct vm_area_desc *desc, struct page **pages)
{
	mmap_action_map_kernel_pages(desc, desc->start, pages, 1);
}
