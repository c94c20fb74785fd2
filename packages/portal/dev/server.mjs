// Serves the built portal with made-up data, for looking at it without the service:
//   node packages/portal/dev/server.mjs [port]
// The policy is the one that the service must send.
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { extname, join, normalize } from 'node:path';

const dist = new URL('../dist/', import.meta.url).pathname;
const port = Number(process.argv[2] ?? 5190);
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "style-src-attr 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');
const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
  '.ttf': 'font/ttf',
};

const subscription = '/subscriptions/6e0a4e3c-0000-4000-8000-000000000001';
const workspaces = ['default', 'payments-prod'].map((name, at) => ({
  workspaceId: `7b1e52c0-0000-4000-8000-00000000000${at}`,
  name,
  resourceId: `${subscription}/resourceGroups/main/providers/Microsoft.OperationalInsights/workspaces/${name}`,
  subscriptionId: subscription.split('/')[2],
  region: 'local',
  resourceGroup: 'main',
  roles: ['Owner'],
}));
const columns = (text) =>
  text.split(' ').map((part) => {
    const [name, type = 'string'] = part.split(':');
    return { name, type };
  });
const tables = [
  [
    'Heartbeat',
    'One row a minute from every agent',
    'TimeGenerated:datetime Computer OSType Version Category ComputerIP',
  ],
  [
    'Perf',
    'Performance counters',
    'TimeGenerated:datetime Computer ObjectName CounterName InstanceName CounterValue:real',
  ],
  [
    'Syslog',
    'System messages',
    'TimeGenerated:datetime Computer Facility SeverityLevel ProcessName ProcessID:int SyslogMessage HostIP',
  ],
  [
    'ConfigurationData',
    'Installed software',
    'TimeGenerated:datetime Computer ConfigDataType SoftwareName CurrentVersion Publisher Properties:dynamic',
  ],
  [
    'LAQueryLogs',
    'Every query that was asked',
    'TimeGenerated:datetime AADEmail QueryText ResponseCode:int ResponseDurationMs:real',
  ],
  ['Text_CL', 'Lines of text files', 'TimeGenerated:datetime Computer FilePath RawData'],
].map(([name, description, text]) => ({
  name,
  description,
  columns: columns(text),
  timespanColumn: 'TimeGenerated',
}));

const now = Date.now();
const iso = (ms) => new Date(ms).toISOString().replace('Z', '4567Z');
const hosts = ['web-01', 'web-02', 'db-01', 'edge-fra-03'];
const facilities = ['kern', 'auth', 'daemon', 'cron', 'authpriv'];
const severities = ['info', 'notice', 'warning', 'err'];
const messages = [
  'Accepted publickey for deploy from 10.0.4.17 port 52114 ssh2: ED25519 SHA256:8s0f',
  'pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)',
  'Started Session 4182 of User deploy.',
  'EXT4-fs (nvme0n1p2): mounted filesystem with ordered data mode. Quota mode: none.',
  'TCP: request_sock_TCP: Possible SYN flooding on port 8443. Sending cookies.',
  'Reloading configuration: {"reason":"SIGHUP","files":12}',
];
const syslog = (count) =>
  Array.from({ length: count }, (_, at) => [
    iso(now - Math.floor(at ** 1.02) * 790 - (at % 13) * 37),
    hosts[(at * 7) % 4],
    facilities[(at * 5) % 5],
    severities[(at * 11) % 4],
    ['sshd', 'CRON', 'systemd', 'kernel', 'kernel', 'nginx'][at % 6],
    at % 6 === 3 ? null : 1000 + (at % 900),
    messages[at % 6],
    { unit: `session-${at % 40}.scope`, tags: ['a', at % 3] },
  ]);

