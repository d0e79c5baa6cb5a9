// SPDX-License-Identifier: MIT
/*
 * hold - keeps a program from starting until it is given its connection
 *
 * Preloaded into a dropbear that init starts before a guest is saved: the kernel has executed the program, the loader
 * has mapped and relocated its libraries, and not one instruction of its own has run, so it has drawn no random number
 * and read no key. That start takes 0.1 to 0.2 s under emulation; a restored guest has it behind it.
 *
 * On descriptor HOLD_FD: one byte out when all is in place, then one message in, with the connection's descriptor.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "hold.h"

static int receive(void)
{
	char control[CMSG_SPACE(sizeof(int))], byte;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *head;
	int fd = -1;

	if (recvmsg(HOLD_FD, &message, 0) != 1)
		return -1;
	head = CMSG_FIRSTHDR(&message);
	if (head && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(head), sizeof(fd));
	return fd;
}

__attribute__((constructor))
static void hold(void)
{
	int fd;

	unsetenv("LD_PRELOAD");
	if (write(HOLD_FD, "h", 1) != 1)
		_exit(126);
	fd = receive();
	if (fd < 0)
		_exit(126);
	dup2(fd, 0);
	dup2(fd, 1);
	if (fd > 1)
		close(fd);
	close(HOLD_FD);
}
