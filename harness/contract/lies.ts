/** `enum mmapvet_lie` of guest/driver/mmapvet.h: what the driver's log can be made to say falsely, by number. */
export const LIES = [
  'none',
  'drop-mapped',
  'double-mapped',
  'end',
  'start',
  'pgoff',
  'private',
  'file',
  'drop-close',
  'drop-open',
  'drop-prepare',
  'order',
  'ret',
  'read',
  'mmap',
  'early',
] as const;
