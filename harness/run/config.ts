/** What `mmapvet.yaml` says, once read: names resolved, sizes in bytes. Reading it is config-file.ts's business. */

/** Neither a path nor a package. */
export const KERNEL_NAME = /^[a-z0-9][\w.+-]*$/i;

export interface NamedKernel {
  /** As `--kernel` takes it, paths absolute. */
  readonly source: string;
  /** As `--patch` takes them, paths absolute. */
  readonly patches: readonly string[];
  readonly range: string | undefined;
  /** The file that names it. */
  readonly from: string;
}

export interface NamedProfile {
  /** The built-in profile that it adds to. */
  readonly extends: string;
  readonly kconfig: readonly string[];
}

/** One line of the matrix, taken apart: what a nightly run has to do. */
export interface MatrixJob {
  readonly kernel: string;
  readonly target: string;
  readonly profile: string;
}

export interface Config {
  /** The files that were read, the nearest first. */
  readonly files: readonly string[];
  readonly kernels: ReadonlyMap<string, NamedKernel>;
  /** Where no flag names any; empty for all. */
  readonly targets: readonly string[];
  readonly profiles: ReadonlyMap<string, NamedProfile>;
  /** Seconds that one probe may take. */
  readonly timeout: number | undefined;
  readonly jobs: number | undefined;
  /** Guests that may run at once. */
  readonly guests: number | undefined;
  /** Bytes. */
  readonly cacheMax: number | undefined;
  readonly matrix: readonly MatrixJob[];
  /** What reaches make and QEMU: only ever from the user's own file. */
  readonly own: {
    readonly makeOptions?: string | undefined;
    readonly crossCompile?: string | undefined;
    readonly kernelArgs?: string | undefined;
    readonly qemuArgs?: string | undefined;
  };
}

export const NO_CONFIG: Config = Object.freeze({
  files: [],
  kernels: new Map(),
  targets: [],
  profiles: new Map(),
  timeout: undefined,
  jobs: undefined,
  guests: undefined,
  cacheMax: undefined,
  matrix: [],
  own: {},
});
