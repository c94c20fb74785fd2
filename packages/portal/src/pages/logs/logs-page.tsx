import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { EditorHandle, PlacedProblem } from '../../editor/query-editor.js';
import { QueryEditor } from '../../editor/query-editor.js';
import { pageOf, parseAddress, printAddress } from '../../logic/address.js';
import { relativeTime } from '../../logic/agent-status.js';
import { formatCount, formatSeconds } from '../../logic/answer.js';
import { examplesFor } from '../../logic/examples.js';
import { conditionOf, withCondition } from '../../logic/filter-clause.js';
import type { HistoryEntry } from '../../logic/history.js';
import { parseHistory, withEntry } from '../../logic/history.js';
import type { TableSchema } from '../../logic/metadata.js';
import { readMetadata } from '../../logic/metadata.js';
import type { QueryPart } from '../../logic/query-text.js';
import { queryAt, quotedName } from '../../logic/query-text.js';
import type { TimeRange } from '../../logic/timespan.js';
import { defaultTimeRange, parseTimeRange, printTimeRange } from '../../logic/timespan.js';
import type { ResultColumn } from '../../logic/values.js';
import { CopyButton } from '../../parts/copy-button.js';
import { Icon } from '../../parts/icon.js';
import { useLoaded } from '../../parts/loaded.js';
import { Popover } from '../../parts/popover.js';
import { EmptyState } from '../../parts/states.js';
import { useSession } from '../../session.js';
import { ProblemPanel } from './problem-panel.js';
import type { QueryRun } from './query-run.js';
import { useQueryRun } from './query-run.js';
import { Results } from './results.js';
import { SchemaTree } from './schema-tree.js';
import { TimePicker } from './time-picker.js';

const historyKey = 'strongroom.history';
const wideScreen = '(min-width: 1000px)';
const editorHeightMin = 72;
const noRun: QueryRun = { kind: 'none' };

