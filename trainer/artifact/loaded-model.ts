/** A model as read from a file: plain data, in whatever dialect the file has. */
import type { Topology } from '@tfjs-operator/api/run-config.ts';
import type { NamedArray } from '../named-array.ts';

export interface LoadedModel {
  /** Absent in files of weights only. */
  readonly topology?: Topology;
  /** Empty in files of topology only. */
  readonly weights: readonly NamedArray[];
}
