import type { ClauseGroup } from '../clause.ts';

export const ERRORS: ClauseGroup = {
  letter: 'E',
  name: 'errors',
  clauses: [
    {
      id: 'E01',
      title: 'A negative result of mapped fails mmap',
      class: 'P',
      source: 'mm/util.c:mmap_action_finish',
      observers: 'two',
      event: 'mapped',
      paths: ['direct'],
      needs: ['prepare', 'mapped'],
      redControls: [
        { kind: 'mutant', name: 'drop-mapped-error' },
        { kind: 'lie', name: 'ret' },
      ],
      explain: 'mapped returns -EPERM: mmap() returns MAP_FAILED with that errno, and nothing is mapped there.',
    },
    {
      id: 'E02',
      title: 'An error from mapped unmaps the whole range, neighbours untouched',
      class: 'P',
      source: 'mm/util.c:mmap_action_finish',
      observers: 'two',
      event: 'mapped',
      paths: ['direct'],
      needs: ['prepare', 'mapped'],
      redControls: [
        { kind: 'mutant', name: 'no-unmap' },
        { kind: 'lie', name: 'drop-mapped' },
      ],
      explain: [
        'The failing range lies between two mappings of the same file. Afterwards there is a hole exactly',
        'there (PROCMAP_QUERY; SIGSEGV on its first and last page), and both neighbours have their ranges',
        'and data.',
      ].join('\n'),
    },
    {
      id: 'E03',
      title: 'The errno of mapped is passed through unmodified',
      class: 'P',
      source: 'mm/util.c:mmap_action_finish',
      observers: 'two',
      event: 'mapped',
      paths: ['direct'],
      needs: ['prepare', 'mapped'],
      redControls: [
        { kind: 'mutant', name: 'drop-mapped-error' },
        { kind: 'lie', name: 'ret' },
      ],
      explain: [
        "EPERM, EIO, ENOMEM, EBUSY and 512, which user space never sees otherwise: mmap()'s errno is what",
        'mapped returned.',
      ].join('\n'),
    },
  ],
};
