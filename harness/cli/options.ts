/**
 * Every option of every command, in one table: `--help`, the docs page and the parser are made from it.
 */
import { REPORTERS } from '../report/parse-spec.ts';

export type CommandName =
  | 'run'
  | 'compare'
  | 'series'
  | 'mutate'
  | 'watch'
  | 'shell'
  | 'probe'
  | 'bisect'
  | 'gc'
  | 'report'
  | 'merge'
  | 'submit'
  | 'history'
  | 'diff'
  | 'list'
  | 'explain'
  | 'parse'
  | 'selftest'
  | 'doctor'
  | 'docs';

export interface OptionSpec {
  readonly flags: string;
  readonly help: string;
  readonly commands: readonly CommandName[];
  /** May be given more than once; the values are collected. */
  readonly many?: boolean;
  readonly choices?: readonly string[];
  readonly fallback?: string;
  /** Not shown by `--help`: for our own tests. */
  readonly hidden?: boolean;
}

/** Commands that vet several kernels. */
const QUESTIONS = ['compare', 'series', 'mutate'] as const;
/** Those of one kernel; bisect takes its own from the commits of a tree. */
const KERNELS = ['run', ...QUESTIONS, 'watch', 'shell', 'probe', 'selftest'] as const;
const BUILDS = [...KERNELS, 'bisect'] as const;
const VETS = ['run', ...QUESTIONS, 'watch'] as const;
const PROBES = [...VETS, 'probe'] as const;