export function LogsPage({ visible }: { readonly visible: boolean }) {
  const session = useSession();
  const { server, workspace, zone, chooseZone, chooseWorkspace, dark } = session;
  const [address] = useState(() => parseAddress(location.hash));
  const [range, setRange] = useState<TimeRange>(address.range ?? defaultTimeRange);
  const initialText = address.query ?? '';
  const text = useRef(initialText);
  const [blank, setBlank] = useState(initialText.trim() === '');
  const editor = useRef<EditorHandle>(null);
  const [history, setHistory] = useState<readonly HistoryEntry[]>(() =>
    parseHistory(sessionStorage.getItem(historyKey)),
  );
  const [sideShown, setSideShown] = useState(() => matchMedia(wideScreen).matches);
  const [editorHeight, setEditorHeight] = useState(172);
  const [histogramShown, setHistogramShown] = useState(true);
  const [emptyHidden, setEmptyHidden] = useState(false);

  /** The address of the query that ran last; coming back to it runs nothing. */
  const ranHash = useRef('');

  const workspaceId = workspace?.workspaceId ?? '';
  const metadata = useLoaded(`metadata ${workspaceId}`, async (signal) => {
    if (workspaceId === '') return readMetadata(undefined);
    const path = `/v1/workspaces/${encodeURIComponent(workspaceId)}/metadata`;
    return readMetadata(await server.get<unknown>(path, signal));
  });
  const schema = metadata.value;

  const { run: latest, start, stop } = useQueryRun(server);
  // Another workspace's rows must not stand under this one's name.
  const run: QueryRun =
    latest.kind === 'none' || latest.asked.workspaceId === workspaceId ? latest : noRun;

  const remember = useCallback((entry: HistoryEntry) => {
    setHistory((old) => {
      const next = withEntry(old, entry);
      sessionStorage.setItem(historyKey, JSON.stringify(next));
      return next;
    });
  }, []);

  const ask = useCallback(
    (part: QueryPart, within: TimeRange, where: string, keepAddress = false) => {
      if (part.text.trim() === '' || where === '') return;
      const hash = printAddress({ workspaceId: where, range: within, query: part.text });
      const next = `/portal/logs${hash}`;
      if (!keepAddress && location.hash !== hash) window.history.pushState(null, '', next);
      ranHash.current = hash;
      const began = performance.now();
      void start({ part, workspaceId: where, range: within }).then((finished) => {
        if (finished.kind !== 'answered' && finished.kind !== 'failed') return;
        remember({
          query: part.text,
          workspaceId: where,
          timespan: printTimeRange(within),
          atMs: Date.now(),
          outcome:
            finished.kind === 'answered'
              ? { rows: finished.answer.rows.length, ms: performance.now() - began }
              : 'failed',
        });
      });
    },
    [start, remember],
  );

  const runCurrent = (within: TimeRange = range): void => {
    ask(editor.current?.current() ?? queryAt(text.current, 0), within, workspaceId);
  };

  /** Puts a query into the editor and runs it. */
  const show = (query: string, within: TimeRange = range, where = workspaceId): void => {
    text.current = query;
    setBlank(false);
    editor.current?.replace(query);
    setRange(within);
    ask({ text: query, start: 0 }, within, where);
  };

  // A link with a query in it runs once the workspace is known.
  const opened = useRef(false);
  useEffect(() => {
    if (opened.current || workspaceId === '') return;
    opened.current = true;
    const part = queryAt(text.current, 0);
    if (part.text !== '') ask(part, range, workspaceId, true);
  }, [workspaceId, ask, range]);

  // Back and forward go through the queries that were run.
  useEffect(() => {
    const moved = (): void => {
      const to = parseAddress(location.hash);
      if (to.query === undefined || pageOf(location.pathname) !== 'logs') return;
      if (location.hash === ranHash.current) return;
      if (to.query !== text.current) {
        text.current = to.query;
        setBlank(false);
        editor.current?.replace(to.query);
      }
      if (to.range) setRange(to.range);
      ask({ text: to.query, start: 0 }, to.range ?? range, to.workspaceId ?? workspaceId, true);
    };
    addEventListener('popstate', moved);
    return () => removeEventListener('popstate', moved);
  }, [ask, range, workspaceId]);

  const problems: readonly PlacedProblem[] = useMemo(
    () =>
      run.kind === 'failed'
        ? run.problems.map((problem) => ({ ...problem, base: run.asked.part.start }))
        : [],
    [run],
  );

  const changeRange = (next: TimeRange): void => {
    setRange(next);
    if (run.kind !== 'none') runCurrent(next);
  };

  const preview = (table: TableSchema): void => {
    const timed = table.columns.some((column) => column.name === 'TimeGenerated');
    show(`${quotedName(table.name)}\n${timed ? '| sort by TimeGenerated desc\n' : ''}| take 100`);
  };

  const filter = (column: ResultColumn, value: unknown, keep: boolean): void => {
    if (run.kind !== 'answered') return;
    show(withCondition(run.asked.part.text, conditionOf(column, value, keep)));
  };

  const startSplit = (event: React.PointerEvent<HTMLDivElement>): void => {
    const handle = event.currentTarget;
    const startY = event.clientY;
    const startHeight = editorHeight;
    handle.setPointerCapture(event.pointerId);
    const most = innerHeight - 260;
    const moved = (move: PointerEvent): void =>
      setEditorHeight(
        Math.max(editorHeightMin, Math.min(most, startHeight + move.clientY - startY)),
      );
    const done = (): void => {
      handle.removeEventListener('pointermove', moved);
      handle.removeEventListener('pointerup', done);
    };
    handle.addEventListener('pointermove', moved);
    handle.addEventListener('pointerup', done);
  };

  if (!workspace)
    return (
      <EmptyState icon="server" title="No workspace">
        <p>
          You have access to no workspace yet. Ask an administrator for a role on one, such as Log
          Analytics Reader.
        </p>
      </EmptyState>
    );

  const running = run.kind === 'running';
  return (
    <div className={sideShown ? 'logs' : 'logs no-side'} hidden={!visible}>
      {sideShown && (
        <aside className="logs-side" aria-label="Tables and columns">
          <SchemaTree
            schema={schema}
            error={metadata.error}
            onReload={metadata.reload}
            onInsert={(name) => editor.current?.insert(name)}
            onPreview={preview}
          />
        </aside>
      )}
      <div className="logs-main">
        <div className="toolbar" role="toolbar" aria-label="Query">
          <button
            type="button"
            className="icon-button"
            aria-label={sideShown ? 'Hide tables' : 'Show tables'}
            title={sideShown ? 'Hide tables' : 'Show tables'}
            aria-pressed={sideShown}
            onClick={() => setSideShown(!sideShown)}
          >
            <Icon name="panel" />
          </button>
          {running ? (
            <button type="button" className="button stop" onClick={stop}>
              <Icon name="stop" size={13} /> Stop
            </button>
          ) : (
            <button
              type="button"
              className="button primary"
              disabled={blank}
              title="Run the query at the cursor (Shift+Enter)"
              onClick={() => runCurrent()}
            >
              <Icon name="play" size={13} /> Run
            </button>
          )}
          <TimePicker range={range} zone={zone} onChange={changeRange} />
          <div className="toolbar-end">
            <Popover
              align="end"
              label="Query history"
              title="Query history"
              buttonClass="button ghost"
              button={
                <>
                  <Icon name="history" size={15} /> <span className="wide-only">History</span>
                </>
              }
            >
              {(close) => (
                <HistoryList
                  history={history}
                  onChoose={(entry) => {
                    close();
                    if (entry.workspaceId !== workspaceId) chooseWorkspace(entry.workspaceId);
                    show(entry.query, parseTimeRange(entry.timespan) ?? range, entry.workspaceId);
                  }}
                  onClear={() => {
                    sessionStorage.removeItem(historyKey);
                    setHistory([]);
                    close();
                  }}
                />
              )}
            </Popover>
            <CopyButton
              className="button ghost"
              label="Copy link"
              showLabel
              text={() =>
                location.origin +
                '/portal/logs' +
                printAddress({ workspaceId, range, query: text.current.trim() })
              }
            />
          </div>
        </div>
        <div className="editor-place" style={{ height: editorHeight }}>
          <QueryEditor
            initialText={initialText}
            dark={dark}
            workspaceName={workspace.name}
            schema={schema}
            problems={problems}
            handle={editor}
            onChange={(next) => {
              text.current = next;
              setBlank(next.trim() === '');
            }}
            onRun={() => runCurrent()}
          />
        </div>
        <div
          className="splitter"
          role="separator"
          aria-orientation="horizontal"
          aria-label="Editor height"
          aria-valuenow={editorHeight}
          tabIndex={0}
          onPointerDown={startSplit}
          onKeyDown={(event) => {
            const step = event.key === 'ArrowDown' ? 20 : event.key === 'ArrowUp' ? -20 : 0;
            if (step === 0) return;
            event.preventDefault();
            setEditorHeight(Math.max(editorHeightMin, editorHeight + step));
          }}
        />
        <div className="answer" aria-busy={running}>
          {running && <Progress startedMs={run.startedMs} />}
          <Answered
            run={run}
            examples={
              <Examples
                loading={schema === undefined}
                list={schema ? examplesFor(schema) : []}
                onChoose={(query) => show(query)}
              />
            }
            onReveal={(startAt, length) => editor.current?.reveal(startAt, length)}
            results={(answered) => (
              <Results
                key={answered.startedMs}
                run={answered}
                histogramShown={histogramShown}
                onHistogram={setHistogramShown}
                emptyHidden={emptyHidden}
                onEmptyHidden={setEmptyHidden}
                zone={zone}
                dark={dark}
                onZone={chooseZone}
                onFilter={filter}
                onRange={(fromMs, toMs) =>
                  changeRange({
                    kind: 'between',
                    from: new Date(fromMs).toISOString(),
                    to: new Date(toMs).toISOString(),
                  })
                }
              />
            )}
          />
        </div>
      </div>
    </div>
  );
}

