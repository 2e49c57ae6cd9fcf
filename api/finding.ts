/**
 * What is wrong in a document, as one sentence with the way out. Owns the shape and the wording of
 * places and values; who found it and where it is printed is the business of others.
 */
import type { Path } from './crd/structural-schema.ts';

/** A fault at a place in one document, before it is known which file the document came from. */
export interface Problem {
  readonly path: Path;
  readonly value: unknown;
  /** Goes on after the path, for example ` is 0, but must be at least 1`. */
  readonly text: string;
  /** The way out, for example `set a whole number from 1 to 1024`. */
  readonly hint?: string;
}

/** The documents that a run config is merged from. */
export type DocumentName = 'trainingJob' | 'topology' | 'training' | 'evaluation';

export interface Finding {
  readonly document: DocumentName;
  /** Keys and indices from the document's root to the value; empty for the document itself. */
  readonly path: Path;
  readonly value: unknown;
  /** What is wrong, with path and value, without full stop. */
  readonly message: string;
  /** The way out; continues the sentence of the message. */
  readonly hint?: string;
}

const plainKey = /^[A-Za-z_][\w-]*$/;
/** Longer values would bury the sentence. */
const longestShownValue = 60;

/** `spec.dataset.cleaning[0].rule`; keys with other characters in brackets and quotes. */
export function pathText(path: Path): string {
  const parts = path.map((key) => {
    if (typeof key === 'number') return `[${String(key)}]`;
    return plainKey.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
  });
  return parts.join('').replace(/^\./, '');
}

/** The value as JSON, cut where it is long. */
export function valueText(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length <= longestShownValue ? text : `${text.slice(0, longestShownValue - 1)}…`;
}

/** The finding that a problem becomes when its document is known. */
export function findingOf(problem: Problem, document: DocumentName, path = problem.path): Finding {
  const place = path.length === 0 ? 'the document' : pathText(path);
  return {
    document,
    path,
    value: problem.value,
    message: `${place}${problem.text}`,
    ...(problem.hint === undefined ? {} : { hint: problem.hint }),
  };
}

/** The whole sentence: what is wrong and the way out. */
export function findingSentence(finding: Pick<Finding, 'message' | 'hint'>): string {
  if (finding.hint === undefined) return `${finding.message}.`;
  const end = finding.hint.endsWith('?') ? '' : '.';
  return `${finding.message}; ${finding.hint}${end}`;
}
