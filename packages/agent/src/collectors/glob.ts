import type { Fs, FsStat } from '@strongroom/base';
import { agentError, codeOf } from '../errors.js';
import { limits } from '../limits.js';

/** A path pattern split at its slashes; `undefined` stands for `**`. */
export interface Glob {
  readonly pattern: string;
  /** The directory that the search starts in: everything before the first wildcard. */
  readonly root: string;
  readonly segments: readonly (RegExp | undefined)[];
}

const wild = /[*?[]/;

function segmentExpression(segment: string): RegExp {
  let source = '';
  for (let index = 0; index < segment.length; index += 1) {
    const letter = segment[index]!;
    if (letter === '*') source += '[^/]*';
    else if (letter === '?') source += '[^/]';
    else if (letter === '[') {
      const end = segment.indexOf(']', index + 2);
      if (end < 0) source += '\\[';
      else {
        const negated = /^[!^]/.test(segment.slice(index + 1, end));
        const set = segment
          .slice(index + (negated ? 2 : 1), end)
          .replaceAll(/[\\\]^]/g, String.raw`\$&`);
        source += `[${negated ? '^' : ''}${set}]`;
        index = end;
      }
    } else source += letter.replaceAll(/[.+^${}()|\\\]]/g, String.raw`\$&`);
  }
  // As in a shell, a wildcard does not match a leading dot.
  return new RegExp(`^${/^[*?]/.test(segment) ? String.raw`(?!\.)` : ''}${source}$`, 's');
}

/**
 * Reads a pattern: an absolute path in which `*`, `?`, `[a-z]` match within a name and `**` matches
 * any number of directories. Throws `AGENT_BAD_PATTERN`.
 */
export function parseGlob(pattern: string): Glob {
  const bad = (why: string): never => {
    throw agentError('AGENT_BAD_PATTERN', `The pattern ${JSON.stringify(pattern)} ${why}.`);
  };
  if (!pattern.startsWith('/')) bad('is not an absolute path');
  if (pattern.length > 4096) bad('is longer than a path can be');
  if (pattern.includes('\0')) bad('contains a zero byte');
  const parts = pattern.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) bad('contains ".."');
  if (parts.length === 0) bad('names the root directory');
  const firstWild = parts.findIndex((part) => wild.test(part));
  const fixed = firstWild < 0 ? parts.length - 1 : firstWild;
  const segments: (RegExp | undefined)[] = [];
  for (const part of parts.slice(fixed)) {
    if (part !== '**') {
      try {
        segments.push(segmentExpression(part));
      } catch {
        bad('has a set that cannot be read');
      }
    } else if (segments.length === 0 || segments.at(-1) !== undefined) segments.push(undefined);
  }
  if (segments.at(-1) === undefined) segments.push(/^(?!\.)/);
  return { pattern, root: `/${parts.slice(0, fixed).join('/')}`, segments };
}

/** True where a pattern names this path. */
export function globMatches(glob: Glob, path: string): boolean {
  const prefix = glob.root === '/' ? '/' : `${glob.root}/`;
  if (!path.startsWith(prefix)) return false;
  const names = path.slice(prefix.length).split('/');
  const matches = (segment: number, name: number): boolean => {
    if (segment === glob.segments.length) return name === names.length;
    if (name === names.length) return false;
    const expression = glob.segments[segment];
    if (expression !== undefined) {
      return expression.test(names[name]!) && matches(segment + 1, name + 1);
    }
    if (matches(segment + 1, name)) return true;
    return !names[name]!.startsWith('.') && matches(segment, name + 1);
  };
  return matches(0, 0);
}

/** A regular file that a pattern names. */
export interface FoundFile {
  readonly path: string;
  readonly stat: FsStat;
}

/** What a scan saw besides the files. */
export interface GlobResult {
  readonly files: FoundFile[];
  /** Directories that could not be read, with the system's code. */
  readonly unreadable: { path: string; code: string }[];
  /** True where a limit ended the scan early. */
  readonly cut: boolean;
}

/**
 * Finds the regular files that a pattern names. Symbolic links are not followed: in a directory that
 * others may write to, a link could lead an agent with more rights to any file.
 */
export async function findFiles(fs: Fs, glob: Glob): Promise<GlobResult> {
  const files: FoundFile[] = [];
  const unreadable: { path: string; code: string }[] = [];
  let entries = 0;
  let cut = false;

  const join = (directory: string, name: string): string =>
    directory === '/' ? `/${name}` : `${directory}/${name}`;

  async function walk(directory: string, index: number, depth: number): Promise<void> {
    const segment = glob.segments[index];
    const deep = index < glob.segments.length && segment === undefined;
    // `**` also stands for no directory at all.
    if (deep) await walk(directory, index + 1, depth);
    if (depth >= limits.globDepthMax) return;
    let names: string[];
    try {
      names = await fs.list(directory);
    } catch (error) {
      const code = codeOf(error);
      if (code !== 'ENOENT' && code !== 'ENOTDIR') unreadable.push({ path: directory, code });
      return;
    }
    const last = index === glob.segments.length - 1;
    for (const name of names) {
      entries += 1;
      if (entries > limits.globEntriesMax || files.length >= limits.filesMax) {
        cut = true;
        return;
      }
      if (deep ? name.startsWith('.') : !segment!.test(name)) continue;
      const path = join(directory, name);
      const stat = await fs.stat(path).catch(() => undefined);
      if (stat === undefined) continue;
      if (deep) {
        if (stat.kind === 'directory') await walk(path, index, depth + 1);
      } else if (last) {
        if (stat.kind === 'file') files.push({ path, stat });
      } else if (stat.kind === 'directory') await walk(path, index + 1, depth + 1);
    }
  }

  await walk(glob.root, 0, 0);
  return { files, unreadable, cut };
}
