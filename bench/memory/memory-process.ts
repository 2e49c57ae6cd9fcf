/**
 * Trains one network for many steps and writes what it holds at intervals, a line of JSON each. A
 * process of its own for each way, because resident memory is a property of the process.
 */
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { BackendName } from '../../trainer/backend/backend.ts';
import { chooseBackend, knownBackends } from '../../trainer/backend/choose-backend.ts';
import { buildModel } from '../../trainer/model/build-model.ts';
import { loadTopology } from '../../trainer/model/load-topology.ts';
import { lossByName } from '../../trainer/model/loss.ts';
import { elementsOf } from '../../trainer/named-array.ts';
import { createCompiledStep } from '../../trainer/step/compiled/compiled-step.ts';
import { createEagerStep } from '../../trainer/step/eager-step.ts';
import { heldMemory, type HeldMemory } from '../../trainer/step/held-memory.testing.ts';
import type { StepBatch, TrainingStep } from '../../trainer/step/training-step.ts';
import { seededRandom } from '../step/seeded-random.ts';
import { workloads } from '../step/workload.ts';
import { intervals } from './arguments.ts';

export interface MemorySample extends HeldMemory {
  readonly step: number;
  readonly mode: string;
}

/** Different memory in turn, as the trainer's batches. */
const BATCHES = 4;
const bucketBytes = 4 * 1024 * 1024;
/** Recorded, checked and warm: everything that is made once has been made. */
const warmUpSteps = 50;

function batchesOf(count: number, sampleShape: readonly number[]): StepBatch[] {
  const random = seededRandom(1);
  return Array.from({ length: BATCHES }, () => ({
    x: Float32Array.from({ length: count * elementsOf(sampleShape) }, () => random()),
    y: Int32Array.from({ length: count }, () => Math.floor(10 * random())),
    count,
  }));
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

async function train(
  step: TrainingStep,
  batches: readonly StepBatch[],
  first: number,
  count: number,
): Promise<void> {
  for (let index = first; index < first + count; index++) {
    const batch = batches[index % batches.length]!;
    const options = { globalCount: batch.count, step: index, randomKey: index };
    step.gradients(batch, options, () => undefined);
    // So small that no network diverges on noise.
    step.apply({ learningRate: 1e-5, step: index });
    // As in training: the addon gives arrays back when the event loop turns.
    await setImmediate();
  }
  collectGarbage();
  await setImmediate();
}

const [backend = '', kind = '', name = '', text = ''] = process.argv.slice(2);
await chooseBackend(
  backend as BackendName,
  knownBackends({ home: process.env['TFJS_TENSORFLOW_HOME'] }),
);
const workload = workloads.get(name)!;
const { topology } = await loadTopology(workload.topologyFile);
const model = buildModel(topology, { seed: 1 });
const step = (kind === 'compiled' ? createCompiledStep : createEagerStep)({
  ...{ model, metrics: [], bucketBytes, isAlone: true },
  loss: lossByName({ name: 'categoricalCrossentropy' }),
  optimizer: { name: 'adam', learningRate: 1e-5 },
});
const batches = batchesOf(workload.batchSize, workload.sampleShape);
await train(step, batches, 0, warmUpSteps);
const perInterval = Number(text) / intervals;
for (let interval = 0; interval <= intervals; interval++) {
  const first = warmUpSteps + (interval - 1) * perInterval;
  if (interval > 0) await train(step, batches, first, perInterval);
  const sample: MemorySample = {
    step: interval * perInterval,
    mode: step.execution.mode,
    ...heldMemory(),
  };
  process.stdout.write(`${JSON.stringify(sample)}\n`);
}
