import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bench } from './bench.js';
import { median, percentile, spreadOf } from './figures.js';

const mb = 1_000_000;
const rawPieces = [1, 4, 8, 16];
const connections = 4;
const runs = 3;

/** Plain MB/s until queryable, which is what the service can go on taking: latency is taken at half. */
let measuredRate: number | undefined;

/** Ingest over HTTPS against the same bytes inserted straight into the engine. */
export async function ingest(bench: Bench): Promise<void> {
  const { set } = await bench.syslog();
  const raw = await bench.raw();
  const acknowledged: number[] = [];
  const queryable: number[] = [];
  const cpu = { server: [] as number[], engines: [] as number[], loader: [] as number[] };
  const rawRates = new Map<number, number[]>(rawPieces.map((size) => [size, []]));
  const rawCpu: number[] = [];
  let refused = 0;
  const perRun = Math.floor(set.bodies.length / runs);
  for (let run = 0; run < runs; run += 1) {
    const first = run * perRun;
    const last = run === runs - 1 ? set.bodies.length : first + perRun;
    bench.say(`ingest, run ${run + 1} of ${runs} …`);
    const {
      report,
      queryableAt,
      bytes,
      cpu: used,
    } = await bench.loadSlice(first, last, connections);
    acknowledged.push(bytes / mb / ((report.acknowledgedAt - report.startedAt) / 1000));
    queryable.push(bytes / mb / ((queryableAt - report.startedAt) / 1000));
    cpu.server.push((used.server * 1000) / (bytes / mb));
    cpu.engines.push((used.engines * 1000) / (bytes / mb));
    cpu.loader.push((report.cpuSeconds * 1000) / (bytes / mb));
    refused += report.refused;
    await bench.settle();
    const from = set.bodies[first]!.from;
    const to = set.bodies[last - 1]!.to;
    for (const size of rawPieces) {
      const table = `raw_${run}_${size}`;
      await raw.makePlainTable(table);
      const { ms = 0, cpuSeconds = 0 } = await raw.ask({
        op: 'insert',
        table: `workspace.${table}`,
        file: set.file,
        from,
        to,
        pieceBytes: size * mb,
      });
      rawRates.get(size)!.push((to - from) / mb / (ms / 1000));
      if (size === 8) rawCpu.push((cpuSeconds * 1000) / ((to - from) / mb));
      await raw.rows(`DROP TABLE workspace.${table} SYNC`);
    }
    await bench.settle();
  }
  measuredRate = median(queryable);
  const [bestSize, bestRates] = [...rawRates].reduce((best, each) =>
    median(each[1]) > median(best[1]) ? each : best,
  );
  const best = median(bestRates);
  const against = { what: `engine alone, ${bestSize} MB inserts`, value: best };
  const section = 'ingest';
  const size = (set.bytes / set.bodies.length / mb).toFixed(2);
  for (const [what, values] of [
    ['ingest until acknowledged', acknowledged],
    ['ingest until queryable', queryable],
  ] as const) {
    const ratio = median(values) / best;
    bench.add({
      section,
      what,
      unit: 'MB/s',
      ...spreadOf(values),
      against,
      ratio,
      goal: '≥ 0.5 (0.6)',
      met: ratio >= 0.5,
      note: `bodies of ${size} MB plain, ${connections} connections`,
    });
  }
  for (const [size, rates] of rawRates) {
    bench.add({
      section,
      what: `engine alone, ${size} MB inserts`,
      unit: 'MB/s',
      ...spreadOf(rates),
    });
  }
  bench.add({
    section,
    what: 'rows per second until queryable',
    unit: 'rows/s',
    value: Math.round(median(queryable) * mb * (set.rows / set.bytes)),
  });
  for (const [name, values, note] of [
    ['server', cpu.server, 'TLS, inflate, check, encrypt, hash, sign'],
    ['engine process', cpu.engines, 'parse, insert, index, merge'],
    ['loader', cpu.loader, 'not the service'],
  ] as const) {
    bench.add({
      section,
      what: `processor time, ${name}`,
      unit: 'ms/MB',
      ...spreadOf(values),
      ...(name === 'engine process'
        ? { against: { what: 'engine alone, 8 MB inserts', value: median(rawCpu) } }
        : {}),
      note,
    });
  }
  if (refused > 0) {
    bench.add({ section, what: 'bodies sent again after 429 or 503', unit: '', value: refused });
  }
}

/** The rate of the `ingest` section, or of one short load where that did not run. */
async function sustainedRate(bench: Bench): Promise<number> {
  if (measuredRate !== undefined) return measuredRate;
  const { set } = await bench.syslog();
  const bodies = set.bodies.slice(0, 64);
  const path = await bench.makeTable('Rate_CL', columnsOf());
  const report = await bench.load(path, bodies, { connections });
  const rows = bodies.reduce((sum, body) => sum + body.rows, 0);
  const queryableAt = await bench.untilCount('Rate_CL | count', rows);
  const bytes = bodies.reduce((sum, body) => sum + body.to - body.from, 0);
  measuredRate = bytes / mb / ((queryableAt - report.startedAt) / 1000);
  await bench.settle();
  return measuredRate;
}