function answer(query) {
  const stat = (rows) => ({
    query: {
      executionTime: 0.184,
      resourceUsage: { bytesRead: 48_213_884 },
      datasetStatistics: [{ tableRowCount: rows.length, tableSize: rows.length * 180 }],
    },
  });
  const result = (text, rows, visualization, extra = {}) => ({
    tables: [{ name: 'PrimaryResult', columns: columns(text), rows }],
    statistics: stat(rows),
    ...(visualization ? { render: { visualization, title: null, ...extra } } : {}),
  });
  const render = /render\s+(\w+)/.exec(query)?.[1];
  if (/Computr/.test(query)) return undefined;
  if (render === 'card') return result('Machines:long', [[1284]], render);
  if (render === 'barchart' || render === 'columnchart' || render === 'piechart')
    return result(
      'Facility Messages:long',
      facilities.map((f, at) => [f, 9000 / (at + 1) ** 1.4]).map(([f, n]) => [f, Math.round(n)]),
      render,
    );
  if (render) {
    const rows = [];
    for (let at = 0; at < 180; at++)
      hosts.forEach((host, index) =>
        rows.push([
          iso(now - (180 - at) * 60_000),
          host,
          20 + index * 14 + 9 * Math.sin(at / 9 + index) + ((at * 37 * (index + 3)) % 11) / 2,
        ]),
      );
    return result('TimeGenerated:datetime Computer avg_CounterValue:real', rows, render);
  }
  if (/summarize/.test(query))
    return result(
      'Computer LastSeen:datetime Heartbeats:long',
      hosts.map((host, at) => [host, iso(now - at * 14_000), 1440 - at * 3]),
    );
  if (/take 0|where false/.test(query)) return result('TimeGenerated:datetime Computer', []);
  const count = Number(/take (\d+)/.exec(query)?.[1] ?? 1000);
  const full = result(
    'TimeGenerated:datetime Computer Facility SeverityLevel ProcessName ProcessID:int SyslogMessage Properties:dynamic',
    syslog(count),
  );
  if (/partial/.test(query))
    full.error = {
      code: 'PartialError',
      message: 'There were some errors when processing your query.',
      details: [{ code: 'LimitsExceeded', message: 'The result was cut at 100,000 rows.' }],
    };
  return full;
}

const agents = hosts.map((computer, at) => ({
  agentId: `a0000000-0000-4000-8000-00000000000${at}`,
  computer,
  osType: 'Linux',
  version: '0.1.0',
  enrolledAt: new Date(now - at * 86_400_000 * 9).toISOString(),
  certificateNotAfter: new Date(now + (80 - at * 12) * 86_400_000).toISOString(),
  lastHeartbeat:
    [12_000, 400_000, null, 86_400_000][at] === null
      ? null
      : new Date(now - [12_000, 400_000, 0, 86_400_000][at]).toISOString(),
  state: at === 3 ? 'Revoked' : 'Active',
}));
const keys = [
  {
    keyId: 'k1',
    description: 'made at start',
    createdAt: iso(now - 3.6e6),
    expiresAt: iso(now + 8e7),
    usesLeft: null,
    state: 'Active',
  },
  {
    keyId: 'k2',
    description: 'rack 12',
    createdAt: iso(now - 9e8),
    expiresAt: iso(now - 8e8),
    usesLeft: 3,
    state: 'Expired',
  },
];
const users = [
  {
    id: 'u1',
    userName: 'admin',
    displayName: 'First administrator',
    disabled: false,
    createdAt: iso(now - 9e8),
  },
  {
    id: 'u2',
    userName: 'mara',
    displayName: 'Mara Lindqvist',
    disabled: false,
    createdAt: iso(now - 5e8),
  },
  {
    id: 'u3',
    userName: 'old.hand',
    displayName: 'Former colleague',
    disabled: true,
    createdAt: iso(now - 8e8),
  },
];
const roleNames = [
  'Owner',
  'Contributor',
  'Log Analytics Contributor',
  'Log Analytics Reader',
  'Monitoring Metrics Publisher',
  'Data Purger',
];
const definitions = roleNames.map((roleName, at) => ({
  id: `${subscription}/providers/Microsoft.Authorization/roleDefinitions/d000000${at}`,
  name: `d000000${at}`,
  properties: { roleName },
}));
const assignments = [
  {
    id: 'x1',
    name: 'x1',
    properties: {
      roleDefinitionId: definitions[0].id,
      principalId: 'u1',
      principalType: 'User',
      scope: subscription,
    },
  },
  {
    id: 'x2',
    name: 'x2',
    properties: {
      roleDefinitionId: definitions[3].id,
      principalId: 'u2',
      principalType: 'User',
      scope: workspaces[0].resourceId,
    },
  },
];
let signedIn = true;

