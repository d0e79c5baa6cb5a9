/** An event of the driver in words: names for bits and numbers, no field left out that says something. */
import { hasRange, returned, type LogEvent } from './log.ts';

/** DECLARE_VMA_BIT() of include/linux/mm.h in Linux 7.3, by bit; bit 9 has two meanings. */
const VMA_BITS = [
  'READ WRITE EXEC SHARED MAYREAD MAYWRITE MAYEXEC MAYSHARE GROWSDOWN UFFD_MISSING PFNMAP MAYBE_GUARD UFFD_WP LOCKED',
  'IO SEQ_READ RAND_READ DONTCOPY DONTEXPAND LOCKONFAULT ACCOUNT NORESERVE HUGETLB SYNC ARCH_1 WIPEONFORK DONTDUMP',
  'SOFTDIRTY MIXEDMAP HUGEPAGE NOHUGEPAGE MERGEABLE HIGH_ARCH_0 HIGH_ARCH_1 HIGH_ARCH_2 HIGH_ARCH_3 HIGH_ARCH_4',
  'HIGH_ARCH_5 HIGH_ARCH_6 ALLOW_ANY_UNCACHED DROPPABLE UFFD_MINOR SEALED UFFD_RWP',
].flatMap((line) => line.split(' '));

const LETTERS = ['r', 'w', 'x', 's'];
/** The first four bits say what may be done now, the next four what mprotect() and the like may make of it. */
const MAY = 4;

/** As /proc/PID/maps has it, what it may become where that is not all, then the other flags by name. @param hex as the probes print it */
export function flagWords(hex: string): string {
  if (!/^0x[0-9a-f]{1,16}$/.test(hex)) return hex;
  const value = BigInt(hex);
  const has = (bit: number): boolean => ((value >> BigInt(bit)) & 1n) === 1n;
  const letters = (from: number): string => LETTERS.map((letter, bit) => (has(from + bit) ? letter : '-')).join('');
  const names = VMA_BITS.filter((_, bit) => bit >= 2 * MAY && has(bit));
  const rest = (value >> BigInt(VMA_BITS.length)) << BigInt(VMA_BITS.length);
  if (rest !== 0n) names.push(`0x${rest.toString(16)}`);
  const may = letters(MAY);
  return [letters(0), ...(may === LETTERS.join('') ? [] : [`may ${may}`]), ...names].join(' ');
}

const OPS: Readonly<Record<string, string>> = {
  null: 'no vm_ops',
  ours: "the driver's vm_ops",
  foreign: "vm_ops that are not the driver's",
};

/** What find_vma() said inside of `mapped`. */
const LOOKUP: Readonly<Record<string, string>> = {
  none: 'find_vma() sees no VMA in the range',
  exact: 'find_vma() sees this VMA',
};

const hex = (value: number): string => `0x${value.toString(16)}`;
const bytes = (size: number): string => (size % 1024 === 0 ? `${size / 1024} KiB` : `${size} bytes`);

function place(event: LogEvent): string {
  const { type, start, end } = event;
  // These two are told an address, not a range.
  if (type === 'fault') return start > 0 ? `at ${hex(start)}` : '';
  if (type === 'may-split') return end > 0 ? `at ${hex(end)} of the VMA from ${hex(start)}` : '';
  return hasRange(event) ? `${hex(start)}-${hex(end)} (${bytes(end - start)})` : '';
}

function file({ fields }: LogEvent): string {
  const [told, vmFile] = [fields.get('file'), fields.get('vm_file')];
  if (told === undefined) return vmFile === undefined ? '' : `file ${vmFile}`;
  return vmFile === undefined || vmFile === told ? `file ${told}` : `file ${told}, vm_file ${vmFile}`;
}

function privateData({ fields }: LogEvent): string {
  const [before, after] = [fields.get('in') ?? '0', fields.get('out') ?? '0'];
  if (before === after) return before === '0' ? '' : `private data ${before}`;
  return `private data ${before} becomes ${after}`;
}

function looked({ fields, start, end, pgoff }: LogEvent): string {
  const lookup = fields.get('lookup') ?? '';
  if (lookup !== 'other') return LOOKUP[lookup] ?? '';
  const range = `${fields.get('lookup_start') ?? hex(start)}-${fields.get('lookup_end') ?? hex(end)}`;
  return `find_vma() sees ${range} at page ${fields.get('lookup_pgoff') ?? pgoff}`;
}

/** Of a `mapped` event, whose zeros speak as well. */
function reading({ type, fields }: LogEvent): string {
  if (type !== 'mapped') return '';
  const nofault = Number(fields.get('nofault') ?? 0);
  if (nofault === 1) return '';
  return nofault === 0
    ? `its words can be read: ${fields.get('word_first') ?? '0x0'} in the first page, ${fields.get('word_last') ?? '0x0'} in the last`
    : `reading it without a fault: ${returned(nofault)}`;
}

function rmap({ type, fields }: LogEvent): string {
  if (type !== 'mapped') return '';
  const free = Number(fields.get('rmap_free') ?? 0);
  return free === 0 ? "the file's rmap lock is held" : '';
}

/** In one line, without its number and name. */
export function eventWords(event: LogEvent): string {
  const { fields, pgoff, ret } = event;
  const flags = fields.get('flags');
  const protOf = (name: string, what: string): string => (fields.has(name) ? `${what} ${fields.get(name)}` : '');
  const lookupFlags = fields.get('lookup_flags');
  const words = [
    place(event),
    ret === 0 ? '' : `returns ${returned(ret)}`,
    hasRange(event) ? `page ${pgoff}` : '',
    file(event),
    privateData(event),
    flags === undefined ? '' : flagWords(flags),
    looked(event),
    lookupFlags === undefined ? '' : `it is ${flagWords(lookupFlags)}`,
    reading(event),
    rmap(event),
    protOf('prot', 'page_prot'),
    protOf('pte_prot', 'page table entry'),
    OPS[fields.get('ops') ?? ''] ?? '',
    fields.has('action') ? `action of type ${fields.get('action')}` : '',
    fields.get('mmap_locked') === '1' ? 'mmap lock held' : '',
  ];
  return words.filter((word) => word !== '').join(', ');
}
