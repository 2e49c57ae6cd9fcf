/**
 * Gives `node:util` back the type tests that Node 23 removed. tfjs-node 4.22 still calls them, and
 * no later release exists. `isArray` is still there, but warns at its first call: it is replaced by
 * what it stands for. Others that are still there are left alone.
 * @see https://nodejs.org/api/deprecations.html#DEP0044
 */
import util from 'node:util';

const removed: Readonly<Record<string, (value: unknown) => boolean>> = {
  isArray: Array.isArray,
  isBoolean: (value) => typeof value === 'boolean',
  isNull: (value) => value === null,
  isNullOrUndefined: (value) => value === null || value === undefined,
  isNumber: (value) => typeof value === 'number',
  isString: (value) => typeof value === 'string',
  isUndefined: (value) => value === undefined,
};

export function restoreRemovedUtil(): void {
  for (const [name, test] of Object.entries(removed)) {
    if (!(name in util) || test === Array.isArray)
      Object.defineProperty(util, name, { value: test, configurable: true });
  }
}
