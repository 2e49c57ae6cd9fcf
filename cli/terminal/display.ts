/**
 * What shows a run while it goes on: the live picture, plain lines, or JSON lines. All take the same
 * calls; none of them decides anything.
 */
import type { JobEvent } from '@tfjs-operator/operator/trainingjob/types.ts';
import type { RunView } from '../world/local-world.ts';

export interface Display {
  /** One sentence for the person, above what changes. */
  note(sentence: string): void;
  event(event: JobEvent): void;
  update(view: RunView): void;
  /** Leaves the terminal as it was found. */
  close(): void;
}

/** Events that the display shows by itself in another way. */
const shownOtherwise = ['Starting', 'Training', 'Completed', 'Suspended', 'Recovering'];

/** True for an event that a person should read as a sentence of its own while the run goes on. */
export function isWorthANote(event: JobEvent): boolean {
  // A failure is told at the end, once.
  const isEnd = event.type === 'Warning' && event.reason !== 'WorkerEnded';
  return !isEnd && !shownOtherwise.includes(event.reason);
}
