// SPDX-License-Identifier: MIT
/*
 * hold - keeps a dropbear from its keys until it is given its connection
 *
 * Preloaded into a dropbear that init starts before a guest is saved. It runs until it asks for its host key or for a
 * random number, whichever comes first: program and libraries are mapped and relocated, options read, ciphers registered,
 * and nothing is in it that another guest must not have. That start takes 0.1 to 0.2 s under emulation; a restored guest
 * has it behind it.
 *
 * On descriptor HOLD_FD: one byte out when all is in place, then one message in, with the connection's descriptor.
 *
 * From then on files in /proc are not there: dropbear stirs eight of them into its random numbers beside what the
 * kernel's generator gives it, which the host has seeded, and printing them takes longer than all of the key exchange.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "hold.h"

static int held;

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

static void hold(void)
{
	int fd;

	held = 1;
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

__attribute__((constructor))
static void forget(void)
{
	/* not for the children */
	unsetenv("LD_PRELOAD");
}

int open(const char *path, int flags, ...)
{
	mode_t mode = 0;

	if (flags & O_CREAT) {
		va_list args;

		va_start(args, flags);
		mode = va_arg(args, mode_t);
		va_end(args);
	}
	if (!held && (!strcmp(path, HOST_KEY) || !strcmp(path, "/dev/urandom")))
		hold();
	if (held && !strncmp(path, "/proc/", 6)) {
		errno = ENOENT;
		return -1;
	}
	return syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

ssize_t getrandom(void *buffer, size_t size, unsigned int flags)
{
	if (!held)
		hold();
	return syscall(SYS_getrandom, buffer, size, flags);
}
