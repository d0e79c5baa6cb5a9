// SPDX-License-Identifier: MIT
/* The driver, as the probes and their parent talk to it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "report.h"

int control = -1;

const char *const path_names[PATHS] = {
	[DIRECT] = "direct", [W1] = "W1", [W2] = "W2", [W3] = "W3", [W4] = "W4", [W5] = "W5",
	[USER] = "user",
};

static const char *const node_names[PATHS] = {
	[DIRECT] = "mmapvet",
	[W1] = "mmapvet-w1",
	[W2] = "mmapvet-w2",
	[W3] = "mmapvet-w3",
	[W4] = "mmapvet-w4",
	[W5] = "mmapvet-w5",
};

/* Opens the parent's own /dev/mmapvet. Returns why that is of no use, or NULL. */
const char *driver_connect(struct mmapvet_info *info)
{
	static char reason[128];

	memset(info, 0, sizeof(*info));
	control = open("/dev/mmapvet", O_RDWR | O_CLOEXEC);
	if (control < 0) {
		snprintf(reason, sizeof(reason), "/dev/mmapvet: %s", strerror(errno));
		return reason;
	}
	if (ioctl(control, MMAPVET_IOC_INFO, info) < 0) {
		snprintf(reason, sizeof(reason), "/dev/mmapvet answers no INFO: %s",
			 strerror(errno));
		return reason;
	}
	if (info->abi != MMAPVET_ABI || info->event_size != sizeof(struct mmapvet_event)) {
		snprintf(reason, sizeof(reason),
			 "the driver speaks abi %u (events of %u bytes), the probes %u (%zu)",
			 info->abi, info->event_size, MMAPVET_ABI, sizeof(struct mmapvet_event));
		return reason;
	}
	return NULL;
}

/* The module beside this program, or where guest/Makefile leaves it; -1 if it is in neither. */
int open_module_file(const char *name)
{
	static const char *const folders[] = { "", "driver/" };
	char folder[128], file[256];
	unsigned int i;
	ssize_t length;
	int fd = -1;

	length = readlink("/proc/self/exe", folder, sizeof(folder) - 1);
	if (length < 0)
		return -1;
	folder[length] = '\0';
	*strrchr(folder, '/') = '\0';
	for (i = 0; fd < 0 && i < ARRAY_SIZE(folders); i++) {
		snprintf(file, sizeof(file), "%s/%s%s", folder, folders[i], name);
		fd = open(file, O_RDONLY | O_CLOEXEC);
	}
	return fd;
}

/* Unloads the driver, of which nobody may be a user any more, and loads it again. */
void driver_reload(void)
{
	char lie[16] = "0", parameters[32];
	struct mmapvet_info info;
	int file = open_module_file("mmapvet.ko"), tries, error;
	const char *trouble;

	if (file < 0) {
		report->ending = VACUOUS;
		snprintf(report->reason, sizeof(report->reason),
			 "there is no mmapvet.ko beside the probes, so it is not unloaded");
		return;
	}
	read_text("/sys/module/mmapvet/parameters/lie", lie, sizeof(lie));
	snprintf(parameters, sizeof(parameters), "lie=%d", atoi(lie));
	close(control);
	control = -1;
	/* Files are closed a little late. */
	for (tries = 0; tries < 100; tries++) {
		error = syscall(SYS_delete_module, "mmapvet", O_NONBLOCK) ? errno : 0;
		if (error != EAGAIN)
			break;
		usleep(10000);
	}
	user_fact(!error && access("/sys/module/mmapvet", F_OK), "rmmod without users: %s",
		  error_name(error));
	if (!error && syscall(SYS_finit_module, file, parameters, 0))
		user_fact(false, "insmod: %s", error_name(errno));
	close(file);
	trouble = driver_connect(&info);
	driver_fact(!trouble, "after it was loaded again /dev/mmapvet is %s",
		    trouble ? trouble : "there");
}

void feature_names(unsigned int features, char *text, size_t size)
{
	static const char *const names[] = {
		"prepare", "mapped", "vfs-mmap", "compat-desc", "action", "kernel-pages",
		"simple-ioremap", "override", "hide", "success-hook", "desc-flags",
	};
	unsigned int i;

	*text = '\0';
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		if (!(features & (1u << i)))
			continue;
		if (*text)
			strncat(text, ",", size - strlen(text) - 1);
		strncat(text, names[i], size - strlen(text) - 1);
	}
}

unsigned int path_needs(enum path path)
{
	switch (path) {
	case DIRECT:
	case USER:
		return 0;
	case W3:
		return MMAPVET_F_VFS_MMAP | MMAPVET_F_COMPAT_DESC;
	default:
		return MMAPVET_F_VFS_MMAP;
	}
}

