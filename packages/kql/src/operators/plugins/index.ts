/** The plugins of `evaluate`, one file a plugin or family. */

import { addressLookups } from './address-lookup.js';
import { analyticsPlugins } from './analytics.js';
import { bagUnpack } from './bag-unpack.js';
import { dcountIntersect } from './dcount-intersect.js';
import { funnelSequence } from './funnel-sequence.js';
import { miningPlugins } from './mining.js';
import { narrow } from './narrow.js';
import { pivot } from './pivot.js';
import { preview } from './preview.js';
import { rowsNear } from './rows-near.js';
import { schemaMerge } from './schema-merge.js';
import type { Plugin } from './plugin.js';

const plugins = new Map<string, Plugin>();
for (const plugin of [
  bagUnpack,
  dcountIntersect,
  funnelSequence,
  narrow,
  pivot,
  preview,
  rowsNear,
  schemaMerge,
  ...addressLookups,
  ...analyticsPlugins,
  ...miningPlugins,
]) {
  plugins.set(plugin.name, plugin);
}

export function pluginNamed(name: string): Plugin | undefined {
  return plugins.get(name);
}

export function pluginNames(): Iterable<string> {
  return plugins.keys();
}
