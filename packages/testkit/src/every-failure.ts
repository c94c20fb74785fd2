import { FsError, StrongroomError } from '@strongroom/base';
import type { FaultyFs, FsFault } from './faulty-fs.js';

/** One fresh instance of what is tried, on a disk of its own. */
export interface FallibleWork {
  readonly disk: FaultyFs;
  /**
   * One life: opens, works, closes. It remembers what was acknowledged to it. Under a failure it may
   * reject, with an error of ours or of the file system; where nothing fails it must not.
   */
  live(life: number): Promise<void>;
  /** Throws where something that was acknowledged in a life is not there, once. */
  check(): Promise<void>;
}

const faults: readonly Pick<FsFault, 'code' | 'effect'>[] = [
  { code: 'EIO', effect: 'lost' },
  { code: 'EIO', effect: 'done' },
  { code: 'ENOSPC', effect: 'partial' },
  { code: 'EMFILE', effect: 'halt' },
];

/**
 * Fails the n-th file operation (read, write, open, rename, sync, …) of a life for every n, each with and
 * without its effect, as EIO, ENOSPC and EMFILE; after it the process or the machine dies, and the next
 * life goes through unaided and finds what was acknowledged. `stride`: only each so many-th n, another
 * part for each kind of failure. Resolves with how many failures were tried.
 */
export async function everyFailure(
  make: () => Promise<FallibleWork>,
  options: { readonly stride?: number } = {},
): Promise<number> {
  const { stride = 1 } = options;
  const calm = await make();
  const idle = calm.disk.count();
  await calm.live(1);
  const operations = calm.disk.count() - idle;
  await calm.check();
  let tried = 0;
  for (const [index, fault] of faults.entries()) {
    for (let nth = 1 + (index % stride); nth <= operations; nth += stride) {
      const work = await make();
      const { disk } = work;
      const where = `${fault.code} ${fault.effect} at ${nth} of ${operations}`;
      try {
        disk.fail({ ...fault, nth });
        await work.live(1).catch((error: unknown) => {
          if (!(error instanceof FsError || error instanceof StrongroomError)) throw error;
        });
        disk.heal();
        if (nth % 2 === 0) disk.crash();
        else disk.powerCut({ seed: `${where}, first` });
        await work.live(2);
        disk.powerCut({ seed: where });
        await work.check();
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        throw new Error(`${where}: ${why}`, { cause: error });
      }
      tried += 1;
    }
  }
  return tried;
}
