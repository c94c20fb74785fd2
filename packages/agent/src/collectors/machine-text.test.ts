import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseOsRelease } from '../machine.js';
import { heartbeatRow } from './heartbeat.js';
import { inventoryRows, parseDaemons, parsePackages } from './inventory.js';
import { journaldRow } from './journald.js';
import { countersBetween, performanceRow } from './performance.js';
import type { PerformanceSnapshot } from './performance.js';
import {
  parseDisks,
  parseLoad,
  parseMemory,
  parseMounts,
  parseNetwork,
  parseProcessorTimes,
  parseUptime,
} from './proc.js';
import { SyslogRows } from './syslog.js';

const machine = {
  computer: 'web1.example',
  address: '192.0.2.7',
  addresses: ['192.0.2.7', '2001:db8::7'],
  osName: 'Debian',
  osMajorVersion: '12',
  osMinorVersion: '4',
  machineId: 'abc',
};

test('reads the kernel’s counters', () => {
  assert.deepEqual(
    parseProcessorTimes(
      'cpu  10 1 5 100 4 0 1 0 0 0\ncpu0 10 1 5 100 4 0 1 0 0 0\nintr 5\ncpuX\n',
    ).map((one) => [one.instance, one.user, one.idle]),
    [
      ['_Total', 10, 100],
      ['0', 10, 100],
    ],
  );
  assert.deepEqual(
    [...parseMemory('MemTotal:       16 kB\nHugePages_Total:    2\nbad\n')],
    [
      ['MemTotal', 16384],
      ['HugePages_Total', 2],
    ],
  );
  assert.deepEqual(
    parseNetwork(
      'Inter-|   Receive\n face |bytes\n    lo: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n  eth0: 10 2 3 0 0 0 0 0 20 4 5 0 0 6 0 0\n',
    ),
    [
      {
        instance: 'eth0',
        receivedBytes: 10,
        receivedPackets: 2,
        receivedErrors: 3,
        sentBytes: 20,
        sentPackets: 4,
        sentErrors: 5,
        collisions: 6,
      },
    ],
  );
  assert.deepEqual(parseLoad('0.50 0.25 1.00 1/100 5\n'), [0.5, 0.25, 1]);
  assert.equal(parseLoad(''), undefined);
  assert.equal(parseUptime('12.34 5\n'), 12.34);
  assert.equal(parseUptime(''), undefined);
  assert.deepEqual(
    parseMounts(
      'overlay / overlay rw 0 0\nproc /proc proc rw 0 0\n/dev/sda1 /data\\040x ext4 rw 0 0\n/dev/sda1 /etc/hosts ext4 rw 0 0\ntmpfs /tmp tmpfs rw 0 0\n',
    ),
    ['/', '/data x'],
  );
  assert.deepEqual(
    parseDisks(
      '   8       0 sda 10 0 20 0 5 0 40 0 0 0 0\n   8       1 sda1 1 0 2 0 5 0 4 0 0 0 0\n   7 0 loop0 1 0 2 0 0 0 0 0 0 0 0\n 1 1\n',
    ),
    [{ instance: 'sda', reads: 10, readBytes: 10240, writes: 5, writtenBytes: 20480 }],
  );
});

test('rates are between two looks, and a processor that came back counts anew', () => {
  const look = (monotonicMs: number, user: number, idle: number): PerformanceSnapshot => ({
    timeMs: 0,
    monotonicMs,
    processors: parseProcessorTimes(`cpu ${user} 0 0 ${idle} 0 0 0 0\n`),
    memory: parseMemory('MemTotal: 1000 kB\nMemAvailable: 250 kB\n'),
    network: [],
    disks: [],
    volumes: [
      {
        instance: '/',
        totalBytes: 100,
        freeBytes: 50,
        availableBytes: 30,
        filesTotal: 0,
        filesFree: 0,
      },
    ],
    load: undefined,
    uptimeSeconds: undefined,
  });
  const value = (counters: ReturnType<typeof countersBetween>, name: string): number | undefined =>
    counters.find((one) => one.counter === name)?.value;
  const counters = countersBetween(look(0, 100, 100), look(1000, 125, 175));
  assert.equal(value(counters, '% Processor Time'), 25);
  assert.equal(value(counters, '% Used Memory'), 75);
  assert.equal(value(counters, '% Used Space'), 62.5);
  assert.equal(
    value(countersBetween(look(0, 100, 100), look(1000, 5, 5)), '% Processor Time'),
    undefined,
  );
  assert.equal(value(countersBetween(look(0, 1, 1), look(0, 1, 1)), '% Processor Time'), undefined);
  assert.deepEqual(JSON.parse(performanceRow(counters[0]!, machine, 0)), {
    TimeGenerated: '1970-01-01T00:00:00.000Z',
    Computer: 'web1.example',
    ObjectName: 'Processor',
    CounterName: '% Processor Time',
    InstanceName: '_Total',
    CounterValue: 25,
    CounterPath: '\\\\web1.example\\Processor(_Total)\\% Processor Time',
    SourceSystem: 'Linux',
  });
});

