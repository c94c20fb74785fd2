import type { TailSource } from './tail.js';
import type { Batcher } from '../batch.js';
import type { Machine } from '../machine.js';
import { parseGlob } from './glob.js';

/** Lines of any text file, each a row `TimeGenerated, Computer, FilePath, RawData`. */
export function textSource(options: {
  machine: Machine;
  patterns: readonly string[];
  sink: Batcher;
}): TailSource {
  const computer = JSON.stringify(options.machine.computer);
  let prefix = '';
  let prefixPath: string | undefined;
  let prefixMs = -1;
  /** Lines of one read share all but their text. */
  const prefixFor = (path: string, nowMs: number): string => {
    if (path !== prefixPath || nowMs !== prefixMs) {
      prefixPath = path;
      prefixMs = nowMs;
      prefix = `{"TimeGenerated":"${new Date(nowMs).toISOString()}","Computer":${computer},"FilePath":${JSON.stringify(path)},"RawData":`;
    }
    return prefix;
  };
  return {
    globs: options.patterns.map(parseGlob),
    sink: options.sink,
    toRow: (line, path, nowMs) => `${prefixFor(path, nowMs)}${JSON.stringify(line)}}`,
    toRows(lines, path, nowMs) {
      // JSON leaves DEL as it is, so it can stand for the line end while everything else is escaped
      // in one call. Lines that hold one, or are empty, or end in CR, go one by one.
      if (lines.includes(127) || lines.includes('\n\n') || lines[0] === 10 || lines.includes(13)) {
        return undefined;
      }
      const text = lines.toString('utf8', 0, lines.length - 1);
      const parts = JSON.stringify(text.replaceAll('\n', '\u007f')).slice(1, -1).split('\u007f');
      const start = `${prefixFor(path, nowMs)}"`;
      return { rows: `${start}${parts.join(`"}\n${start}`)}"}\n`, rowCount: parts.length };
    },
  };
}
