import type { ClauseGroup } from '../clause.ts';

export const LIFE: ClauseGroup = {
  letter: 'H',
  name: 'life of a VMA',
  clauses: [
    {
      id: 'H01',
      title: 'A split calls open for each new piece, never prepare or mapped',
      class: 'P',
      source: 'mm/vma.c:__split_vma',
      observers: 'driver-only',
      event: 'open',
      paths: ['direct'],
      needs: ['prepare'],
      redControls: [{ kind: 'lie', name: 'drop-open' }],
      explain: [
        'One VMA is split by munmap, mprotect, madvise and mlock. After each step the opens in the log',
        'are as many as the new pieces that PROCMAP_QUERY shows.',
      ].join('\n'),
    },
    {
      id: 'H02',
      title: 'Every removed VMA gets one close with its final range',
      class: 'P',
      source: 'mm/vma.c:remove_vma',
      observers: 'driver-only',
      event: 'close',
      paths: ['direct'],
      needs: ['prepare'],
      redControls: [
        { kind: 'lie', name: 'end' },
        { kind: 'lie', name: 'drop-close' },
      ],
      explain: 'A VMA is unmapped in three parts: each close has the range that just that part had.',
    },
    {
      id: 'H03',
      title: 'After every step, mapped + open - close is the number of VMAs',
      class: 'I',
      source: 'mm/vma.c:__mmap_region',
      observers: 'driver-only',
      event: 'mapped',
      paths: ['direct'],
      needs: ['prepare', 'mapped'],
      redControls: [
        { kind: 'mutant', name: 'mapped-on-merge' },
        { kind: 'mutant', name: 'skip-mapped' },
        { kind: 'lie', name: 'drop-open' },
      ],
      explain: [
        "The sum that a driver relies on when it counts its mappings: held against the driver's own",
        'find_vma() and PROCMAP_QUERY after mapping, merging, splitting, moving and unmapping.',
      ].join('\n'),
    },
    {
      id: 'H06',
      title: "fork calls open for each copied VMA, neither prepare nor mapped; the child's exit closes",
      class: 'P',
      source: 'mm/mmap.c:dup_mmap',
      observers: 'driver-only',
      event: 'open',
      paths: ['direct'],
      needs: ['prepare'],
      redControls: [
        { kind: 'lie', name: 'drop-open' },
        { kind: 'lie', name: 'start' },
      ],
      explain: [
        "A child reads the mapping that it inherited and exits: one open, one close in the child's",
        'process, nothing else; the parent keeps its VMA.',
      ].join('\n'),
    },
    {
      id: 'H08',
      title: 'mremap moves with open, the mremap hook and close, never mapped; a merge needs no open',
      class: 'P',
      source: 'mm/vma.c:copy_vma',
      observers: 'driver-only',
      event: 'mremap',
      paths: ['direct'],
      needs: ['prepare'],
      redControls: [
        { kind: 'lie', name: 'drop-open' },
        { kind: 'lie', name: 'start' },
      ],
      explain: [
        'A VMA is moved to a hole: open of the new range, the mremap hook, close of the old one, in that',
        'order. A second one is moved next to it and merges: a close, no open.',
      ].join('\n'),
    },
  ],
};
