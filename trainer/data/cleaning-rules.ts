/**
 * Decides what happens to a row that something is wrong with: the rules of dataset.cleaning in
 * their order, and their counts. A fault for which the list has no rule is an error, so that no row
 * ever goes missing without a rule that says so.
 */
import { Failure } from '@tfjs-operator/api/failure.ts';
import type { CleaningCount } from '@tfjs-operator/api/result.ts';
import type { CleaningRule } from '@tfjs-operator/api/run-config.ts';

export interface Cleaner {
  readonly rules: readonly CleaningRule[];
  /**
   * Counts a row as dropped; the caller leaves it out.
   * @param what the sentence without its end: file, place and fault.
   * @throws Failure DataError where the rule's action is fail, or there is no rule.
   */
  reject(rule: CleaningRule['rule'], what: string, entry?: CleaningRule): void;
  counts(): CleaningCount[];
}

export function createCleaner(rules: readonly CleaningRule[]): Cleaner {
  const dropped = rules.map(() => 0);
  return {
    rules,
    reject(rule, what, entry) {
      const at = entry ? rules.indexOf(entry) : rules.findIndex((known) => known.rule === rule);
      const found = rules[at];
      if (found?.action !== 'drop')
        throw new Failure('DataError', `${what}; ${wayOut(rule, found)}.`);
      dropped[at]! += 1;
    },
    counts: () => rules.map(({ rule, action }, at) => ({ rule, action, dropped: dropped[at]! })),
  };
}

function wayOut(rule: CleaningRule['rule'], found: CleaningRule | undefined): string {
  return found === undefined
    ? `correct it, or list the cleaning rule "${rule}" with action "drop" in dataset.cleaning`
    : `correct it, or change the action of the cleaning rule "${rule}" from "fail" to "drop"`;
}
