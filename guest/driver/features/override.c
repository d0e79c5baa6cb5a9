// SPDX-License-Identifier: GPL-2.0-only
/* action.error_override */
#include <linux/fs.h>
#include <linux/mm.h>

static void __maybe_unused mv_override(struct vm_area_desc *desc)
{
	desc->action.error_override = -EAGAIN;
}