export const OPTIONS: readonly OptionSpec[] = [
  {
    flags: '-k, --kernel <source>',
    help: 'kernel source: a tree, a tarball, deb:linux-source-7.3[=VERSION], or a name from mmapvet.yaml (default: the tree that you are in, else the newest of Debian that has the hook)',
    commands: BUILDS,
  },
  {
    flags: '-p, --patch <file>',
    help: 'patch file, mbox or folder (quilt series or sorted names) to apply on top, or b4:MESSAGE-ID; repeatable, in order',
    commands: BUILDS,
    many: true,
  },
  {
    flags: '--range <base..tip>',
    help: "commits of the kernel's git tree as the series, in place of its files on disk; --patch comes on top",
    commands: KERNELS,
  },
  {
    flags: '--fuzz <lines>',
    help: 'context lines that may differ where a patch is applied (default: 0, as git am)',
    commands: BUILDS,
  },
  {
    flags: '-t, --target <name>',
    help: 'target, or several with commas; repeatable (default: x86_64, arm64)',
    commands: [...BUILDS, 'doctor', 'history'],
    many: true,
  },
  { flags: '--arch <name>', help: 'the same as --target', commands: [...BUILDS, 'doctor', 'history'], many: true },
  { flags: '--profile <name>', help: 'set of config fragments (default: base)', commands: BUILDS },
  { flags: '--config <file>', help: 'instead of the mmapvet.yaml that is found', commands: BUILDS },
  {
    flags: '-c, --clause <id>',
    help: 'clauses to check, such as E02 or "F*"; repeatable (default: all)',
    commands: [...VETS, 'bisect'],
    many: true,
  },
  {
    flags: '-g, --group <name>',
    help: "groups of clauses by letter or name (E, errors), or the kernel's own tests: vma-userland, selftests-mm; together with what --clause names; repeatable",
    commands: ['run'],
    many: true,
  },
  {
    flags: '--path <name>',
    help: 'only this way to the hooks: direct, W1 … W5, user; repeatable',
    commands: [...PROBES, 'bisect'],
    many: true,
  },
  { flags: '--kconfig-add <line>', help: 'one more config line, CONFIG_X=y; repeatable', commands: BUILDS, many: true },
  {
    flags: '--kconfig <file>',
    help: 'your own .config; the lines that mmapvet needs are merged into it',
    commands: BUILDS,
  },
  { flags: '--make-options <words>', help: "passed to the kernel's make, such as 'LLVM=1'", commands: BUILDS },
  { flags: '--cross-compile <prefix>', help: 'prefix of the cross compiler', commands: BUILDS },
  {
    flags: '--ccache-remote <storage>',
    help: 'remote storage of ccache, as its own remote_storage option takes it',
    commands: BUILDS,
  },
  { flags: '-j, --jobs <n>', help: 'compile jobs (default: one a core)', commands: BUILDS },
  { flags: '--build-dir <folder>', help: 'use the kernel that you have built there (one target)', commands: KERNELS },
  { flags: '--driver <folder>', help: 'an adapted copy of guest/driver', commands: BUILDS },
  {
    flags: '--guest-debs <folder>',
    help: "take the guest's Debian packages from here instead of apt",
    commands: BUILDS,
  },
  { flags: '--kernel-args <words>', help: "added to the guest kernel's command line", commands: BUILDS },
  { flags: '--qemu-args <words>', help: "added to QEMU's command line", commands: BUILDS },
  {
    flags: '--accel <name>',
    help: 'how guests run; auto tries kvm',
    commands: BUILDS,
    choices: ['auto', 'kvm', 'tcg'],
    fallback: 'auto',
  },
  {
    flags: '--isolate <what>',
    help: 'what gets a pristine guest of its own',
    commands: VETS,
    choices: ['group', 'clause', 'none'],
    fallback: 'group',
  },
  { flags: '--boot', help: 'boot every guest, never restore a saved one', commands: [...PROBES, 'bisect'] },
  { flags: '--good <commit>', help: 'a commit in which the clause holds', commands: ['bisect'] },
  { flags: '--bad <commit>', help: 'a later one in which it is broken (default: HEAD)', commands: ['bisect'] },
  {
    flags: '--restart',
    help: 'begin anew, where an interrupted bisection would be gone on with',
    commands: ['bisect'],
  },
  {
    flags: '--repeat <n>',
    help: 'run each kernel so often, more where the fault comes and goes (default: 3)',
    commands: ['bisect'],
  },
  {
    flags: '--resume <run>',
    help: 'go on with a run that was interrupted or killed, or left cells undecided (latest, an id, or a folder): what it decided stands, its options hold, the rest is run',
    commands: ['run'],
  },
  {
    flags: '--git-bisect',
    help: 'exit as "git bisect run" reads it: 0 good, 1 bad, 125 this tree can\'t be judged, 255 stop',
    commands: ['run'],
  },
  {
    flags: '--repeat <n>',
    help: 'run each cell so often, every second time on a booted guest (vma-userland: in a new process)',
    commands: PROBES,
  },
  {
    flags: '--confirm <n>',
    help: 'run a failed cell so often again, every second time on a booted guest (vma-userland: in a new process)',
    commands: PROBES,
    fallback: '2',
  },
  {
    flags: '--timeout <seconds>',
    help: 'time limit of one probe; stretched, as all limits, on a host that shows itself slow (default: 30)',
    commands: [...PROBES, 'bisect'],
  },
  {
    flags: '--silence <seconds>',
    help: 'a guest that says nothing for so long is asked whether it lives (default: 60, or --timeout and 30)',
    commands: PROBES,
  },
  {
    flags: '--global-timeout <seconds>',
    help: 'time limit of the whole run, build included; what is not decided by then is an error (default: none)',
    commands: ['run'],
  },
  {
    flags: '-s, --scenario <name>',
    help: 'only these ways to break a guest (docs/selftest.md), or globs such as "*-killed"; repeatable',
    commands: ['selftest'],
    many: true,
  },
  { flags: '--repeat <n>', help: 'break a guest so often in each way', commands: ['selftest'] },
  { flags: '--json', help: 'print the verdicts as JSON on stdout', commands: ['selftest'] },
  {
    flags: '--output <folder>',
    help: 'keep the runs there (default: below the state folder, where one went wrong)',
    commands: ['selftest'],
  },
  {
    flags: '--seed <n>',
    help: 'repeat the operations of the storm (J09) that named this seed',
    commands: [...VETS, 'bisect'],
  },
  {
    flags: '--reporter <list>',
    help: `${REPORTERS.join(', ')}; all but list also with =FILE; several with commas`,
    commands: [...PROBES, 'report', 'merge'],
    many: true,
  },
  {
    flags: '--json',
    help: 'print results.json on stdout and nothing else',
    commands: ['run', 'probe', 'list', 'doctor'],
  },
  {
    flags: '--json',
    help: 'print JSON on stdout and nothing else',
    commands: ['bisect', ...QUESTIONS, 'history', 'diff'],
  },
  {
    flags: '--allow-removed',
    help: 'cells that no longer apply to the patched kernel are no regression',
    commands: ['compare'],
  },
  {
    flags: '--first-failure',
    help: 'stop at the first patch that does not build, or makes something worse',
    commands: ['series'],
  },
  {
    flags: '--fresh',
    help: 'run what has been decided before on the very same kernel, image and cells again',
    commands: QUESTIONS,
  },
  { flags: '--last <n>', help: 'how many runs to look back', commands: ['history'], fallback: '20' },
  {
    flags: '--kernel <text>',
    help: 'only runs of kernels whose source, version, commit or patches have this in them',
    commands: ['history'],
  },
  { flags: '--flaky', help: 'only cells that gave different outcomes on one kernel', commands: ['history'] },
  { flags: '--slowest', help: 'the cells that take longest', commands: ['history'] },
  { flags: '--html <file>', help: 'write the trend as a page', commands: ['history'] },
  { flags: '--import', help: 'record the runs in the folders that are named', commands: ['history'] },
  { flags: '--json', help: 'print the faults as JSON on stdout', commands: ['parse'] },
  {
    flags: '--vmlinux <file>',
    help: "the kernel's vmlinux with debug information, for file and line",
    commands: ['parse'],
  },
  {
    flags: '--module <file>',
    help: "a module's .ko with debug information; repeatable",
    commands: ['parse'],
    many: true,
  },
  {
    flags: '--output <folder>',
    help: 'the run folder (default: below the state folder)',
    commands: ['run', 'probe', ...QUESTIONS, 'merge'],
  },
  {
    flags: '--url <url>',
    help: 'address of the KCIDB server; the token comes from MMAPVET_KCIDB_TOKEN',
    commands: ['submit'],
  },
  { flags: '--strict', help: 'a changed behaviour of a recorded clause is an error too', commands: ['run', 'watch'] },
  {
    flags: '--coverage',
    help: 'count which lines of the mmap path and of the series run, by clause; also coverage.info in the run folder',
    commands: ['run'],
  },
  {
    flags: '--timing',
    help: 'show where the time went, and what memory the kernels of guests took; also timing.svg in the run folder',
    commands: ['run', 'probe'],
  },
  {
    flags: '--allow <file>',
    help: 'known trouble, instead of kernel-config/allow.yaml',
    commands: ['run', 'probe', ...QUESTIONS],
  },
  {
    flags: '-u, --update',
    help: 'record what recorded (X) clauses do on this kernel, and print what that rewrites',
    commands: ['run'],
  },
  { flags: '--gdb', help: 'let a debugger attach, and print the line that starts it', commands: ['shell'] },
  {
    flags: '--keep-guest',
    help: 'leave the guests running after the probes, until Ctrl+C',
    commands: ['run', 'probe'],
  },
  { flags: '--list', help: 'print the cells that would be checked, and stop', commands: ['run'] },
  { flags: '--dry-run', help: 'print every command that would run, and stop', commands: BUILDS },
  { flags: '--dry-run', help: 'check the document and say what would be sent', commands: ['submit'] },
  { flags: '-y, --yes', help: 'install missing packages without a question', commands: [...BUILDS, 'doctor'] },
  { flags: '-v, --verbose', help: 'print each command before it runs (also V=1)', commands: BUILDS },
  { flags: '--max <size>', help: 'the size that the cache may have, such as 20G', commands: ['gc'] },
  { flags: '-n, --preview', help: 'remove nothing, say what would go', commands: ['gc'] },
  { flags: '--check', help: 'write nothing; exit 1 if a page is stale', commands: ['docs'] },
  { flags: '--driver-lie <name>', help: 'let the driver falsify its log', commands: ['run'], hidden: true },
];

