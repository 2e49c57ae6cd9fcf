/**
 * Finds what a person probably meant by a name that is not known. Owns the measure of "near"; the
 * sentence around it belongs to the caller.
 */
import { distance } from 'fastest-levenshtein';

/** With more edits than this share of the longer name, a guess confuses more than it helps. */
const greatestShareOfEdits = 0.4;

/** Case, `_` and `-` are no difference: `batch_size` is near to `batchSize`. */
function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[_\- ]/g, '');
}

/** The nearest of the known names, or undefined where none is near. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const wanted = plain(name);
  let best: { readonly name: string; readonly share: number } | undefined;
  for (const candidate of known) {
    const other = plain(candidate);
    const share = distance(wanted, other) / Math.max(wanted.length, other.length, 1);
    if (share <= greatestShareOfEdits && share < (best?.share ?? Infinity)) {
      best = { name: candidate, share };
    }
  }
  return best?.name;
}
