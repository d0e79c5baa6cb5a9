import type { ClauseGroup } from '../clause.ts';

export const STACKED: ClauseGroup = {
  letter: 'K',
  name: 'stacked paths',
  clauses: [
    {
      id: 'K01',
      title: "The nested file's mapped is called, once",
      class: 'P',
      source: 'mm/util.c:__compat_vma_mmap',
      observers: 'two',
      event: 'mapped',
      paths: ['W1', 'W2', 'W3'],
      needs: ['prepare', 'mapped', 'vfs-mmap'],
      redControls: [
        { kind: 'mutant', name: 'not-on-stacked' },
        { kind: 'lie', name: 'drop-mapped' },
      ],
      explain: [
        'A wrapper with a legacy .mmap maps an inner file in three ways, as SysV shm, overlayfs and uio',
        'do. What the inner mapped stores or returns reaches the caller of mmap().',
      ].join('\n'),
    },
    {
      id: 'K04',
      title: 'Nested private data and its rewrite replace whatever the wrapper had',
      class: 'I',
      source: 'mm/vma.h:compat_set_vma_from_desc',
      observers: 'two',
      event: 'prepare',
      paths: ['W1', 'W2', 'W3'],
      needs: ['prepare', 'mapped', 'vfs-mmap'],
      redControls: [
        { kind: 'mutant', name: 'lose-private' },
        { kind: 'mutant', name: 'not-on-stacked' },
        { kind: 'lie', name: 'drop-prepare' },
      ],
      explain: [
        "The inner mmap_prepare's private data are in the VMA of a stacked map, and so is what the inner",
        'mapped makes of them.',
      ].join('\n'),
    },
    {
      id: 'K05',
      title: 'Errors of the nested prepare, action and mapped fail the mmap with that errno',
      class: 'P',
      source: 'mm/util.c:compat_vma_mmap',
      observers: 'two',
      event: 'prepare',
      paths: ['W1', 'W2', 'W3'],
      needs: ['prepare', 'mapped', 'vfs-mmap', 'action', 'kernel-pages'],
      redControls: [
        { kind: 'mutant', name: 'not-on-stacked' },
        { kind: 'mutant', name: 'drop-mapped-error' },
        { kind: 'lie', name: 'drop-prepare' },
      ],
      explain: [
        'On each stacked path, each of the three fails with an errno of its own; mmap() returns it and',
        'leaves nothing mapped.',
      ].join('\n'),
    },
    {
      id: 'K08',
      title: 'A failing stacked map is not unmapped by the compat layer: no close, the core cleans up',
      class: 'X',
      source: 'mm/internal.h:mmap_file',
      observers: 'two',
      event: 'mmap-ret',
      paths: ['W1', 'W2', 'W3'],
      needs: ['prepare', 'mapped', 'vfs-mmap', 'action', 'kernel-pages'],
      redControls: [
        { kind: 'mutant', name: 'not-on-stacked' },
        { kind: 'lie', name: 'ret' },
      ],
      explain: [
        'Recorded: unlike on the direct path, no close follows a failing stacked map, and a gap is left.',
        'A driver that counts must know both.',
      ].join('\n'),
    },
  ],
};
