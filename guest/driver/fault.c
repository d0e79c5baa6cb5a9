// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults on request, to see whether who watches this kernel sees them. The
 * module parameter `fault` names one; the next MMAPVET_IOC_CONFIG provokes it,
 * once, in the process that asked. No lock is held there: a task that dies
 * takes nothing with it. Writing to the parameter also ends a fault that waits
 * or spins, which ends by itself after MV_FAULT_SECONDS.
 */
#include <linux/bug.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pagemap.h>
#include <linux/panic.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/reboot.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/stop_machine.h>
#include <linux/string.h>
#include <linux/wait.h>

#include "internal.h"

#define MV_FAULT_SECONDS	60
/* For a CPU that hears nothing; by the delay loop, which may run three times too fast. */
#define MV_FAULT_DEAF_SECONDS	20
/* For a machine that hears nothing: whoever watches it has ended it by then. */
#define MV_FAULT_DEAD_SECONDS	600
#define MV_FAULT_FRAME		256

static DECLARE_WAIT_QUEUE_HEAD(mv_fault_wait);
static unsigned int mv_fault_turn;	/* times that the parameter was written */
static unsigned int mv_fault_armed;	/* index into mv_faults */
static int *mv_fault_nowhere;

static bool mv_fault_over(unsigned int turn)
{
	return READ_ONCE(mv_fault_turn) != turn;
}

static noinline void mv_fault_oops(void)
{
	WRITE_ONCE(*READ_ONCE(mv_fault_nowhere), 1);
}

static noinline void mv_fault_bug(void)
{
	BUG();
}

static noinline void mv_fault_warn(void)
{
	WARN(1, "mmapvet was asked for a warning\n");
}

static noinline void mv_fault_refcount(void)
{
	refcount_t count = REFCOUNT_INIT(0);

	refcount_inc(&count);
}

static noinline void mv_fault_list(void)
{
	struct list_head first, second;
	LIST_HEAD(list);

	list_add_tail(&first, &list);
	list_add_tail(&second, &list);
	WRITE_ONCE(first.next, &list);
	list_del(&second);
}

static noinline void mv_fault_atomic_sleep(void)
{
	static DEFINE_SPINLOCK(lock);

	spin_lock(&lock);
	might_sleep();
	spin_unlock(&lock);
}

static noinline void mv_fault_lock_order(void)
{
	static DEFINE_MUTEX(one);
	static DEFINE_MUTEX(other);

	mutex_lock(&one);
	mutex_lock(&other);
	mutex_unlock(&other);
	mutex_unlock(&one);

	mutex_lock(&other);
	mutex_lock(&one);
	mutex_unlock(&one);
	mutex_unlock(&other);
}

/* A page that is freed while it is locked; the kernel gives it up. */
static noinline void mv_fault_page(void)
{
	struct page *page = alloc_page(GFP_KERNEL);

	if (!page)
		return;
	lock_page(page);
	__free_page(page);
}

static noinline void mv_fault_use_after_free(void)
{
	char *memory = kmalloc(64, GFP_KERNEL);

	kfree(memory);
	/* The compiler would see through it. */
	OPTIMIZER_HIDE_VAR(memory);
	if (memory)
		WRITE_ONCE(memory[0], 1);
}

static noinline void mv_fault_leak(void)
{
	char *memory = kmalloc(128, GFP_KERNEL);

	OPTIMIZER_HIDE_VAR(memory);
}

/* Recursion without an end; what the compiler knows of it has one. */
static noinline int mv_fault_stack(int depth)
{
	char frame[MV_FAULT_FRAME];

	OPTIMIZER_HIDE_VAR(depth);
	memset(frame, depth, sizeof(frame));
	barrier_data(frame);
	if (depth < 0)
		return 0;
	return mv_fault_stack(depth + 1) + frame[0];
}

static noinline void mv_fault_stack_overflow(void)
{
	mv_fault_stack(0);
}

/* Spins until somebody had enough. Without a call, so that it is at the top of its stack. */
static __always_inline void mv_fault_spin(unsigned long flag)
{
	unsigned long end = jiffies + MV_FAULT_SECONDS * HZ, pause;
	unsigned int turn = READ_ONCE(mv_fault_turn);

	while (!mv_fault_over(turn) && time_before(jiffies, end) && !test_taint(flag)) {
		pause = jiffies + HZ / 10;
		while (time_before(jiffies, pause))
			cpu_relax();
	}
}

