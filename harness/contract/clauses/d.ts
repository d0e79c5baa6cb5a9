import type { ClauseGroup } from '../clause.ts';

export const ACTIONS: ClauseGroup = {
  letter: 'D',
  name: 'actions',
  clauses: [
    {
      id: 'D01',
      title: 'The action is complete before mapped: its pages are readable',
      class: 'P',
      source: 'mm/util.c:mmap_action_complete',
      observers: 'two',
      event: 'mapped',
      paths: ['direct'],
      needs: ['prepare', 'mapped', 'action', 'kernel-pages'],
      redControls: [
        { kind: 'mutant', name: 'mapped-before-action' },
        { kind: 'lie', name: 'read' },
      ],
      explain: [
        "mapped reads the first word of the range without faulting and fails if it can't. With kernel",
        'pages it stores the word, which user space reads through a page that the action left out; with a',
        "PFN remap mmap()'s success tells.",
      ].join('\n'),
    },
    {
      id: 'D02',
      title: 'When the action fails, mmap fails and mapped is not called',
      class: 'I',
      source: 'mm/util.c:mmap_action_finish',
      observers: 'two',
      event: 'prepare',
      paths: ['direct'],
      needs: ['prepare', 'mapped', 'action', 'kernel-pages'],
      redControls: [
        { kind: 'mutant', name: 'mapped-before-action' },
        { kind: 'lie', name: 'drop-prepare' },
      ],
      explain: [
        "One of the kernel pages is a slab page, which can't be mapped: EINVAL. mapped would fail with",
        'EXDEV, so the errno tells whether it ran first.',
      ].join('\n'),
    },
  ],
};
