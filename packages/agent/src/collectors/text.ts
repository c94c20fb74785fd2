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
  return {
    globs: options.patterns.map(parseGlob),
    sink: options.sink,
    toRow(line, path, nowMs) {
      // Lines of one read share all but their text.
      if (path !== prefixPath || nowMs !== prefixMs) {
        prefixPath = path;
        prefixMs = nowMs;
        prefix = `{"TimeGenerated":"${new Date(nowMs).toISOString()}","Computer":${computer},"FilePath":${JSON.stringify(path)},"RawData":`;
      }
      return `${prefix}${JSON.stringify(line)}}`;
    },
  };
}
