/** Microsoft's binder over given tables: what it refuses, and the columns of what it accepts. */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createContext, Script, type Context } from 'node:vm';
import type { TableSchema } from '@strongroom/sql';

export interface OracleProblem {
  readonly code: string;
  readonly message: string;
  readonly start: number;
  readonly length: number;
}

export interface OracleVerdict {
  /** Errors only: its warnings and suggestions refuse nothing. */
  readonly problems: readonly OracleProblem[];
  /** Of the last result; undefined where there is none that is a table. */
  readonly columns: readonly { readonly name: string; readonly type: string }[] | undefined;
  /** More columns may come of the data. */
  readonly isOpen: boolean;
}

/** Runs within the service's own globals; gives JSON, so that no object of theirs crosses over. */
const bind = `(text) => {
  const code = Kusto.Language.KustoCode.ParseAndAnalyze(text, strongroomGlobals);
  const problems = [];
  for (const each of strongroomItems(code.GetDiagnostics()))
    if (each.Severity === 'Error')
      problems.push({ code: each.Code, message: each.Message, start: each.Start, length: each.Length });
  const result = code.ResultType;
  const isTable = result !== null && result !== undefined && Bridge.is(result, Kusto.Language.Symbols.TableSymbol);
  const columns = isTable
    ? strongroomItems(result.Columns).map((each) => ({ name: each.Name, type: each.Type === null ? 'unknown' : each.Type.Name }))
    : undefined;
  return JSON.stringify({ problems, columns, isOpen: isTable && result.IsOpen });
}`;

export class Oracle {
  private readonly run: (text: string) => string;

  constructor(tables: Iterable<TableSchema>) {
    const directory = dirname(
      createRequire(import.meta.url).resolve('@kusto/language-service-next/package.json'),
    );
    // The service is one script of global names; it gets globals of its own.
    const context: Context = createContext({});
    for (const file of ['bridge.min.js', 'Kusto.Language.Bridge.min.js'])
      new Script(readFileSync(join(directory, file), 'utf8'), { filename: file }).runInContext(
        context,
      );
    const described = [...tables].map(({ name, columns }) => ({
      name,
      columns: columns.map((each) => ({ name: each.name, type: each.type })),
    }));
    const evaluate = (source: string): unknown => new Script(source).runInContext(context);
    evaluate(`
      var strongroomItems = (list) => {
        const found = [];
        const each = Bridge.getEnumerator(list);
        while (each.moveNext()) found.push(each.Current);
        return found;
      };
      var strongroomGlobals = (() => {
        const symbols = Kusto.Language.Symbols;
        const tables = ${JSON.stringify(described)}.map((table) =>
          new symbols.TableSymbol.$ctor4(table.name, table.columns.map(
            (each) => new symbols.ColumnSymbol(each.name, symbols.ScalarTypes.GetSymbol(each.type)))));
        const database = new symbols.DatabaseSymbol.ctor('workspace', tables);
        const cluster = new symbols.ClusterSymbol.ctor('here', [database]);
        return Kusto.Language.GlobalState.Default.WithCluster(cluster).WithDatabase(database);
      })();
    `);
    const made = evaluate(bind) as (text: string) => string;
    this.run = made;
  }

  verdict(text: string): OracleVerdict {
    return JSON.parse(this.run(text)) as OracleVerdict;
  }
}
