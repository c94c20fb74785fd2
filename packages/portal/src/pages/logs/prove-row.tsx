import { useState } from 'react';
import type { RowProofAnswer } from '@strongroom/api';
import { portalPaths } from '@strongroom/api';
import type { ResultColumn, Row } from '../../logic/values.js';
import { download } from '../../parts/download.js';
import { Icon } from '../../parts/icon.js';
import { RequestFailed } from '../../server.js';
import { useSession } from '../../session.js';

type Proving =
  | { readonly kind: 'idle' | 'asking' }
  | { readonly kind: 'proved'; readonly answer: RowProofAnswer }
  | { readonly kind: 'failed'; readonly message: string };

/**
 * Proves that a row is what was stored: a file that anyone checks offline with the public key. Shown for
 * whole rows of a table; what a query computed has no proof.
 */
export function ProveRow(props: { readonly columns: readonly ResultColumn[]; readonly row: Row }) {
  const { columns, row } = props;
  const { server, workspace } = useSession();
  const [proving, setProving] = useState<Proving>({ kind: 'idle' });
  const values = Object.fromEntries(columns.map(({ name }, at) => [name, row[at]]));
  const { Type: table, TimeGenerated: time } = values;
  if (workspace === undefined || typeof table !== 'string' || typeof time !== 'string') return null;
  const prove = async (): Promise<void> => {
    setProving({ kind: 'asking' });
    try {
      const answer = await server.send<RowProofAnswer>(
        'POST',
        portalPaths.proof(workspace.workspaceId),
        { table, row: values, json: true },
      );
      setProving({ kind: 'proved', answer });
    } catch (error) {
      const message = error instanceof RequestFailed ? error.message : 'The proof did not arrive.';
      setProving({ kind: 'failed', message });
    }
  };
  return (
    <section className="prove-row" aria-label="Proof of this row">
      {proving.kind === 'proved' ? (
        <>
          <p role="status">
            <Icon name="check" size={15} /> Proved: row {proving.answer.row + 1} of the batch at
            position {proving.answer.position}, under the signed ledger.
          </p>
          <button
            type="button"
            className="button"
            onClick={() => download(proving.answer.file, 'text/plain', proving.answer.proof)}
          >
            <Icon name="download" size={15} /> Download proof
          </button>
          <code>strongroom verify --proof {proving.answer.file} --public-key KEY</code>
        </>
      ) : (
        <>
          <button
            type="button"
            className="button"
            disabled={proving.kind === 'asking'}
            onClick={() => void prove()}
          >
            <Icon name="key" size={15} />{' '}
            {proving.kind === 'asking' ? 'Proving …' : 'Prove this row'}
          </button>
          {proving.kind === 'failed' && <p role="alert">{proving.message}</p>}
        </>
      )}
    </section>
  );
}
