/** The machine beyond its files and its clock. Handed in, so that tests decide what a machine has. */
export interface System {
  /** The machine's name as other machines know it. */
  hostname(): string;
  /** Addresses other than the loopback's, IPv4 first. */
  addresses(): string[];
  /**
   * Runs a program to its end. `undefined` where it does not exist, fails, takes longer than
   * `commandTimeoutMs` or says more than `commandBytesMax`.
   */
  run(command: string, args: readonly string[]): Promise<string | undefined>;
  /**
   * Runs a program that goes on, and yields its lines until it ends or `signal` is aborted. No more is
   * read from it than is asked for. Yields nothing where it does not exist.
   */
  follow(
    command: string,
    args: readonly string[],
    signal: AbortSignal,
  ): AsyncIterable<readonly string[]>;
  /** Space of the file system that holds `path`, in bytes; `undefined` where it cannot be told. */
  diskUsage(path: string): Promise<DiskUsage | undefined>;
  /** When a process started, in the kernel's own count; `undefined` where there is no such process. */
  processStart(pid: number): Promise<string | undefined>;
}

export interface DiskUsage {
  readonly totalBytes: number;
  /** Free for everyone. */
  readonly availableBytes: number;
  /** Free for the system's administrator too. */
  readonly freeBytes: number;
  readonly filesTotal: number;
  readonly filesFree: number;
}
