import type { Json, JsonObject, StoredLock } from '../catalog/records.js';
import { HttpError } from '../http/errors.js';
import { jsonAnswer, readJsonBody } from '../http/read-body.js';
import type { Outgoing } from '../http/request.js';
import { isWithin } from '../access/decide.js';
import { audited, authorise, workspaceAbove } from './context.js';
import type { ArmCall, ArmOptions, Route } from './context.js';
import { invalid, readList, readObject, readOptionalText, readText } from './fields.js';
import { actorOf, recordIn } from './record.js';
import { checkScope } from './role-assignments.js';

const provider = 'Microsoft.Authorization';
const type = `${provider}/locks`;
const ownersMax = 20;
const notesCharsMax = 512;
/** As ARM names locks. */
const lockName = /^[^<>%&:?/\\#]{1,260}$/;

/** `Microsoft.Authorization/locks` at any scope (azure-api.md §5.1). */
export function lockRoutes(options: ArmOptions): readonly Route[] {
  const { catalog, clock } = options;
  const all = '*/providers/microsoft.authorization/locks';
  const one = `${all}/:lock`;
  const route = (
    method: Route['method'],
    pattern: string,
    run: (call: ArmCall) => Promise<Outgoing>,
  ): Route => ({ method, pattern, provider, type: 'locks', run });
  const find = (call: ArmCall): StoredLock | undefined => {
    const name = (call.params['lock'] ?? '').toLowerCase();
    return catalog.snapshot.locks.find(
      (lock) => lock.scopeKey === call.scopeKey && lock.name.toLowerCase() === name,
    );
  };
  const notFound = (call: ArmCall): HttpError =>
    new HttpError(404, 'LockNotFound', `The lock '${call.params['lock'] ?? ''}' was not found.`);
  const inWorkspace = (call: ArmCall) => workspaceAbove(catalog, call.scopeKey)?.workspaceId;

  /** In the ledger of the workspace that it concerns; above workspaces the audit alone has it. */
  async function keep(
    call: ArmCall,
    lock: { type: 'lockSet' | 'lockRemoved'; name: string; level: StoredLock['level'] },
  ): Promise<void> {
    const id = inWorkspace(call);
    if (id === undefined) return;
    await recordIn(options, id, {
      ...lock,
      actor: actorOf(call.principal),
      correlationId: call.request.correlationId,
      scope: call.scopeKey,
    });
  }

  async function put(call: ArmCall): Promise<Outgoing> {
    await authorise(options, call, `${type}/write`, call.scopeKey);
    const name = call.params['lock'] ?? '';
    if (!lockName.test(name)) throw invalid('lockName', 'The lock has a name that is not allowed.');
    const properties = readProperties(await readJsonBody(call.request));
    const made = await audited(
      options,
      call,
      {
        operation: `${type}/write`,
        target: call.scopeKey,
        workspaceId: inWorkspace(call),
        properties: { lock: name, level: properties.level },
      },
      async () => {
        checkScope(options, catalog.snapshot, call);
        await keep(call, { type: 'lockSet', name, level: properties.level });
        return catalog.change(async (write, snapshot) => {
          checkScope(options, snapshot, call);
          const before = find(call);
          const now = clock.now();
          const lock: StoredLock = {
            scope: call.scope,
            scopeKey: call.scopeKey,
            name,
            ...properties,
            createdAt: before?.createdAt ?? now,
            createdBy: before?.createdBy ?? call.principal.name,
            modifiedAt: now,
          };
          await write.putLock(lock);
          return { lock, isNew: before === undefined };
        });
      },
    );
    return jsonAnswer(made.isNew ? 201 : 200, show(made.lock));
  }

  async function remove(call: ArmCall): Promise<Outgoing> {
    await authorise(options, call, `${type}/delete`, call.scopeKey);
    const found = find(call);
    if (found === undefined) return { status: 204 };
    await audited(
      options,
      call,
      {
        operation: `${type}/delete`,
        target: call.scopeKey,
        workspaceId: inWorkspace(call),
        properties: { lock: found.name, level: found.level },
      },
      async () => {
        await keep(call, { type: 'lockRemoved', name: found.name, level: found.level });
        await catalog.change((write) => write.removeLock(found));
      },
    );
    return { status: 200, headers: { 'content-length': '0' } };
  }

  async function list(call: ArmCall): Promise<Outgoing> {
    await authorise(options, call, `${type}/read`, call.scopeKey);
    const atScopeOnly = readFilter(call.request.path.query.get('$filter'));
    const value = catalog.snapshot.locks
      .filter(
        ({ scopeKey }) =>
          // What holds here: set here or above; without the filter, what is set below as well.
          isWithin(call.scopeKey, scopeKey) || (!atScopeOnly && isWithin(scopeKey, call.scopeKey)),
      )
      .map(show);
    return jsonAnswer(200, { value });
  }

  return [
    route('GET', all, list),
    route('GET', one, async (call) => {
      await authorise(options, call, `${type}/read`, call.scopeKey);
      const found = find(call);
      if (found === undefined) throw notFound(call);
      return jsonAnswer(200, show(found));
    }),
    route('PUT', one, put),
    route('DELETE', one, remove),
  ];
}

function readProperties(value: Json | undefined): Pick<StoredLock, 'level' | 'notes' | 'owners'> {
  const body = readObject(value);
  const properties = readObject(body['properties'], 'properties');
  const level = readText(properties['level'], 'properties.level', {
    oneOf: ['CanNotDelete', 'ReadOnly'],
  });
  const notes =
    readOptionalText(properties['notes'], 'properties.notes', { charsMax: notesCharsMax }) ?? '';
  const owners = properties['owners'] ?? [];
  return {
    level: level === 'CanNotDelete' ? level : 'ReadOnly',
    notes,
    owners: readList(owners, 'properties.owners', ownersMax).map((owner, index) => {
      const target = `properties.owners[${index}]`;
      const applicationId = readOptionalText(
        readObject(owner, target)['applicationId'],
        `${target}.applicationId`,
        { charsMax: 128 },
      );
      return applicationId === undefined ? {} : { applicationId };
    }),
  };
}

function readFilter(text: string | undefined): boolean {
  if (text === undefined || text.trim() === '') return false;
  if (/^\s*atScope\(\)\s*$/i.test(text)) return true;
  throw invalid('$filter', 'The filter may be atScope().');
}

const show = (lock: StoredLock): JsonObject => ({
  id: `${lock.scope === '/' ? '' : lock.scope}/providers/${type}/${lock.name}`,
  name: lock.name,
  type,
  properties: {
    level: lock.level,
    ...(lock.notes === '' ? {} : { notes: lock.notes }),
    ...(lock.owners.length === 0 ? {} : { owners: [...lock.owners] }),
  },
});
