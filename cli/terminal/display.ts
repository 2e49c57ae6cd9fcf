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

/** Changes of state that every display shows by itself. */
const shownOtherwise = ['Starting', 'Training', 'Completed', 'Suspended', 'Recovering'];

/** True for an event that a person should read as a sentence of its own while the run goes on. */
export function isWorthANote({ type, reason }: JobEvent): boolean {
  // A worker's bad end is news; its leaving on request is not.
  if (reason === 'WorkerEnded') return type === 'Warning';
  // The end of the job is told once, after the display.
  return type === 'Normal' && !shownOtherwise.includes(reason);
}
