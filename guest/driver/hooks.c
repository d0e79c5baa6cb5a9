// SPDX-License-Identifier: GPL-2.0-only
/*
 * The vm_ops. The tables are static: a VMA may outlive the context that chose
 * its table. There is one for each set of hooks, and a second one for each to
 * which /dev/mmapvet-w5 forwards, so that a VMA's table says where it leads.
 */
#include <linux/slab.h>

#include "internal.h"

#ifdef MMAPVET_HAVE_MAPPED

static u64 mv_stored(const struct mmapvet_config *config, const struct mmapvet_event *ev)
{
	switch (config->store) {
	case MMAPVET_STORE_VALUE:
		return config->mapped_private;
	case MMAPVET_STORE_COUNT:
		return ev->private_in + 1;
	case MMAPVET_STORE_START:
		return ev->start;
	case MMAPVET_STORE_PAGES:
		return (ev->end - ev->start) >> PAGE_SHIFT;
	case MMAPVET_STORE_PGOFF:
		return ev->pgoff;
	case MMAPVET_STORE_FILE:
		return ev->file;
	case MMAPVET_STORE_WORD:
		return ev->word_first;
	default:
		return ev->private_in;
	}
}

/*
 * Memory that nobody will free: kmemleak has to find it. Zeroed, or each piece
 * holds the allocator's old pointer to the next one, which kmemleak believes.
 */
static void mv_leak(void)
{
	int i;

	for (i = 0; i < MMAPVET_LEAKS; i++) {
		void *memory = kzalloc(64, GFP_KERNEL);

		OPTIMIZER_HIDE_VAR(memory);
	}
}

static int mv_mapped_result(struct mv_context *ctx, const struct mmapvet_config *config,
			    const struct mmapvet_event *ev)
{
	int err;

	if (config->mapped_sleep_ms)
		mv_sleep(config->mapped_sleep_ms);
	if (ctx && (config->flags & MMAPVET_C_GATE_MAPPED)) {
		err = mv_gate_pass(ctx, config);
		if (err)
			return err;
	}
	if (config->flags & MMAPVET_C_LEAK)
		mv_leak();
	if (config->flags & MMAPVET_C_SLEEP_ALLOC) {
		void *memory = kmalloc(PAGE_SIZE, GFP_KERNEL);

		if (!memory)
			return -ENOMEM;
		kfree(memory);
	}
	if ((config->flags & MMAPVET_C_NEED_READ) && ev->nofault)
		return -EFAULT;
	return config->mapped_ret;
}

static int mv_mapped(unsigned long start, unsigned long end, pgoff_t pgoff,
		     const struct file *file, void **vm_private_data)
{
	struct mmapvet_config config;
	struct mv_context *ctx;
	struct mv_run run;
	int ret;

	mv_enter(&run, MMAPVET_EV_MAPPED, current->mm);
	run.ev.start = start;
	run.ev.end = end;
	run.ev.pgoff = pgoff;
	run.ev.file = mv_cookie(file);
	run.ev.private_in = mv_number(*vm_private_data);
	mv_look(&run.ev, current->mm, file);

	ctx = mv_context_get(file);
	mv_context_config(ctx, &config);
	/*
	 * What the look found is what the data channel reports: start and end
	 * are the arguments as they came, whatever the lie says later.
	 */
	run.ev.private_out = mv_stored(&config, &run.ev);
	if (config.store != MMAPVET_STORE_NOTHING)
		*vm_private_data = mv_private(run.ev.private_out);
	ret = mv_mapped_result(ctx, &config, &run.ev);
	mv_context_put(ctx);
	mv_leave(&run, ret);
	return ret;
}

#endif /* MMAPVET_HAVE_MAPPED */

static void mv_vma_open(struct vm_area_struct *vma)
{
	struct mmapvet_config config;
	struct mv_context *ctx;
	struct mv_run run;

	mv_enter_vma(&run, MMAPVET_EV_OPEN, vma);
	ctx = mv_context_get(vma->vm_file);
	mv_context_config(ctx, &config);
	if (config.flags & MMAPVET_C_OPEN_MARK)
		vma->vm_private_data = mv_private(run.ev.private_in + MMAPVET_OPEN_MARK);
	mv_context_put(ctx);
	run.ev.private_out = mv_number(vma->vm_private_data);
	mv_leave(&run, 0);
}

static void mv_vma_close(struct vm_area_struct *vma)
{
	struct mv_run run;

	mv_enter_vma(&run, MMAPVET_EV_CLOSE, vma);
	mv_leave(&run, 0);
}

static vm_fault_t mv_vma_fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	vm_fault_t ret = VM_FAULT_SIGBUS;
	struct mmapvet_config config;
	struct mv_context *ctx;
	struct mv_run run;

	mv_enter_vma(&run, MMAPVET_EV_FAULT, vma);
	run.ev.start = vmf->address;
	run.ev.pgoff = vmf->pgoff;
	ctx = mv_context_get(vma->vm_file);
	if (ctx) {
		struct page *page = ctx->pages[vmf->pgoff % MMAPVET_PAGES];
		u64 *words = page_address(page);

		mv_context_config(ctx, &config);
		if (config.fault_sleep_ms)
			mv_sleep(config.fault_sleep_ms);
		words[1] = run.ev.private_in;
		get_page(page);
		vmf->page = page;
		ret = 0;
	}
	mv_context_put(ctx);
	mv_leave(&run, (__force long)ret);
	return ret;
}