/** Latency of the acknowledgement at half the rate, against append and fdatasync of the same size. */
export async function acknowledgement(bench: Bench): Promise<void> {
  const { set } = await bench.syslog();
  const path = await bench.makeTable('Ack_CL', columnsOf());
  const bodies = set.bodies.slice(0, 24);
  const bodyBytes = set.bytes / set.bodies.length;
  bench.say('acknowledgement latency …');
  const rate = await sustainedRate(bench);
  const perSecond = (rate * mb) / 2 / bodyBytes;
  const before = await syncLatencies(bench.service.data, Math.round(bodyBytes), 100);
  const report = await bench.load(path, bodies, { connections: 8, perSecond, durationMs: 12_000 });
  await bench.settle();
  const after = await syncLatencies(bench.service.data, Math.round(bodyBytes), 100);
  const bare = [...before, ...after];
  const values = report.latenciesMs;
  for (const [name, share] of [
    ['p50', 0.5],
    ['p99', 0.99],
  ] as const) {
    const value = percentile(values, share);
    const reference = percentile(bare, share);
    bench.add({
      section: 'ack',
      what: `acknowledgement ${name} at half rate`,
      unit: 'ms',
      value,
      against: { what: 'append + fdatasync', value: reference },
      ...(name === 'p99'
        ? { goal: '≤ 10 ms more', met: value - reference <= 10 }
        : { note: `${((perSecond * bodyBytes) / mb).toFixed(1)} MB/s, ${values.length} bodies` }),
    });
  }
}

const columnsOf = () =>
  [
    { name: 'TimeGenerated', type: 'datetime' },
    { name: 'HostName', type: 'string' },
    { name: 'SyslogMessage', type: 'string' },
  ] as const;

async function syncLatencies(directory: string, size: number, count: number): Promise<number[]> {
  const path = join(directory, 'bench-append');
  const handle = await open(path, 'a', 0o600);
  const bytes = Buffer.alloc(size, 'strongroom ');
  const latencies: number[] = [];
  try {
    for (let index = 0; index < count; index += 1) {
      const started = performance.now();
      await handle.write(bytes);
      await handle.datasync();
      latencies.push(performance.now() - started);
    }
  } finally {
    await handle.close();
    await rm(path, { force: true });
  }
  return latencies;
}

/** How long from the 204 until a query finds the row: without other load, and at half rate. */
export async function queryableLatency(bench: Bench): Promise<void> {
  const columns = columnsOf();
  const path = await bench.makeTable('Probe_CL', columns);
  const { set } = await bench.syslog();
  const loadPath = await bench.makeTable('Busy_CL', columns);
  for (const busy of [false, true]) {
    bench.say(`acknowledged to queryable${busy ? ', at half rate' : ''} …`);
    const bodyBytes = set.bytes / set.bodies.length;
    const perSecond = ((await sustainedRate(bench)) * mb) / 2 / bodyBytes;
    const load = busy
      ? bench.load(loadPath, set.bodies.slice(0, 24), {
          connections: 4,
          perSecond,
          durationMs: 22_000,
        })
      : undefined;
    const name = busy ? 'busy' : 'idle';
    const latencies = await probe(bench, path, name, 100, 200);
    await load;
    await bench.settle();
    for (const [label, share] of [
      ['p50', 0.5],
      ['p99', 0.99],
    ] as const) {
      const value = percentile(latencies, share);
      bench.add({
        section: 'queryable',
        what: `acknowledged to queryable ${label}${busy ? ' at half rate' : ''}`,
        unit: 'ms',
        value,
        ...(label === 'p99' ? { goal: '≤ 2000 (1000) ms', met: value <= 2000 } : {}),
        note: `${latencies.length} probes, asked every 20 ms`,
      });
    }
  }
}

/** Sends a row every `everyMs`, asks all the time, and notes when each is first seen. */
async function probe(
  bench: Bench,
  path: string,
  name: string,
  count: number,
  everyMs: number,
): Promise<number[]> {
  const acknowledgedAt = new Map<string, number>();
  const latencies: number[] = [];
  let sending = true;
  const send = async (): Promise<void> => {
    for (let index = 0; index < count; index += 1) {
      const host = `${name}-${index}`;
      const row = { TimeGenerated: new Date(), HostName: host, SyslogMessage: 'probe' };
      const { status, text } = await bench.post(path, JSON.stringify([row]));
      if (status !== 204) throw new Error(`a probe was refused: ${status} ${text}`);
      acknowledgedAt.set(host, performance.now());
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
    sending = false;
  };
  const sent = send();
  const until = performance.now() + count * everyMs + 60_000;
  while ((sending || acknowledgedAt.size > 0) && performance.now() < until) {
    const rows = await bench.query(
      `Probe_CL | where HostName startswith "${name}-" | distinct HostName`,
    );
    const seenAt = performance.now();
    for (const [host] of rows) {
      const at = acknowledgedAt.get(String(host));
      if (at === undefined) continue;
      acknowledgedAt.delete(String(host));
      latencies.push(seenAt - at);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await sent;
  if (latencies.length < count) throw new Error('a probe was never seen');
  return latencies;
}
