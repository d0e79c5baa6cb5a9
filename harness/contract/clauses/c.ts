import type { ClauseGroup } from '../clause.ts';

export const PRIVATE_DATA: ClauseGroup = {
  letter: 'C',
  name: 'private_data',
  clauses: [
    {
      id: 'C01',
      title: '*vm_private_data on entry of mapped is what mmap_prepare stored',
      class: 'P',
      source: 'mm/vma.c:set_vma_user_defined_fields',
      observers: 'two',
      event: 'mapped',
      paths: ['direct'],
      needs: ['prepare', 'mapped'],
      redControls: [{ kind: 'lie', name: 'private' }],
      explain: 'Three values, 0 among them. mapped stores what it finds plus 1, and user space reads just that.',
    },
    {
      id: 'C02',
      title: "A value stored by mapped becomes the VMA's private data",
      class: 'P',
      source: 'mm/util.c:call_vma_mapped',
      observers: 'two',
      event: 'mapped',
      paths: ['direct'],
      needs: ['prepare', 'mapped'],
      redControls: [
        { kind: 'mutant', name: 'lose-private' },
        { kind: 'lie', name: 'private' },
      ],
      explain: [
        "mapped replaces the private data. The driver's find_vma() and close see the new value; user",
        'space reads what the fault hook found in the VMA.',
      ].join('\n'),
    },
    {
      id: 'C03',
      title: 'A mapped that stores nothing leaves the private data unchanged',
      class: 'I',
      source: 'mm/util.c:call_vma_mapped',
      observers: 'two',
      event: 'mapped',
      paths: ['direct'],
      needs: ['prepare', 'mapped'],
      redControls: [{ kind: 'lie', name: 'private' }],
      explain: [
        "mapped leaves its output parameter alone: the VMA keeps mmap_prepare's value. That mapped runs",
        'at all is shown by its store or its errno.',
      ].join('\n'),
    },
    {
      id: 'C04',
      title: 'A failing mapped does not write back private data',
      class: 'I',
      source: 'mm/util.c:call_vma_mapped',
      observers: 'driver-only',
      event: 'mapped',
      paths: ['direct'],
      needs: ['prepare', 'mapped'],
      redControls: [
        { kind: 'mutant', name: 'skip-mapped' },
        { kind: 'lie', name: 'private' },
      ],
      explain: [
        "mapped stores a value and fails. The close that follows the clean-up still gets mmap_prepare's",
        'value. User space sees that no VMA is left that could show the other one, or, on a kernel that',
        'leaves it, reads what is in it.',
      ].join('\n'),
    },
  ],
};