static int mv_vma_mremap(struct vm_area_struct *vma)
{
	struct mmapvet_config config;
	struct mv_context *ctx;
	struct mv_run run;

	mv_enter_vma(&run, MMAPVET_EV_MREMAP, vma);
	ctx = mv_context_get(vma->vm_file);
	mv_context_config(ctx, &config);
	mv_context_put(ctx);
	mv_leave(&run, config.mremap_ret);
	return config.mremap_ret;
}

static int mv_vma_may_split(struct vm_area_struct *vma, unsigned long address)
{
	struct mmapvet_config config;
	struct mv_context *ctx;
	struct mv_run run;

	mv_enter_vma(&run, MMAPVET_EV_MAY_SPLIT, vma);
	run.ev.end = address;
	ctx = mv_context_get(vma->vm_file);
	mv_context_config(ctx, &config);
	mv_context_put(ctx);
	mv_leave(&run, config.may_split_ret);
	return config.may_split_ret;
}

#ifdef MMAPVET_HAVE_MAPPED
#define MV_OPS_MAPPED(n, hook)	.mapped = (n) & MMAPVET_H_MAPPED ? (hook) : NULL,
#else
#define MV_OPS_MAPPED(n, hook)
#endif

#define MV_OPS(n) {								\
	MV_OPS_MAPPED(n, mv_mapped)						\
	.open		= (n) & MMAPVET_H_OPEN ? mv_vma_open : NULL,		\
	.close		= (n) & MMAPVET_H_CLOSE ? mv_vma_close : NULL,		\
	.fault		= (n) & MMAPVET_H_FAULT ? mv_vma_fault : NULL,		\
	.mremap		= mv_vma_mremap,					\
	.may_split	= mv_vma_may_split,					\
}

static const struct vm_operations_struct mv_ops[MMAPVET_H_ALL + 1] = {
	MV_OPS(0), MV_OPS(1), MV_OPS(2), MV_OPS(3),
	MV_OPS(4), MV_OPS(5), MV_OPS(6), MV_OPS(7),
	MV_OPS(8), MV_OPS(9), MV_OPS(10), MV_OPS(11),
	MV_OPS(12), MV_OPS(13), MV_OPS(14), MV_OPS(15),
};

/* The forwarding tables of w5, as SysV shm has them: entry n leads to mv_ops[n]. */
static const struct vm_operations_struct mv_forward[MMAPVET_H_ALL + 1];

static const struct vm_operations_struct *mv_nested(const struct vm_area_struct *vma)
{
	return &mv_ops[vma->vm_ops - mv_forward];
}

static void mv_forward_open(struct vm_area_struct *vma)
{
	mv_nested(vma)->open(vma);
}

static void mv_forward_close(struct vm_area_struct *vma)
{
	mv_nested(vma)->close(vma);
}

static vm_fault_t mv_forward_fault(struct vm_fault *vmf)
{
	return mv_nested(vmf->vma)->fault(vmf);
}

static int mv_forward_mremap(struct vm_area_struct *vma)
{
	return mv_nested(vma)->mremap(vma);
}

static int mv_forward_may_split(struct vm_area_struct *vma, unsigned long address)
{
	return mv_nested(vma)->may_split(vma, address);
}

/* No mapped: by the time that this table is set, the nested one was called. */
#define MV_FORWARD(n) {								\
	.open		= (n) & MMAPVET_H_OPEN ? mv_forward_open : NULL,	\
	.close		= (n) & MMAPVET_H_CLOSE ? mv_forward_close : NULL,	\
	.fault		= (n) & MMAPVET_H_FAULT ? mv_forward_fault : NULL,	\
	.mremap		= mv_forward_mremap,					\
	.may_split	= mv_forward_may_split,					\
}

static const struct vm_operations_struct mv_forward[MMAPVET_H_ALL + 1] = {
	MV_FORWARD(0), MV_FORWARD(1), MV_FORWARD(2), MV_FORWARD(3),
	MV_FORWARD(4), MV_FORWARD(5), MV_FORWARD(6), MV_FORWARD(7),
	MV_FORWARD(8), MV_FORWARD(9), MV_FORWARD(10), MV_FORWARD(11),
	MV_FORWARD(12), MV_FORWARD(13), MV_FORWARD(14), MV_FORWARD(15),
};

const struct vm_operations_struct *mv_vm_ops(u32 hooks)
{
	return &mv_ops[hooks & MMAPVET_H_ALL];
}

/* The forwarding table for @ops, or @ops itself if it isn't one of ours. */
const struct vm_operations_struct *mv_vm_ops_forward(const struct vm_operations_struct *ops)
{
	if (ops < mv_ops || ops >= mv_ops + ARRAY_SIZE(mv_ops))
		return ops;
	return &mv_forward[ops - mv_ops];
}

u32 mv_vm_ops_kind(const struct vm_operations_struct *ops)
{
	if (!ops)
		return MMAPVET_OPS_NULL;
	if (ops >= mv_ops && ops < mv_ops + ARRAY_SIZE(mv_ops))
		return MMAPVET_OPS_OURS;
	if (ops >= mv_forward && ops < mv_forward + ARRAY_SIZE(mv_forward))
		return MMAPVET_OPS_OURS;
	return MMAPVET_OPS_FOREIGN;
}
