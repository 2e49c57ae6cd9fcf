/**
 * A parsed YAML or JSON document that knows where its values stand in the file. Owns the way from a
 * path to line and column, also into a JSON text inside of a ConfigMap; judges nothing.
 */
import {
  isAlias,
  isCollection,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
} from 'yaml';
import type { Document, Node, Pair } from 'yaml';
import type { Path } from '@tfjs-operator/api/crd/structural-schema.ts';

/** Counted from 1, as editors do. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface SourceDocument {
  readonly file: string;
  readonly value: unknown;
  /** Where the value at a path stands; for a missing value, its nearest parent. */
  locate(path: Path): Position;
  /** Where a place of the text that is the value at `path` stands in the file. */
  locateInText(path: Path, place: Position): Position;
}

export function sourceDocument(
  file: string,
  document: Document,
  lines: LineCounter,
): SourceDocument {
  const positionOf = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  return {
    file,
    value: document.toJS({ maxAliasCount: -1 }) as unknown,
    locate: (path) => positionOf(find(document, path).offset),
    locateInText: (path, place) => {
      const { node } = find(document, path);
      if (!isScalar(node) || !node.range) return positionOf(0);
      const start = positionOf(node.range[0]);
      if (node.type !== 'BLOCK_LITERAL' && node.type !== 'BLOCK_FOLDED') return start;
      const text = node.srcToken?.type === 'block-scalar' ? node.srcToken.source : '';
      const indent = /^\n*( *)/.exec(text)?.[1]?.length ?? 0;
      return { line: start.line + place.line, column: indent + place.column };
    },
  };
}

/** Where a path leads inside of a JSON text. */
export function locateInJson(text: string, path: Path): Position {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const { line, col } = lines.linePos(find(document, path).offset);
  return { line, column: col };
}

interface Found {
  readonly node: unknown;
  readonly offset: number;
}

function find(document: Document, path: Path): Found {
  let here: Found = { node: document.contents, offset: document.contents?.range?.[0] ?? 0 };
  for (const key of path) {
    const next = child(resolved(here.node, document), key);
    if (!next) return here;
    here = next;
  }
  return here;
}

function resolved(node: unknown, document: Document): unknown {
  return isAlias(node) ? node.resolve(document) : node;
}

function child(node: unknown, key: string | number): Found | undefined {
  if (!isCollection(node)) return undefined;
  if (isSeq(node)) return found(node.items[Number(key)]);
  const pair = isMap(node) ? node.items.find((item) => keyText(item) === String(key)) : undefined;
  return pair && { node: pair.value, offset: startOf(pair.key) };
}

function found(node: unknown): Found | undefined {
  return node === undefined ? undefined : { node, offset: startOf(node) };
}

function keyText(pair: Pair): string {
  return isScalar(pair.key) ? String(pair.key.value) : String(pair.key);
}

function startOf(node: unknown): number {
  return isPair(node) ? startOf(node.key) : ((node as Node | null)?.range?.[0] ?? 0);
}
