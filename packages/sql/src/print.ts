/**
 * The only place where SQL becomes text. Identifiers are quoted, strings are bound or escaped, and
 * every word that is printed bare is checked against the shape of an identifier.
 */

import { invariant, StrongroomError } from '@strongroom/base';
import type { ColumnDefinition, Command, TableName } from './command.js';
import type { SqlErrorCode } from './errors.js';
import type { Expression, OrderItem } from './expression.js';
import { statementBytesMax, treeDepthMax } from './limits.js';
import type { Query, Relation, Select, SelectItem, Settings } from './select.js';
import type { Statement } from './statement.js';

/** Prints a query or a command. Throws `SQL_TOO_DEEP`, `SQL_TOO_LONG`, `SQL_BAD_NAME`. */
export function print(tree: Query | Command): Statement {
  const printer = new Printer();
  if (tree.kind === 'select' || tree.kind === 'union') printer.query(tree);
  else printer.command(tree);
  return printer.finish(tree.kind === 'select' ? tree.settings : undefined);
}

/** Names in which nothing is to be escaped. */
const plainName = /^[\w$]*$/;

/** Words printed bare: function and setting names. */
const word = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** ClickHouse types, which only our own code names: letters, digits, brackets, quotes, commas. */
const typeName = /^[A-Za-z0-9_(), '=.+-]*$/;

/** Higher binds tighter; an operand that binds looser than its operator gets brackets. */
const precedence: Readonly<Record<string, number>> = {
  OR: 1,
  AND: 2,
  '=': 4,
  '!=': 4,
  '<': 4,
  '<=': 4,
  '>': 4,
  '>=': 4,
  '<=>': 4,
  LIKE: 4,
  'NOT LIKE': 4,
  ILIKE: 4,
  'NOT ILIKE': 4,
  '||': 5,
  '+': 6,
  '-': 6,
  '*': 7,
  '/': 7,
  '%': 7,
};

function fail(code: SqlErrorCode, message: string): never {
  throw new StrongroomError<SqlErrorCode>(code, message);
}

class Printer {
  private out = '';
  private depth = 0;
  private readonly names = new Map<string, string>();
  private readonly values: Record<string, string> = {};

  finish(settings: Settings | undefined): Statement {
    this.checkLength();
    const parts = { text: this.out, parameters: this.values };
    return (settings === undefined ? parts : { ...parts, settings }) as unknown as Statement;
  }

  private checkLength(): void {
    if (this.out.length > statementBytesMax) {
      fail('SQL_TOO_LONG', `the statement has more than ${statementBytesMax} characters`);
    }
  }

  private word(value: string): void {
    if (!word.test(value)) fail('SQL_BAD_NAME', `not a word of SQL: ${value}`);
    this.out += value;
  }

  private identifier(value: string): void {
    const safe = plainName.test(value) ? value : value.replace(/[\\`]/g, '\\$&').replace(/\0/g, '');
    this.out += `\`${safe}\``;
  }

  private string(value: string): void {
    this.out += `'${escapeString(value)}'`;
  }

  private type(value: string): void {
    if (!typeName.test(value)) fail('SQL_BAD_NAME', `not a type: ${value}`);
    this.out += value;
  }

  private list<T>(items: readonly T[], each: (item: T) => void, separator = ', '): void {
    items.forEach((item, index) => {
      if (index > 0) this.out += separator;
      each(item);
    });
  }

  private readonly one = (item: Expression): void => this.expression(item);

  private bracketed(items: readonly Expression[], open: string, close: string): void {
    this.out += open;
    this.list(items, this.one);
    this.out += close;
  }

  expression(node: Expression): void {
    if (++this.depth > treeDepthMax) fail('SQL_TOO_DEEP', `nested deeper than ${treeDepthMax}`);
    // At each node: a part that is used many times is shared in the tree, and not in the text.
    this.checkLength();
    this.bare(node);
    this.depth--;
  }

  private bare(node: Expression): void {
    switch (node.kind) {
      case 'column':
        if (node.relation !== undefined) {
          this.identifier(node.relation);
          this.out += '.';
        }
        this.identifier(node.name);
        return;
      case 'bound': {
        let name = this.names.get(node.value);
        if (name === undefined) {
          name = `p${this.names.size}`;
          this.names.set(node.value, name);
          this.values[name] = node.value;
        }
        this.out += `{${name}:String}`;
        return;
      }
      case 'string':
        this.string(node.value);
        return;
      case 'integer':
        if (node.type === undefined) this.out += node.value.toString();
        else {
          // `-5::Int64` negates after the cast, which the least Int64 does not survive.
          this.out += node.value < 0n ? `'${node.value}'::` : `${node.value}::`;
          this.type(node.type);
        }
        return;
      case 'real':
        this.out += printReal(node.value);
        return;
      case 'boolean':
        this.out += node.value ? 'true' : 'false';
        return;
      case 'null':
        this.out += 'NULL';
        if (node.type !== undefined) {
          this.out += '::';
          this.type(node.type);
        }
        return;
      case 'call':
        this.word(node.name);
        if (node.parameters !== undefined) this.bracketed(node.parameters, '(', ')');
        this.out += '(';
        if (node.distinct === true) this.out += 'DISTINCT ';
        this.list(node.args, this.one);
        this.out += ')';
        return;
      case 'infix':
        this.infix(node.operator, node.operands);
        return;
      case 'cast':
        this.out += 'CAST(';
        this.expression(node.value);
        this.out += ', ';
        if (!typeName.test(node.type)) fail('SQL_BAD_NAME', `not a type: ${node.type}`);
        this.string(node.type);
        this.out += ')';
        return;
      case 'lambda':
        this.out += '(';
        this.list(node.names, (name) => this.identifier(name));
        this.out += ') -> ';
        this.expression(node.body);
        return;
      case 'tuple':
        this.out += 'tuple';
        this.bracketed(node.items, '(', ')');
        return;
      case 'array':
        this.bracketed(node.items, '[', ']');
        return;
      case 'in':
        this.operand(node.value, 5);
        this.out += node.negated ? ' NOT IN (' : ' IN (';
        if (isExpressions(node.list)) this.list(node.list, this.one);
        else this.query(node.list);
        this.out += ')';
        return;
      case 'between':
        this.operand(node.value, 5);
        this.out += ' BETWEEN ';
        this.operand(node.low, 5);
        this.out += ' AND ';
        this.operand(node.high, 5);
        return;
      case 'subquery':
        this.out += '(';
        this.query(node.query);
        this.out += ')';
        return;
      case 'window':
        this.expression(node.call);
        this.out += ' OVER (';
        if (node.partitionBy.length > 0) {
          this.out += 'PARTITION BY ';
          this.list(node.partitionBy, this.one);
          if (node.orderBy.length > 0) this.out += ' ';
        }
        if (node.orderBy.length > 0) {
          this.out += 'ORDER BY ';
          this.order(node.orderBy);
        }
        if (node.frame !== undefined) {
          this.out += ` ${node.frame.unit} BETWEEN ${frameBound(node.frame.start)} AND ${frameBound(node.frame.end)}`;
        }
        this.out += ')';
        return;
      case 'star':
        this.out += '*';
        return;
    }
  }

  private infix(operator: string, operands: readonly Expression[]): void {
    const level = precedence[operator] ?? fail('SQL_BAD_NAME', `not an operator: ${operator}`);
    operands.forEach((operand, index) => {
      if (index > 0) this.out += ` ${operator} `;
      // Chains of one level are read from the left; comparisons do not chain at all.
      this.operand(operand, index === 0 && level !== 4 ? level : level + 1);
    });
  }

  private operand(node: Expression, level: number): void {
    const own =
      node.kind === 'infix'
        ? (precedence[node.operator] ?? 0)
        : node.kind === 'in' || node.kind === 'between'
          ? 4
          : node.kind === 'lambda'
            ? 0
            : node.kind === 'integer' && node.value < 0n && node.type === undefined
              ? 0
              : node.kind === 'real' && (node.value < 0 || Object.is(node.value, -0))
                ? 0
                : 9;
    if (own >= level) this.expression(node);
    else {
      this.out += '(';
      this.expression(node);
      this.out += ')';
    }
  }

  private order(items: readonly OrderItem[]): void {
    this.list(items, (item) => {
      this.expression(item.value);
      this.out += ` ${item.direction} NULLS ${item.nulls}`;
    });
  }

  private items(items: readonly SelectItem[]): void {
    this.list(items, (item) => {
      this.expression(item.value);
      if (item.alias !== undefined) {
        this.out += ' AS ';
        this.identifier(item.alias);
      }
    });
  }

  query(node: Query): void {
    if (++this.depth > treeDepthMax) fail('SQL_TOO_DEEP', `nested deeper than ${treeDepthMax}`);
    if (node.kind === 'union') {
      this.list(
        node.queries,
        (query) => {
          const bracketed = query.orderBy !== undefined || query.limit !== undefined;
          if (bracketed) this.out += '(';
          this.select(query);
          if (bracketed) this.out += ')';
        },
        ' UNION ALL ',
      );
    } else this.select(node);
    this.depth--;
  }

  private select(node: Select): void {
    this.out += node.distinct === true ? 'SELECT DISTINCT ' : 'SELECT ';
    this.items(node.items);
    if (node.from !== undefined) {
      this.out += ' FROM ';
      this.relation(node.from);
    }
    if (node.arrayJoin !== undefined) {
      this.out += node.arrayJoin.left ? ' LEFT ARRAY JOIN ' : ' ARRAY JOIN ';
      this.items(node.arrayJoin.items);
    }
    if (node.prewhere !== undefined) {
      this.out += ' PREWHERE ';
      this.expression(node.prewhere);
    }
    if (node.where !== undefined) {
      this.out += ' WHERE ';
      this.expression(node.where);
    }
    if (node.groupBy !== undefined && node.groupBy.length > 0) {
      this.out += ' GROUP BY ';
      this.list(node.groupBy, this.one);
    }
    if (node.having !== undefined) {
      this.out += ' HAVING ';
      this.expression(node.having);
    }
    if (node.orderBy !== undefined && node.orderBy.length > 0) {
      this.out += ' ORDER BY ';
      this.order(node.orderBy);
    }
    if (node.limitBy !== undefined) {
      this.out += ` LIMIT ${node.limitBy.count} BY `;
      this.list(node.limitBy.by, this.one);
    }
    if (node.limit !== undefined) this.out += ` LIMIT ${node.limit}`;
    if (node.offset !== undefined) this.out += ` OFFSET ${node.offset}`;
    this.settings(node.settings, ' SETTINGS ');
  }

  private settings(settings: Settings | undefined, before: string): void {
    if (settings === undefined) return;
    const entries = Object.entries(settings);
    if (entries.length === 0) return;
    this.out += before;
    this.list(entries, ([name, value]) => {
      this.word(name);
      this.out += ' = ';
      if (typeof value === 'string') this.string(value);
      else if (typeof value === 'boolean') this.out += value ? '1' : '0';
      else this.out += typeof value === 'number' ? printReal(value).replace(/\.$/, '') : `${value}`;
    });
  }

  private relation(node: Relation): void {
    if (++this.depth > treeDepthMax) fail('SQL_TOO_DEEP', `nested deeper than ${treeDepthMax}`);
    switch (node.kind) {
      case 'table':
        if (node.database !== undefined) {
          this.identifier(node.database);
          this.out += '.';
        }
        this.identifier(node.name);
        break;
      case 'query':
        this.out += '(';
        this.query(node.query);
        this.out += ')';
        break;
      case 'function':
        this.word(node.name);
        this.bracketed(node.args, '(', ')');
        break;
      case 'join':
        this.relation(node.left);
        this.out += ` ${node.join} `;
        this.relation(node.right);
        if (node.on !== undefined) {
          this.out += ' ON ';
          this.expression(node.on);
        }
        break;
    }
    if (node.kind !== 'join' && node.alias !== undefined) {
      this.out += ' AS ';
      this.identifier(node.alias);
    }
    this.depth--;
  }

  private table(name: TableName): void {
    this.identifier(name.database);
    this.out += '.';
    this.identifier(name.name);
  }

  private definition(column: ColumnDefinition): void {
    this.identifier(column.name);
    this.out += ' ';
    this.type(column.type);
    if (column.default !== undefined) {
      this.out += ' DEFAULT ';
      this.expression(column.default);
    }
    if (column.codecs !== undefined && column.codecs.length > 0) {
      this.bracketed(column.codecs, ' CODEC(', ')');
    }
  }

  command(node: Command): void {
    switch (node.kind) {
      case 'createDatabase':
        this.out += node.ifNotExists ? 'CREATE DATABASE IF NOT EXISTS ' : 'CREATE DATABASE ';
        this.identifier(node.name);
        return;
      case 'createTable':
        this.out += node.ifNotExists ? 'CREATE TABLE IF NOT EXISTS ' : 'CREATE TABLE ';
        this.table(node.table);
        this.out += ' (';
        this.list(node.columns, (each) => this.definition(each));
        for (const index of node.indexes ?? []) {
          this.out += ', INDEX ';
          this.identifier(index.name);
          this.out += ' ';
          this.expression(index.expression);
          this.out += ' TYPE ';
          this.word(index.type);
          if (index.arguments !== undefined) {
            this.out += '(';
            this.list(Object.entries(index.arguments), ([name, value]) => {
              this.word(name);
              this.out += ' = ';
              // The engine takes a word here (`splitByNonAlpha`) where SQL would have a column.
              if (value.kind === 'column') this.word(value.name);
              else this.expression(value);
            });
            this.out += ')';
          }
          if (index.granularity !== undefined) {
            invariant(
              Number.isSafeInteger(index.granularity) && index.granularity > 0,
              'a granularity is a count',
            );
            this.out += ` GRANULARITY ${index.granularity}`;
          }
        }
        this.out += ') ENGINE = ';
        this.word(node.engine);
        if (node.engineArguments !== undefined) this.bracketed(node.engineArguments, '(', ')');
        if (node.partitionBy !== undefined) {
          this.out += ' PARTITION BY ';
          this.expression(node.partitionBy);
        }
        if (node.orderBy !== undefined) this.bracketed(node.orderBy, ' ORDER BY (', ')');
        if (node.ttlToVolume !== undefined) {
          this.out += ' TTL ';
          this.expression(node.ttlToVolume.when);
          this.out += ' TO VOLUME ';
          this.string(node.ttlToVolume.volume);
        }
        this.settings(node.settings, ' SETTINGS ');
        return;
      case 'dropTable':
        this.out += node.ifExists ? 'DROP TABLE IF EXISTS ' : 'DROP TABLE ';
        this.table(node.table);
        if (node.sync) this.out += ' SYNC';
        return;
      case 'createTableAs':
        this.out += 'CREATE TABLE ';
        this.table(node.table);
        this.out += ' AS ';
        this.table(node.like);
        return;
      case 'renameTable':
        this.out += 'RENAME TABLE ';
        this.table(node.from);
        this.out += ' TO ';
        this.table(node.to);
        return;
      case 'exchangeTables':
        this.out += 'EXCHANGE TABLES ';
        this.table(node.first);
        this.out += ' AND ';
        this.table(node.second);
        return;
      case 'truncateTable':
        this.out += 'TRUNCATE TABLE ';
        this.table(node.table);
        return;
      case 'insertSelect':
        this.out += 'INSERT INTO ';
        this.table(node.table);
        this.out += ' (';
        this.list(node.columns, (name) => this.identifier(name));
        this.out += ')';
        this.settings(node.settings, ' SETTINGS ');
        this.out += ' ';
        this.query(node.query);
        if (node.format !== undefined) {
          this.out += ' FORMAT ';
          this.word(node.format);
        }
        return;
      case 'alterPartition':
        this.out += 'ALTER TABLE ';
        this.table(node.table);
        this.out += ` ${node.action} `;
        if ('id' in node.partition) {
          this.out += 'ID ';
          this.string(node.partition.id);
        } else this.expression(node.partition);
        this.settings(node.settings, ' SETTINGS ');
        return;
      case 'replacePartition':
        this.out += 'ALTER TABLE ';
        this.table(node.table);
        this.out += ' REPLACE PARTITION ID ';
        this.string(node.partition.id);
        this.out += ' FROM ';
        this.table(node.from);
        this.settings(node.settings, ' SETTINGS ');
        return;
      case 'movePartition':
        this.out += 'ALTER TABLE ';
        this.table(node.table);
        this.out += ' MOVE PARTITION ID ';
        this.string(node.partition.id);
        this.out += 'volume' in node.to ? ' TO VOLUME ' : ' TO DISK ';
        this.string('volume' in node.to ? node.to.volume : node.to.disk);
        return;
      case 'addColumn':
        this.out += 'ALTER TABLE ';
        this.table(node.table);
        this.out += node.ifNotExists ? ' ADD COLUMN IF NOT EXISTS ' : ' ADD COLUMN ';
        this.definition(node.column);
        return;
      case 'dropColumn':
        this.out += 'ALTER TABLE ';
        this.table(node.table);
        this.out += node.ifExists ? ' DROP COLUMN IF EXISTS ' : ' DROP COLUMN ';
        this.identifier(node.column);
        return;
      case 'delete':
        this.out += 'DELETE FROM ';
        this.table(node.table);
        this.out += ' WHERE ';
        this.expression(node.where);
        this.settings(node.settings, ' SETTINGS ');
        return;
      case 'optimize':
        this.out += 'OPTIMIZE TABLE ';
        this.table(node.table);
        if (node.final) this.out += ' FINAL';
        return;
      case 'system':
        this.out += `SYSTEM ${node.action}`;
        if (node.table !== undefined) {
          this.out += ' ';
          this.table(node.table);
        }
        return;
      case 'killQuery':
        this.out += 'KILL QUERY WHERE query_id = ';
        this.expression({ kind: 'bound', value: node.queryId });
        this.out += ' ASYNC';
        return;
      case 'set':
        this.settings(node.settings, 'SET ');
        return;
      case 'use':
        this.out += 'USE ';
        this.identifier(node.database);
        return;
    }
  }
}

function isExpressions(list: readonly Expression[] | Query): list is readonly Expression[] {
  return Array.isArray(list);
}

function frameBound(bound: number | 'UNBOUNDED PRECEDING' | 'UNBOUNDED FOLLOWING'): string {
  if (typeof bound === 'string') return bound;
  if (!Number.isSafeInteger(bound)) fail('SQL_BAD_NAME', `not a row offset: ${bound}`);
  if (bound === 0) return 'CURRENT ROW';
  return bound < 0 ? `${-bound} PRECEDING` : `${bound} FOLLOWING`;
}

/** Shortest text that reads back as the same Float64, and never as an integer. */
function printReal(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  const shortest = Object.is(value, -0) ? '-0.' : String(value);
  return /^-?\d+$/.test(shortest) ? `${shortest}.` : shortest;
}

function escapeString(value: string): string {
  return value.replace(/[\\'\0\n\r\t]/g, (each) =>
    each === '\n'
      ? '\\n'
      : each === '\r'
        ? '\\r'
        : each === '\t'
          ? '\\t'
          : each === '\0'
            ? '\\0'
            : `\\${each}`,
  );
}
