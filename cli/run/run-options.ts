/**
 * The options of `tfjsctl run`, parsed from text to values; wrong ones end in one sentence.
 */
import { Failure } from '@tfjs-operator/api/failure.ts';

export interface RunOptions {
  /** Absolute: the folder that holds the run folders and the default folders of claims. */
  readonly runs: string;
  /** Absolute folder by claim. */
  readonly volumes: ReadonlyMap<string, string>;
  /** First port of the workers, or 0 for free ones. */
  readonly port: number;
  readonly isFresh: boolean;
  readonly isJson: boolean;
}

const maxPort = 65_535;

/** Adds one `CLAIM=PATH` to those before it, as commander collects repeated options. */
export function collectVolume(
  text: string,
  before: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const [, claim, path] = /^([^=]+)=(.+)$/s.exec(text) ?? [];
  if (claim === undefined || path === undefined) {
    throw new Failure('UsageError', `--volume ${text} is not of the form CLAIM=PATH.`);
  }
  return new Map([...before, [claim, path]]);
}

/** @throws Failure UsageError for anything but a whole number in the range. */
export function parseWhole(option: string, least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new Failure(
      'UsageError',
      `${option} ${text} is no whole number from ${least} to ${most}.`,
    );
  };
}

export const parsePort = parseWhole('--port', 1, maxPort);

/** The schema's bound of spec.workers.replicas. */
export const parseWorkers = parseWhole('--workers', 1, 1024);
