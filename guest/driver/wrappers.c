// SPDX-License-Identifier: GPL-2.0-only
/*
 * Legacy .mmap: the stacked nodes, which map an inner /dev/mmapvet in the ways
 * that the kernel's own stacking drivers do, and the legacy node.
 */
#include <linux/file.h>

#include "internal.h"

/* Runs @map between the events that frame a legacy .mmap. */
static int mv_framed(struct file *file, struct vm_area_struct *vma,
		     int (*map)(struct mv_context *ctx, struct vm_area_struct *vma))
{
	struct mv_run run;
	int ret;

	mv_enter_vma(&run, MMAPVET_EV_MMAP, vma);
	mv_leave(&run, 0);

	ret = map(mv_context_of(file), vma);

	mv_enter_vma(&run, MMAPVET_EV_MMAP_RET, vma);
	mv_leave(&run, ret);
	return ret;
}

static int mv_map_legacy(struct mv_context *ctx, struct vm_area_struct *vma)
{
	struct mmapvet_config config;

	mv_context_config(ctx, &config);
	vma->vm_ops = mv_vm_ops(config.hooks);
	vma->vm_private_data = mv_private(config.private);
	return config.wrapper_ret;
}

int mv_mmap_legacy(struct file *file, struct vm_area_struct *vma)
{
	return mv_framed(file, vma, mv_map_legacy);
}

#ifdef MMAPVET_HAVE_VFS_MMAP

/* As SysV shm: the VMA keeps the outer file. */
static int mv_map_w1(struct mv_context *ctx, struct vm_area_struct *vma)
{
	return ctx->inner ? vfs_mmap(ctx->inner, vma) : -ENXIO;
}

/* As overlayfs: the VMA gets the inner file. */
static int mv_map_w2(struct mv_context *ctx, struct vm_area_struct *vma)
{
	if (!ctx->inner)
		return -ENXIO;
	vma_set_file(vma, ctx->inner);
	return vfs_mmap(vma->vm_file, vma);
}

static int mv_map_w4(struct mv_context *ctx, struct vm_area_struct *vma)
{
	struct mmapvet_config config;
	int err;

	err = mv_map_w1(ctx, vma);
	if (err)
		return err;
	mv_context_config(mv_context_of(ctx->inner), &config);
	return config.wrapper_ret;
}

static int mv_map_w5(struct mv_context *ctx, struct vm_area_struct *vma)
{
	int err;

	err = mv_map_w1(ctx, vma);
	if (!err)
		vma->vm_ops = mv_vm_ops_forward(vma->vm_ops);
	return err;
}

int mv_mmap_w1(struct file *file, struct vm_area_struct *vma)
{
	return mv_framed(file, vma, mv_map_w1);
}

int mv_mmap_w2(struct file *file, struct vm_area_struct *vma)
{
	return mv_framed(file, vma, mv_map_w2);
}

int mv_mmap_w4(struct file *file, struct vm_area_struct *vma)
{
	return mv_framed(file, vma, mv_map_w4);
}

int mv_mmap_w5(struct file *file, struct vm_area_struct *vma)
{
	return mv_framed(file, vma, mv_map_w5);
}

#endif /* MMAPVET_HAVE_VFS_MMAP */

#ifdef MMAPVET_HAVE_COMPAT_DESC

/* As uio: the inner hook is called by hand between the two halves of compat. */
static int mv_map_w3(struct mv_context *ctx, struct vm_area_struct *vma)
{
	struct mmapvet_config config;
	struct vm_area_desc desc;
	int err;

	if (!ctx->inner)
		return -ENXIO;
	compat_set_desc_from_vma(&desc, ctx->inner, vma);
	err = mv_mmap_prepare(&desc);
	if (err)
		return err;
	mv_context_config(mv_context_of(ctx->inner), &config);
#ifdef MMAPVET_HAVE_HIDE
	if (config.flags & MMAPVET_C_CLEAR_HIDE)
		desc.action.hide_from_rmap_until_complete = false;
#endif
	return __compat_vma_mmap(&desc, vma);
}

int mv_mmap_w3(struct file *file, struct vm_area_struct *vma)
{
	return mv_framed(file, vma, mv_map_w3);
}

#endif /* MMAPVET_HAVE_COMPAT_DESC */
