// SPDX-License-Identifier: GPL-2.0-only
/* action.hide_from_rmap_until_complete */
#include <linux/fs.h>
#include <linux/mm.h>

static void __maybe_unused mv_hide(struct vm_area_desc *desc)
{
	desc->action.hide_from_rmap_until_complete = true;
}
