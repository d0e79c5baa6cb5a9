// SPDX-License-Identifier: GPL-2.0-only
/* action.success_hook, which early versions of the series had */
#include <linux/fs.h>
#include <linux/mm.h>

static void __maybe_unused mv_success_hook(struct vm_area_desc *desc)
{
	desc->action.success_hook = NULL;
}
