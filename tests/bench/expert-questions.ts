/**
 * What people ask of logs, in KQL and by hand in the engine's SQL: as one would write it who knows the
 * tables, the engine and the answer, and has no compiler to please. Times by hand are DateTime64.
 */

import { ticksOf } from './expert-data.js';

export interface ExpertQuestion {
  readonly name: string;
  readonly kql: string;
  readonly sql: string;
  /** What must be alike: all rows in any order, or only their number where any rows will do. */
  readonly alike?: 'rows' | 'count';
  /** Why it is not within the goal, where that is known. */
  readonly why?: string;
}

const logs = 'workspace.Bench_CL';
const events = 'workspace.Bsky_CL';
const hour = 36_000_000_000n;
const day = 24n * hour;
const time = (sql: string): string =>
  `reinterpret(toInt64(${sql}) - 621355968000000000, 'DateTime64(7, \\'UTC\\')')`;

export function expertQuestions(nowMs: number): readonly ExpertQuestion[] {
  const now = ticksOf(nowMs);
  const dayAgo = now - day;
  const created = `kind = 'commit' AND c.operation = 'create'`;
  const commit = (names: readonly string[]): string =>
    `JSONExtract(commit, 'Tuple(${names.map((name) => `${name} String`).join(', ')})') AS c`;
  const posts = `${created} AND c.collection = 'app.bsky.feed.post'`;
  return [
    {
      name: 'count of a day',
      kql: 'Bench_CL | where TimeGenerated > ago(1d) | count',
      sql: `SELECT count() FROM ${logs} WHERE TimeGenerated > ${dayAgo}`,
    },
    {
      name: 'errors of an hour by host',
      kql: 'Bench_CL | where TimeGenerated between (ago(2d) .. 1h) and SeverityLevel == "err" | summarize n = count() by HostName',
      sql: `SELECT HostName, count() FROM ${logs} WHERE TimeGenerated BETWEEN ${now - 2n * day} AND ${now - 2n * day + hour} AND SeverityLevel = 'err' GROUP BY HostName`,
    },
    {
      name: 'has a term',
      kql: 'Bench_CL | where SyslogMessage has "timeout" | count',
      sql: `SELECT count() FROM ${logs} WHERE hasToken(SyslogMessage, 'timeout')`,
    },
    {
      name: 'has any of two terms, by program',
      kql: 'Bench_CL | where SyslogMessage has_any ("timeout", "flushed") | summarize n = count() by ProcessName',
      sql: `SELECT ProcessName, count() FROM ${logs} WHERE hasAnyTokens(SyslogMessage, ['timeout', 'flushed']) GROUP BY ProcessName`,
    },
    {
      name: 'contains a substring',
      kql: 'Bench_CL | where SyslogMessage contains "lushe" | count',
      sql: `SELECT count() FROM ${logs} WHERE SyslogMessage ILIKE '%lushe%'`,
    },
    {
      name: 'startswith',
      kql: 'Bench_CL | where HostName startswith "Host-1" | summarize n = count() by HostName',
      sql: `SELECT HostName, count() FROM ${logs} WHERE HostName ILIKE 'host-1%' GROUP BY HostName`,
    },
    {
      name: 'in a list, equal without case',
      kql: 'Bench_CL | where ProcessName in ("sshd", "sudo") and HostName =~ "HOST-1.example.net" | count',
      sql: `SELECT count() FROM ${logs} WHERE ProcessName IN ('sshd', 'sudo') AND lower(HostName) = 'host-1.example.net'`,
    },
    {
      name: 'rows by hour and severity',
      kql: 'Bench_CL | summarize n = count() by bin(TimeGenerated, 1h), SeverityLevel',
      sql: `SELECT ${time(`intDiv(TimeGenerated, ${hour}) * ${hour}`)} AS t, SeverityLevel, count() FROM ${logs} GROUP BY t, SeverityLevel`,
    },
    {
      name: 'dcount by program',
      kql: 'Bench_CL | summarize hosts = dcount(HostName) by ProcessName',
      sql: `SELECT ProcessName, uniqCombined64(HostName) FROM ${logs} GROUP BY ProcessName`,
    },
    {
      name: 'percentiles by program',
      kql: 'Bench_CL | summarize percentiles(ProcessID, 50, 95, 99) by ProcessName',
      sql: `SELECT ProcessName, q[1], q[2], q[3] FROM (SELECT ProcessName, quantilesExactLow(0.5, 0.95, 0.99)(ProcessID) AS q FROM ${logs} GROUP BY ProcessName)`,
    },
    {
      name: 'newest 100 rows',
      kql: 'Bench_CL | top 100 by TimeGenerated desc',
      sql: `SELECT ${time('TimeGenerated')}, HostName, Facility, SeverityLevel, ProcessName, ProcessID, SyslogMessage FROM ${logs} ORDER BY TimeGenerated DESC LIMIT 100`,
    },
    {
      name: 'newest 20 with a term',
      kql: 'Bench_CL | where SyslogMessage has "timeout" | top 20 by TimeGenerated',
      sql: `SELECT ${time('TimeGenerated')}, HostName, Facility, SeverityLevel, ProcessName, ProcessID, SyslogMessage FROM ${logs} WHERE hasToken(SyslogMessage, 'timeout') ORDER BY TimeGenerated DESC LIMIT 20`,
    },
    {
      name: 'take 10',
      kql: 'Bench_CL | take 10',
      sql: `SELECT ${time('TimeGenerated')}, HostName, Facility, SeverityLevel, ProcessName, ProcessID, SyslogMessage FROM ${logs} LIMIT 10`,
      alike: 'count',
    },
    {
      name: '10,000 rows out',
      kql: 'Bench_CL | where ProcessID < 4000 | take 10000 | project TimeGenerated, HostName, ProcessName, SyslogMessage',
      sql: `SELECT ${time('TimeGenerated')}, HostName, ProcessName, SyslogMessage FROM ${logs} WHERE ProcessID < 4000 LIMIT 10000`,
      alike: 'count',
    },
    {
      name: 'join with a small side',
      kql: 'Bench_CL | where SeverityLevel == "err" | join kind=inner (Bench_CL | summarize n = count() by ProcessName | top 3 by n) on ProcessName | summarize n = count() by ProcessName',
      sql: `SELECT ProcessName, count() FROM ${logs} WHERE SeverityLevel = 'err' AND ProcessName IN (SELECT ProcessName FROM ${logs} GROUP BY ProcessName ORDER BY count() DESC LIMIT 3) GROUP BY ProcessName`,
    },
    {
      name: 'join written small side first',
      kql: 'Bench_CL | summarize n = count() by ProcessName | top 3 by n | join kind=inner (Bench_CL | where TimeGenerated > ago(1d)) on ProcessName | summarize m = count(), n = take_any(n) by ProcessName',
      sql: `SELECT ProcessName, count(), any(n) FROM (SELECT ProcessName FROM ${logs} WHERE TimeGenerated > ${dayAgo}) AS l INNER JOIN (SELECT ProcessName, count() AS n FROM ${logs} GROUP BY ProcessName ORDER BY n DESC LIMIT 3) AS r USING ProcessName GROUP BY ProcessName`,
    },
    {
      name: 'join of each host once (innerunique)',
      kql: 'Bench_CL | where TimeGenerated > ago(1d) | join (Bench_CL | where TimeGenerated > ago(1d) and SyslogMessage has "timeout" | distinct HostName) on HostName | count',
      sql: `SELECT count() FROM (SELECT DISTINCT HostName FROM ${logs} WHERE TimeGenerated > ${dayAgo}) AS l INNER JOIN (SELECT DISTINCT HostName FROM ${logs} WHERE TimeGenerated > ${dayAgo} AND hasToken(SyslogMessage, 'timeout')) AS r USING HostName`,
    },
    {
      name: 'lookup in a small table',
      kql: 'let levels = datatable(SeverityLevel:string, level:long)["err", 3, "warning", 4, "info", 6]; Bench_CL | lookup kind=leftouter levels on SeverityLevel | summarize n = count() by level',
      sql: `SELECT transform(SeverityLevel, ['err', 'warning', 'info'], [3, 4, 6]::Array(Nullable(Int64)), NULL) AS level, count() FROM ${logs} GROUP BY level`,
    },
    {
      name: 'mv-expand',
      kql: 'Bsky_CL | mv-expand lang = commit.record.langs to typeof(string) | summarize n = count() by lang',
      sql: `SELECT lang, count() FROM (SELECT arrayJoin(if(empty(langs), [''], langs)) AS lang FROM (SELECT JSONExtract(commit, 'record', 'langs', 'Array(String)') AS langs FROM ${events})) GROUP BY lang`,
    },
    {
      name: 'parse',
      kql: 'Bench_CL | where TimeGenerated > ago(1d) | parse SyslogMessage with * "from " ip " port " port:long " id " id | where isnotempty(ip) | summarize n = count(), top = max(port) by ProcessName',
      sql: `SELECT ProcessName, count(), max(toInt64OrNull(g[2])) FROM (SELECT ProcessName, extractGroups(SyslogMessage, '^.*?from (.*?) port (\\\\s*[-+]?\\\\d+\\\\s*) id (.*)$') AS g FROM ${logs} WHERE TimeGenerated > ${dayAgo}) WHERE g[1] != '' GROUP BY ProcessName`,
    },
    {
      name: 'extract and aggregate',
      kql: 'Bench_CL | where ProcessName == "sshd" | extend port = toint(extract(@"port (\\d+)", 1, SyslogMessage)) | summarize n = countif(isnotnull(port)), m = max(port)',
      sql: `SELECT countIf(port IS NOT NULL), max(port) FROM (SELECT toInt32OrNull(extract(SyslogMessage, 'port (\\\\d+)')) AS port FROM ${logs} WHERE ProcessName = 'sshd')`,
    },
    {
      name: 'regular expression by five minutes',
      kql: 'let start = ago(1d); Bench_CL | where TimeGenerated >= start and SyslogMessage matches regex @"GET /api/v[23]/" | summarize n = count() by bin(TimeGenerated, 5m)',
      sql: `SELECT ${time('intDiv(TimeGenerated, 3000000000) * 3000000000')} AS t, count() FROM ${logs} WHERE TimeGenerated >= ${dayAgo} AND match(SyslogMessage, 'GET /api/v[23]/') GROUP BY t`,
    },
    {
      name: 'paths of one dynamic',
      kql: 'Bsky_CL | extend c = parse_json(commit) | extend op = tostring(c.operation), coll = tostring(c.collection), cid = tostring(c.cid), rkey = tostring(c.rkey) | where op == "create" | summarize n = count(), cids = dcount(cid), m = max(rkey) by coll',
      sql: `SELECT c.collection, count(), uniqCombined64(c.cid), max(c.rkey) FROM (SELECT ${commit(['operation', 'collection', 'cid', 'rkey'])} FROM ${events}) WHERE c.operation = 'create' GROUP BY c.collection`,
    },
    {
      name: 'make-series',
      kql: 'Bench_CL | make-series n = count() default = 0 on TimeGenerated from ago(7d) to now() step 1h by SeverityLevel | project SeverityLevel, n',
      sql: `SELECT SeverityLevel, arrayMap(i -> m[toUInt16(i)], range(168)) FROM (SELECT SeverityLevel, sumMap(map(b, n)) AS m FROM (SELECT SeverityLevel, toUInt16(intDiv(TimeGenerated - ${now - 7n * day}, ${hour})) AS b, count() AS n FROM ${logs} WHERE TimeGenerated >= ${now - 7n * day} AND TimeGenerated < ${now} GROUP BY SeverityLevel, b) GROUP BY SeverityLevel)`,
    },
    {
      name: 'arg_max of one column by host',
      kql: 'Bench_CL | summarize arg_max(TimeGenerated, SyslogMessage) by HostName',
      sql: `SELECT HostName, ${time('max(TimeGenerated)')}, argMax(SyslogMessage, TimeGenerated) FROM ${logs} GROUP BY HostName`,
      alike: 'count',
    },
    {
      name: 'arg_max of all columns by host, of a day',
      kql: 'Bench_CL | where TimeGenerated > ago(1d) | summarize arg_max(TimeGenerated, *) by HostName',
      sql: `SELECT ${time('TimeGenerated')}, HostName, Facility, SeverityLevel, ProcessName, ProcessID, SyslogMessage FROM ${logs} WHERE TimeGenerated > ${dayAgo} ORDER BY TimeGenerated DESC LIMIT 1 BY HostName`,
      alike: 'count',
    },
    {
      name: 'union by day',
      kql: 'union Bench_CL, Bsky_CL | summarize n = count() by bin(TimeGenerated, 1d)',
      sql: `SELECT ${time(`intDiv(TimeGenerated, ${day}) * ${day}`)} AS t, count() FROM (SELECT TimeGenerated FROM ${logs} UNION ALL SELECT TimeGenerated FROM ${events}) GROUP BY t`,
    },
    {
      name: 'search in all columns',
      kql: 'Bench_CL | search "flushed" | summarize n = count() by ProcessName',
      sql: `SELECT ProcessName, count() FROM ${logs} WHERE hasToken(SyslogMessage, 'flushed') OR hasTokenCaseInsensitive(HostName, 'flushed') OR hasTokenCaseInsensitive(Facility, 'flushed') OR hasTokenCaseInsensitive(SeverityLevel, 'flushed') OR hasTokenCaseInsensitive(ProcessName, 'flushed') GROUP BY ProcessName`,
    },
    {
      name: 'distinct',
      kql: 'Bench_CL | distinct HostName, ProcessName',
      sql: `SELECT DISTINCT HostName, ProcessName FROM ${logs}`,
    },
    {
      name: 'make_set',
      kql: 'Bench_CL | summarize hosts = make_set(HostName, 100) by ProcessName',
      sql: `SELECT ProcessName, groupUniqArray(100)(HostName) FROM ${logs} GROUP BY ProcessName`,
      alike: 'count',
    },
    {
      name: 'countif and share, top 10',
      kql: 'Bench_CL | summarize errors = countif(SeverityLevel == "err"), total = count() by HostName | extend share = 100.0 * errors / total | top 10 by share',
      sql: `SELECT HostName, countIf(SeverityLevel = 'err') AS errors, count() AS total, 100.0 * errors / total AS share FROM ${logs} GROUP BY HostName ORDER BY share DESC LIMIT 10`,
    },
    {
      name: 'JSONBench Q1 top event types',
      kql: 'Bsky_CL | summarize n = count() by event = tostring(commit.collection) | order by n desc',
      sql: `SELECT JSONExtractString(commit, 'collection') AS event, count() AS n FROM ${events} GROUP BY event ORDER BY n DESC`,
    },
    {
      name: 'JSONBench Q2 with unique users',
      kql: 'Bsky_CL | where kind == "commit" and commit.operation == "create" | summarize n = count(), users = count_distinct(did) by event = tostring(commit.collection) | order by n desc',
      sql: `SELECT c.collection AS event, count() AS n, uniqExact(did) FROM (SELECT did, kind, ${commit(['operation', 'collection'])} FROM ${events}) WHERE ${created} GROUP BY event ORDER BY n DESC`,
    },
    {
      name: 'JSONBench Q3 by hour',
      kql: 'Bsky_CL | where kind == "commit" and commit.operation == "create" | extend event = tostring(commit.collection) | where event in ("app.bsky.feed.post", "app.bsky.feed.repost", "app.bsky.feed.like") | summarize n = count() by event, h = hourofday(TimeGenerated) | order by h asc, event asc',
      sql: `SELECT c.collection AS event, intDiv(TimeGenerated, ${hour}) % 24 AS h, count() FROM (SELECT TimeGenerated, kind, ${commit(['operation', 'collection'])} FROM ${events}) WHERE ${created} AND c.collection IN ('app.bsky.feed.post', 'app.bsky.feed.repost', 'app.bsky.feed.like') GROUP BY event, h ORDER BY h, event`,
    },
    {
      name: 'JSONBench Q4 first three posters',
      kql: 'Bsky_CL | where kind == "commit" and commit.operation == "create" and commit.collection == "app.bsky.feed.post" | summarize t = min(time_us) by did | top 3 by t asc',
      sql: `SELECT did, min(time_us) AS t FROM (SELECT did, time_us, kind, ${commit(['operation', 'collection'])} FROM ${events}) WHERE ${posts} GROUP BY did ORDER BY t LIMIT 3`,
    },
    {
      name: 'JSONBench Q5 longest activity spans',
      kql: 'Bsky_CL | where kind == "commit" and commit.operation == "create" and commit.collection == "app.bsky.feed.post" | summarize span = max(time_us) - min(time_us) by did | top 3 by span desc',
      sql: `SELECT did, max(time_us) - min(time_us) AS span FROM (SELECT did, time_us, kind, ${commit(['operation', 'collection'])} FROM ${events}) WHERE ${posts} GROUP BY did ORDER BY span DESC LIMIT 3`,
    },
  ];
}
