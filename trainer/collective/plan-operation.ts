/**
 * Turns a caller's request into what the wire and the operation need: key, schedule, wire type and
 * chunk length. All workers must come to the same plan; the messages carry it and are compared.
 */
import { chooseAlgorithm } from './choose-algorithm.ts';
import type { AllReduceRequest, RegionRequest } from './collective.ts';
import { broadcastSchedule, directSchedule, gatherSchedule, ringSchedule } from './schedule.ts';
import type { Place, Schedule } from './schedule.ts';
import {
  type AlgorithmName,
  type OperationName,
  type WireTypeName,
  wireWidths,
} from './wire-words.ts';

export type Work =
  | ({ readonly name: 'allReduce' } & AllReduceRequest)
  | ({ readonly name: 'broadcast'; readonly root: number } & RegionRequest)
  | { readonly name: 'barrier'; readonly step: number };

export interface Plan {
  readonly name: OperationName;
  readonly step: number;
  readonly bucket: number;
  readonly offset: number;
  readonly length: number;
  readonly algorithm: AlgorithmName;
  readonly wireType: WireTypeName;
  /** Elements of a full chunk. */
  readonly chunkLength: number;
  readonly schedule: Schedule;
}

export interface PlanOptions extends Place {
  readonly algorithm: AlgorithmName | 'auto';
  readonly wireType: WireTypeName;
  readonly chunkBytes: number;
}

export function planOperation(work: Work, options: PlanOptions): Plan {
  const { step } = work;
  // Only gradients may be rounded: what is broadcast arrives bit by bit.
  const exact = { algorithm: 'direct', wireType: 'float32' } as const;
  const exactChunk = options.chunkBytes / wireWidths.float32;
  switch (work.name) {
    case 'allReduce': {
      const { offset, length, bucket } = work;
      const { name: algorithm } = chooseAlgorithm(options.algorithm, options.worldSize, 4 * length);
      const schedule = algorithm === 'ring' ? ringSchedule(options) : directSchedule(options);
      const wireType = work.isExact === true ? 'float32' : options.wireType;
      const chunkLength = options.chunkBytes / wireWidths[wireType];
      return {
        name: work.name,
        step,
        bucket,
        offset,
        length,
        algorithm,
        wireType,
        chunkLength,
        schedule,
      };
    }
    case 'broadcast': {
      const { offset, length, bucket } = work;
      const schedule = broadcastSchedule(options, work.root);
      return {
        name: work.name,
        step,
        bucket,
        offset,
        length,
        ...exact,
        chunkLength: exactChunk,
        schedule,
      };
    }
    case 'barrier': {
      const schedule = gatherSchedule(options);
      return {
        name: work.name,
        step,
        bucket: 0,
        offset: 0,
        length: 0,
        ...exact,
        chunkLength: exactChunk,
        schedule,
      };
    }
  }
}
