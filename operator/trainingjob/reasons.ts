/**
 * Every reason, message, label key and event reason of a TrainingJob: the words that people, GitOps
 * tools and alerts read. A reason that was released is never given another meaning. Messages hold
 * no counters and no times: they would cause a status write at every pass.
 */

/** Labels of all children; the job-name label selects the pods. */
export const labelKeys = {
  jobName: 'tfjs-operator.io/job-name',
  runConfig: 'tfjs-operator.io/run-config',
  managedBy: 'app.kubernetes.io/managed-by',
  /** Set by Kubernetes on the pods of an Indexed Job. */
  completionIndex: 'batch.kubernetes.io/job-completion-index',
} as const;

export const managedByValue = 'tfjs-operator';

export const conditionTypes = [
  'Ready',
  'Reconciling',
  'Stalled',
  'Suspended',
  'Running',
  'Complete',
  'Failed',
] as const;
export type ConditionType = (typeof conditionTypes)[number];

/** Why a job is as it is. A failed job may also carry any reason of api/exit-codes.ts. */
export const reasons = {
  invalidConfig: 'InvalidConfig',
  configMissing: 'ConfigMissing',
  nameConflict: 'NameConflict',
  suspended: 'Suspended',
  notSuspended: 'NotSuspended',
  stopping: 'Stopping',
  starting: 'Starting',
  training: 'Training',
  recovering: 'Recovering',
  completed: 'Completed',
  deadlineExceeded: 'DeadlineExceeded',
  startDeadlineExceeded: 'StartDeadlineExceeded',
  restartLimitReached: 'RestartLimitReached',
  jobFailed: 'JobFailed',
} as const;

/** Reasons of attempts whose exit code is none of api/exit-codes.ts. */
export const attemptReasons = {
  outOfMemory: 'OOMKilled',
  /** The end by a signal that no worker of ours chose. */
  killed: 'Killed',
  /** An exit code that is not in the table: a custom runtime's own. */
  appError: 'AppError',
  /** No step within the progress deadline. */
  stalled: 'Stalled',
  /** The pods went with the suspension; no worker said how it ended. */
  interrupted: 'Interrupted',
} as const;

export const messages = {
  suspended: 'The job is suspended; set spec.suspend to false to start it.',
  notSuspended: 'The job is not suspended.',
  stopping: 'The workers write a checkpoint and stop.',
  starting: 'The workers are starting.',
  training: 'All workers are training.',
  recovering: 'A worker ended and is started again; training goes on from the newest checkpoint.',
  completed: 'Training ended and the model is written.',
  nameConflict: (kind: string, name: string): string =>
    `${kind} ${name} exists and does not belong to this TrainingJob; delete or rename it.`,
  deadlineExceeded: 'The job ran longer than spec.runPolicy.activeDeadlineSeconds allows.',
  startDeadlineExceeded: (ranks: readonly number[]): string =>
    `Not all workers were ready within spec.runPolicy.startDeadlineSeconds; missing: rank ${ranks.join(', ')}.`,
  /** Ends an attempt: the workers are restarted. */
  noProgress: (rank: number | null): string =>
    `No step was made within spec.runPolicy.progressDeadlineSeconds${rank === null ? '' : `; the slowest worker was rank ${rank}`}; the workers are restarted.`,
  restartLimitReached: (cause: string): string =>
    `More restarts were needed than spec.runPolicy.maxRestarts allows; the last cause: ${cause}`,
  jobFailed: (message: string): string => `The batch Job of the workers failed: ${message}`,
  /** A worker that left no sentence of its own. */
  wordlessExit: (rank: number, exitCode: number): string =>
    `Worker ${rank} ended with exit code ${exitCode} and left no message; its log says more.`,
  killed: (rank: number, signal: string): string => `Worker ${rank} was killed by ${signal}.`,
  outOfMemory: (rank: number): string =>
    `Worker ${rank} used more memory than its limit; raise spec.workers.resources or lower training.batchSize.`,
} as const;

export const eventReasons = {
  workerEnded: 'WorkerEnded',
  resumed: 'Resumed',
} as const;
