import type { ConsistencyProofAnswer } from '@strongroom/api';
import { StrongroomError, toBase64 } from '@strongroom/base';
import { invalid, readObject, readText } from '../arm/fields.js';
import type { Json } from '../catalog/records.js';
import { HttpError } from '../http/errors.js';
import { jsonAnswer } from '../http/read-body.js';
import type { Outgoing } from '../http/request.js';
import type { RequestPath } from '../http/request-path.js';
import type { ConsistencyAnswer } from '../workspaces/proofs.js';
import type { Workspace } from '../workspaces/workspace.js';

/** Proofs over HTTP: what `/api/workspaces/ID/proof` and `…/consistency` answer. */
export async function proveOverHttp(
  workspace: Workspace,
  path: RequestPath,
  body: Json | undefined,
): Promise<Outgoing> {
  return toHttp(async () => {
    const { proofs } = workspace;
    if (body !== undefined) {
      const { table, row, json } = readObject(body);
      const name = readText(table ?? null, 'table', { charsMax: 128 });
      const [place] = await proofs.find(name, readObject(row ?? null, 'row'));
      if (place === undefined) {
        throw new HttpError(404, 'RowNotFound', 'No stored row has these values.');
      }
      const file = `${name}-${place.position}-${place.row}`;
      const proof = await proofs.row(place);
      return json === true
        ? jsonAnswer(200, {
            ...place,
            position: String(place.position),
            file: `${file}.tlog-proof`,
            proof,
          })
        : proofAnswer(proof, file);
    }
    const position = readPosition(path, 'position');
    const table = path.query.get('table');
    if (table === undefined) return proofAnswer(await proofs.entry(position), `batch-${position}`);
    const row = Number(readPosition(path, 'row'));
    const name = `${table.replaceAll(/[^\w-]/g, '_')}-${position}-${row}`;
    return proofAnswer(await proofs.row({ table, position, row }), name);
  });
}

/** `?from=SIZE`: the newest checkpoint, and that it continues the tree of so many entries. */
export async function proveConsistency(
  workspace: Workspace,
  path: RequestPath,
): Promise<ConsistencyProofAnswer> {
  return toHttp(async () =>
    asAnswer(await workspace.proofs.consistency(readPosition(path, 'from'))),
  );
}

const asAnswer = ({
  oldSize,
  size,
  hashes,
  checkpoint,
}: ConsistencyAnswer): ConsistencyProofAnswer => ({
  oldSize: oldSize.toString(),
  size: size.toString(),
  hashes: hashes.map(toBase64),
  checkpoint,
});

const proofAnswer = (text: string, name: string): Outgoing => ({
  status: 200,
  headers: {
    'content-type': 'text/plain; charset=utf-8',
    'content-disposition': `attachment; filename="${name}.tlog-proof"`,
  },
  body: text,
});

function readPosition(path: RequestPath, name: string): bigint {
  const text = path.query.get(name) ?? '';
  if (!/^\d{1,18}$/.test(text)) throw invalid(name, `'${name}' must be a whole number.`);
  return BigInt(text);
}

async function toHttp<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof StrongroomError && error.code === 'PROOF_NOT_YET') {
      throw new HttpError(409, 'ProofNotYet', error.message);
    }
    if (error instanceof StrongroomError && error.code === 'PROOF_NOT_FOUND') {
      throw new HttpError(404, 'ProofNotFound', error.message);
    }
    throw error;
  }
}
