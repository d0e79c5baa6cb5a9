// SPDX-License-Identifier: MIT
/*
 * init - process 1 of a mmapvet guest
 *
 * Sets the system up, waits on a virtio-serial port for what belongs to one run only (host key, client key, clock,
 * random seed), and serves SSH. It is one static program because each fork and exec of a shell costs 20 ms under
 * emulation, and so that no random byte or key exists before the host has handed them over: a snapshot taken while
 * it waits can be restored any number of times. The driver is loaded before that, and the sshd of the first connection
 * started, as far as hold.c lets it.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "init.h"

static void mount_all(void)
{
	static const struct { const char *type, *where, *options; } mounts[] = {
		{ "devtmpfs", "/dev", "mode=0755" },
		{ "proc", "/proc", "" },
		{ "sysfs", "/sys", "" },
		{ "debugfs", "/sys/kernel/debug", "" },
		{ "devpts", "/dev/pts", "mode=0620,gid=5,ptmxmode=0666" },
		{ "tmpfs", "/tmp", "mode=1777" },
		{ "tmpfs", "/run", "mode=0755" },
	};

	mkdir("/dev", 0755);
	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		mkdir(mounts[i].where, 0755);
		/* a profile may lack one; what needs it will say so */
		mount(mounts[i].type, mounts[i].where, mounts[i].type, 0, mounts[i].options);
	}
	mkdir("/dev/shm", 01777);
	mount("tmpfs", "/dev/shm", "tmpfs", 0, "mode=1777");
}

static void open_console(void)
{
	int fd = open("/dev/console", O_RDWR | O_NOCTTY);

	if (fd < 0)
		return;
	dup2(fd, 0);
	dup2(fd, 1);
	dup2(fd, 2);
	if (fd > 2)
		close(fd);
}

static void set_address(int fd, unsigned long request, struct ifreq *ifr, const char *address)
{
	struct sockaddr_in *in = (struct sockaddr_in *)&ifr->ifr_addr;

	memset(in, 0, sizeof(*in));
	in->sin_family = AF_INET;
	inet_pton(AF_INET, address, &in->sin_addr);
	must(ioctl(fd, request, ifr) == 0, "network address");
}

static void bring_up(int fd, const char *name, const char *address, const char *netmask)
{
	struct ifreq ifr = { 0 };

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	set_address(fd, SIOCSIFADDR, &ifr, address);
	set_address(fd, SIOCSIFNETMASK, &ifr, netmask);
	ifr.ifr_flags = IFF_UP | IFF_RUNNING;
	must(ioctl(fd, SIOCSIFFLAGS, &ifr) == 0, "network up");
}

/* The addresses are those of QEMU's user network; there is no route out. */
static void network(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	bring_up(fd, "lo", "127.0.0.1", "255.0.0.0");
	bring_up(fd, "eth0", "10.0.2.15", "255.255.255.0");
	close(fd);
	must(sethostname("mmapvet", 7) == 0, "host name");
}

/* If it does not load, whoever runs probes tries again and hears why. */
static void load_driver(void)
{
	int fd = open("/mmapvet/mmapvet.ko", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	syscall(SYS_finit_module, fd, "", 0);
	close(fd);
}

static void serve(int listener, int held)
{
	struct pollfd fds[] = {
		{ .fd = listener, .events = POLLIN }, { .fd = port, .events = POLLIN },
	};

	for (;;) {
		if (poll(fds, 2, -1) < 0)
			continue;
		if (fds[0].revents)
			serve_one(listener, &held);
		if (fds[1].revents & POLLIN)
			take_items();
		else if (fds[1].revents)
			usleep(2000);	/* the host hung up */
	}
}

int main(void)
{
	int listener, held;
	bool has_port;

	if (getpid() != 1) {
		fprintf(stderr, "init: only useful as process 1 of a mmapvet guest\n");
		return 2;
	}
	mount_all();
	open_console();
	/* children are reaped by the kernel */
	signal(SIGCHLD, SIG_IGN);
	network();
	load_driver();
	listener = listen_ssh();
	has_port = open_port();
	held = hold_sshd();
	say("hello\n");
	if (!has_port || hand_over()) {
		say("error hand-over failed\n");
		for (;;)
			pause();
	}
	say("ready\n");
	serve(listener, held);
}
