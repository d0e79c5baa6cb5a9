// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmapvet-stm: a system trace module device whose channels can be mapped, for
 * the STM core's own mmap_prepare and mapped. The one that comes with the kernel
 * (dummy_stm) has no mmio_addr callback. Its registers are a page of memory.
 *
 * The parameter "usage" tells how many references of runtime power management the
 * core holds: sysfs does not, for a device without callbacks.
 */
#include <linux/device.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/stm.h>

/* What user space finds in the page: "mmapvet", and a zero byte. */
#define STM_MAGIC	"mmapvet"

static struct page *registers;
static struct device *parent;	/* from which the core's device is found */

static ssize_t mv_stm_packet(struct stm_data *data, unsigned int master, unsigned int channel,
			     unsigned int packet, unsigned int flags, unsigned int size,
			     const unsigned char *payload)
{
	return size;
}

static phys_addr_t mv_stm_mmio_addr(struct stm_data *data, unsigned int master,
				    unsigned int channel, unsigned int channels)
{
	return page_to_phys(registers);
}

static struct stm_data mv_stm = {
	.name		= "mmapvet-stm",
	.sw_nchannels	= 16,
	.sw_mmiosz	= PAGE_SIZE,
	.packet		= mv_stm_packet,
	.mmio_addr	= mv_stm_mmio_addr,
};

static int mv_stm_usage(char *text, const struct kernel_param *param)
{
	struct device *dev = device_find_child_by_name(parent, mv_stm.name);
	int usage;

	if (!dev)
		return -ENODEV;
	usage = atomic_read(&dev->power.usage_count);
	put_device(dev);
	return sysfs_emit(text, "%d\n", usage);
}

static const struct kernel_param_ops mv_stm_usage_ops = {
	.get = mv_stm_usage,
};

module_param_cb(usage, &mv_stm_usage_ops, NULL, 0400);

static int __init mv_stm_init(void)
{
	int ret;

	registers = alloc_page(GFP_KERNEL | __GFP_ZERO);
	if (!registers)
		return -ENOMEM;
	memcpy(page_address(registers), STM_MAGIC, sizeof(STM_MAGIC));
	parent = root_device_register("mmapvet-stm-parent");
	if (IS_ERR(parent)) {
		ret = PTR_ERR(parent);
		goto free_page;
	}
	ret = stm_register_device(parent, &mv_stm, THIS_MODULE);
	if (ret)
		goto unregister_parent;
	return 0;

unregister_parent:
	root_device_unregister(parent);
free_page:
	__free_page(registers);
	return ret;
}

static void __exit mv_stm_exit(void)
{
	stm_unregister_device(&mv_stm);
	root_device_unregister(parent);
	__free_page(registers);
}

module_init(mv_stm_init);
module_exit(mv_stm_exit);

MODULE_DESCRIPTION("A system trace module device that can be mapped");
MODULE_LICENSE("GPL");
