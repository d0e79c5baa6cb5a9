import type { ClauseGroup } from '../clause.ts';

export const ARGUMENTS: ClauseGroup = {
  letter: 'B',
  name: 'arguments',
  clauses: [
    {
      id: 'B01',
      title: "mapped's start is the address that mmap() returns",
      class: 'P',
      source: 'mm/util.c:call_vma_mapped',
      observers: 'two',
      event: 'mapped',
      paths: ['direct'],
      needs: ['prepare', 'mapped'],
      redControls: [{ kind: 'lie', name: 'start' }],
      explain: [
        'mapped stores its start argument as private data; user space reads it through the first page and',
        "holds it against mmap()'s result.",
      ].join('\n'),
    },
    {
      id: 'B02',
      title: "mapped's end is start plus the page-rounded length",
      class: 'P',
      source: 'mm/mmap.c:do_mmap',
      observers: 'two',
      event: 'mapped',
      paths: ['direct'],
      needs: ['prepare', 'mapped'],
      redControls: [
        { kind: 'mutant', name: 'wrong-end' },
        { kind: 'lie', name: 'end' },
      ],
      explain: [
        'A page and one byte are asked for. mapped stores the number of pages between its arguments: 2,',
        'which is also what PROCMAP_QUERY says of the VMA.',
      ].join('\n'),
    },
    {
      id: 'B03',
      title: "mapped's pgoff is the file's page offset",
      class: 'P',
      source: 'mm/util.c:call_vma_mapped',
      observers: 'two',
      event: 'mapped',
      paths: ['direct'],
      needs: ['prepare', 'mapped'],
      redControls: [{ kind: 'lie', name: 'pgoff' }],
      explain: [
        'Mapped at page offset 3 and at 0x12345; mapped stores its pgoff, user space reads it and',
        'compares it with the offset in PROCMAP_QUERY.',
      ].join('\n'),
    },
    {
      id: 'B05',
      title: "mapped's file is the VMA's file, the open file that was mapped",
      class: 'P',
      source: 'mm/util.c:call_vma_mapped',
      observers: 'two',
      event: 'mapped',
      paths: ['direct'],
      needs: ['prepare', 'mapped'],
      redControls: [{ kind: 'lie', name: 'file' }],
      explain: [
        "The node is opened twice. mapped stores the driver's number of the struct file that it was",
        'given; each mapping shows the number of the descriptor that it was made with.',
      ].join('\n'),
    },
  ],
};
