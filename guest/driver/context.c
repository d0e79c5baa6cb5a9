// SPDX-License-Identifier: GPL-2.0-only
/*
 * The live contexts, and the ways from a file to its context.
 *
 * Two locks: mv_contexts_mutex keeps every listed context alive for those who
 * may sleep (open, release, ioctl); mv_contexts_lock protects the list itself
 * for the hooks, which may hold any lock of mm and must not wait for a mutex.
 */
#include <linux/module.h>
#include <linux/mutex.h>

#include "internal.h"

static LIST_HEAD(mv_contexts);
static DEFINE_SPINLOCK(mv_contexts_lock);
static DEFINE_MUTEX(mv_contexts_mutex);
static atomic64_t mv_cookies = ATOMIC64_INIT(0);

u64 mv_cookie_new(void)
{
	return atomic64_inc_return(&mv_cookies);
}

bool mv_is_ours(const struct file *file)
{
	int i;

	for (i = 0; i < MV_KINDS; i++)
		if (mv_fops[i] && file->f_op == mv_fops[i])
			return true;
	return false;
}

/* The context of an open file of ours, which the caller keeps open. */
struct mv_context *mv_context_of(const struct file *file)
{
	return file->private_data;
}

static void mv_context_last(struct kref *ref)
{
	mv_context_free(container_of(ref, struct mv_context, ref));
}

void mv_context_put(struct mv_context *ctx)
{
	if (ctx)
		kref_put(&ctx->ref, mv_context_last);
}

/*
 * The context that decides what hooks on a VMA of @file do: the file's own, a
 * wrapper's inner one, or the one that registered @file as its swap file.
 * NULL if there is none; hooks are plain then.
 */
struct mv_context *mv_context_get(const struct file *file)
{
	struct mv_context *ctx, *found = NULL;

	if (!file)
		return NULL;
	if (mv_is_ours(file)) {
		ctx = mv_context_of(file);
		if (READ_ONCE(ctx->inner))
			ctx = mv_context_of(ctx->inner);
		kref_get(&ctx->ref);
		return ctx;
	}

	spin_lock(&mv_contexts_lock);
	list_for_each_entry(ctx, &mv_contexts, node) {
		if (READ_ONCE(ctx->swap) == file) {
			kref_get(&ctx->ref);
			found = ctx;
			break;
		}
	}
	spin_unlock(&mv_contexts_lock);
	return found;
}

/* A copy of the configuration, plain for no context. */
void mv_context_config(struct mv_context *ctx, struct mmapvet_config *config)
{
	if (!ctx) {
		memset(config, 0, sizeof(*config));
		config->hooks = MMAPVET_H_ALL;
		return;
	}
	spin_lock(&ctx->lock);
	*config = ctx->config;
	spin_unlock(&ctx->lock);
}

u64 mv_cookie(const struct file *file)
{
	struct mv_context *ctx;
	u64 cookie = 0;

	if (!file)
		return 0;
	if (mv_is_ours(file))
		return mv_context_of(file)->cookie;

	spin_lock(&mv_contexts_lock);
	list_for_each_entry(ctx, &mv_contexts, node) {
		if (READ_ONCE(ctx->swap) == file) {
			cookie = ctx->swap_cookie;
			break;
		}
	}
	spin_unlock(&mv_contexts_lock);
	return cookie;
}

void mv_contexts_add(struct mv_context *ctx)
{
	mutex_lock(&mv_contexts_mutex);
	spin_lock(&mv_contexts_lock);
	list_add_tail(&ctx->node, &mv_contexts);
	spin_unlock(&mv_contexts_lock);
	mutex_unlock(&mv_contexts_mutex);
}

