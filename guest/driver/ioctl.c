// SPDX-License-Identifier: GPL-2.0-only
/* The requests of mmapvet.h. */
#include <linux/file.h>
#include <linux/mman.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "internal.h"

#define MV_SLEEP_MAX	10000
#define MV_READ_BATCH	16

static const u32 mv_features = 0
#ifdef MMAPVET_HAVE_PREPARE
	| MMAPVET_F_PREPARE
#endif
#ifdef MMAPVET_HAVE_MAPPED
	| MMAPVET_F_MAPPED
#endif
#ifdef MMAPVET_HAVE_VFS_MMAP
	| MMAPVET_F_VFS_MMAP
#endif
#ifdef MMAPVET_HAVE_COMPAT_DESC
	| MMAPVET_F_COMPAT_DESC
#endif
#ifdef MMAPVET_HAVE_ACTION
	| MMAPVET_F_ACTION
#endif
#ifdef MMAPVET_HAVE_KERNEL_PAGES
	| MMAPVET_F_KERNEL_PAGES
#endif
#ifdef MMAPVET_HAVE_SIMPLE_IOREMAP
	| MMAPVET_F_SIMPLE_IOREMAP
#endif
#ifdef MMAPVET_HAVE_OVERRIDE
	| MMAPVET_F_OVERRIDE
#endif
#ifdef MMAPVET_HAVE_HIDE
	| MMAPVET_F_HIDE
#endif
#ifdef MMAPVET_HAVE_SUCCESS_HOOK
	| MMAPVET_F_SUCCESS_HOOK
#endif
#ifdef MMAPVET_HAVE_DESC_FLAGS
	| MMAPVET_F_DESC_FLAGS
#endif
	;

static bool mv_is_wrapper(const struct mv_context *ctx)
{
	return ctx->kind >= MV_W1 && ctx->kind <= MV_W5;
}

static long mv_info(struct mv_context *ctx, void __user *arg)
{
	struct mmapvet_info info = {
		.abi		= MMAPVET_ABI,
		.features	= mv_features,
		.cookie		= ctx->cookie,
		.event_size	= sizeof(struct mmapvet_event),
		.ring_size	= mv_log_size(),
	};

	return copy_to_user(arg, &info, sizeof(info)) ? -EFAULT : 0;
}

static long mv_config(struct mv_context *ctx, void __user *arg)
{
	struct mmapvet_config config;

	/* A wrapper does as its inner file is told. */
	if (mv_is_wrapper(ctx))
		return -EINVAL;
	if (copy_from_user(&config, arg, sizeof(config)))
		return -EFAULT;
	if (config.mapped_sleep_ms > MV_SLEEP_MAX || config.prepare_sleep_ms > MV_SLEEP_MAX ||
	    config.fault_sleep_ms > MV_SLEEP_MAX || config.bad_page >= MMAPVET_PAGES ||
	    config.phys_pages > MMAPVET_PAGES || config.action > MMAPVET_A_UNKNOWN ||
	    config.store > MMAPVET_STORE_WORD || config.gate_ms > MV_SLEEP_MAX ||
	    config.reserved)
		return -EINVAL;
	if (config.hooks & ~(MMAPVET_H_ALL | MMAPVET_H_UNTOUCHED | MMAPVET_H_NULL))
		return -EINVAL;

	spin_lock(&ctx->lock);
	ctx->config = config;
	ctx->prepares = 0;
	spin_unlock(&ctx->lock);
	return 0;
}

static long mv_reset(struct mv_context *ctx, void __user *arg)
{
	struct mmapvet_reset reset = {};

	mv_contexts_reap();
	reset.live_before = mv_contexts_vmas();
	reset.files_before = mv_contexts_files() - 1;

	spin_lock(&ctx->lock);
	memset(&ctx->config, 0, sizeof(ctx->config));
	ctx->config.hooks = MMAPVET_H_ALL;
	ctx->prepares = 0;
	spin_unlock(&ctx->lock);
	mv_log_reset();
	return copy_to_user(arg, &reset, sizeof(reset)) ? -EFAULT : 0;
}

static long mv_read(void __user *arg)
{
	static DEFINE_MUTEX(reading);
	struct mmapvet_event *batch;
	struct mmapvet_read read;
	u32 done = 0, count;
	long err = 0;

	if (copy_from_user(&read, arg, sizeof(read)))
		return -EFAULT;
	batch = kmalloc_array(MV_READ_BATCH, sizeof(*batch), GFP_KERNEL);
	if (!batch)
		return -ENOMEM;

	/* The ring's lock is never held while user memory is touched. */
	mutex_lock(&reading);
	while (done < read.room) {
		struct mmapvet_event __user *to = u64_to_user_ptr(read.buffer);

		count = mv_log_take(batch, min_t(u32, MV_READ_BATCH, read.room - done));
		if (!count)
			break;
		if (copy_to_user(to + done, batch, count * sizeof(*batch))) {
			err = -EFAULT;
			break;
		}
		done += count;
	}
	mutex_unlock(&reading);
	kfree(batch);

	read.count = done;
	if (!err && copy_to_user(arg, &read, sizeof(read)))
		err = -EFAULT;
	return err;
}

static long mv_counts(void __user *arg)
{
	struct mmapvet_counts counts;

	mv_log_counts(&counts);
	return copy_to_user(arg, &counts, sizeof(counts)) ? -EFAULT : 0;
}