test('reads package lists and services, without what is not installed', () => {
  const packages = parsePackages(
    'installed\tbash\t5.2-1\tamd64\tMatthias\tGNU Bourne\tAgain\nconfig-files\told\t1\tall\tx\ty\n\nnonsense\n',
  );
  assert.deepEqual(packages, [
    {
      name: 'bash',
      version: '5.2-1',
      architecture: 'amd64',
      publisher: 'Matthias',
      description: 'GNU Bourne Again',
    },
  ]);
  const daemons = parseDaemons(
    'cron.service loaded active running Regular background program\n● bad.service loaded failed failed Bad\ngone.service not-found inactive dead gone.service\n',
    'cron.service enabled enabled\n',
  );
  assert.deepEqual(daemons, [
    {
      name: 'cron.service',
      description: 'Regular background program',
      state: 'Running',
      startup: 'enabled',
    },
    { name: 'bad.service', description: 'Bad', state: 'Stopped', startup: '' },
  ]);
  const rows = inventoryRows(machine, 'id', packages, daemons);
  assert.deepEqual(
    rows.map((row) => [row['ConfigDataType'], row['SoftwareName'] ?? row['SvcName']]),
    [
      ['Software', 'bash'],
      ['Daemons', 'cron.service'],
      ['Daemons', 'bad.service'],
    ],
  );
});

test('journal entries become Syslog rows; what is no entry is not one', () => {
  const rows = new SyslogRows(machine);
  const read = (entry: unknown) =>
    journaldRow(typeof entry === 'string' ? entry : JSON.stringify(entry), {
      machine,
      rows,
      nowMs: 0,
    });
  const whole = read({
    __CURSOR: 's=1;i=2',
    __REALTIME_TIMESTAMP: '1700000000123456',
    PRIORITY: '3',
    SYSLOG_FACILITY: '10',
    SYSLOG_IDENTIFIER: 'sshd',
    _PID: '77',
    _HOSTNAME: 'web1',
    MESSAGE: 'hello "you"',
  });
  assert.equal(whole?.cursor, 's=1;i=2');
  assert.deepEqual(JSON.parse(whole.row), {
    TimeGenerated: '2023-11-14T22:13:20.123Z',
    EventTime: '2023-11-14T22:13:20.123Z',
    Facility: 'authpriv',
    SeverityLevel: 'err',
    ProcessName: 'sshd',
    ProcessID: 77,
    HostName: 'web1.example',
    Computer: 'web1.example',
    HostIP: '192.0.2.7',
    CollectorHostName: 'web1.example',
    SourceSystem: 'Linux',
    SyslogMessage: 'hello "you"',
  });
  const bytes = JSON.parse(
    read({ __CURSOR: 'c', MESSAGE: [104, 255, 105], _TRANSPORT: 'kernel' })!.row,
  ) as Record<string, unknown>;
  assert.equal(bytes['SyslogMessage'], 'h\uFFFDi');
  assert.equal(bytes['Facility'], 'kern');
  assert.equal(read({ __CURSOR: 'c', MESSAGE: 'é'.repeat(40_000) })?.cut, true);
  for (const bad of [
    '',
    '{',
    'null',
    '[]',
    '1',
    '{}',
    { __CURSOR: 5 },
    { __CURSOR: 'x'.repeat(2000) },
  ])
    assert.equal(read(bad), undefined);
});

test('reads os-release and says it in the heartbeat', () => {
  const values = parseOsRelease(
    '# c\nNAME="Debian \\"x\\""\nVERSION_ID=\'12\'\nbad line\nID=debian\n',
  );
  assert.deepEqual(
    [...values],
    [
      ['NAME', 'Debian "x"'],
      ['VERSION_ID', '12'],
      ['ID', 'debian'],
    ],
  );
  const row = JSON.parse(
    heartbeatRow({ machine, agentId: 'id', version: '1', nowMs: 0 }),
  ) as Record<string, unknown>;
  assert.equal(row['OSMajorVersion'], '12');
  assert.equal(row['Category'], 'Direct Agent');
  assert.equal(row['SourceComputerId'], 'id');
});