/* VMAs of @mapping that still have our vm_ops. */
static u64 mv_mapping_vmas(struct address_space *mapping)
{
	struct rb_node *node;
	u64 count = 0;

	i_mmap_lock_read(mapping);
	for (node = rb_first_cached(&mapping->i_mmap); node; node = rb_next(node)) {
		struct vm_area_struct *vma;

		vma = rb_entry(node, struct vm_area_struct, shared.rb);
		if (mv_vm_ops_kind(vma->vm_ops) == MMAPVET_OPS_OURS)
			count++;
	}
	i_mmap_unlock_read(mapping);
	return count;
}

/* VMAs with our vm_ops in any process, each mapping looked at once. */
u64 mv_contexts_vmas(void)
{
	struct mv_context *ctx, *before;
	u64 count = 0;

	mutex_lock(&mv_contexts_mutex);
	list_for_each_entry(ctx, &mv_contexts, node) {
		bool seen = false;

		if (ctx->swap)
			count += mv_mapping_vmas(ctx->swap->f_mapping);
		if (ctx->released)
			continue;
		list_for_each_entry(before, &mv_contexts, node) {
			if (before == ctx)
				break;
			seen |= !before->released && before->mapping == ctx->mapping;
		}
		if (!seen)
			count += mv_mapping_vmas(ctx->mapping);
	}
	mutex_unlock(&mv_contexts_mutex);
	return count;
}

/* No hook waits any longer. */
void mv_contexts_open_gates(void)
{
	struct mv_context *ctx;

	mutex_lock(&mv_contexts_mutex);
	list_for_each_entry(ctx, &mv_contexts, node)
		mv_gate_open(ctx);
	mutex_unlock(&mv_contexts_mutex);
}

/*
 * Replaces the swap file of @ctx by @swap, which may be NULL. -EBUSY while VMAs
 * with our vm_ops map the present one, since their hooks find @ctx through it.
 */
int mv_context_swap(struct mv_context *ctx, struct file *swap, u64 cookie, struct file **old)
{
	int err = -EBUSY;

	mutex_lock(&mv_contexts_mutex);
	if (!ctx->swap || !mv_mapping_vmas(ctx->swap->f_mapping)) {
		spin_lock(&mv_contexts_lock);
		spin_lock(&ctx->lock);
		*old = ctx->swap;
		ctx->swap_cookie = cookie;
		WRITE_ONCE(ctx->swap, swap);
		spin_unlock(&ctx->lock);
		spin_unlock(&mv_contexts_lock);
		err = 0;
	}
	mutex_unlock(&mv_contexts_mutex);
	return err;
}

u64 mv_contexts_files(void)
{
	struct mv_context *ctx;
	u64 count = 0;

	spin_lock(&mv_contexts_lock);
	list_for_each_entry(ctx, &mv_contexts, node)
		count += !ctx->released;
	spin_unlock(&mv_contexts_lock);
	return count;
}

/*
 * A file is released: its context goes, unless VMAs with our vm_ops still map
 * its swap file. These neither pin the file nor the module, so the context
 * stays, with a reference of the module, until mv_contexts_reap() finds that
 * the last of them is gone.
 */
void mv_contexts_release(struct mv_context *ctx)
{
	mutex_lock(&mv_contexts_mutex);
	spin_lock(&mv_contexts_lock);
	ctx->released = true;
	spin_unlock(&mv_contexts_lock);
	__module_get(THIS_MODULE);
	mutex_unlock(&mv_contexts_mutex);
	mv_contexts_reap();
}

void mv_contexts_reap(void)
{
	struct mv_context *ctx, *next;

	mutex_lock(&mv_contexts_mutex);
	list_for_each_entry_safe(ctx, next, &mv_contexts, node) {
		if (!ctx->released)
			continue;
		if (ctx->swap && mv_mapping_vmas(ctx->swap->f_mapping))
			continue;
		spin_lock(&mv_contexts_lock);
		list_del(&ctx->node);
		spin_unlock(&mv_contexts_lock);
		mv_context_put(ctx);
		module_put(THIS_MODULE);
	}
	mutex_unlock(&mv_contexts_mutex);
}
