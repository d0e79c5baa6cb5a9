/** What the store keeps of a kernel that was built: all that vetting it takes, so that its object folder is free for the next. */
import { hash } from 'node:crypto';
import { constants, existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

export interface KernelFiles {
  /** What QEMU boots. */
  readonly kernel: string;
  /** For symbols. */
  readonly vmlinux: string;
  readonly systemMap: string;
  readonly config: string;
  readonly symvers: string;
}

/** The little that a build's identity can't be made from without the object folder. */
interface KernelRecord {
  readonly compiler: string;
  readonly configHash: string;
  readonly release: string;
}

export interface StoredKernel extends KernelFiles {
  readonly record: KernelRecord;
  /** Paths of the kernel's own modules. */
  readonly modules: readonly string[];
  /** Folder of the .gcno files. */
  readonly notes: string;
}

export interface KernelParts {
  /** What boots, below the object folder: arch/arm64/boot/Image. */
  readonly image: string;
  /** What the compiler says that it is. */
  readonly compiler: string;
  /** .gcno files below the object folder; one that is not there is left out. */
  readonly notes: readonly string[];
}

const MODULES = 'modules';
const NOTES = 'gcno';
const RECORD = 'kernel.json';

/** @param making the folder of an entry that is being made */
export async function storeKernel(
  objects: string,
  making: string,
  { image, compiler, notes }: KernelParts,
): Promise<void> {
  for (const file of new Set([image, 'vmlinux', 'System.map', '.config', 'Module.symvers']))
    await copyFile(join(objects, file), join(making, basename(file)), constants.COPYFILE_FICLONE);
  for (const file of notes) {
    if (!existsSync(join(objects, file))) continue;
    await mkdir(join(making, NOTES, dirname(file)), { recursive: true });
    await copyFile(join(objects, file), join(making, NOTES, file));
  }
  for (const module of await ownModules(objects)) {
    await mkdir(join(making, MODULES), { recursive: true });
    await copyFile(join(objects, module), join(making, MODULES, basename(module)), constants.COPYFILE_FICLONE);
  }
  const record: KernelRecord = {
    compiler,
    configHash: hash('sha256', await readFile(join(objects, '.config'))),
    release: (await readFile(join(objects, 'include/config/kernel.release'), 'utf8')).trim(),
  };
  await writeFile(join(making, RECORD), JSON.stringify(record));
}

/** Modules of the kernel's own, below the object folder; a lean config has none. */
async function ownModules(objects: string): Promise<string[]> {
  // Lines such as drivers/uio/uio.o; kernel/drivers/uio/uio.ko before 6.3.
  const order = await readFile(join(objects, 'modules.order'), 'utf8').catch(() => '');
  const lines = order.split('\n').filter((line) => line !== '');
  return lines.map((line) => line.replace(/^kernel\//, '').replace(/\.o$/, '.ko'));
}

/** @param image as it was stored */
export async function readKernel(folder: string, image: string): Promise<StoredKernel> {
  const modules = await readdir(join(folder, MODULES)).catch(() => [] as string[]);
  return {
    record: JSON.parse(await readFile(join(folder, RECORD), 'utf8')) as KernelRecord,
    kernel: join(folder, basename(image)),
    vmlinux: join(folder, 'vmlinux'),
    systemMap: join(folder, 'System.map'),
    config: join(folder, '.config'),
    symvers: join(folder, 'Module.symvers'),
    modules: modules.map((file) => join(folder, MODULES, file)),
    notes: join(folder, NOTES),
  };
}
