// SPDX-License-Identifier: GPL-2.0-only
/*
 * The gate of an open file: a place where hooks wait, without looking at a
 * clock, for what user space does meanwhile (MMAPVET_IOC_GATE), or for each
 * other (mmapvet_config.gate_meet). The wait can't be interrupted: what a
 * signal does to a hook is for the kernel to show.
 */
#include <linux/jiffies.h>
#include <linux/wait.h>

#include "internal.h"

void mv_gate_init(struct mv_gate *gate)
{
	init_waitqueue_head(&gate->wait);
	gate->inside = 0;
	gate->turn = 0;
}

static u32 mv_gate_inside(struct mv_context *ctx)
{
	u32 inside;

	spin_lock(&ctx->lock);
	inside = ctx->gate.inside;
	spin_unlock(&ctx->lock);
	return inside;
}

/* Those that are inside are no more, whether they have woken up or not. */
static void mv_gate_turn(struct mv_gate *gate)
{
	gate->inside = 0;
	WRITE_ONCE(gate->turn, gate->turn + 1);
}

/* Lets those go on that are inside. */
void mv_gate_open(struct mv_context *ctx)
{
	spin_lock(&ctx->lock);
	mv_gate_turn(&ctx->gate);
	spin_unlock(&ctx->lock);
	wake_up_all(&ctx->gate.wait);
}

/* In a hook: 0 when the gate was opened, -ETIMEDOUT if that took too long. */
int mv_gate_pass(struct mv_context *ctx, const struct mmapvet_config *config)
{
	struct mv_gate *gate = &ctx->gate;
	u32 turn;
	int err;

	spin_lock(&ctx->lock);
	turn = gate->turn;
	gate->inside++;
	if (config->gate_meet && gate->inside >= config->gate_meet)
		mv_gate_turn(gate);
	spin_unlock(&ctx->lock);
	wake_up_all(&gate->wait);

	wait_event_timeout(gate->wait, READ_ONCE(gate->turn) != turn,
			   msecs_to_jiffies(config->gate_ms));

	spin_lock(&ctx->lock);
	err = gate->turn == turn ? -ETIMEDOUT : 0;
	if (err)
		gate->inside--;
	spin_unlock(&ctx->lock);
	return err;
}

/* In an ioctl: until so many hooks are inside. How many there were. */
u32 mv_gate_await(struct mv_context *ctx, u32 hooks, u32 ms)
{
	wait_event_interruptible_timeout(ctx->gate.wait, mv_gate_inside(ctx) >= hooks,
					 msecs_to_jiffies(ms));
	return mv_gate_inside(ctx);
}
