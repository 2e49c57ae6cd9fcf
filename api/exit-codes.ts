/**
 * How a worker process ends. The operator, the local world and people read the same table: the
 * code says whether a restart can help, the sentence beside it (termination message) says why.
 * Codes stay below 126, where shells and container runtimes start to use their own.
 */

export interface ExitStatus {
  readonly code: number;
  /** True where the same worker with the same run config can succeed when it is started again. */
  readonly isRetryable: boolean;
  readonly meaning: string;
}

export const exitStatuses = {
  Complete: { code: 0, isRetryable: false, meaning: 'The work is done.' },
  InternalError: {
    code: 1,
    isRetryable: true,
    meaning: 'A fault of the program itself; the message carries the details to report.',
  },
  UsageError: {
    code: 2,
    isRetryable: false,
    meaning: 'The command line is wrong: an unknown option or a missing argument.',
  },
  BadConfig: {
    code: 10,
    isRetryable: false,
    meaning: 'The manifest, the network structure or the training configuration is wrong.',
  },
  DataError: {
    code: 11,
    isRetryable: false,
    meaning: 'The data set cannot be read or breaks a cleaning rule whose action is fail.',
  },
  RequirementUnmet: {
    code: 12,
    isRetryable: false,
    meaning: 'Training ended, but the evaluation is below what evaluation.require asks for.',
  },
  NumericError: {
    code: 13,
    isRetryable: false,
    meaning: 'The loss or a gradient is not a finite number.',
  },
  BackendUnavailable: {
    code: 14,
    isRetryable: false,
    meaning: 'The backend that the job names does not work on this node.',
  },
  CheckpointError: {
    code: 15,
    isRetryable: false,
    meaning: 'The checkpoints belong to another run config, or none of them is intact.',
  },
  StorageError: {
    code: 16,
    isRetryable: false,
    meaning: 'A volume or bucket cannot be read or written (full, missing, forbidden).',
  },
  PeerLost: {
    code: 20,
    isRetryable: true,
    meaning: 'Another worker of the gang ended or stopped answering.',
  },
  AddressInUse: {
    code: 21,
    isRetryable: true,
    meaning: 'The port that the worker is to listen on is taken.',
  },
  GangIncomplete: {
    code: 22,
    isRetryable: true,
    meaning: 'Not all workers came within the start deadline.',
  },
  Interrupted: {
    code: 23,
    isRetryable: true,
    meaning: 'Asked to stop: the worker left at a step boundary and a checkpoint was written.',
  },
} as const satisfies Record<string, ExitStatus>;

export type ExitReason = keyof typeof exitStatuses;

/** The reason that belongs to an exit code, or undefined for a code that no worker of ours gives. */
export function exitReasonOf(code: number): ExitReason | undefined {
  const found = Object.entries(exitStatuses).find(([, status]) => status.code === code);
  return found?.[0] as ExitReason | undefined;
}