async function api(method, path, body) {
  if (path === '/api/session')
    return signedIn
      ? [
          200,
          {
            user: { id: 'u1', name: 'admin', displayName: 'First administrator' },
            csrfToken: 'token',
            idleTimeoutSeconds: 1800,
            isAdministrator: true,
          },
        ]
      : [401, { error: { code: 'AuthenticationFailed', message: 'There is no session.' } }];
  if (path === '/auth/sign-out') return ((signedIn = false), [204]);
  if (path === '/api/workspaces') return [200, { value: workspaces }];
  if (path.endsWith('/metadata')) return [200, { tables, functions: [], workspaces: [] }];
  if (path.endsWith('/query')) {
    const found = answer(body.query);
    if (/sleep/.test(body.query)) await new Promise((resolve) => setTimeout(resolve, 5000));
    if (found) return [200, found];
    const start = body.query.indexOf('Computr');
    const line = body.query.slice(0, start).split('\n').length;
    const inner = {
      code: 'KQL_UNKNOWN_COLUMN',
      message: "'where' operator: there is no column 'Computr'.",
      hint: "Did you mean 'Computer'?",
      line,
      pos: start - body.query.lastIndexOf('\n', start),
      start,
      length: 7,
    };
    return [
      400,
      {
        error: {
          code: 'BadArgumentError',
          message: 'The request had some invalid properties',
          correlationId: '3f0c9a',
          innererror: {
            code: 'SemanticError',
            message: 'A semantic error occurred.',
            innererror: inner,
          },
        },
      },
    ];
  }
  if (path.endsWith('/agents')) return [200, { value: agents }];
  if (path.endsWith('/revoke'))
    return ((agents.find((a) => path.includes(a.agentId)).state = 'Revoked'), [204]);
  if (path.endsWith('/enrollmentKeys') && method === 'GET') return [200, { value: keys }];
  if (/\/enrollmentKeys/.test(path) && method === 'POST')
    return [
      201,
      {
        keyId: 'k3',
        key: 'srek_9fQ2…',
        expiresAt: iso(now + 8.64e7),
        command:
          'npx strongroom agent enrol --server https://logs.example:8443 --pin sha256:Q1w9k0Xy7oJx2b4l8mVhZ3pN5tRrUe1sYc6dKfGaB0= --key srek_9fQ2mB7cVx1LpTz4',
      },
    ];
  if (/\/enrollmentKeys\//.test(path)) return [204];
  if (path === '/api/applications') return [200, { value: [] }];
  if (path === '/api/users')
    return method === 'GET'
      ? [200, { value: users }]
      : [
          201,
          {
            ...users[1],
            id: 'u9',
            userName: body.userName,
            initialPassword: 'velvet-anchor-plum-47',
          },
        ];
  if (path.startsWith('/api/users/'))
    return [200, { ...users[1], initialPassword: 'copper-river-lamp-12' }];
  if (path === '/api/me/password')
    return body.currentPassword === 'x'
      ? [400, { error: { code: 'PasswordWrong', message: 'The current password is wrong.' } }]
      : [204];
  if (path.endsWith('/roleDefinitions')) return [200, { value: definitions }];
  if (path.endsWith('/roleAssignments')) return [200, { value: assignments }];
  if (/roleAssignments\//.test(path))
    return method === 'DELETE' ? [200, {}] : [201, { id: 'x9', name: 'x9', ...body }];
  return [404, { error: { code: 'PathNotFoundError', message: `Nothing is at ${path}.` } }];
}

createServer((request, response) => {
  void (async () => {
    const url = new URL(request.url, 'http://localhost');
    const path = decodeURIComponent(url.pathname);
    if (path.startsWith('/portal')) {
      const file = normalize(path.replace(/^\/portal\/?/, ''));
      const name = extname(file) === '' ? 'index.html' : file;
      const bytes = await readFile(join(dist, name)).catch(() => undefined);
      response.writeHead(bytes ? 200 : 404, {
        'content-type': types[extname(name)] ?? 'application/octet-stream',
        'content-security-policy': policy,
        'x-content-type-options': 'nosniff',
      });
      response.end(bytes);
      return;
    }
    if (path.startsWith('/auth/sign-in')) {
      signedIn = true;
      response.writeHead(302, { location: url.searchParams.get('returnTo') ?? '/portal/' }).end();
      return;
    }
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    const [status, value] = await api(request.method, path, text ? JSON.parse(text) : {});
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(value === undefined ? undefined : JSON.stringify(value));
  })();
}).listen(port, '127.0.0.1', () => console.log(`http://127.0.0.1:${port}/portal/`));
