// SPDX-License-Identifier: GPL-2.0-only
/* Open and release of the nodes: what an open file of ours owns. */
#include <linux/file.h>
#include <linux/gfp.h>
#include <linux/slab.h>

#include "internal.h"

#define MV_PAGES_ORDER	get_order(MMAPVET_PAGES * PAGE_SIZE)

static int mv_pages_alloc(struct mv_context *ctx)
{
	struct page *first;
	int i;

	/* Physically contiguous for the PFN actions, yet each page on its own. */
	first = alloc_pages(GFP_KERNEL | __GFP_ZERO, MV_PAGES_ORDER);
	if (!first)
		return -ENOMEM;
	split_page(first, MV_PAGES_ORDER);
	for (i = 0; i < MMAPVET_PAGES; i++) {
		u64 *words = page_address(first + i);

		words[0] = MMAPVET_MAGIC + i;
		ctx->pages[i] = first + i;
	}
	return 0;
}

static void mv_pages_free(struct mv_context *ctx)
{
	int i;

	for (i = 0; i < MMAPVET_PAGES; i++)
		put_page(ctx->pages[i]);
}

int mv_open(enum mv_kind kind, struct file *file)
{
	struct mv_context *ctx;
	int err = -ENOMEM;

	BUILD_BUG_ON(MMAPVET_PAGES & (MMAPVET_PAGES - 1));

	mv_contexts_reap();
	ctx = kzalloc(sizeof(*ctx), GFP_KERNEL);
	if (!ctx)
		return -ENOMEM;
	ctx->slab = kmalloc(64, GFP_KERNEL);
	if (!ctx->slab)
		goto err_free;
	err = mv_pages_alloc(ctx);
	if (err)
		goto err_free_slab;

	kref_init(&ctx->ref);
	spin_lock_init(&ctx->lock);
	mv_gate_init(&ctx->gate);
	ctx->kind = kind;
	ctx->cookie = mv_cookie_new();
	ctx->mapping = file->f_mapping;
	ctx->config.hooks = MMAPVET_H_ALL;
	file->private_data = ctx;
	mv_contexts_add(ctx);
	return 0;

err_free_slab:
	kfree(ctx->slab);
err_free:
	kfree(ctx);
	return err;
}

/* The last reference is gone, and with it every VMA that shows our pages. */
void mv_context_free(struct mv_context *ctx)
{
	if (ctx->swap)
		fput(ctx->swap);
	mv_pages_free(ctx);
	kfree(ctx->slab);
	kfree(ctx);
}

int mv_release(struct inode *inode, struct file *file)
{
	struct mv_context *ctx = mv_context_of(file);
	struct mv_run run;

	mv_enter(&run, MMAPVET_EV_RELEASE, NULL);
	run.ev.file = ctx->cookie;
	run.ev.vm_file = ctx->cookie;
	mv_leave(&run, 0);

	if (ctx->inner)
		fput(ctx->inner);
	WRITE_ONCE(ctx->inner, NULL);
	mv_contexts_release(ctx);
	return 0;
}
