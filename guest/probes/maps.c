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
