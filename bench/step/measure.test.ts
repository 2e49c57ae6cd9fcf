/** Rounds with real processes: engines of a few lines that speak the protocol. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startEngine } from './engine-process.ts';
import type { EngineName } from './engines.ts';
import { measure, type Measurement } from './measure.ts';
import { seededRandom } from './seeded-random.ts';
import { optimizer } from './workload.ts';

/** @param body the answer to `question`, an expression; anything may be printed beside it. */
const program = (body: string): string => `
  import { writeSync } from 'node:fs';
  import { createInterface } from 'node:readline';
  console.log('chatter on standard output');
  for await (const line of createInterface({ input: process.stdin })) {
    const question = JSON.parse(line);
    writeSync(3, JSON.stringify(${body}) + '\\n');
  }`;

const prepared = `{ version: '1', way: '', parameters: 1, firstStepMs: 9, losses: [2, 1] }`;
const steady = (ms: number): string =>
  program(`question.do === 'prepare' ? ${prepared}
    : { milliseconds: [1000, ${ms}, ${ms}], cpuMilliseconds: 30, loss: 0.5, peakBytes: 42 }`);

const programs: Partial<Record<EngineName, string>> = {
  ours: steady(2),
  keras: steady(4),
  wasm: program(`{ unavailable: 'there is none' }`),
  torch: program(
    `question.do === 'prepare' ? ${prepared} : (() => { throw new TypeError('no'); })()`,
  ),
  eager: 'process.exit(7)',
};

function run(names: readonly EngineName[], sentences: string[] = []): Promise<Measurement[]> {
  const batches = { file: '', batchCount: 0, batchSize: 0, sampleShape: [] };
  return measure(names, {
    start: (name) =>
      Promise.resolve(
        startEngine(
          [process.execPath, '--input-type=module', '--eval', programs[name]!],
          process.env,
        ),
      ),
    prepare: {
      do: 'prepare',
      ...{ model: 'mlp', topologyFile: '', batches, threads: 1, steps: 2, optimizer },
    },
    burst: { do: 'burst', seconds: 0, steps: 3 },
    rounds: 3,
    random: seededRandom(1),
    progress: (sentence) => sentences.push(sentence),
  });
}

describe('measuring', () => {
  test('takes the median of each burst without its first step, in every round', async () => {
    const sentences: string[] = [];
    const [ours, keras] = await run(['ours', 'keras'], sentences);
    assert.ok(ours?.status === 'measured' && keras?.status === 'measured');
    assert.deepEqual(
      [ours.rounds, keras.rounds],
      [
        [2, 2, 2],
        [4, 4, 4],
      ],
    );
    assert.deepEqual(ours.cpuRounds, [10, 10, 10]);
    assert.deepEqual([ours.steps, ours.lastLoss, ours.peakBytes], [6, 0.5, 42]);
    assert.equal(sentences.at(-1), 'mlp: round 3 of 3');
  });

  test('goes on without an engine that dies, and says how it died', async () => {
    const results = await run(['torch', 'eager', 'ours']);
    assert.deepEqual(
      results.map(({ engine, status }) => [engine, status]),
      [
        ['torch', 'failed'],
        ['eager', 'failed'],
        ['ours', 'measured'],
      ],
    );
    const reasons = results.map((result) => ('reason' in result ? result.reason : ''));
    assert.equal(reasons[0], 'it ended with exit code 1: TypeError: no');
    assert.equal(reasons[1], 'it ended with exit code 7');
  });

  test('tells an engine that cannot work here from one that failed', async () => {
    const [wasm] = await run(['wasm']);
    assert.deepEqual(wasm, { status: 'unavailable', engine: 'wasm', reason: 'there is none' });
  });
});
