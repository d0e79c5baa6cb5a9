/**
 * The kernel's own tests of the same code, as groups beside the catalogue's: off unless they are asked for by name. A
 * program of theirs is one cell, `selftests-mm merge`; its test cases are told below it. None of them is a clause.
 */
import { globToRegExp } from '../core/words.ts';

export const SUITE_NAMES = ['vma-userland', 'selftests-mm'] as const;
export type SuiteName = (typeof SUITE_NAMES)[number];

/** The target of what runs on this machine. */
export const HOST_TARGET = 'host';

export interface SuiteProgram {
  readonly suite: SuiteName;
  readonly name: string;
  readonly title: string;
  /** Below the kernel tree. */
  readonly source: string;
  /** What it needs of the kernel's config; a profile may have it. */
  readonly needs: readonly Need[];
  /** It maps more memory than the guest has, shared, and touches little of it: the kernel is told not to mind. */
  readonly overcommits: boolean;
  /** It ends with code 0 though some of its cases failed. */
  readonly endsWell: boolean;
}

export interface Need {
  /** A line of the config. */
  readonly config: string;
  /** The one case that needs it, and fails without it; null where nothing can be tested without it. */
  readonly case: string | null;
}

type Special = Partial<Pick<SuiteProgram, 'needs' | 'overcommits' | 'endsWell'>>;

const selftest = (name: string, title: string, special: Special = {}): SuiteProgram => ({
  suite: 'selftests-mm',
  name,
  title,
  source: `tools/testing/selftests/mm/${name}.c`,
  needs: [],
  overcommits: false,
  endsWell: false,
  ...special,
});

export const SUITE_PROGRAMS: readonly SuiteProgram[] = [
  {
    suite: 'vma-userland',
    name: 'vma',
    title: "The kernel's own tests of mm/vma.c in user space, with address and undefined behaviour sanitizers",
    source: 'tools/testing/vma/main.c',
    needs: [],
    overcommits: false,
    endsWell: false,
  },
  selftest('merge', "The kernel's own selftest of merging VMAs"),
  selftest('mremap_test', "The kernel's own selftest of mremap()", {
    needs: [{ config: 'CONFIG_USERFAULTFD=y', case: 'mremap move multiple invalid vmas' }],
    // 2 GiB at a time.
    overcommits: true,
    // It counts the failures of its first 15 cases only.
    endsWell: true,
  }),
  selftest('map_fixed_noreplace', "The kernel's own selftest of MAP_FIXED_NOREPLACE"),
  selftest('map_populate', "The kernel's own selftest of MAP_POPULATE"),
  selftest('pfnmap', "The kernel's own selftest of VM_PFNMAP mappings, of /dev/mem", {
    needs: [{ config: 'CONFIG_DEVMEM=y', case: null }],
  }),
  selftest('guard-regions', "The kernel's own selftest of guard regions"),
];

export const SUITE_TITLES: Readonly<Record<SuiteName, string>> = {
  'vma-userland': "The kernel's tools/testing/vma, built and run on this machine",
  'selftests-mm': "Programs of the kernel's selftests/mm, run in the guest",
};

export const isSuite = (name: string): name is SuiteName => (SUITE_NAMES as readonly string[]).includes(name);

/** Those of the suites that match, `selftests-*`, or single ones: `selftests-mm.merge`. */
export function findPrograms(glob: string): SuiteProgram[] {
  const pattern = globToRegExp(glob);
  return SUITE_PROGRAMS.filter(({ suite, name }) => pattern.test(suite) || pattern.test(`${suite}.${name}`));
}

/** `vma-userland` runs on this machine, the others on a target. */
export const programsOn = (programs: readonly SuiteProgram[], target: string): SuiteProgram[] =>
  programs.filter(({ suite }) => (suite === 'vma-userland') === (target === HOST_TARGET));

export const findProgram = (suite: string, name: string): SuiteProgram | null =>
  SUITE_PROGRAMS.find((program) => program.suite === suite && program.name === name) ?? null;
