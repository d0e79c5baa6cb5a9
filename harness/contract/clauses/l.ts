import type { ClauseGroup } from '../clause.ts';

export const LEGACY: ClauseGroup = {
  letter: 'L',
  name: 'legacy',
  clauses: [
    {
      id: 'L01',
      title: 'A mapped that legacy .mmap sets is ignored',
      class: 'X',
      source: 'mm/vma.c:__mmap_new_file_vma',
      observers: 'two',
      event: 'mmap',
      paths: ['direct'],
      needs: ['prepare', 'mapped'],
      redControls: [{ kind: 'lie', name: 'mmap' }],
      explain: [
        'Recorded, against the documentation, which promises an error: a legacy .mmap sets vm_ops with',
        'mapped, mmap() succeeds, and mapped, which would fail and count, never runs.',
      ].join('\n'),
    },
    {
      id: 'L03',
      title: 'A file with both hooks is refused with ENODEV and one warning',
      class: 'P',
      source: 'include/linux/fs.h:can_mmap_file',
      observers: 'two',
      event: 'prepare',
      paths: ['direct'],
      needs: ['prepare'],
      redControls: [{ kind: 'lie', name: 'drop-prepare' }],
      splat: {
        title: /\b(?:can_mmap_file|do_mmap)\b/,
        why: "both hooks on one file are a driver's bug, which WARN_ON_ONCE reports; the check is inlined into do_mmap()",
      },
      explain: [
        'Neither hook runs, mmap() fails with ENODEV and the kernel warns, once a boot (re-armed through',
        'debugfs). The same call on a file with one hook, as a control, succeeds.',
      ].join('\n'),
    },
  ],
};
