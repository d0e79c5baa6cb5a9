// SPDX-License-Identifier: MIT
/*
 * init - process 1 of a mmapvet guest
 *
 * Sets the system up, waits on a virtio-serial port for what belongs to one run only (host key, client key, clock,
 * random seed), and serves SSH. It is one static program because each fork and exec of a shell costs 20 ms under
 * emulation, and so that no random byte or key exists before the host has handed them over: a snapshot taken while
 * it waits can be restored any number of times. The sshd of the first connection is started before that, as far as
 * hold.c lets it.
 *
 * On the port, host to guest, one item a line:   NAME SIZE LF, then SIZE raw bytes
 *   hostkey     private host key, dropbear's format     authorized  one authorized_keys line
 *   seed        random bytes, credited as entropy       clock       seconds since the epoch, decimal
 *   go          (size 0) everything was sent     time        (size 0) at any time, also after that: asks for the clock
 * Guest to host: "hello", then, when connections are accepted, "ready"; "time NANOSECONDS", monotonic, when asked;
 * "error TEXT" when something failed.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <net/if.h>
#include <net/route.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "hold.h"

#define PORT_NAME	"mmapvet.handover"
#define ITEM_MAX	4096

static int port = -1;

__attribute__((format(printf, 1, 2)))
static void say(const char *format, ...)
{
	char line[256];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (len >= (int)sizeof(line))
		len = sizeof(line) - 1;
	if (port < 0 || write(port, line, len) != len)
		dprintf(2, "init: %s", line);
}

static void must(int ok, const char *what)
{
	if (!ok)
		say("error %s: %s\n", what, strerror(errno));
}

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

/* /dev/vport* have no names of their own: sysfs tells which is ours. */
static int open_port(void)
{
	char path[512], name[64];
	struct dirent *entry;
	int fd = -1;
	DIR *dir = opendir("/sys/class/virtio-ports");

	while (dir && fd < 0 && (entry = readdir(dir))) {
		FILE *file;

		snprintf(path, sizeof(path), "/sys/class/virtio-ports/%s/name", entry->d_name);
		file = fopen(path, "re");
		if (!file)
			continue;
		if (fgets(name, sizeof(name), file) && !strncmp(name, PORT_NAME, strlen(PORT_NAME))) {
			snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
			fd = open(path, O_RDWR | O_CLOEXEC);
		}
		fclose(file);
	}
	if (dir)
		closedir(dir);
	return fd;
}

static void write_file(const char *path, const void *data, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	must(fd >= 0 && write(fd, data, size) == (ssize_t)size, path);
	if (fd >= 0)
		close(fd);
}

static void add_entropy(const void *data, size_t size)
{
	int fd = open("/dev/urandom", O_RDWR | O_CLOEXEC);
	struct rand_pool_info *pool = malloc(sizeof(*pool) + size);

	if (fd >= 0 && pool) {
		pool->entropy_count = size * 8;
		pool->buf_size = size;
		memcpy(pool->buf, data, size);
		must(ioctl(fd, RNDADDENTROPY, pool) == 0, "RNDADDENTROPY");
		must(ioctl(fd, RNDRESEEDCRNG) == 0, "RNDRESEEDCRNG");
	}
	free(pool);
	if (fd >= 0)
		close(fd);
}

static void say_time(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	say("time %llu\n", now.tv_sec * 1000000000ULL + now.tv_nsec);
}

static void take(const char *name, char *data, size_t size)
{
	if (!strcmp(name, "time")) {
		say_time();
	} else if (!strcmp(name, "hostkey")) {
		write_file(HOST_KEY, data, size);
	} else if (!strcmp(name, "authorized")) {
		write_file("/root/.ssh/authorized_keys", data, size);
	} else if (!strcmp(name, "seed")) {
		add_entropy(data, size);
	} else if (!strcmp(name, "clock")) {
		struct timespec now = { .tv_sec = strtoll(data, NULL, 10) };

		must(clock_settime(CLOCK_REALTIME, &now) == 0, "clock");
	} else {
		say("error unknown item %s\n", name);
	}
}

/* What has come and was not asked for yet: a system call for each byte would be felt under emulation. */
static char buffer[ITEM_MAX];
static size_t from, to;

static int read_all(char *data, size_t size)
{
	size_t part;

	while (size > 0) {
		if (from == to) {
			ssize_t n = read(port, buffer, sizeof(buffer));

			if (n < 0 && errno != EINTR)
				return -1;
			if (n == 0)
				usleep(2000);	/* nobody has connected yet */
			from = 0;
			to = n > 0 ? n : 0;
			continue;
		}
		part = to - from < size ? to - from : size;
		memcpy(data, buffer + from, part);
		from += part;
		data += part;
		size -= part;
	}
	return 0;
}

/* Takes one item. 1 for the last one, -1 for what is none. */
static int take_item(void)
{
	static char data[ITEM_MAX + 1];
	char line[64], name[32];
	size_t size, used = 0;

	do {
		if (used == sizeof(line) - 1 || read_all(&line[used], 1))
			return -1;
	} while (line[used++] != '\n');
	line[used] = '\0';
	if (sscanf(line, "%31s %zu", name, &size) != 2 || size > ITEM_MAX) {
		say("error bad item\n");
		return -1;
	}
	if (!strcmp(name, "go"))
		return 1;
	if (read_all(data, size))
		return -1;
	data[size] = '\0';
	take(name, data, size);
	return 0;
}

static int hand_over(void)
{
	int last;

	do
		last = take_item();
	while (!last);
	return last < 0 ? -1 : 0;
}

static int listen_ssh(void)
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

/* Starts the sshd of the first connection; see hold.c. Returns where to send that connection, -1 for nowhere. */
static int hold_sshd(void)
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

static void serve_one(int listener, int *held)
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
		if (fds[1].revents & POLLIN) {
			do
				take_item();
			while (from < to);
		} else if (fds[1].revents) {
			usleep(2000);	/* the host hung up */
		}
	}
}

int main(void)
{
	int listener, held;

	if (getpid() != 1) {
		fprintf(stderr, "init: only useful as process 1 of a mmapvet guest\n");
		return 2;
	}
	mount_all();
	open_console();
	/* children are reaped by the kernel */
	signal(SIGCHLD, SIG_IGN);
	network();
	listener = listen_ssh();
	port = open_port();
	if (port < 0)
		dprintf(2, "init: no virtio-serial port is named " PORT_NAME "\n");
	held = hold_sshd();
	say("hello\n");
	if (port < 0 || hand_over()) {
		say("error hand-over failed\n");
		for (;;)
			pause();
	}
	say("ready\n");
	serve(listener, held);
}
