/** Which seeds a random test takes. */
export interface Seeds {
  readonly first: number;
  readonly count: number;
}

/**
 * Reads the replay flags of the seeded suites: `STRONGROOM_SEEDS` (how many; `short` by default) and
 * `STRONGROOM_FIRST_SEED` (from where; 0 by default).
 */
export function seedsFrom(
  environment: Readonly<Record<string, string | undefined>>,
  short: number,
): Seeds {
  return {
    first: Number(environment['STRONGROOM_FIRST_SEED'] ?? 0),
    count: Number(environment['STRONGROOM_SEEDS'] ?? short),
  };
}

/** Runs one after the other; a failure names its seed and how to run it alone. */
export async function eachSeed(seeds: Seeds, run: (seed: number) => Promise<void>): Promise<void> {
  for (let seed = seeds.first; seed < seeds.first + seeds.count; seed += 1) {
    try {
      await run(seed);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new Error(
        `seed ${seed}: ${why}\nreplay: STRONGROOM_FIRST_SEED=${seed} STRONGROOM_SEEDS=1`,
        { cause },
      );
    }
  }
}
