// SPDX-License-Identifier: GPL-2.0-only
/* The mmap actions that mmap_prepare asks for, on the pages of the open file. */
#include "internal.h"

#ifdef MMAPVET_HAVE_ACTION

/*
 * Which of our pages an action covers. It may reach beyond the VMA if the
 * configuration says so, but never beyond our pages.
 */
struct mv_extent {
	unsigned long	start;
	unsigned long	count;
	unsigned int	first;
};

static int mv_extent(const struct mmapvet_config *config, const struct vm_area_desc *desc,
		     struct mv_extent *extent)
{
	unsigned int page = 0;

	extent->count = (desc->end - desc->start) >> PAGE_SHIFT;
	if (config->flags & MMAPVET_C_ACTION_AT) {
		page = config->action_page;
		if (config->action_pages)
			extent->count = config->action_pages;
	}
	if (page >= MMAPVET_PAGES)
		return -EINVAL;
	extent->start = desc->start + page * PAGE_SIZE;
	extent->first = (desc->pgoff + page) % MMAPVET_PAGES;
	if (extent->count > MMAPVET_PAGES - extent->first)
		return -EINVAL;
	return 0;
}

#ifdef MMAPVET_HAVE_KERNEL_PAGES
/* The action keeps the pointer: the array lives as long as the open file. */
static void mv_kernel_pages(struct mv_context *ctx, const struct mmapvet_config *config,
			    struct vm_area_desc *desc, const struct mv_extent *extent)
{
	struct page **pages = &ctx->pages[extent->first];

	if (config->flags & MMAPVET_C_BAD_PAGE) {
		memcpy(ctx->bad_pages, ctx->pages, sizeof(ctx->bad_pages));
		ctx->bad_pages[config->bad_page] = virt_to_page(ctx->slab);
		pages = &ctx->bad_pages[extent->first];
	}
	mmap_action_map_kernel_pages(desc, extent->start, pages, extent->count);
}
#endif

int mv_action(struct mv_context *ctx, const struct mmapvet_config *config,
	      struct vm_area_desc *desc)
{
	struct mv_extent extent;
	unsigned long pfn;
	int err;

	if (config->action == MMAPVET_A_NONE)
		return 0;
	err = mv_extent(config, desc, &extent);
	if (err)
		return err;
	pfn = page_to_pfn(ctx->pages[extent.first]);

	switch (config->action) {
	case MMAPVET_A_REMAP:
		mmap_action_remap(desc, extent.start, pfn, extent.count << PAGE_SHIFT);
		return 0;
	case MMAPVET_A_IOREMAP:
		mmap_action_ioremap(desc, extent.start, pfn, extent.count << PAGE_SHIFT);
		return 0;
#ifdef MMAPVET_HAVE_SIMPLE_IOREMAP
	case MMAPVET_A_SIMPLE_IOREMAP:
		mmap_action_simple_ioremap(desc, page_to_phys(ctx->pages[0]),
					   (config->phys_pages ?: MMAPVET_PAGES) * PAGE_SIZE);
		return 0;
#endif
#ifdef MMAPVET_HAVE_KERNEL_PAGES
	case MMAPVET_A_KERNEL_PAGES:
		mv_kernel_pages(ctx, config, desc, &extent);
		return 0;
#endif
	case MMAPVET_A_UNKNOWN:
		desc->action.type = (enum mmap_action_type)99;
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

#endif /* MMAPVET_HAVE_ACTION */
