/**
 * How the installer ends, in the style of api/exit-codes.ts, with which it shares the codes of what
 * can happen to a worker too. The others begin at 30, where no worker's code is.
 */
import { exitStatuses } from '@tfjs-operator/api/exit-codes.ts';

export const installStatuses = {
  Complete: { code: exitStatuses.Complete.code, meaning: 'TensorFlow is there and computes.' },
  InternalError: {
    code: exitStatuses.InternalError.code,
    meaning: 'A fault of the installer itself; the message carries the details to report.',
  },
  UsageError: {
    code: exitStatuses.UsageError.code,
    meaning: 'An unknown option, a missing value, or options that exclude each other.',
  },
  StorageError: {
    code: exitStatuses.StorageError.code,
    meaning: 'A folder cannot be read or written, or the disk is too small.',
  },
  Interrupted: {
    code: exitStatuses.Interrupted.code,
    meaning: 'Asked to stop; nothing is left behind.',
  },
  PlatformUnsupported: {
    code: 30,
    meaning: 'TensorFlow has no library for this system, processor or C library.',
  },
  ToolMissing: { code: 31, meaning: 'pip, npm, a C++ compiler or strip is not on the PATH.' },
  DownloadFailed: {
    code: 32,
    meaning: 'pip, npm or the Maven repository did not deliver; the message has its words.',
  },
  DamagedArchive: {
    code: 33,
    meaning: 'A downloaded or given file is not the published one, or cannot be unpacked.',
  },
  BuildFailed: { code: 34, meaning: 'The compiler or strip failed.' },
  AddonUnusable: {
    code: 35,
    meaning: 'The addon does not load on this machine, or computes a wrong gradient.',
  },
} as const satisfies Record<string, { readonly code: number; readonly meaning: string }>;

export type InstallReason = keyof typeof installStatuses;

export class InstallFailure extends Error {
  readonly reason: InstallReason;

  /** @param message one sentence: the file or option, its value, and the way out. */
  constructor(reason: InstallReason, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'InstallFailure';
    this.reason = reason;
  }
}
