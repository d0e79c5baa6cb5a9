import type { ClauseGroup } from '../clause.ts';

export const MERGING: ClauseGroup = {
  letter: 'F',
  name: 'merging',
  clauses: [
    {
      id: 'F01',
      title: 'There is no mapped when the new range merged',
      class: 'P',
      source: 'mm/vma.c:__mmap_region',
      observers: 'two',
      event: 'mapped',
      paths: ['direct'],
      needs: ['prepare', 'mapped'],
      redControls: [
        { kind: 'mutant', name: 'mapped-on-merge' },
        { kind: 'lie', name: 'double-mapped' },
      ],
      explain: [
        'Two mappings, adjacent in memory and in the file, become one VMA (PROCMAP_QUERY). mapped ran for',
        'the first only: the count in the private data has not moved.',
      ].join('\n'),
    },
    {
      id: 'F09',
      title: 'An error that mapped would return cannot fail a mapping that merges',
      class: 'I',
      source: 'mm/vma.c:__mmap_region',
      observers: 'two',
      event: 'prepare',
      paths: ['direct'],
      needs: ['prepare', 'mapped'],
      redControls: [
        { kind: 'mutant', name: 'mapped-on-merge' },
        { kind: 'lie', name: 'drop-prepare' },
      ],
      explain: 'As F01, with a mapped that fails from the second mapping on: that mmap() succeeds.',
    },
  ],
};
