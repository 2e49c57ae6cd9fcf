/**
 * Finds words that YAML 1.1 takes for truth values: kubectl sends `classes: [yes, no]` to the API
 * server as [true, false]. Here they are texts (YAML 1.2), so they must be told apart by quotes.
 */
import { isPair, isSeq, visit, type Document } from 'yaml';
import type { Path } from '@tfjs-operator/api/crd/structural-schema.ts';

export interface TruthWord {
  readonly path: Path;
  readonly word: string;
  readonly meaning: boolean;
}

/** The words of go-yaml 2, kubectl's parser, besides true and false. */
const truthWord = /^(?:(y|yes|on)|n|no|off)$/i;

export function truthWords(document: Document): readonly TruthWord[] {
  const found: TruthWord[] = [];
  visit(document, {
    Scalar: (key, node, ancestors) => {
      if (key === 'key' || node.type !== 'PLAIN' || typeof node.value !== 'string') return;
      const match = truthWord.exec(node.value);
      if (!match) return;
      const path = pathOf([...ancestors, node]);
      found.push({ path, word: node.value, meaning: match[1] !== undefined });
    },
  });
  return found;
}

/** Keys and indices along a chain of nodes, each of which holds the next. */
function pathOf(chain: readonly unknown[]): Path {
  return chain.flatMap((node, index): Path => {
    const next = chain[index + 1];
    if (isPair(node)) return [String(node.key)];
    return isSeq(node) ? [node.items.indexOf(next)] : [];
  });
}
