/**
 * A finding with the place in a file where a person goes to put it right.
 */
import type { Position } from './source-document.ts';

export interface FileFinding extends Position {
  readonly file: string;
  /** The document, for example `TrainingJob mnist`; empty where the file itself is wrong. */
  readonly document: string;
  /** For example `spec.workers.replicas`; inside of a ConfigMap's file, the path in that file. */
  readonly path: string;
  readonly value: unknown;
  /** What is wrong, with path and value, without full stop. */
  readonly message: string;
  /** The way out; continues the sentence of the message. */
  readonly hint?: string;
}
