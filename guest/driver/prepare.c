// SPDX-License-Identifier: GPL-2.0-only
/* f_op->mmap_prepare: does to the descriptor what the configuration says. */
#include <linux/file.h>

#include "internal.h"

#ifdef MMAPVET_HAVE_PREPARE

static void mv_prepare_enter(struct mv_run *run, const struct vm_area_desc *desc)
{
	mv_enter(run, MMAPVET_EV_PREPARE, current->mm);
	run->ev.start = desc->start;
	run->ev.end = desc->end;
	run->ev.pgoff = desc->pgoff;
	run->ev.flags = mv_desc_flags(desc);
	run->ev.prot = pgprot_val(desc->page_prot);
	run->ev.file = mv_cookie(desc->file);
	run->ev.vm_file = mv_cookie(desc->vm_file);
	run->ev.private_in = mv_number(desc->private_data);
	run->ev.ops = mv_vm_ops_kind(desc->vm_ops);
#ifdef MMAPVET_HAVE_ACTION
	run->ev.action = desc->action.type;
#endif
}

static void mv_prepare_fields(struct mv_context *ctx, const struct mmapvet_config *config,
			      struct vm_area_desc *desc)
{
	u64 private = config->private;

	spin_lock(&ctx->lock);
	ctx->prepares++;
	if (config->flags & MMAPVET_C_PRIVATE_PER_MAP)
		private += ctx->prepares;
	if ((config->flags & MMAPVET_C_SWAP) && ctx->swap)
		desc->vm_file = get_file(ctx->swap);
	spin_unlock(&ctx->lock);

	desc->private_data = mv_private(private);
	if (config->hooks & MMAPVET_H_NULL)
		desc->vm_ops = NULL;
	else if (!(config->hooks & MMAPVET_H_UNTOUCHED))
		desc->vm_ops = mv_vm_ops(config->hooks);

	mv_desc_set(desc, (vm_flags_t)config->set_flags);
	mv_desc_clear(desc, (vm_flags_t)config->clear_flags);
	if (config->flags & MMAPVET_C_CLEAR_MAYWRITE)
		mv_desc_clear(desc, VM_MAYWRITE);
	desc->pgoff += config->pgoff_delta;
}

static int mv_prepare_action(struct mv_context *ctx, const struct mmapvet_config *config,
			     struct vm_area_desc *desc)
{
	int err = 0;

	if (config->flags & MMAPVET_C_WC_BEFORE)
		desc->page_prot = pgprot_writecombine(desc->page_prot);
	if (config->flags & MMAPVET_C_UNCACHED)
		desc->page_prot = pgprot_noncached(desc->page_prot);
#ifdef MMAPVET_HAVE_ACTION
	err = mv_action(ctx, config, desc);
#endif
#ifdef MMAPVET_HAVE_OVERRIDE
	desc->action.error_override = config->override;
#endif
#ifdef MMAPVET_HAVE_HIDE
	if (config->flags & MMAPVET_C_HIDE)
		desc->action.hide_from_rmap_until_complete = true;
#endif
	if (config->flags & MMAPVET_C_WC_AFTER)
		desc->page_prot = pgprot_writecombine(desc->page_prot);
	return err;
}

int mv_mmap_prepare(struct vm_area_desc *desc)
{
	struct mv_context *ctx = mv_context_of(desc->file);
	struct file *vm_file = desc->vm_file;
	struct mmapvet_config config;
	struct mv_run run;
	int err = 0;

	mv_prepare_enter(&run, desc);
	mv_context_config(ctx, &config);
	if (config.prepare_sleep_ms)
		mv_sleep(config.prepare_sleep_ms);
	if (config.flags & MMAPVET_C_GATE_PREPARE)
		err = mv_gate_pass(ctx, &config);

	err = err ?: config.prepare_ret;
	if (!err) {
		mv_prepare_fields(ctx, &config, desc);
		err = mv_prepare_action(ctx, &config, desc);
		/* The core only drops the file that came in. */
		if (err && desc->vm_file != vm_file) {
			fput(desc->vm_file);
			desc->vm_file = vm_file;
		}
	}
	run.ev.private_out = mv_number(desc->private_data);
	mv_leave(&run, err);
	return err;
}

#endif /* MMAPVET_HAVE_PREPARE */
