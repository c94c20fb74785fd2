import assert from 'node:assert/strict';
import type { Bench } from './bench.js';
import type { SyslogAnswers } from './data.js';
import { median } from './figures.js';

const runs = 15;

/** A question in KQL, the same by hand in the engine's SQL, and what the generator counted. */
interface Question {
  readonly name: string;
  readonly kql: string;
  readonly sql: string;
  readonly check?: (rows: readonly unknown[][], answers: SyslogAnswers) => void;
}

const table = 'workspace.Bench_CL';
const descending = (a: readonly [string, number], b: readonly [string, number]): number =>
  b[1] - a[1] || (a[0] < b[0] ? -1 : 1);

const questions: readonly Question[] = [
  {
    name: 'count',
    kql: 'Bench_CL | count',
    sql: `SELECT count() FROM ${table}`,
    check: ([first], { rows }) => assert.equal(first?.[0], rows),
  },
  {
    name: 'group by a column',
    kql: 'Bench_CL | summarize n = count() by ProcessName | order by n desc',
    sql: `SELECT ProcessName, count() AS n FROM ${table} GROUP BY ProcessName ORDER BY n DESC`,
    check: (rows, { byProgram }) =>
      assert.deepEqual(new Map(rows as [string, number][]), byProgram),
  },
  {
    name: 'has a term',
    kql: 'Bench_CL | where SyslogMessage has "timeout" | count',
    sql: `SELECT count() FROM ${table} WHERE hasToken(SyslogMessage, 'timeout')`,
    check: ([first], { timeouts }) => assert.equal(first?.[0], timeouts),
  },
  {
    name: 'contains a substring',
    kql: 'Bench_CL | where SyslogMessage contains "lushe" | count',
    sql: `SELECT count() FROM ${table} WHERE SyslogMessage ILIKE '%lushe%'`,
    check: ([first], { flushed }) => assert.equal(first?.[0], flushed),
  },
  {
    name: 'search in all columns',
    kql: 'Bench_CL | search "flushed" | count',
    sql: `SELECT count() FROM ${table} WHERE hasToken(SyslogMessage, 'flushed') OR hasTokenCaseInsensitive(HostName, 'flushed') OR hasTokenCaseInsensitive(Facility, 'flushed') OR hasTokenCaseInsensitive(SeverityLevel, 'flushed') OR hasTokenCaseInsensitive(ProcessName, 'flushed')`,
    check: ([first], { flushed }) => assert.equal(first?.[0], flushed),
  },
  {
    name: 'filter, group, top 10',
    kql: 'Bench_CL | where SeverityLevel == "err" | summarize n = count() by HostName | order by n desc, HostName asc | take 10',
    sql: `SELECT HostName, count() AS n FROM ${table} WHERE SeverityLevel = 'err' GROUP BY HostName ORDER BY n DESC, HostName ASC LIMIT 10`,
    check: (rows, { errorsByHost }) =>
      assert.deepEqual(rows, [...errorsByHost].sort(descending).slice(0, 10)),
  },
  {
    name: 'rows by minute',
    kql: 'Bench_CL | summarize n = count() by bin(TimeGenerated, 1m) | order by TimeGenerated asc',
    sql: `SELECT intDiv(TimeGenerated, 600000000) * 600000000 AS t, count() FROM ${table} GROUP BY t ORDER BY t`,
    check: (rows, { byMinute }) =>
      assert.deepEqual(
        rows.map(([time, n]) => [Date.parse(String(time)) / 60_000, n]),
        [...byMinute].sort(([a], [b]) => a - b),
      ),
  },
  {
    name: 'newest 100 rows',
    kql: 'Bench_CL | top 100 by TimeGenerated desc | project TimeGenerated, HostName, SyslogMessage',
    sql: `SELECT TimeGenerated, HostName, SyslogMessage FROM ${table} ORDER BY TimeGenerated DESC LIMIT 100`,
    check: (rows) => assert.equal(rows.length, 100),
  },
  {
    name: 'extract and aggregate',
    kql: 'Bench_CL | where ProcessName == "sshd" | extend port = toint(extract(@"port (\\d+)", 1, SyslogMessage)) | summarize n = countif(isnotnull(port)), m = max(port)',
    sql: `SELECT countIf(port IS NOT NULL), max(port) FROM (SELECT toInt32OrNull(extract(SyslogMessage, 'port (\\\\d+)')) AS port FROM ${table} WHERE ProcessName = 'sshd')`,
    check: ([row], { sshdPorts, sshdPortMax }) => assert.deepEqual(row, [sshdPorts, sshdPortMax]),
  },
  {
    name: 'distinct count',
    kql: 'Bench_CL | summarize hosts = count_distinct(HostName)',
    sql: `SELECT uniqExact(HostName) FROM ${table}`,
    check: ([first], { hosts }) => assert.equal(first?.[0], hosts.size),
  },
  {
    name: '10,000 rows out',
    kql: 'Bench_CL | where ProcessID < 4000 | take 10000 | project TimeGenerated, HostName, ProcessName, SyslogMessage',
    sql: `SELECT TimeGenerated, HostName, ProcessName, SyslogMessage FROM ${table} WHERE ProcessID < 4000 LIMIT 10000`,
    check: (rows) => assert.equal(rows.length, 10_000),
  },
  {
    name: 'join with a small side',
    kql: 'Bench_CL | where SeverityLevel == "err" | join kind=inner (Bench_CL | summarize n = count() by ProcessName | top 3 by n) on ProcessName | summarize n = count() by ProcessName | order by ProcessName asc',
    sql: `SELECT ProcessName, count() FROM (SELECT ProcessName FROM ${table} WHERE SeverityLevel = 'err') AS l INNER JOIN (SELECT ProcessName, count() AS n FROM ${table} GROUP BY ProcessName ORDER BY n DESC LIMIT 3) AS r USING ProcessName GROUP BY ProcessName ORDER BY ProcessName`,
  },
];

