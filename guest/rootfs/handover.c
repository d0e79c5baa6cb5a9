// SPDX-License-Identifier: MIT
/*
 * Of init, the virtio-serial port to the host.
 *
 * On the port, host to guest, one item a line:   NAME SIZE LF, then SIZE raw bytes
 *   hostkey     private host key, dropbear's format     authorized  one authorized_keys line
 *   seed        random bytes, credited as entropy       clock       seconds since the epoch, decimal
 *   go          (size 0) everything was sent     time        (size 0) at any time, also after that: asks for the clock
 * Guest to host: "hello", then, when connections are accepted, "ready"; "time NANOSECONDS", monotonic, when asked;
 * "error TEXT" when something failed.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>
#include "hold.h"
#include "init.h"

#define PORT_NAME	"mmapvet.handover"
#define ITEM_MAX	4096

int port = -1;

void say(const char *format, ...)
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

void must(int ok, const char *what)
{
	if (!ok)
		say("error %s: %s\n", what, strerror(errno));
}

/* /dev/vport* have no names of their own: sysfs tells which is ours. */
static int find_port(void)
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

void take_items(void)
{
	do
		take_item();
	while (from < to);
}

bool open_port(void)
{
	port = find_port();
	if (port < 0)
		dprintf(2, "init: no virtio-serial port is named " PORT_NAME "\n");
	return port >= 0;
}

int hand_over(void)
{
	int last;

	do
		last = take_item();
	while (!last);
	return last < 0 ? -1 : 0;
}