/** What stands below the editor in each stage of a query; while one runs, the last stays. */
function Answered(props: {
  readonly run: QueryRun;
  readonly examples: React.ReactNode;
  readonly onReveal: (start: number, length: number) => void;
  readonly results: (run: Extract<QueryRun, { kind: 'answered' }>) => React.ReactNode;
}) {
  const { run } = props;
  const [last, setLast] = useState<QueryRun>(run);
  if (run.kind !== 'running' && run !== last) setLast(run);
  const shown = run.kind === 'running' ? last : run;
  switch (shown.kind) {
    case 'none':
    case 'running':
      return run.kind === 'running' ? null : props.examples;
    case 'stopped':
      return (
        <EmptyState icon="stop" title="Stopped">
          <p>The query was cancelled before its result was here.</p>
        </EmptyState>
      );
    case 'failed':
      return (
        <ProblemPanel
          problems={shown.problems}
          query={shown.asked.part.text}
          correlationId={shown.correlationId}
          onReveal={(problem) => {
            if (problem.place)
              props.onReveal(shown.asked.part.start + problem.place.start, problem.place.length);
          }}
        />
      );
    case 'answered':
      return props.results(shown);
  }
}

function Progress({ startedMs }: { readonly startedMs: number }) {
  const [nowMs, setNowMs] = useState(startedMs);
  useEffect(() => {
    const timer = setInterval(() => setNowMs(performance.now()), 100);
    return () => clearInterval(timer);
  }, []);
  const seconds = Math.max(0, nowMs - startedMs) / 1000;
  return (
    <div className="progress">
      <span className="progress-bar" />
      {seconds > 0.6 && (
        <span className="progress-text" role="status">
          Running, {seconds.toFixed(seconds < 10 ? 1 : 0)} s
        </span>
      )}
    </div>
  );
}

