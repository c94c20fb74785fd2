/**
 * Which journal position was reached when, to a minute: enough to say what is older than a day
 * without keeping each entry's time.
 */
export class TimeMarks {
  readonly #marks: { time: number; position: bigint }[] = [];

  /** Notes an entry; times and positions never go back. */
  add(time: number, position: bigint): void {
    const last = this.#marks.at(-1);
    if (last === undefined || time - last.time >= resolutionMs)
      this.#marks.push({ time, position });
  }

  /** All marks, oldest first; `add` takes them back. */
  *[Symbol.iterator](): Generator<{ readonly time: number; readonly position: bigint }> {
    yield* this.#marks;
  }

  /** The first position that may be younger than `time`; everything below it is older. */
  firstAfter(time: number): bigint | undefined {
    let found: bigint | undefined;
    for (const mark of this.#marks) {
      // Entries up to the next mark may be younger than this mark, never older.
      if (mark.time >= time) return found ?? mark.position;
      found = mark.position;
    }
    // An entry a minute after the last mark would have made a mark of its own.
    const last = this.#marks.at(-1);
    return last !== undefined && time - last.time < resolutionMs ? found : undefined;
  }

  /** Drops marks that lie before `time`, but the last of them. */
  forgetBefore(time: number): void {
    let drop = 0;
    while (drop + 1 < this.#marks.length && this.#marks[drop + 1]!.time < time) drop += 1;
    this.#marks.splice(0, drop);
  }
}

const resolutionMs = 60_000;
