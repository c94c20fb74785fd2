/** The plugins of `evaluate`, one file a plugin or family. */

import { analyticsPlugins } from './analytics.js';
import { bagUnpack } from './bag-unpack.js';
import { narrow } from './narrow.js';
import { pivot } from './pivot.js';
import type { Plugin } from './plugin.js';

const plugins = new Map<string, Plugin>();
for (const plugin of [bagUnpack, narrow, pivot, ...analyticsPlugins]) {
  plugins.set(plugin.name, plugin);
}

export function pluginNamed(name: string): Plugin | undefined {
  return plugins.get(name);
}

export function pluginNames(): Iterable<string> {
  return plugins.keys();
}
