/**
 * Says what a person probably meant: the nearest of the known names to a wrong one, as the end of
 * a sentence. Used by all messages of this folder about unknown names.
 */
import { closest, distance } from 'fastest-levenshtein';

/** More edits than this share of the word and the guess would only confuse. */
const greatestShareOfEdits = 0.5;

/** Names that a sentence can list and still be read. */
const longestList = 20;

/**
 * `did you mean "x"?` where a known name is near, else `use one of a, b, c.`; upper and lower
 * case, `_` and `-` do not count as differences.
 */
export function nearestName(name: string, known: readonly string[]): string {
  const plain = (text: string): string => text.toLowerCase().replaceAll(/[_\- ]/g, '');
  const wanted = plain(name);
  const found = closest(wanted, known.map(plain));
  const original = known.find((candidate) => plain(candidate) === found);
  if (original && distance(wanted, found) <= Math.ceil(wanted.length * greatestShareOfEdits)) {
    return `did you mean "${original}"?`;
  }
  if (known.length > longestList) return `the nearest known name is "${original}".`;
  return `use one of ${known.join(', ')}.`;
}
