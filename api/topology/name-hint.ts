/**
 * The end of a sentence about an unknown name: what was probably meant, or what there is. The
 * measure of "near" is api/nearest-name.ts's.
 */
import { nearestName } from '../nearest-name.ts';

/** Names that a sentence can list and still be read. */
const longestList = 20;

/** `did you mean "x"?` where a known name is near, else a list of a readable length. */
export function nameHint(name: string, known: readonly string[]): string {
  const nearest = nearestName(name, known);
  if (nearest !== undefined) return `did you mean "${nearest}"?`;
  if (known.length <= longestList) return `use one of ${known.join(', ')}.`;
  return `the known ones are ${known.slice(0, longestList).join(', ')} and ${known.length - longestList} more.`;
}
