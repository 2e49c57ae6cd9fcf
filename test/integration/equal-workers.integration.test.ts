/**
 * The number of workers must not change what is learned: 1, 2 and 4 real processes with the same
 * global batch end with the same parameters.
 */
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { environment } from '@tfjs-operator/api/environment.ts';
import { loadModel } from '../../trainer/artifact/load-model.ts';
import type { NamedArray } from '../../trainer/named-array.ts';
import { startGang, testFolder } from '../gang.ts';
import { needsTensorflowAddon, tensorflowAddon } from '../tensorflow-addon.ts';
import { claims, makeVolumes, runConfigOf, topologies, weightsFile } from './run-config.ts';

const steps = 50;
const batchSize = 32;
/** Sums over ranks round differently: float32 over 50 steps. */
const tolerance = 1e-5;
type Env = Readonly<Record<string, string>>;

async function train(
  kind: keyof typeof topologies,
  replicas: number,
  env: Env,
): Promise<readonly NamedArray[]> {
  await using folder = await testFolder();
  await makeVolumes(folder, { train: steps * batchSize, test: 64 });
  await mkdir(folder.claim(claims.output));
  const runConfig = runConfigOf({ topology: topologies[kind], replicas });
  const gang = await startGang(folder, runConfig, replicas, { env });
  for (const end of await gang.ends) {
    assert.equal(end.code, 0, `worker ${end.rank}: ${end.termination?.message}\n${end.log}`);
  }
  return (await loadModel(weightsFile(folder))).weights;
}

/** Largest difference in relation to the largest parameter of the same tensor. */
function difference(a: NamedArray, b: NamedArray | undefined): number {
  assert.equal(a.name, b?.name);
  const scale = a.data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return a.data.reduce(
    (most, value, index) => Math.max(most, Math.abs(value - (b?.data[index] ?? NaN)) / scale),
    0,
  );
}

async function compare(
  kind: keyof typeof topologies,
  gangs: readonly number[],
  env: Env,
): Promise<void> {
  const alone = await train(kind, 1, env);
  assert.ok(alone.length > 0);
  for (const replicas of gangs) {
    const together = await train(kind, replicas, env);
    for (const [index, array] of alone.entries()) {
      const found = difference(array, together[index]);
      assert.ok(found <= tolerance, `${array.name} with ${replicas} workers: ${found}`);
    }
  }
}

for (const kind of ['mlp', 'cnn', 'lstm'] as const) {
  test(`${kind}: 2 and 4 workers learn what 1 worker learns`, () => compare(kind, [2, 4], {}));
}

describe('on tensorflow', needsTensorflowAddon(), () => {
  for (const kind of ['mlp', 'cnn', 'lstm'] as const) {
    test(`${kind}: 2 workers learn what 1 worker learns`, async () => {
      // With it, `auto` takes tensorflow.
      await compare(kind, [2], { [environment.tensorflowHome]: await tensorflowAddon() });
    });
  }
});