function Examples(props: {
  readonly loading: boolean;
  readonly list: ReturnType<typeof examplesFor>;
  readonly onChoose: (query: string) => void;
}) {
  if (props.loading) return null;
  if (props.list.length === 0)
    return (
      <EmptyState icon="server" title="No tables yet">
        <p>Enrol a machine on the Agents page or send rows, and its tables appear here.</p>
      </EmptyState>
    );
  return (
    <div className="examples">
      <h2>Start with a query</h2>
      <p>
        Write KQL above and press <kbd>Shift</kbd> <kbd>Enter</kbd>, or take one of these.
      </p>
      <div className="example-list">
        {props.list.map((example) => (
          <button
            key={example.title}
            type="button"
            className="example"
            onClick={() => props.onChoose(example.query)}
          >
            <strong>{example.title}</strong>
            <code>{example.query}</code>
          </button>
        ))}
      </div>
    </div>
  );
}

function HistoryList(props: {
  readonly history: readonly HistoryEntry[];
  readonly onChoose: (entry: HistoryEntry) => void;
  readonly onClear: () => void;
}) {
  const [nowMs] = useState(() => Date.now());
  if (props.history.length === 0)
    return <p className="quiet-note history-empty">Queries that you run are kept for this tab.</p>;
  return (
    <div className="history">
      {props.history.map((entry) => (
        <button key={entry.atMs} type="button" onClick={() => props.onChoose(entry)}>
          <code>{entry.query}</code>
          <small className={entry.outcome === 'failed' ? 'bad' : undefined}>
            {relativeTime(new Date(entry.atMs).toISOString(), nowMs)} ·{' '}
            {entry.outcome === 'failed'
              ? 'failed'
              : `${formatCount(entry.outcome.rows)} rows · ${formatSeconds(entry.outcome.ms / 1000)}`}
          </small>
        </button>
      ))}
      <button type="button" className="history-clear" onClick={props.onClear}>
        Clear history
      </button>
    </div>
  );
}