/** The request's time range, written into the SQL as well: it is part of what is asked. */
function withRange(sql: string): string {
  const epochTicks = 621_355_968_000_000_000n;
  const now = BigInt(Date.now()) * 10_000n + epochTicks;
  const range = `TimeGenerated >= ${now - 3n * 864_000_000_000n} AND TimeGenerated < ${now}`;
  return sql.replaceAll(
    /(FROM workspace\.Bench_CL)( WHERE )?/g,
    (_, source: string, where?: string) =>
      `${source} WHERE ${range}${where === undefined ? '' : ' AND '}`,
  );
}

/** Whole requests over HTTPS against SQL by hand in the engine, on the same rows. */
export async function queries(bench: Bench): Promise<void> {
  await bench.loadAll();
  const { answers } = await bench.syslog();
  const raw = await bench.raw();
  await bench.settle();
  bench.say('queries …');
  const ratios: number[] = [];
  for (const question of questions) {
    const rows = await bench.query(question.kql);
    question.check?.(rows, answers);
    const sql = withRange(question.sql);
    const byHand = await raw.rows(sql);
    assert.equal(byHand.length, rows.length, `${question.name}: as many rows by hand`);
    const ours: number[] = [];
    const theirs: number[] = [];
    for (let run = 0; run < runs; run += 1) {
      const started = performance.now();
      await bench.query(question.kql);
      ours.push(performance.now() - started);
      theirs.push(await raw.time(sql));
    }
    const [value, reference] = [median(ours), median(theirs)];
    ratios.push(value / reference);
    bench.add({
      section: 'query',
      what: `query: ${question.name}`,
      unit: 'ms',
      value,
      spread: [Math.min(...ours), Math.max(...ours)],
      against: { what: 'SQL by hand, same time range', value: reference },
      ratio: value / reference,
      goal: '≤ 1.1x + 3 ms',
      met: value <= reference * 1.1 + 3,
    });
  }
}

const kb = 1000;

/** Bytes on disk once merges are over, against the engine without our columns. */
export async function disk(bench: Bench): Promise<void> {
  const { set } = await bench.syslog();
  const raw = await bench.raw();
  bench.say('disk …');
  await raw.makePlainTable('Plain');
  await raw.ask({
    op: 'insert',
    table: 'workspace.Plain',
    file: set.file,
    from: 0,
    to: set.bytes,
    pieceBytes: 16 * 1_000_000,
  });
  const bytes = async (name: string): Promise<readonly [number, number]> => {
    await raw.rows(`OPTIMIZE TABLE workspace.${name} FINAL`);
    const [row] = await raw.rows(
      `SELECT sum(bytes_on_disk), sum(secondary_indices_compressed_bytes), sum(rows) FROM system.parts WHERE active AND database = 'workspace' AND table = '${name}'`,
    );
    assert.equal(Number(row?.[2]), set.rows);
    return [Number(row?.[0]), Number(row?.[1])];
  };
  const [ours, index] = await bytes('Bench_CL');
  const [plain] = await bytes('Plain');
  const perKb = (value: number): number => (value / set.bytes) * kb;
  bench.add({
    section: 'disk',
    what: 'table on disk, text index included',
    unit: 'B per kB raw',
    value: perKb(ours),
    against: { what: 'engine without our columns', value: perKb(plain) },
    ratio: ours / plain,
    goal: '≤ 1.1',
    met: ours / plain <= 1.1,
    note: `of it indexes ${perKb(index).toFixed(0)}; merged to one part`,
  });
  await raw.rows('DROP TABLE workspace.Plain SYNC');
}
