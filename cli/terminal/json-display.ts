/**
 * Newline-delimited JSON on standard output, for programs: a line of type `progress` whenever the
 * progress document moved. Sentences go to standard error.
 */
import type { Progress } from '@tfjs-operator/api/progress.ts';
import { isWorthANote, type Display } from './display.ts';

export interface JsonStreams {
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
}

export function createJsonDisplay({ out, err }: JsonStreams): Display {
  let lastKey = '';
  return {
    note: err,
    event: (event) => {
      if (isWorthANote(event)) err(event.message);
    },
    update: ({ progress }) => {
      if (!progress || keyOf(progress) === lastKey) return;
      lastKey = keyOf(progress);
      out(JSON.stringify({ type: 'progress', ...progress }));
    },
    close: () => undefined,
  };
}

/** The document's time changes with every poll; its content often does not. */
function keyOf({ phase, step, epoch, metrics, membershipEpoch }: Progress): string {
  return JSON.stringify([phase, step, epoch, metrics, membershipEpoch]);
}
