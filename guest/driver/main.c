// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmapvet: a driver whose only purpose is to show, and to have tested, how the
 * kernel calls f_op->mmap_prepare and vm_ops->mapped. See mmapvet.h.
 */
#include <linux/debugfs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>

#include "internal.h"

/* One set of file operations a node: its kind is known by them alone. */
#define MV_NODE(name, kind, ...)						\
static int name##_open(struct inode *inode, struct file *file)			\
{										\
	return mv_open(kind, file);						\
}										\
										\
static const struct file_operations name##_fops = {				\
	.owner		= THIS_MODULE,						\
	.open		= name##_open,						\
	.release	= mv_release,						\
	.unlocked_ioctl	= mv_ioctl,						\
	.llseek		= noop_llseek,						\
	__VA_ARGS__								\
}

#ifdef MMAPVET_HAVE_PREPARE
MV_NODE(mv_direct, MV_DIRECT, .mmap_prepare = mv_mmap_prepare);
MV_NODE(mv_both, MV_BOTH, .mmap_prepare = mv_mmap_prepare, .mmap = mv_mmap_legacy);
#else
/* Without the hook there is nothing to map, but INFO still tells so. */
MV_NODE(mv_direct, MV_DIRECT);
#endif
#ifdef MMAPVET_HAVE_VFS_MMAP
MV_NODE(mv_w1, MV_W1, .mmap = mv_mmap_w1);
MV_NODE(mv_w2, MV_W2, .mmap = mv_mmap_w2);
MV_NODE(mv_w4, MV_W4, .mmap = mv_mmap_w4);
MV_NODE(mv_w5, MV_W5, .mmap = mv_mmap_w5);
#endif
#ifdef MMAPVET_HAVE_COMPAT_DESC
MV_NODE(mv_w3, MV_W3, .mmap = mv_mmap_w3);
#endif
MV_NODE(mv_legacy, MV_LEGACY, .mmap = mv_mmap_legacy);
MV_NODE(mv_none, MV_NONE);

const struct file_operations *const mv_fops[MV_KINDS] = {
	[MV_DIRECT]	= &mv_direct_fops,
#ifdef MMAPVET_HAVE_PREPARE
	[MV_BOTH]	= &mv_both_fops,
#endif
#ifdef MMAPVET_HAVE_VFS_MMAP
	[MV_W1]		= &mv_w1_fops,
	[MV_W2]		= &mv_w2_fops,
	[MV_W4]		= &mv_w4_fops,
	[MV_W5]		= &mv_w5_fops,
#endif
#ifdef MMAPVET_HAVE_COMPAT_DESC
	[MV_W3]		= &mv_w3_fops,
#endif
	[MV_LEGACY]	= &mv_legacy_fops,
	[MV_NONE]	= &mv_none_fops,
};

static const char *const mv_names[MV_KINDS] = {
	[MV_DIRECT]	= "mmapvet",
	[MV_W1]		= "mmapvet-w1",
	[MV_W2]		= "mmapvet-w2",
	[MV_W3]		= "mmapvet-w3",
	[MV_W4]		= "mmapvet-w4",
	[MV_W5]		= "mmapvet-w5",
	[MV_LEGACY]	= "mmapvet-legacy",
	[MV_BOTH]	= "mmapvet-both",
	[MV_NONE]	= "mmapvet-none",
};

static struct miscdevice mv_devices[MV_KINDS];
static struct dentry *mv_debugfs;

static void mv_unregister(int count)
{
	while (count--)
		if (mv_fops[count])
			misc_deregister(&mv_devices[count]);
}

static int __init mv_init(void)
{
	int err, i;

	err = mv_log_init();
	if (err)
		return err;

	for (i = 0; i < MV_KINDS; i++) {
		if (!mv_fops[i])
			continue;
		mv_devices[i].minor = MISC_DYNAMIC_MINOR;
		mv_devices[i].name = mv_names[i];
		mv_devices[i].fops = mv_fops[i];
		mv_devices[i].mode = 0666;
		err = misc_register(&mv_devices[i]);
		if (err)
			goto err_unregister;
	}
	/* The operations of /dev/mmapvet, as a debugfs file hides them. */
	mv_debugfs = debugfs_create_file("mmapvet", 0600, NULL, NULL, &mv_direct_fops);
	return 0;

err_unregister:
	mv_unregister(i);
	mv_log_exit();
	return err;
}

static void __exit mv_exit(void)
{
	debugfs_remove(mv_debugfs);
	mv_unregister(MV_KINDS);
	mv_log_exit();
}

module_init(mv_init);
module_exit(mv_exit);

MODULE_DESCRIPTION("Test driver for f_op->mmap_prepare and vm_ops->mapped");
MODULE_AUTHOR("The mmapvet authors");
MODULE_LICENSE("GPL");
