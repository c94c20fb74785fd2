import type { JsonObject, StoredHold, StoredWorkspace } from '../catalog/records.js';
import { HttpError } from '../http/errors.js';
import { jsonAnswer, readJsonBody } from '../http/read-body.js';
import type { Outgoing } from '../http/request.js';
import {
  approvalsNeededMin,
  approverOf,
  approverText,
  approversMax,
  liftingStatement,
  readBase64,
  validApprovals,
} from '../locks/holds.js';
import { audited, authorise, resourceNotFound, workspaceAbove } from './context.js';
import type { ArmCall, ArmOptions, Route } from './context.js';
import { invalid, readInteger, readList, readObject, readText } from './fields.js';
import { actorOf, recordIn } from './record.js';

const provider = 'Microsoft.Strongroom';
const type = `${provider}/holds`;

/** `Microsoft.Strongroom/holds` on a workspace or a table: docs/erasure.md. */
export function holdRoutes(options: ArmOptions): readonly Route[] {
  const { catalog, clock, random } = options;
  const all = '*/providers/microsoft.strongroom/holds';
  const one = `${all}/:hold`;
  const route = (
    method: Route['method'],
    pattern: string,
    run: (call: ArmCall, workspace: StoredWorkspace) => Promise<Outgoing>,
  ): Route => ({
    method,
    pattern,
    provider,
    type: 'holds',
    run: async (call) => {
      const write = method !== 'GET' && !pattern.endsWith('/approve');
      await authorise(options, call, `${type}/${write ? 'write' : 'read'}`, call.scopeKey);
      const workspace = workspaceAbove(catalog, call.scopeKey);
      if (workspace === undefined || !isHoldScope(workspace, call.scopeKey)) {
        throw resourceNotFound(call, 'workspace or table');
      }
      return run(call, workspace);
    },
  });
  const find = (call: ArmCall): StoredHold => {
    const found = catalog.snapshot.holds.get((call.params['hold'] ?? '').toLowerCase());
    if (found === undefined || found.scopeKey !== call.scopeKey) {
      throw new HttpError(404, 'HoldNotFound', 'There is no such hold at this scope.');
    }
    return found;
  };

  async function place(call: ArmCall, workspace: StoredWorkspace): Promise<Outgoing> {
    const wanted = readHold(readObject(await readJsonBody(call.request)));
    const hold: StoredHold = {
      id: random.uuid(),
      workspaceId: workspace.workspaceId,
      scope: call.scope,
      scopeKey: call.scopeKey,
      ...wanted,
      placedAt: clock.now(),
      placedBy: { id: call.principal.id, name: call.principal.name },
      approvals: [],
      liftedAt: undefined,
    };
    await audited(
      options,
      call,
      {
        operation: `${type}/write`,
        target: call.scopeKey,
        workspaceId: workspace.workspaceId,
        properties: { hold: hold.id, approvalsNeeded: hold.approvalsNeeded },
      },
      async () => {
        // In the ledger first: what it says stands even where the catalog is lost after it.
        await recordIn(options, workspace.workspaceId, {
          type: 'holdPlaced',
          actor: actorOf(call.principal),
          reason: hold.reason,
          correlationId: call.request.correlationId,
          holdId: hold.id,
          name: hold.id,
          scope: hold.scopeKey,
          approversNeeded: hold.approvalsNeeded,
          approvers: hold.approvers.map(approverText),
        });
        await catalog.change((write) => write.putHold(hold));
      },
    );
    return jsonAnswer(201, show(hold));
  }

  /** Takes one signature; the one that makes it enough lifts the hold. */
  async function approve(call: ArmCall, workspace: StoredWorkspace): Promise<Outgoing> {
    const body = readObject(await readJsonBody(call.request));
    const signature = readText(body['signature'], 'signature', { charsMax: 128 });
    const { id } = find(call);
    const approver = approverOf(find(call), signature);
    if (approver === undefined) {
      await options.audit.record({
        principal: call.principal,
        operation: `${type}/approve/action`,
        outcome: 'Refused',
        target: call.scopeKey,
        workspaceId: workspace.workspaceId,
        reason: 'InvalidSignature',
        callerIp: call.request.callerIp,
        correlationId: call.request.correlationId,
        properties: { hold: id },
      });
      throw new HttpError(
        403,
        'InvalidSignature',
        "The signature is not one of this hold's approvers' over its lifting statement.",
      );
    }
    const after = await audited(
      options,
      call,
      {
        operation: `${type}/write`,
        target: call.scopeKey,
        workspaceId: workspace.workspaceId,
        properties: { hold: id, approver: approver.name },
      },
      async () => {
        const changed = await catalog.change(async (write, snapshot) => {
          const now = snapshot.holds.get(id) ?? find(call);
          const known = now.approvals.some(({ publicKey }) => publicKey === approver.publicKey);
          if (known || now.liftedAt !== undefined) return { hold: now, isNew: false };
          const approval = {
            publicKey: approver.publicKey,
            signature,
            at: clock.now(),
            by: { id: call.principal.id, name: call.principal.name },
          };
          const hold = { ...now, approvals: [...now.approvals, approval] };
          await write.putHold(hold);
          return { hold, isNew: true };
        });
        const { hold } = changed;
        const base = {
          actor: actorOf(call.principal),
          correlationId: call.request.correlationId,
          holdId: id,
          name: id,
          scope: hold.scopeKey,
          approversNeeded: hold.approvalsNeeded,
        };
        if (changed.isNew) {
          await recordIn(options, workspace.workspaceId, {
            ...base,
            type: 'holdLiftApproved',
            approvers: [approverText(approver)],
          });
        }
        const enough = validApprovals(hold);
        if (hold.liftedAt !== undefined || enough.length < hold.approvalsNeeded) return hold;
        const signers = new Set(enough.map(({ publicKey }) => publicKey));
        await recordIn(options, workspace.workspaceId, {
          ...base,
          type: 'holdLifted',
          approvers: hold.approvers
            .filter(({ publicKey }) => signers.has(publicKey))
            .map(approverText),
        });
        const lifted = { ...hold, liftedAt: clock.now() };
        await catalog.change((write) => write.putHold(lifted));
        return lifted;
      },
    );
    return jsonAnswer(200, show(after));
  }

  return [
    route('GET', all, async (call) =>
      jsonAnswer(200, {
        value: [...catalog.snapshot.holds.values()]
          .filter(
            ({ scopeKey }) =>
              scopeKey === call.scopeKey || scopeKey.startsWith(`${call.scopeKey}/`),
          )
          .map(show),
      }),
    ),
    route('POST', all, place),
    route('GET', one, async (call) => jsonAnswer(200, show(find(call)))),
    route('POST', `${one}/approve`, approve),
  ];
}