int open_node(const char *name)
{
	char file[64];
	int fd;

	snprintf(file, sizeof(file), "/dev/%s", name);
	fd = open(file, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		broken("%s: %s", file, strerror(errno));
	return fd;
}

struct target open_target(enum path path)
{
	struct target target;

	target.inner = open_node(node_names[DIRECT]);
	target.fd = target.inner;
	if (path == DIRECT)
		return target;
	target.fd = open_node(node_names[path]);
	if (ioctl(target.fd, MMAPVET_IOC_SET_INNER, &target.inner) < 0)
		broken("SET_INNER on %s: %s", node_names[path], strerror(errno));
	return target;
}

struct mmapvet_config plain_config(void)
{
	struct mmapvet_config config = { .hooks = MMAPVET_H_ALL, .private = PRIVATE };

	return config;
}

void configure(int inner, const struct mmapvet_config *config)
{
	if (ioctl(inner, MMAPVET_IOC_CONFIG, config) < 0)
		broken("CONFIG: %s", strerror(errno));
}

static struct mmapvet_info info_of(int fd)
{
	struct mmapvet_info info;

	if (ioctl(fd, MMAPVET_IOC_INFO, &info) < 0)
		broken("INFO: %s", strerror(errno));
	return info;
}

uint64_t cookie_of(int fd)
{
	return info_of(fd).cookie;
}

unsigned int features_of(int fd)
{
	return info_of(fd).features;
}

struct mmapvet_find driver_find(int fd, const void *address)
{
	struct mmapvet_find find = { .address = (uintptr_t)address };

	if (ioctl(fd, MMAPVET_IOC_FIND, &find) < 0)
		broken("FIND: %s", strerror(errno));
	return find;
}

struct mmapvet_counts driver_counts(int fd)
{
	struct mmapvet_counts counts;

	if (ioctl(fd, MMAPVET_IOC_COUNTS, &counts) < 0)
		broken("COUNTS: %s", strerror(errno));
	return counts;
}

struct mmapvet_refs driver_refs(int fd)
{
	struct mmapvet_refs refs;

	if (ioctl(fd, MMAPVET_IOC_REFS, &refs) < 0)
		broken("REFS: %s", strerror(errno));
	return refs;
}

struct mmapvet_accounts driver_accounts(int fd)
{
	struct mmapvet_accounts accounts;

	if (ioctl(fd, MMAPVET_IOC_ACCOUNTS, &accounts) < 0)
		broken("ACCOUNTS: %s", strerror(errno));
	return accounts;
}

uint64_t set_swap(int inner, int fd)
{
	struct mmapvet_swap swap = { .fd = fd };

	if (ioctl(inner, MMAPVET_IOC_SET_SWAP, &swap) < 0)
		broken("SET_SWAP: %s", strerror(errno));
	return swap.cookie;
}

/* Short of GATE_MS, so that a hook that comes late still finds its gate closed. */
#define ARRIVAL_MS	5000

unsigned int gate_await(int inner, unsigned int hooks)
{
	struct mmapvet_gate gate = { .hooks = hooks, .wait_ms = ARRIVAL_MS };

	if (ioctl(inner, MMAPVET_IOC_GATE, &gate) < 0)
		broken("GATE: %s", strerror(errno));
	return gate.inside;
}

void gate_open(int inner)
{
	struct mmapvet_gate gate = { .open = MMAPVET_GATE_THIS };

	if (ioctl(inner, MMAPVET_IOC_GATE, &gate) < 0)
		broken("GATE: %s", strerror(errno));
}

/* Moves what is in the ring to the report. */
void log_pull(void)
{
	struct mmapvet_read request;

	do {
		request.room = REPORT_EVENTS - report->events;
		request.buffer = (uintptr_t)&report->event[report->events];
		request.count = 0;
		if (!request.room || ioctl(control, MMAPVET_IOC_READ, &request) < 0)
			return;
		report->events += request.count;
	} while (request.count);
}

struct mmapvet_reset log_drop(void)
{
	struct mmapvet_counts counts = driver_counts(control);
	struct mmapvet_reset reset;
	unsigned int type;

	for (type = 0; type < MMAPVET_EV_TYPES; type++)
		report->dropped[type] += counts.entered[type];
	if (ioctl(control, MMAPVET_IOC_RESET, &reset) < 0)
		broken("RESET: %s", strerror(errno));
	report->events = 0;
	return reset;
}

const struct mmapvet_event *log_event(enum mmapvet_event_type type, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < report->events; i++)
		if (report->event[i].type == type && n-- == 0)
			return &report->event[i];
	return NULL;
}

unsigned int log_count(enum mmapvet_event_type type)
{
	unsigned int i, count = 0;

	for (i = 0; i < report->events; i++)
		count += report->event[i].type == type;
	return count;
}
