/**
 * What a row of the tables says: how the right job is made wrong, and what a person is then to read.
 * Data only; check-wrong-input.ts runs it.
 */
import type { ExitReason } from '@tfjs-operator/api/exit-codes.ts';
import type { Changes, Files } from './right-job.ts';
import type { Stage, Workplace } from './workplace.ts';

export interface WrongInput {
  /** Completes "… ends in one sentence". */
  readonly name: string;
  /** Fields of the right job by dotted path; undefined removes one. */
  readonly set?: Changes;
  /** Files of the workplace that are added or replaced; null removes one. */
  readonly files?: Files;
  readonly stage?: Stage;
  /** What happened in the workplace before; what it returns is called at the end. */
  readonly before?: (workplace: Workplace) => Promise<(() => void) | void>;
  /** Default: `run job.yaml --volume data=data`. */
  readonly args?: readonly string[];
  /** With --json too. */
  readonly isJson?: true;
  /**
   * Who speaks: `finding` the checks before a run (file, line, sentence), `tfjsctl` the command
   * itself, `job` a worker that was started.
   */
  readonly teller: 'finding' | 'tfjsctl' | 'job';
  readonly reason: ExitReason;
  /** The whole sentence; FOLDER stands for the workplace. */
  readonly says: string | RegExp;
  /** What is right to be in the output folder afterwards; default: nothing. */
  readonly leaves?: 'model';
}

export const runArgs = ['run', 'job.yaml', '--volume', 'data=data'] as const;
