// SPDX-License-Identifier: MIT
/* Of init, SSH: a dropbear for each connection, as inetd would. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "hold.h"
#include "init.h"

int listen_ssh(void)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(22) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	must(bind(fd, (struct sockaddr *)&any, sizeof(any)) == 0 && listen(fd, 16) == 0, "listen");
	return fd;
}

/* One dropbear a connection, as inetd would. Never returns. */
static void become_sshd(int fd, int held)
{
	static char *const argv[] = {
		"dropbear", "-i", "-s", "-j", "-k", "-r", HOST_KEY, NULL
	};
	char *const envp[] = {
		"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root",
		held ? "LD_PRELOAD=" HOLD_LIBRARY : NULL, NULL
	};
	int log = open("/run/sshd.log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	signal(SIGCHLD, SIG_DFL);
	setsid();
	if (log >= 0)
		dup2(log, 2);
	if (held) {
		dup2(fd, HOLD_FD);
	} else {
		dup2(fd, 0);
		dup2(fd, 1);
	}
	execve("/usr/sbin/dropbear", argv, envp);
	_exit(127);
}

/* See hold.c. */
int hold_sshd(void)
{
	int pair[2];
	char byte;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return -1;
	if (fork() == 0)
		become_sshd(pair[1], 1);
	close(pair[1]);
	if (read(pair[0], &byte, 1) == 1)
		return pair[0];
	close(pair[0]);
	return -1;
}

static int pass(int where, int fd)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { .iov_base = "c", .iov_len = 1 };
	struct msghdr message = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);

	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(head), &fd, sizeof(fd));
	return sendmsg(where, &message, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

void serve_one(int listener, int *held)
{
	int one = 1, fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if ((*held < 0 || pass(*held, fd)) && fork() == 0)
		become_sshd(fd, 0);
	close(fd);
	if (*held >= 0)
		close(*held);
	*held = -1;
}
