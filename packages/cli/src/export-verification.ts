import { join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { createGunzip, gunzipSync } from 'node:zlib';
import { fromUtf8, toBase64 } from '@strongroom/base';
import { verifyEd25519 } from '@strongroom/keys';
import {
  parseExportManifest,
  parseExportProofs,
  verifyExportManifest,
  verifyExportRows,
} from '@strongroom/ledger';
import type { ExportManifest, ExportObject, VerifierKey } from '@strongroom/ledger';
import { sha256 } from '@strongroom/platform';
import type { Context } from './context.js';

/** One exported table, as it was found. */
export interface ExportFinding {
  /** Where it lies, below what was given. */
  readonly directory: string;
  readonly table: string;
  readonly origin: string;
  readonly files: number;
  readonly rows: number;
  /** Positions below were exported. What came behind can be missing unseen. */
  readonly to: string;
  readonly problems: readonly ExportProblem[];
  /** Files of a range whose manifest is not there yet. */
  readonly unfinished: readonly string[];
}

export interface ExportProblem {
  readonly code: string;
  readonly file: string;
  readonly message: string;
}

const manifestEnd = '.manifest';
const proofsBytesMax = 1024 * 1024 * 1024;

/** Directories of exported tables at or below a directory: those with manifests. */
export async function findExports(context: Context, top: string): Promise<string[]> {
  const { fs } = context;
  const found: string[] = [];
  const look = async (directory: string, depth: number): Promise<void> => {
    const names = await fs.list(directory);
    if (names.some((name) => name.endsWith(manifestEnd))) found.push(directory);
    if (depth === 0) return;
    for (const name of names) {
      const path = join(directory, name);
      if ((await fs.stat(path))?.kind === 'directory') await look(path, depth - 1);
    }
  };
  if ((await fs.stat(top))?.kind === 'directory') await look(top, 3);
  return found;
}

/**
 * Verifies the export of one table with public keys alone: `docs/formats/export.md`. Every file must
 * be in a signed manifest, every manifest continue the one before, every row lead to the ledger.
 */
export async function verifyExport(
  context: Context,
  work: {
    readonly top: string;
    readonly directory: string;
    readonly keys: readonly VerifierKey[];
    readonly onProgress: (rows: number) => void;
  },
): Promise<ExportFinding> {
  const { fs } = context;
  const { directory } = work;
  const verifier = {
    sha256,
    verifySignature: verifyEd25519,
    keys: work.keys,
  };
  const problems: ExportProblem[] = [];
  const names = new Set(await fs.list(directory));
  const manifests = [...names].filter((name) => name.endsWith(manifestEnd)).sort();
  let before: ExportManifest | undefined;
  let previous = '';
  let rows = 0;
  for (const file of manifests) {
    names.delete(file);
    const problem = (code: string, message: string, of = file): void => {
      problems.push({ code, file: of, message });
    };
    const bytes = await fs.readFile(join(directory, file));
    const verdict = await verifyExportManifest(text(bytes), verifier);
    if (!verdict.ok) {
      problem(verdict.code, verdict.message);
      forget(names, bytes);
      continue;
    }
    const { manifest, size, root } = verdict.value;
    const follows =
      file === `${manifest.from.padStart(20, '0')}${manifestEnd}` &&
      manifest.from === (before?.to ?? '0') &&
      manifest.sequence === (before === undefined ? 0 : before.sequence + 1) &&
      manifest.previous === previous &&
      (before === undefined || sameExport(manifest, before));
    if (!follows) {
      problem(
        'EXPORT_GAP',
        `It does not continue the file before: a file is missing between ${before?.to ?? '0'} and ${manifest.from}, or is of another export.`,
      );
    }
    before = manifest;
    previous = toBase64(sha256(bytes));
    const read = async (object: ExportObject): Promise<Uint8Array | undefined> => {
      const name = object.name.slice(object.name.lastIndexOf('/') + 1);
      if (!names.delete(name)) {
        problem('EXPORT_FILE_MISSING', 'It is missing.', name);
        return undefined;
      }
      const content = await fs.readFile(join(directory, name));
      if (content.length === object.size && toBase64(sha256(content)) === object.sha256) {
        return content;
      }
      problem('EXPORT_FILE_DIFFERS', 'It is not the file that was signed for.', name);
      return undefined;
    };
    const [data, proofs] = [await read(manifest.data), await read(manifest.proofs)];
    if (data === undefined || proofs === undefined) continue;
    const checked = await verifyRows({ manifest, size, root, data, proofs }).catch(
      (error: unknown) => ({
        ok: false as const,
        code: 'LEDGER_UNREADABLE',
        message: String(error),
      }),
    );
    if (!checked.ok) problem(checked.code, checked.message, manifest.data.name);
    else rows += checked.value.rows;
    work.onProgress(rows);
  }
  const next = (before?.to ?? '0').padStart(20, '0');
  const unfinished = [...names].filter((name) => name.startsWith(next));
  for (const name of names) {
    if (unfinished.includes(name)) continue;
    problems.push({
      code: 'EXPORT_FILE_UNKNOWN',
      file: name,
      message: 'No manifest speaks of it.',
    });
  }
  return {
    directory: relative(work.top, directory) || '.',
    table: before?.table ?? '',
    origin: before === undefined ? '' : `strongroom/${before.workspace}`,
    files: manifests.length,
    rows,
    to: before?.to ?? '0',
    problems,
    unfinished,
  };
}

const sameExport = (a: ExportManifest, b: ExportManifest): boolean =>
  a.export === b.export && a.workspace === b.workspace && a.table === b.table;

async function verifyRows(file: {
  readonly manifest: ExportManifest;
  readonly size: bigint;
  readonly root: Uint8Array;
  readonly data: Uint8Array;
  readonly proofs: Uint8Array;
}): ReturnType<typeof verifyExportRows> {
  const proofs = parseExportProofs(gunzipSync(file.proofs, { maxOutputLength: proofsBytesMax }));
  const plain = Readable.from([file.data]).pipe(createGunzip());
  const lines = createInterface({ input: plain, crlfDelay: Number.POSITIVE_INFINITY });
  return verifyExportRows(sha256, { ...file, proofs, lines });
}

/** The files of a manifest that does not verify are not strangers as well. */
function forget(names: Set<string>, bytes: Uint8Array): void {
  try {
    const { data, proofs } = parseExportManifest(text(bytes));
    for (const { name } of [data, proofs]) names.delete(name.slice(name.lastIndexOf('/') + 1));
  } catch {
    // Not even that can be read of it.
  }
}

function text(bytes: Uint8Array): string {
  try {
    return fromUtf8(bytes);
  } catch {
    return '';
  }
}
