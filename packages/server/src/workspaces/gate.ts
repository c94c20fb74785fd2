/** A door that many pass and that one may shut: who shuts it waits until nobody is inside. */
export class Gate {
  #inside = 0;
  #shut: Promise<void> | undefined;
  #emptied: (() => void) | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  /** Runs with the gate open; waits while it is shut. */
  async pass<T>(run: () => Promise<T>): Promise<T> {
    while (this.#shut !== undefined) await this.#shut;
    this.#inside += 1;
    try {
      return await run();
    } finally {
      this.#inside -= 1;
      if (this.#inside === 0) this.#emptied?.();
    }
  }

  /** Runs alone: with the gate shut and nobody inside. */
  alone<T>(run: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(() => this.#alone(run));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #alone<T>(run: () => Promise<T>): Promise<T> {
    let open = (): void => undefined;
    this.#shut = new Promise((resolve) => (open = resolve));
    try {
      if (this.#inside > 0) await new Promise<void>((resolve) => (this.#emptied = resolve));
      return await run();
    } finally {
      this.#emptied = undefined;
      this.#shut = undefined;
      open();
    }
  }
}
