// SPDX-License-Identifier: GPL-2.0-only
/* desc->vma_flags, a bitmap, and its helpers */
#include <linux/fs.h>
#include <linux/mm.h>

static vm_flags_t __maybe_unused mv_desc_flags(struct vm_area_desc *desc)
{
	vma_desc_set_flags_mask(desc, legacy_to_vma_flags(VM_DONTCOPY));
	vma_desc_clear_flags_mask(desc, legacy_to_vma_flags(VM_DONTCOPY));
	return vma_flags_to_legacy(desc->vma_flags);
}