/** A workspace, or one of its tables. */
const isHoldScope = ({ resourceKey }: StoredWorkspace, scopeKey: string): boolean =>
  scopeKey === resourceKey || /^\/tables\/[^/]+$/.test(scopeKey.slice(resourceKey.length));

function readHold(body: JsonObject): Pick<StoredHold, 'reason' | 'approvalsNeeded' | 'approvers'> {
  const properties = readObject(body['properties'], 'properties');
  const reason = readText(properties['reason'], 'properties.reason', { charsMax: 512 });
  const approvers = readList(
    properties['approvers'] ?? null,
    'properties.approvers',
    approversMax,
  ).map((item, index) => {
    const target = `properties.approvers[${index}]`;
    const approver = readObject(item, target);
    const name = readText(approver['name'], `${target}.name`, { charsMax: 128 });
    const publicKey = readText(approver['publicKey'], `${target}.publicKey`, { charsMax: 64 });
    if (readBase64(publicKey, 32) === undefined) {
      throw invalid(`${target}.publicKey`, 'A public key is 32 bytes (Ed25519) in base64.');
    }
    return { name, publicKey };
  });
  if (new Set(approvers.map(({ publicKey }) => publicKey)).size < approvers.length) {
    throw invalid('properties.approvers', 'Each approver has a key of their own.');
  }
  const approvalsNeeded = readInteger(
    properties['approvalsNeeded'],
    'properties.approvalsNeeded',
    (value) => value >= approvalsNeededMin && value <= approvers.length,
    `a whole number from ${approvalsNeededMin} to the number of approvers`,
  );
  return { reason, approvalsNeeded, approvers };
}

const show = (hold: StoredHold): JsonObject => ({
  id: `${hold.scope}/providers/${type}/${hold.id}`,
  name: hold.id,
  type,
  properties: {
    reason: hold.reason,
    state: hold.liftedAt === undefined ? 'Standing' : 'Lifted',
    approvalsNeeded: hold.approvalsNeeded,
    approvers: hold.approvers.map(({ name, publicKey }) => ({ name, publicKey })),
    approvals: validApprovals(hold).map(({ publicKey, at }) => ({
      name: hold.approvers.find((each) => each.publicKey === publicKey)?.name ?? '',
      at: new Date(at).toISOString(),
    })),
    placedAt: new Date(hold.placedAt).toISOString(),
    placedBy: hold.placedBy.name,
    ...(hold.liftedAt === undefined ? {} : { liftedAt: new Date(hold.liftedAt).toISOString() }),
    liftingStatement: liftingStatement(hold),
  },
});