static noinline void mv_fault_soft_lockup(void)
{
	preempt_disable();
	mv_fault_spin(TAINT_SOFTLOCKUP);
	preempt_enable();
}

static noinline void mv_fault_rcu_stall(void)
{
	rcu_read_lock();
	start_poll_synchronize_rcu();
	mv_fault_spin(TAINT_SOFTLOCKUP);
	rcu_read_unlock();
}

/* Not by jiffies: they may stand still. */
static void mv_fault_deaf(unsigned int seconds)
{
	unsigned int i;

	for (i = 0; i < seconds * 10; i++)
		mdelay(100);
}

/*
 * The last CPU: asleep for a moment, it lets the first one keep the time if
 * that one is busy.
 */
static noinline void mv_fault_hard_lockup(void)
{
	unsigned long flags;

	set_cpus_allowed_ptr(current, cpumask_of(cpumask_last(cpu_online_mask)));
	msleep(100);
	local_irq_save(flags);
	mv_fault_deaf(MV_FAULT_DEAF_SECONDS);
	local_irq_restore(flags);
}

static int mv_fault_stopped(void *unused)
{
	mv_fault_deaf(MV_FAULT_DEAD_SECONDS);
	return 0;
}

/* All CPUs: none is left that could say so. */
static noinline void mv_fault_dead(void)
{
	stop_machine(mv_fault_stopped, NULL, NULL);
}

static noinline void mv_fault_hung_task(void)
{
	unsigned int turn = READ_ONCE(mv_fault_turn);

	wait_event_timeout(mv_fault_wait, mv_fault_over(turn), MV_FAULT_SECONDS * HZ);
}

/* No fault of the kernel: whoever waits for this process has to end it. */
static noinline void mv_fault_endless(void)
{
	unsigned int turn = READ_ONCE(mv_fault_turn);

	wait_event_killable(mv_fault_wait, mv_fault_over(turn));
}

/*
 * The compiler must not know that it does not come back: the address that it
 * would come back to would lie in the next function.
 */
static void (*mv_fault_give_up)(const char *format, ...) = panic;

static noinline void mv_fault_panic(void)
{
	READ_ONCE(mv_fault_give_up)("mmapvet was asked for a panic");
}

/* Without a word. */
static noinline void mv_fault_reset(void)
{
	emergency_restart();
}

static const struct {
	const char *name;
	void (*provoke)(void);
} mv_faults[] = {
	{ "none" },
	{ "oops",		mv_fault_oops },
	{ "bug",		mv_fault_bug },
	{ "warn",		mv_fault_warn },
	{ "refcount",		mv_fault_refcount },
	{ "list",		mv_fault_list },
	{ "atomic-sleep",	mv_fault_atomic_sleep },
	{ "lock-order",		mv_fault_lock_order },
	{ "page",		mv_fault_page },
	{ "use-after-free",	mv_fault_use_after_free },
	{ "leak",		mv_fault_leak },
	{ "stack-overflow",	mv_fault_stack_overflow },
	{ "soft-lockup",	mv_fault_soft_lockup },
	{ "hard-lockup",	mv_fault_hard_lockup },
	{ "dead",		mv_fault_dead },
	{ "hung-task",		mv_fault_hung_task },
	{ "rcu-stall",		mv_fault_rcu_stall },
	{ "endless",		mv_fault_endless },
	{ "panic",		mv_fault_panic },
	{ "reset",		mv_fault_reset },
};

void mv_fault(void)
{
	unsigned int armed = xchg(&mv_fault_armed, 0);

	if (armed)
		mv_faults[armed].provoke();
}

static int mv_fault_set(const char *value, const struct kernel_param *param)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(mv_faults); i++) {
		if (!sysfs_streq(value, mv_faults[i].name))
			continue;
		WRITE_ONCE(mv_fault_turn, mv_fault_turn + 1);
		wake_up_all(&mv_fault_wait);
		xchg(&mv_fault_armed, i);
		return 0;
	}
	return -EINVAL;
}

static int mv_fault_get(char *buffer, const struct kernel_param *param)
{
	return sysfs_emit(buffer, "%s\n", mv_faults[READ_ONCE(mv_fault_armed)].name);
}

static const struct kernel_param_ops mv_fault_ops = {
	.set	= mv_fault_set,
	.get	= mv_fault_get,
};

module_param_cb(fault, &mv_fault_ops, NULL, 0644);
MODULE_PARM_DESC(fault, "what the next MMAPVET_IOC_CONFIG breaks, for the watchers' own test");
