import { basename, join } from 'node:path';
import { createHash } from 'node:crypto';
import { equalBytes, fromUtf8, utf8 } from '@strongroom/base';
import type { Fs } from '@strongroom/base';
import { checkEngineDirectory } from '@strongroom/engine';
import { cursorFileProblem, readJournalOffline } from '@strongroom/journal';
import { verifyEd25519 } from '@strongroom/keys';
import { tornHistory, verifyLedgerDirectory } from '@strongroom/ledger';
import { sha256 } from '@strongroom/platform';

/** Something that is not what was written. */
export interface FsckFinding {
  /** Below the directory that was checked. */
  readonly path: string;
  readonly problem: string;
  /** Bytes from the file's start, where it is known. */
  readonly offset?: number;
}

/** What a check went through and what it found. */
export interface FsckReport {
  readonly findings: FsckFinding[];
  /** By kind of file: how many were checked. */
  readonly checked: Record<string, number>;
  /** Files that have no check without a key, or are no file of ours. */
  readonly unchecked: string[];
}

/** The kinds of small files: by name, with what is wrong with their bytes. */
const kinds: readonly {
  readonly kind: string;
  readonly is: (path: string, bytes: Uint8Array) => boolean;
  readonly problem: (bytes: Uint8Array) => string | undefined;
}[] = [
  {
    kind: 'cursor',
    is: (path) => /(?:^|\/)cursors\/(?!(?:retries|accounting)$)|(?:^|\/)quarantine$/.test(path),
    problem: cursorFileProblem,
  },
  {
    kind: 'retries',
    is: (path) => path.endsWith('cursors/retries'),
    problem: hashedSnapshotProblem,
  },
  {
    kind: 'accounting note',
    is: (path) => path.endsWith('cursors/accounting'),
    problem: hashedLineProblem,
  },
  {
    kind: 'engine keys',
    is: (path) => basename(path) === 'engine-keys',
    problem: engineKeysProblem,
  },
  {
    kind: 'key',
    is: (path) => path.endsWith('.key') && /(?:^|\/)keys\//.test(path),
    problem: keyFileProblem,
  },
  {
    kind: 'public key',
    is: (path) => path.endsWith('.pem'),
    problem: (bytes) =>
      /^-----BEGIN [A-Z ]+-----\n[A-Za-z0-9+/=\n]+-----END [A-Z ]+-----\n/.test(text(bytes) ?? '')
        ? undefined
        : 'It is no PEM text.',
  },
  {
    kind: 'catalog',
    is: (path) => basename(path) === 'catalog.db',
    // Its pages are encrypted and carry no checksum that can be held without the key.
    problem: (bytes) =>
      bytes.length === 0 || bytes.length % 4096 !== 0
        ? 'It is no whole number of pages.'
        : undefined,
  },
];

const text = (bytes: Uint8Array): string | undefined => {
  try {
    return fromUtf8(bytes);
  } catch {
    return undefined;
  }
};
const startsWith = (bytes: Uint8Array, start: string): boolean =>
  utf8(start).every((byte, index) => bytes[index] === byte);

/** The snapshot of requests ends in the SHA-256 of what stands before (docs/formats/entry.md). */
function hashedSnapshotProblem(bytes: Uint8Array): string | undefined {
  if (bytes.length < 56 || !startsWith(bytes, 'SRRETRY')) return 'It is no snapshot of requests.';
  const body = bytes.subarray(0, bytes.length - 32);
  const sum = createHash('sha256').update(body).digest();
  return sum.equals(bytes.subarray(bytes.length - 32))
    ? undefined
    : 'Its hash is wrong; requests are read from the journal instead.';
}

/** A line of JSON, and the SHA-256 of it in hexadecimal (docs/formats/entry.md). */
function hashedLineProblem(bytes: Uint8Array): string | undefined {
  const [line = '', sum] = (text(bytes) ?? '').split('\n');
  return createHash('sha256').update(`${line}\n`).digest('hex') === sum
    ? undefined
    : 'Its hash is wrong; counting begins at an earlier place instead.';
}

function engineKeysProblem(bytes: Uint8Array): string | undefined {
  try {
    const file = JSON.parse(fromUtf8(bytes)) as {
      version: number;
      current: number;
      keys: Record<string, string>;
    };
    const keys = Object.entries(file.keys);
    const isWhole =
      keys.every(
        ([name, key]) =>
          /^[1-9]\d{0,4}$/.test(name) && /^[A-Za-z0-9+/]+={0,2}$/.test(key) && key.length % 4 === 0,
      ) && file.keys[file.current] !== undefined;
    return isWhole ? undefined : 'A key in it is damaged.';
  } catch {
    return 'It is no list of keys.';
  }
}

/** `SRSK`, version, kind, then sized fields to the end (docs/formats/keys.md). */
function keyFileProblem(bytes: Uint8Array): string | undefined {
  if (!startsWith(bytes, 'SRSK')) return 'It is no key file.';
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 6;
  for (const size of [1, 2, 2]) {
    if (at + size > view.length) return 'It is cut short.';
    at += size + view.readUIntBE(at, size);
  }
  return at === view.length ? undefined : 'Its fields do not fill it.';
}

