import { Draw } from './data.js';
import type { ColumnDeclaration } from './data.js';

/**
 * Events in the shape and with the shares of JSONBench's first million lines (`bench.md` of the
 * project's notes has the recipe). What the five queries must answer is counted on the way.
 */
export interface BlueskyAnswers {
  rows: number;
  /** Rows by collection; the empty one for lines without a commit. */
  readonly byCollection: Map<string, number>;
  /** Creates by collection. */
  readonly created: Map<string, number>;
  /** Distinct users among creates, by collection. */
  readonly users: Map<string, Set<string>>;
  /** Creates by hour of day and collection, of posts, reposts and likes. */
  readonly byHour: Map<string, number>;
  /** First and last post of each poster, microseconds. */
  readonly posters: Map<string, [first: number, last: number]>;
}

export const blueskyColumns: readonly ColumnDeclaration[] = [
  { name: 'TimeGenerated', type: 'datetime' },
  { name: 'did', type: 'string' },
  { name: 'kind', type: 'string' },
  { name: 'time_us', type: 'long' },
  { name: 'commit', type: 'dynamic' },
  { name: 'identity', type: 'dynamic' },
];

/** Collection, lines of a million, share created, users in a million. */
const collections = [
  ['app.bsky.feed.like', 448_944, 0.99, 117_617],
  ['app.bsky.graph.follow', 360_374, 0.938, 63_957],
  ['app.bsky.feed.post', 90_816, 0.956, 50_464],
  ['app.bsky.feed.repost', 58_540, 0.974, 26_581],
  ['app.bsky.graph.block', 14_040, 0.986, 5_785],
  ['app.bsky.actor.profile', 11_762, 0.454, 5_000],
  ['app.bsky.graph.listitem', 8_103, 0.934, 1_000],
  ['', 5_328, 0, 5_000],
  ['app.bsky.graph.listblock', 895, 0.961, 600],
  ['app.bsky.graph.starterpack', 405, 0.257, 100],
  ['app.bsky.graph.list', 356, 0.728, 200],
  ['app.bsky.feed.threadgate', 255, 0.894, 200],
  ['app.bsky.feed.postgate', 104, 0.971, 90],
  ['app.bsky.feed.generator', 74, 0.135, 10],
  ['chat.bsky.labeler.service', 4, 0, 4],
] as const;

const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';
const base32 = (draw: Draw, size: number): string => {
  let text = '';
  while (text.length < size) {
    let word = draw.word();
    for (let count = 0; count < 6 && text.length < size; count += 1) {
      text += alphabet[word & 31];
      word >>>= 5;
    }
  }
  return text;
};
const words =
  'the a of people today new art love this photo game just my thing good morning cat'.split(' ');
const startUs = 1_732_206_349_000_167;
const linesPerSecond = 1230;

/** Makes `rows` events. Times begin at `startUs` unless moved by `shiftMs`. */
export function blueskyRows(options: { seed: string; rows: number; shiftMs: number }): {
  next: () => string | undefined;
  answers: BlueskyAnswers;
} {
  const draw = new Draw(options.seed);
  const answers: BlueskyAnswers = {
    rows: 0,
    byCollection: new Map(),
    created: new Map(),
    users: new Map(),
    byHour: new Map(),
    posters: new Map(),
  };
  const add = (counts: Map<string, number>, key: string): void => {
    counts.set(key, (counts.get(key) ?? 0) + 1);
  };
  const known = new Map<string, string[]>();
  /** A user of a collection: often one seen before, now and then a new one. */
  const user = (collection: string, newShare: number): string => {
    let seen = known.get(collection);
    if (seen === undefined) known.set(collection, (seen = []));
    if (seen.length === 0 || draw.word() / 2 ** 32 < newShare) {
      const fresh = `did:plc:${base32(draw, 24)}`;
      seen.push(fresh);
      return fresh;
    }
    return seen[draw.skewed(seen.length)]!;
  };
  const total = collections.reduce((sum, [, lines]) => sum + lines, 0);
  const cid = (): string => `bafyrei${base32(draw, 52)}`;
  const uri = (collection: string): string =>
    `at://did:plc:${base32(draw, 24)}/${collection}/${base32(draw, 13)}`;

  const record = (collection: string, createdAt: string): Record<string, unknown> => {
    const $type = collection;
    if (collection === 'app.bsky.feed.post') {
      let text = '';
      for (let count = 4 + draw.integer(30); count > 0; count -= 1) text += `${draw.pick(words)} `;
      const reply = { cid: cid(), uri: uri(collection) };
      return {
        $type,
        createdAt,
        langs: [draw.pick(['en', 'en', 'en', 'pt', 'ja', 'de'])],
        text,
        ...(draw.integer(2) === 0 ? { reply: { parent: reply, root: reply } } : {}),
      };
    }
    if (collection.startsWith('app.bsky.graph.')) {
      return { $type, createdAt, subject: `did:plc:${base32(draw, 24)}` };
    }
    return { $type, createdAt, subject: { cid: cid(), uri: uri('app.bsky.feed.post') } };
  };

  const next = (): string | undefined => {
    if (answers.rows >= options.rows) return undefined;
    let at = draw.integer(total);
    const [collection, lines, share, users] =
      collections.find(([, count]) => (at -= count) < 0) ?? collections[0];
    const timeUs = startUs + Math.floor((answers.rows * 1e6) / linesPerSecond) + draw.integer(900);
    const time = new Date(Math.floor(timeUs / 1000) + options.shiftMs).toISOString();
    const created = draw.word() / 2 ** 32 < share;
    const did = user(collection, users / lines);
    answers.rows += 1;
    add(answers.byCollection, collection);
    const head = {
      TimeGenerated: `${time.slice(0, -1)}${String(timeUs % 1000).padStart(3, '0')}Z`,
      did,
      time_us: timeUs,
    };
    if (collection === '') {
      return JSON.stringify({
        ...head,
        kind: 'identity',
        identity: { did, seq: draw.word(), time, handle: `${base32(draw, 9)}.bsky.social` },
      });
    }
    const operation = created ? 'create' : draw.integer(4) === 0 ? 'update' : 'delete';
    if (created) {
      add(answers.created, collection);
      let seen = answers.users.get(collection);
      if (seen === undefined) answers.users.set(collection, (seen = new Set()));
      seen.add(did);
      if (/feed\.(?:post|repost|like)$/.test(collection)) {
        add(answers.byHour, `${new Date(time).getUTCHours()} ${collection}`);
      }
      if (collection === 'app.bsky.feed.post') {
        const span = answers.posters.get(did);
        if (span === undefined) answers.posters.set(did, [timeUs, timeUs]);
        else {
          span[0] = Math.min(span[0], timeUs);
          span[1] = Math.max(span[1], timeUs);
        }
      }
    }
    return JSON.stringify({
      ...head,
      kind: 'commit',
      commit: {
        rev: base32(draw, 13),
        operation,
        collection,
        rkey: base32(draw, 13),
        ...(operation === 'delete' ? {} : { record: record(collection, time), cid: cid() }),
      },
    });
  };
  return { next, answers };
}