export const EXAMPLES: Readonly<Record<CommandName, readonly (readonly [string, string])[]>> = {
  run: [
    ['mmapvet run', 'in a kernel tree: vets it as it is, uncommitted edits included'],
    ['mmapvet run --patch fix.mbox', 'vets a patch on top'],
    ["mmapvet run --target x86_64 --clause 'E*'", 'one target, one group of clauses'],
    ['mmapvet run --group vma-userland,selftests-mm', "the kernel's own tests of the same tree"],
    ['mmapvet run --kernel deb:linux-source-7.3 --reporter list,junit=out.xml', "Debian's kernel, with a JUnit file"],
    ['mmapvet run --resume latest', 'after an interrupt: only what is not decided yet'],
    ['git bisect run mmapvet run --git-bisect --clause E02', 'as the test of a bisection of your own'],
  ],
  compare: [
    ['mmapvet compare --patch fix.mbox', 'the kernel without and with the patch: what gets worse, better, larger'],
    ['mmapvet compare v7.3..topic --target x86_64', 'two commits of the git tree that you are in'],
    ['mmapvet compare --patch fix.mbox --reporter list,html=compare.html', 'and a page with both side by side'],
  ],
  mutate: [
    ['mmapvet mutate --target x86_64', "mmapvet's own mutants: which clauses tell each from the sound kernel"],
    ["mmapvet mutate --patch mutants/ --clause 'E*'", 'each patch of a folder is a mutant'],
  ],
  series: [
    ['mmapvet series --patch topic.mbox', 'each patch on top of those before it: does it build, boot, hold?'],
    ['mmapvet series --range v7.3..topic --first-failure', 'up to the first commit that breaks something'],
  ],
  watch: [['mmapvet watch --target x86_64 --clause E02', 'builds and runs again what an edit affects']],
  gc: [
    ['mmapvet gc', 'what the cache holds, and what it could do without'],
    ['mmapvet gc --max 10G', 'removes what was used longest ago until 10 GiB are left'],
  ],
  shell: [
    ['mmapvet shell', 'a shell in a booted guest with the driver loaded'],
    ['mmapvet shell --target arm64 -- dmesg', 'one command in an arm64 guest'],
    ['mmapvet shell --gdb -- /mmapvet/mmapvet-probes E02', 'probes that start once gdb has attached and goes on'],
  ],
  probe: [
    [
      'mmapvet probe repro.c',
      'a program with main() and an exit code, as a mail has it: 0 passes, 4 skips, others fail',
    ],
    ['mmapvet probe mine.c --target x86_64 --path W1', 'a probe written with <probe.h>, through a stacked file'],
    ['mmapvet probe repro.c --patch fix.mbox', 'on a patched kernel'],
  ],
  bisect: [
    ['mmapvet bisect --good v7.2 --clause E02 --target x86_64', 'which commit up to HEAD broke E02'],
    ['mmapvet bisect --good v7.2 --bad v7.3 --clause F01 --repeat 10', 'a fault that comes only now and then'],
  ],
  report: [
    ['mmapvet report', 'the latest run once more, as the list'],
    ['mmapvet report latest --reporter junit=out.xml,mail', 'in other formats'],
  ],
  merge: [
    ['mmapvet merge shard-1 shard-2 --output whole', 'several run folders, or folders of them, as one run'],
    ['mmapvet merge night --reporter html=night.html,junit=night.xml', 'a night of scripts/nightly in one report'],
  ],
  submit: [
    ['mmapvet submit kcidb latest --dry-run', 'checks what would be sent'],
    ['mmapvet submit kcidb latest --url https://db.kernelci.org', 'sends the latest run to KernelCI'],
  ],
  list: [['mmapvet list clauses', 'every clause, its class and observers']],
  explain: [['mmapvet explain E02', 'what E02 says, where it comes from, how it is seen, what turns it red']],
  parse: [
    ['mmapvet parse console.log', 'the kernel faults in a saved console, causes first'],
    ['mmapvet parse --json --vmlinux vmlinux - < console.log', 'as JSON, with file and line for each frame'],
  ],
  selftest: [
    ['mmapvet selftest', 'breaks guests in every way that it knows, and says what a run makes of each'],
    ["mmapvet selftest --target x86_64 --scenario 'panic*,reset' --repeat 3", 'some ways, three times each'],
  ],
  doctor: [['mmapvet doctor', 'what is installed, missing or too old, and what mends it']],
  history: [
    ['mmapvet history', 'the last runs'],
    ['mmapvet history E02 --target arm64', 'what E02 was in them, since when it fails, how often it flakes'],
    ['mmapvet history --flaky', 'cells that gave different outcomes on one kernel'],
    ['mmapvet history --import old-runs/', 'record run folders that were kept'],
    ['mmapvet history --html trend.html', 'the trend as a page'],
  ],
  diff: [['mmapvet diff 22-05-34Z latest', 'the cells whose outcome differs between two runs; exit 1 where some do']],
  docs: [['mmapvet docs --check', 'are the generated pages up to date?']],
};

export const SUMMARIES: Readonly<Record<CommandName, string>> = {
  run: 'build, boot, probe: a verdict for each clause on each target',
  compare: 'hold a patched kernel against its base, cell by cell',
  series: 'vet each patch of a series in turn',
  mutate: 'put mistakes into the kernel, and see which clauses notice',
  watch: 'run again what each edit affects',
  gc: 'keep the cache below a size',
  shell: 'log in to a booted guest with the driver loaded',
  probe: 'run a C file of your own as the only probe',
  bisect: 'find the commit that broke a clause',
  report: 'write the reports of a stored run: latest, an id, or a folder',
  merge: 'make one run of several stored ones: shards, or the cells of a matrix',
  submit: 'send a stored run to a results database: kcidb',
  list: 'list clauses, targets, profiles, or the kernels of mmapvet.yaml',
  explain: 'explain a clause in plain words',
  parse: 'find the kernel faults in a saved console',
  selftest: 'break guests on purpose, and compare what a run says with what it should say',
  doctor: 'check what this host has and lacks',
  history: 'what became of runs and clauses so far',
  diff: 'compare the cells of two runs',
  docs: 'write the pages that are generated from the option table and the catalogue',
};
