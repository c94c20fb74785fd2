/** What bounds purges and deletions. */
export const purgeLimits = {
  /** Of one workspace, as Azure has it; the next is refused with 429. */
  purgesPerHourMax: 50,
  /** Of one purge; all of them must hold. */
  filtersMax: 32,
  /** Of an `in` filter. */
  listValuesMax: 10_000,
  /** Of a value. */
  textCharsMax: 32_768,
  /** How often it is looked for what is due. */
  pollMs: 15_000,
  /** How long replaced files may stay because queries read them, before the rest of it waits. */
  sweepMs: 60_000,
  /** How long a certificate waits for the checkpoint that covers its records. */
  sealMs: 10_000,
  /** Entries that one `tablePurged` record names. */
  entriesPerRecordMax: 10_000,
} as const;
