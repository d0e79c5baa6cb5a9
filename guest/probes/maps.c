// SPDX-License-Identifier: MIT
/* The process's own VMAs: PROCMAP_QUERY, or /proc/self/maps where it is missing. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "report.h"

/* Of linux/fs.h since 6.11; the libc's headers may be older than the kernel. */
struct query {
	uint64_t size;
	uint64_t query_flags;
	uint64_t query_addr;
	uint64_t vma_start;
	uint64_t vma_end;
	uint64_t vma_flags;
	uint64_t vma_page_size;
	uint64_t vma_offset;
	uint64_t inode;
	uint32_t dev_major;
	uint32_t dev_minor;
	uint32_t vma_name_size;
	uint32_t build_id_size;
	uint64_t vma_name_addr;
	uint64_t build_id_addr;
};

#define QUERY			_IOWR('f', 17, struct query)
#define QUERY_READABLE		0x01
#define QUERY_WRITABLE		0x02
#define QUERY_EXECUTABLE	0x04
#define QUERY_SHARED		0x08
#define QUERY_OR_NEXT		0x10

enum answer { NO_VMA, ONE_VMA, NO_QUERY };

static enum answer query_maps(uint64_t address, struct vma *vma)
{
	struct query query = {
		.size = sizeof(query),
		.query_flags = QUERY_OR_NEXT,
		.query_addr = address,
	};
	int fd, result, error;

	/* Opened each time: the file of another process, before a fork, would lie. */
	fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		broken("/proc/self/maps: %s", strerror(errno));
	result = ioctl(fd, QUERY, &query);
	error = errno;
	close(fd);
	if (result < 0)
		return error == ENOENT ? NO_VMA : NO_QUERY;

	vma->start = query.vma_start;
	vma->end = query.vma_end;
	vma->pgoff = query.vma_offset / page_size();
	snprintf(vma->perms, sizeof(vma->perms), "%c%c%c%c",
		 query.vma_flags & QUERY_READABLE ? 'r' : '-',
		 query.vma_flags & QUERY_WRITABLE ? 'w' : '-',
		 query.vma_flags & QUERY_EXECUTABLE ? 'x' : '-',
		 query.vma_flags & QUERY_SHARED ? 's' : 'p');
	return ONE_VMA;
}

static enum answer read_maps(uint64_t address, struct vma *vma)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned long long start, end, offset;
	enum answer answer = NO_VMA;
	char line[512], perms[5];

	if (!maps)
		broken("/proc/self/maps: %s", strerror(errno));
	while (answer == NO_VMA && fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%llx-%llx %4s %llx", &start, &end, perms, &offset) != 4)
			continue;
		if (end <= address)
			continue;
		vma->start = start;
		vma->end = end;
		vma->pgoff = offset / page_size();
		memcpy(vma->perms, perms, sizeof(vma->perms));
		answer = ONE_VMA;
	}
	fclose(maps);
	return answer;
}

/* The VMA that contains the address, or else the next one. */
static bool vma_from(uint64_t address, struct vma *vma)
{
	enum answer answer = query_maps(address, vma);

	if (answer == NO_QUERY)
		answer = read_maps(address, vma);
	return answer == ONE_VMA;
}

bool vma_at(const char *address, struct vma *vma)
{
	if (!vma_from((uintptr_t)address, vma) || vma->start > (uintptr_t)address)
		return false;
	report_vma(vma);
	return true;
}

unsigned int vmas_in(const char *start, const char *end, struct vma *vmas, unsigned int room)
{
	uint64_t at = (uintptr_t)start;
	unsigned int count = 0;
	struct vma vma;

	while (vma_from(at, &vma) && vma.start < (uintptr_t)end) {
		report_vma(&vma);
		if (count < room)
			vmas[count] = vma;
		count++;
		at = vma.end;
	}
	return count;
}

/* Reads smaps up to the VMA of the address, then its line of flags. */
bool smaps_flag(const char *address, const char *flag)
{
	FILE *smaps = fopen("/proc/self/smaps", "re");
	unsigned long long start, end, at = (uintptr_t)address;
	bool inside = false, found = false, seen = false;
	char line[512], word[8];

	if (!smaps)
		not_applicable("/proc/self/smaps: %s", strerror(errno));
	snprintf(word, sizeof(word), " %s", flag);
	while (!seen && fgets(line, sizeof(line), smaps)) {
		if (sscanf(line, "%llx-%llx ", &start, &end) == 2) {
			inside = start <= at && at < end;
		} else if (inside && !strncmp(line, "VmFlags:", 8)) {
			found = strstr(line, word);
			seen = true;
		}
	}
	fclose(smaps);
	return found;
}

void vma_path(const char *address, char *path, size_t size)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned long long start, end, at = (uintptr_t)address;
	char line[512];
	int name;

	if (!maps)
		broken("/proc/self/maps: %s", strerror(errno));
	*path = '\0';
	while (fgets(line, sizeof(line), maps)) {
		name = 0;
		if (sscanf(line, "%llx-%llx %*s %*s %*s %*s %n", &start, &end, &name) < 2)
			continue;
		if (start > at || at >= end || !name)
			continue;
		line[strcspn(line, "\n")] = '\0';
		snprintf(path, size, "%s", line + name);
	}
	fclose(maps);
}

bool page_present(const char *address, uint64_t *pfn)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t entry = 0;

	if (fd < 0)
		not_applicable("/proc/self/pagemap: %s", strerror(errno));
	if (pread(fd, &entry, sizeof(entry), (uintptr_t)address / page_size() * sizeof(entry)) !=
	    sizeof(entry))
		broken("/proc/self/pagemap: %s", strerror(errno));
	close(fd);
	if (pfn)
		*pfn = entry & ((1ULL << 55) - 1);
	return entry >> 63;
}

static long line_kb(const char *file, const char *key)
{
	FILE *lines = fopen(file, "re");
	size_t length = strlen(key);
	char line[256];
	long kb = -1;

	if (!lines)
		broken("%s: %s", file, strerror(errno));
	while (kb < 0 && fgets(line, sizeof(line), lines))
		if (!strncmp(line, key, length) && line[length] == ':')
			sscanf(line + length + 1, "%ld", &kb);
	fclose(lines);
	if (kb < 0)
		broken("%s has no %s", file, key);
	return kb;
}

long status_kb(const char *key)
{
	return line_kb("/proc/self/status", key);
}

long meminfo_kb(const char *key)
{
	return line_kb("/proc/meminfo", key);
}
