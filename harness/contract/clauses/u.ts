import type { Clause, ClauseGroup } from '../clause.ts';

/** Profile `users` only, and each on the one path that its user has. */
const user = (
  clause: Pick<Clause, 'id' | 'title' | 'source' | 'explain'> &
    Partial<Pick<Clause, 'class' | 'event' | 'needs' | 'observers' | 'splat'>>,
): Clause => ({
  class: 'I',
  observers: 'two',
  // Of our driver; the in-tree one logs into the kernel's log, if at all.
  event: 'none',
  paths: ['user'],
  needs: [],
  redControls: [{ kind: 'tried', name: 'in-tree-users' }],
  ...clause,
});

export const USERS: ClauseGroup = {
  letter: 'U',
  name: 'in-tree users',
  only: 'users',
  clauses: [
    user({
      id: 'U01',
      title: 'tcmu: mapped takes a reference of the device, each copy too, the last close frees it',
      observers: 'driver-only',
      source: 'drivers/target/target_core_user.c:tcmu_vma_mapped',
      explain: [
        "tcmu's mmap_prepare is behind uio's legacy .mmap. Its debug lines say mapped x1, open x1 and close x1",
        'for a fork, and that the device, removed from configfs while it is mapped, is freed by the munmap and',
        'not before. User space reads the mailbox until then.',
      ].join('\n'),
    }),
    user({
      id: 'U02',
      title: 'tcmu: a map of another size is EINVAL and takes nothing',
      source: 'drivers/target/target_core_user.c:tcmu_mmap_prepare',
      explain: 'Neither mapped nor close run for it, nothing is mapped, and the device is freed when it is removed.',
    }),
    user({
      id: 'U03',
      title: 'tcmu: a mapping keeps the module, and nothing else does after munmap',
      source: 'drivers/target/target_core_user.c:tcmu_vma_close',
      explain: [
        'The device is removed and its file closed: with the mapping alone rmmod is refused, after the munmap',
        'the module has no users and is unloaded.',
      ].join('\n'),
    }),
    user({
      id: 'U04',
      title: 'STM: mapped takes a reference of runtime power management, each copy too, close gives it back',
      observers: 'driver-only',
      source: 'drivers/hwtracing/stm/core.c:stm_mmap_mapped',
      explain: [
        'A system trace module device of ours (guest/driver/stm.c), as the one that comes with the kernel can not',
        'be mapped. It tells the count of the core: 1 more while it is mapped, 2 more with a child, and as before',
        'at the end; user space reads the registers.',
      ].join('\n'),
    }),
    user({
      id: 'U05',
      title: 'STM: a map that mmap_prepare refuses takes nothing',
      source: 'drivers/hwtracing/stm/core.c:stm_char_mmap_prepare',
      explain: 'At a page offset, of two pages, without a channel: EINVAL, and the count of U04 stays.',
    }),
    user({
      id: 'U06',
      title: 'STM: a map whose action fails gives back what mapped never took',
      class: 'X',
      observers: 'driver-only',
      source: 'drivers/hwtracing/stm/core.c:stm_mmap_close',
      explain: [
        'Recorded: the page table for the action can not be allocated. close runs although mapped has not (E08),',
        'and gives back a reference of runtime power management that belongs to another mapping.',
      ].join('\n'),
    }),
    user({
      id: 'U07',
      title: "STM: a mapping keeps the device's module, and nothing else does after munmap",
      source: 'drivers/hwtracing/stm/core.c:stm_char_release',
      explain: 'As U03, for the module whose device is mapped.',
    }),
    user({
      id: 'U08',
      title: 'overlayfs: maps side by side never merge, and keep the filesystem busy',
      source: 'mm/util.c:compat_vma_mmap',
      explain: [
        'overlayfs gives the VMA the inner file and maps it by vfs_mmap(), as W2: two maps side by side stay two',
        "VMAs. A child's write is read from the file; umount is EBUSY until both are unmapped.",
      ].join('\n'),
    }),
    user({
      id: 'U09',
      title: 'SysV shm: each VMA is counted, and the last one takes the segment along',
      observers: 'driver-only',
      source: 'ipc/shm.c:shm_mmap',
      explain: [
        'shm puts operations of its own before those of the inner file, as W5. shm_nattch counts the pieces of a',
        'split and the copies of a child; a removed segment is gone with the last VMA, which needs each open to',
        'have its close.',
      ].join('\n'),
    }),
    user({
      id: 'U10',
      title: 'tmpfs: maps side by side merge, and keep the filesystem busy',
      source: 'mm/shmem.c:shmem_mmap_prepare',
      explain: [
        "As U08, but two maps side by side become one VMA. A child's write is read from the file; umount is EBUSY",
        'until all is unmapped, and succeeds then.',
      ].join('\n'),
    }),
    user({
      id: 'U11',
      title: '/dev/zero: private is anonymous memory, shared a file of its own',
      source: 'drivers/char/mem.c:mmap_zero_prepare',
      explain: [
        'Private: mmap_prepare takes the operations away, the name stays. Shared: it puts a new shmem file into',
        'vm_file for each map, so that two side by side never merge, and a child shares its writes.',
      ].join('\n'),
    }),
    user({
      id: 'U12',
      title: "/dev/mem: a frame is remapped, what can't be addressed is EINVAL",
      source: 'drivers/char/mem.c:mmap_mem_prepare',
      explain: [
        "The probe maps a page of its own by the page's frame: both read and write the same memory, and the VMA",
        'has the flags of a remap action. At 2^56 mmap_prepare refuses.',
      ].join('\n'),
    }),
    user({
      id: 'U13',
      title: 'HPET: its page is remapped, two are EINVAL',
      source: 'drivers/char/hpet.c:hpet_mmap_prepare',
      explain: 'A simple ioremap of a device that QEMU has on x86_64: its counter goes on in the mapping.',
    }),
    user({
      id: 'U14',
      title: 'mtdchar: every map is ENODEV and takes nothing',
      source: 'drivers/mtd/mtdchar.c:mtdchar_mmap_prepare',
      explain: 'Shared and private; the module that makes the device can be unloaded.',
    }),
    user({
      id: 'U15',
      title: 'memfd_secret: shared is mapped and not dumped, private is EINVAL',
      source: 'mm/secretmem.c:secretmem_mmap_prepare',
      explain: 'Two shared maps side by side merge; /proc/self/mem does not give what user space reads.',
    }),
    user({
      id: 'U16',
      title: 'aio: the ring is mapped by the kernel, not copied, and goes with its context',
      source: 'fs/aio.c:aio_ring_mmap_prepare',
      explain: [
        'io_setup() maps the ring by do_mmap(): its mmap_prepare sets DONTEXPAND and DONTCOPY, so that a child has',
        'none. io_destroy() unmaps it.',
      ].join('\n'),
    }),
    user({
      id: 'U17',
      title: 'ext4: maps side by side merge, and keep filesystem and loop device busy',
      source: 'fs/ext4/file.c:ext4_file_mmap_prepare',
      explain: 'As U10, on a filesystem that mke2fs makes in the guest; then the loop device is free again.',
    }),
    user({
      id: 'U18',
      title: 'kmemleak finds nothing of any of them',
      observers: 'driver-only',
      source: 'mm/kmemleak.c:kmemleak_scan',
      event: 'mapped',
      needs: ['prepare', 'mapped'],
      splat: {
        class: 'leak',
        title: /suspected memory leak/,
        why: 'what our driver leaks on request must be found, or the scan proves nothing',
      },
      explain: [
        'All of the above once more, then two scans: they must find what our driver leaks on request, which is',
        'the control, and nothing else.',
      ].join('\n'),
    }),
  ],
};