static long mv_refs(struct file *file, struct mv_context *ctx, void __user *arg)
{
	struct mmapvet_refs refs = {};
	struct file *swap = NULL;
	int i;

	spin_lock(&ctx->lock);
	if (ctx->swap)
		swap = get_file(ctx->swap);
	spin_unlock(&ctx->lock);

	refs.file = file_count(file);
	if (ctx->inner)
		refs.inner = file_count(ctx->inner);
	if (swap) {
		refs.swap = file_count(swap) - 1;
		fput(swap);
	}
	for (i = 0; i < MMAPVET_PAGES; i++) {
		refs.page_refs[i] = page_count(ctx->pages[i]);
		refs.page_maps[i] = folio_mapcount(page_folio(ctx->pages[i]));
	}
	return copy_to_user(arg, &refs, sizeof(refs)) ? -EFAULT : 0;
}

static long mv_find(void __user *arg)
{
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;
	struct mmapvet_find find;
	u64 address;

	if (copy_from_user(&find, arg, sizeof(find)))
		return -EFAULT;
	address = find.address;
	memset(&find, 0, sizeof(find));
	find.address = address;

	mmap_read_lock(mm);
	vma = find_vma(mm, address);
	if (vma && vma->vm_start <= address) {
		find.found = 1;
		find.start = vma->vm_start;
		find.end = vma->vm_end;
		find.pgoff = vma->vm_pgoff;
		find.flags = vma->vm_flags;
		find.prot = pgprot_val(vma->vm_page_prot);
		find.file = mv_cookie(vma->vm_file);
		find.ops = mv_vm_ops_kind(vma->vm_ops);
		/* Other drivers' private data are kernel pointers. */
		if (find.ops == MMAPVET_OPS_OURS)
			find.private = mv_number(vma->vm_private_data);
	}
	mmap_read_unlock(mm);
	return copy_to_user(arg, &find, sizeof(find)) ? -EFAULT : 0;
}

static long mv_accounts(void __user *arg)
{
	struct mm_struct *mm = current->mm;
	struct mmapvet_accounts accounts = { .committed = vm_memory_committed() };

	mmap_read_lock(mm);
	accounts.total_vm = mm->total_vm;
	accounts.data_vm = mm->data_vm;
	accounts.locked_vm = mm->locked_vm;
	accounts.map_count = mm->map_count;
	mmap_read_unlock(mm);
	return copy_to_user(arg, &accounts, sizeof(accounts)) ? -EFAULT : 0;
}

/* Once: VMAs of the wrapper rely on the inner file for as long as they live. */
static long mv_set_inner(struct mv_context *ctx, void __user *arg)
{
	struct file *inner;
	long err = -EINVAL;
	s32 fd;

	if (!mv_is_wrapper(ctx))
		return -EINVAL;
	if (copy_from_user(&fd, arg, sizeof(fd)))
		return -EFAULT;
	inner = fget(fd);
	if (!inner)
		return -EBADF;
	if (inner->f_op != mv_fops[MV_DIRECT])
		goto out;

	spin_lock(&ctx->lock);
	err = ctx->inner ? -EBUSY : 0;
	if (!err)
		WRITE_ONCE(ctx->inner, inner);
	spin_unlock(&ctx->lock);
	if (!err)
		return 0;
out:
	fput(inner);
	return err;
}

static long mv_set_swap(struct mv_context *ctx, void __user *arg)
{
	struct file *swap = NULL, *old = NULL;
	struct mmapvet_swap request;
	long err = 0;

	if (ctx->kind != MV_DIRECT)
		return -EINVAL;
	if (copy_from_user(&request, arg, sizeof(request)))
		return -EFAULT;
	if (request.fd != -1) {
		swap = fget(request.fd);
		if (!swap)
			return -EBADF;
		/* Our own files could hold each other for ever. */
		if (mv_is_ours(swap)) {
			fput(swap);
			return -EINVAL;
		}
	}

	request.cookie = swap ? mv_cookie_new() : 0;
	/* A swap file that VMAs of ours still map can't be given up. */
	err = mv_context_swap(ctx, swap, request.cookie, &old);
	if (err)
		old = swap;
	else if (copy_to_user(arg, &request, sizeof(request)))
		err = -EFAULT;
	if (old)
		fput(old);
	return err;
}

static long mv_gate(struct mv_context *ctx, void __user *arg)
{
	struct mmapvet_gate gate;

	if (copy_from_user(&gate, arg, sizeof(gate)))
		return -EFAULT;
	if (gate.wait_ms > MV_SLEEP_MAX || gate.open > MMAPVET_GATE_ALL)
		return -EINVAL;
	gate.inside = mv_gate_await(ctx, gate.hooks, gate.wait_ms);
	if (gate.open == MMAPVET_GATE_THIS)
		mv_gate_open(ctx);
	else if (gate.open == MMAPVET_GATE_ALL)
		mv_contexts_open_gates();
	return copy_to_user(arg, &gate, sizeof(gate)) ? -EFAULT : 0;
}

long mv_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct mv_context *ctx = mv_context_of(file);
	void __user *user = (void __user *)arg;

	switch (cmd) {
	case MMAPVET_IOC_INFO:
		return mv_info(ctx, user);
	case MMAPVET_IOC_CONFIG:
		mv_fault();
		return mv_config(ctx, user);
	case MMAPVET_IOC_RESET:
		return mv_reset(ctx, user);
	case MMAPVET_IOC_READ:
		return mv_read(user);
	case MMAPVET_IOC_COUNTS:
		return mv_counts(user);
	case MMAPVET_IOC_REFS:
		return mv_refs(file, ctx, user);
	case MMAPVET_IOC_FIND:
		return mv_find(user);
	case MMAPVET_IOC_SET_INNER:
		return mv_set_inner(ctx, user);
	case MMAPVET_IOC_SET_SWAP:
		return mv_set_swap(ctx, user);
	case MMAPVET_IOC_GATE:
		return mv_gate(ctx, user);
	case MMAPVET_IOC_ACCOUNTS:
		return mv_accounts(user);
	default:
		return -ENOTTY;
	}
}
