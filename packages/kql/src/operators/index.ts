import type { OperatorLookup } from '../syntax/parser.js';
import { evaluate } from './evaluate.js';
import { extend } from './extend.js';
import { facet } from './facet.js';
import { find } from './find.js';
import { fork } from './fork.js';
import { join, lookup } from './join.js';
import { makeSeries } from './make-series.js';
import { mvApply } from './mv-apply.js';
import { mvExpand } from './mv-expand.js';
import type { Operator } from './operator.js';
import { parse, parseWhere } from './parse.js';
import { parseKv } from './parse-kv.js';
import { partition } from './partition.js';
import { datatable, print, range } from './print.js';
import { project, projectAway, projectKeep, projectRename, projectReorder } from './project.js';
import { projectByNames } from './project-by-names.js';
import { reduce } from './reduce.js';
import { render } from './render.js';
import { as, getschema, invoke, unsupportedOperators } from './schema.js';
import { scan } from './scan.js';
import { show } from './show.js';
import { search } from './search.js';
import { sort, top } from './sort.js';
import { distinct, summarize } from './summarize.js';
import { count, sample, sampleDistinct, serialize, take } from './take.js';
import { topHitters } from './top-hitters.js';
import { topNested } from './top-nested.js';
import { union } from './union.js';
import { where } from './where.js';

const operators = new Map<string, Operator>();
for (const operator of [
  where,
  extend,
  project,
  projectAway,
  projectKeep,
  projectRename,
  projectReorder,
  projectByNames,
  summarize,
  distinct,
  sort,
  top,
  topNested,
  topHitters,
  take,
  sample,
  sampleDistinct,
  count,
  serialize,
  join,
  lookup,
  union,
  search,
  find,
  print,
  datatable,
  range,
  reduce,
  render,
  parse,
  parseWhere,
  parseKv,
  mvExpand,
  mvApply,
  makeSeries,
  partition,
  scan,
  show,
  evaluate,
  getschema,
  as,
  facet,
  fork,
  invoke,
  ...unsupportedOperators,
]) {
  for (const name of operator.names) operators.set(name, operator);
}

/** An operator by any of its names. */
export function operatorNamed(name: string): Operator | undefined {
  return operators.get(name);
}

export const operatorLookup: OperatorLookup = {
  get: operatorNamed,
  names: () => operators.keys(),
};
