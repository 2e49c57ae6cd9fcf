/**
 * The cases that every way of joining workers must pass: all algorithms, gang sizes, lengths and wire
 * types, compared with a plain float64 sum, and with each other to the bit.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AllReduceResult } from './collective.ts';
import type { Work } from './plan-operation.ts';
import { createRandom } from './seeded-random.testing.ts';
import type { AlgorithmName, WireTypeName } from './wire-words.ts';

export interface RunnerSettings {
  readonly algorithm: AlgorithmName;
  readonly wireType: WireTypeName;
  readonly arenaBytes: number;
  readonly chunkBytes: number;
}

export interface GangOfRunners {
  readonly runners: readonly {
    /** The arena. */
    readonly values: Float32Array;
    run(work: Work): Promise<AllReduceResult>;
  }[];
  close(): Promise<void>;
}

export type OpenGang = (worldSize: number, settings: RunnerSettings) => Promise<GangOfRunners>;

export interface CaseOptions {
  readonly chunkBytes: number;
  readonly worldSizes: readonly number[];
}

export function collectiveCases(name: string, open: OpenGang, options: CaseOptions): void {
  const chunk = options.chunkBytes / 4;
  // Nothing, less than a part each, odd, not divisible, several chunks with a rest.
  const lengths = [0, 1, 3, 17, 64, chunk - 1, 5 * chunk + 3, 16 * chunk, 24 * chunk + 13];
  const arenaBytes = 4 * lengths.reduce((sum, length) => sum + length, 0);
  for (const worldSize of options.worldSizes) {
    for (const algorithm of ['direct', 'ring'] as const) {
      for (const wireType of ['float32', 'bfloat16'] as const) {
        const settings = { algorithm, wireType, arenaBytes, chunkBytes: options.chunkBytes };
        test(`${name}: ${algorithm} of ${worldSize} in ${wireType} sums every length, in any order of calls`, async () => {
          const gang = await open(worldSize, settings);
          try {
            await sumAllLengths(gang, lengths, wireType);
          } finally {
            await gang.close();
          }
        });
      }
    }
    test(`${name}: a broadcast among ${worldSize} copies the root's bits, a barrier holds all`, async () => {
      const settings = { algorithm: 'direct', wireType: 'bfloat16', arenaBytes } as const;
      const gang = await open(worldSize, { ...settings, chunkBytes: options.chunkBytes });
      try {
        await broadcastAndMeet(gang, 3 * chunk + 1);
      } finally {
        await gang.close();
      }
    });
  }
}

async function sumAllLengths(
  gang: GangOfRunners,
  lengths: readonly number[],
  wireType: WireTypeName,
): Promise<void> {
  const worldSize = gang.runners.length;
  const offsets = lengths.map((_, index) => lengths.slice(0, index).reduce((a, b) => a + b, 0));
  const inputs = gang.runners.map(({ values }, rank) => fill(values, 1000 * worldSize + rank));
  await Promise.all(
    gang.runners.map(async (runner, rank) => {
      const buckets = shuffle(lengths.keys().toArray(), rank + 1);
      await Promise.all(
        buckets.map(async (bucket) => {
          const work = { offset: offsets[bucket]!, length: lengths[bucket]!, step: 0, bucket };
          await runner.run({ name: 'allReduce', ...work });
        }),
      );
    }),
  );
  const [first, ...others] = gang.runners.map(({ values }) => values);
  for (const other of others)
    assert.deepEqual(bits(other), bits(first!), 'equal bits on all ranks');
  assertClose(first!, inputs, worldSize > 1 ? wireType : 'float32');
}

async function broadcastAndMeet(gang: GangOfRunners, length: number): Promise<void> {
  const root = gang.runners.length - 1;
  gang.runners.forEach(({ values }, rank) => fill(values, rank));
  const rootBits = bits(gang.runners[root]!.values.subarray(0, length));
  const region = { offset: 0, length, root, step: 0, bucket: 7 };
  await Promise.all(gang.runners.map((runner) => runner.run({ name: 'broadcast', ...region })));
  for (const { values } of gang.runners) {
    assert.deepEqual(bits(values.subarray(0, length)), rootBits);
  }
  let arrived = 0;
  await Promise.all(
    gang.runners.map(async (runner, rank) => {
      await new Promise((resolve) => setTimeout(resolve, rank));
      arrived += 1;
      await runner.run({ name: 'barrier', step: 1 });
      assert.equal(arrived, gang.runners.length, 'nobody passes before the last has come');
    }),
  );
}

/** Against the sum in float64; a bfloat16 wire rounds each value and each hop to 8 bits. */
function assertClose(
  sum: Float32Array,
  inputs: readonly Float32Array[],
  wireType: WireTypeName,
): void {
  const epsilon = wireType === 'float32' ? 2 ** -23 : 2 ** -8;
  for (let index = 0; index < sum.length; index += 1) {
    const terms = inputs.map((input) => input[index]!);
    const exact = terms.reduce((total, value) => total + value, 0);
    const scale = terms.reduce((total, value) => total + Math.abs(value), 0);
    const error = Math.abs(sum[index]! - exact);
    assert.ok(
      error <= inputs.length * epsilon * scale,
      `element ${index}: ${sum[index]} for ${exact}`,
    );
  }
}

/** Fills with numbers of very different sizes, so that the order of adding shows; returns a copy. */
export function fill(values: Float32Array, seed: number): Float32Array {
  const random = createRandom(seed);
  for (let index = 0; index < values.length; index += 1) {
    values[index] = (random() - 0.5) * 10 ** Math.floor(random() * 8 - 4);
  }
  return values.slice();
}

export function bits(values: Float32Array): Uint32Array {
  return new Uint32Array(values.slice().buffer);
}

function shuffle<T>(items: T[], seed: number): T[] {
  const random = createRandom(seed);
  return items
    .map((item) => ({ item, key: random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
}