/** Checks every file at or below `directory`. Changes nothing, needs no key. */
export async function checkDirectory(options: {
  readonly fs: Fs;
  readonly directory: string;
  readonly onProgress?: (path: string) => void;
}): Promise<FsckReport> {
  const { fs, directory: top } = options;
  const report: FsckReport = { findings: [], checked: {}, unchecked: [] };
  const count = (kind: string, by = 1): void => {
    report.checked[kind] = (report.checked[kind] ?? 0) + by;
  };
  const below = (path: string): string => path.slice(top.length + 1) || '.';

  const journal = async (path: string): Promise<void> => {
    for await (const found of readJournalOffline({ directory: path, fs })) {
      if (found.kind === 'segment') count('journal segment');
      if (found.kind === 'entry') count('journal entry');
      if (found.kind !== 'problem') continue;
      const file =
        found.segment === undefined
          ? ''
          : `/${found.segment.toString(16).padStart(16, '0')}.segment`;
      report.findings.push({
        path: `${below(path)}${file}`,
        problem: found.problem,
        ...(found.offset === undefined ? {} : { offset: found.offset }),
      });
    }
    const mark = await fs.readFile(join(path, 'mark')).catch(() => undefined);
    const problem = mark === undefined ? undefined : cursorFileProblem(mark);
    count('cursor');
    if (problem !== undefined) report.findings.push({ path: below(join(path, 'mark')), problem });
  };
  const ledger = async (path: string): Promise<void> => {
    const keys = (
      text(await fs.readFile(join(path, 'public-keys')).catch(() => new Uint8Array(0))) ?? ''
    )
      .split('\n')
      .filter((line) => line !== '');
    const verdict = await verifyLedgerDirectory({
      directory: path,
      fs,
      sha256,
      verifySignature: verifyEd25519,
      publicKeys: keys,
    });
    count('ledger leaf', Number(verdict.size));
    for (const { code, path: where, message } of verdict.problems) {
      if (
        code === 'LEDGER_CHECKPOINT_MISSING' &&
        (await fs.list(path)).every((name) => name === 'history' || name === 'public-keys')
      )
        continue;
      report.findings.push({ path: `${below(path)}/${where}`, problem: `${code}: ${message}` });
    }
    await earlierTiles(join(path, 'tile', '0'));
    const history = join(path, 'history');
    if ((await fs.stat(history)) === undefined) return;
    count('history', (await fs.list(history)).length);
    for (const { path: where, offset, bytes } of await tornHistory({
      fs,
      sha256,
      directory: history,
    })) {
      const problem = `${bytes} bytes at its end are no whole record.`;
      report.findings.push({ path: below(where), problem, offset });
    }
  };
  /** Narrower tiles of earlier checkpoints stay until their tile is full: each begins the next. */
  const earlierTiles = async (path: string): Promise<void> => {
    if ((await fs.stat(path)) === undefined) return;
    for (const name of await fs.list(path)) {
      const at = join(path, name);
      if ((await fs.stat(at))?.kind !== 'directory') continue;
      await earlierTiles(at);
      if (!name.endsWith('.p')) continue;
      const tiles: { width: number; bytes: Uint8Array }[] = [];
      for (const width of await fs.list(at)) {
        if (!/^\d+$/.test(width)) continue;
        tiles.push({ width: Number(width), bytes: await fs.readFile(join(at, width)) });
      }
      const widest = tiles.reduce((a, b) => (b.width > a.width ? b : a), {
        width: 0,
        bytes: new Uint8Array(0),
      });
      for (const { width, bytes } of tiles) {
        count('tile');
        if (
          bytes.length === width * 32 &&
          equalBytes(bytes, widest.bytes.subarray(0, width * 32))
        ) {
          continue;
        }
        report.findings.push({
          path: below(join(at, String(width))),
          problem: 'The tile is damaged.',
        });
      }
    }
  };
  const engine = async (path: string): Promise<void> => {
    const { parts, findings } = await checkEngineDirectory(path);
    count('engine part', parts);
    for (const { path: where, problem } of findings) {
      report.findings.push({ path: `${below(path)}/${where}`, problem });
    }
  };

  const visit = async (path: string): Promise<void> => {
    options.onProgress?.(below(path));
    const names = await fs.list(path);
    const isJournal = names.includes('mark') || names.some((name) => name.endsWith('.segment'));
    if (isJournal) await journal(path);
    // An agent keeps a checkpoint too: sealed, beside its identity.
    const isAgent = names.includes('identity');
    if (basename(path) === 'ledger' || (names.includes('checkpoint') && !isAgent)) {
      await ledger(path);
      return;
    }
    if (names.includes('engine.xml')) {
      await engine(path);
      return;
    }
    for (const name of names) {
      const at = join(path, name);
      const stat = await fs.stat(at);
      if (stat?.kind === 'directory') {
        await visit(at);
        continue;
      }
      if (stat?.kind !== 'file' || (isJournal && (name === 'mark' || name.endsWith('.segment')))) {
        continue;
      }
      const bytes = await fs.readFile(at);
      const kind = kinds.find((each) => each.is(below(at), bytes));
      if (kind === undefined) {
        report.unchecked.push(below(at));
        continue;
      }
      count(kind.kind);
      const problem = kind.problem(bytes);
      if (problem !== undefined) report.findings.push({ path: below(at), problem });
    }
  };
  await visit(top);
  return report;
}
