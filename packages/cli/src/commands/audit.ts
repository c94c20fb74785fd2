import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { fromUtf8 } from '@strongroom/base';
import { readJournalOffline } from '@strongroom/journal';
import type { Context } from '../context.js';
import { optionsOf, printList } from '../context.js';
import { cliError } from '../errors.js';
import { openRootKey } from '../root-key.js';
import { defaultRootKey } from '../workspace-files.js';

/**
 * `strongroom audit`: what concerns no workspace (sign-ins, users, applications) is in no table, but
 * in the service's own journal. Whoever holds the root key can read it, from a copy as well.
 */
export function addAuditCommand(program: Command, context: Context): void {
  program
    .command('audit')
    .argument('<dir>', 'a data directory; a copy is enough')
    .option('--root-key <file>', 'root key; otherwise that of this account')
    .description('reads the service’s own audit offline: sign-ins, users, applications')
    .addHelpText(
      'after',
      `
Acts on a workspace are in its AzureActivity, its queries in LAQueryLogs:
  strongroom query 'AzureActivity | sort by TimeGenerated desc'`,
    )
    .action(async (directory: string, own: { rootKey?: string }, command: Command) => {
      const { fs, workingDirectory } = context;
      const journal = join(resolve(workingDirectory, directory), 'service', 'journal');
      if ((await fs.stat(journal))?.kind !== 'directory') {
        throw cliError('CLI_NOT_FOUND', `There is no service's journal below ${directory}.`);
      }
      const path =
        own.rootKey === undefined
          ? defaultRootKey(context)
          : resolve(workingDirectory, own.rootKey);
      const provider = await openRootKey(context, path);
      const rows: object[] = [];
      const problems: string[] = [];
      try {
        const findings = readJournalOffline({
          directory: journal,
          fs,
          journalId: 'service',
          keys: {
            // As docs/formats/entry.md has it.
            open: (wrapped, { journalId, segment }) =>
              provider.unwrap(wrapped, `service-journal/${journalId}/${segment}`),
          },
        });
        for await (const finding of findings) {
          if (finding.kind === 'problem') problems.push(finding.problem);
          if (finding.kind !== 'entry' || finding.content === undefined) continue;
          rows.push(...readRows(finding.content.payload));
        }
      } finally {
        provider.close();
      }
      await printList(context, optionsOf(command), rows, {
        TimeGenerated: 'TimeGenerated',
        Operation: 'OperationNameValue',
        Outcome: 'ActivityStatus',
        Reason: 'ActivitySubstatusValue',
        Caller: 'Caller',
        Address: 'CallerIpAddress',
        Target: 'ResourceId',
      });
      if (problems.length > 0) {
        throw cliError(
          'CLI_VERIFICATION_FAILED',
          `The journal is damaged:\n${problems.join('\n')}`,
        );
      }
    });
}

function readRows(payload: Uint8Array): object[] {
  return fromUtf8(payload)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const row: unknown = JSON.parse(line);
      return typeof row === 'object' && row !== null ? row : {};
    });
}
