/**
 * Our trainer's step: `tensorflow` or `wasm`, `compiled` or `eager`, `float32` or `bfloat16`. Uses the trainer's own parts
 * with its default settings, the way prepare-run.ts and training-loop.ts put them together for one
 * worker. Speaks the protocol of engine-process.ts.
 */
import { readFile } from 'node:fs/promises';
import { readFileSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { chooseBackend, knownBackends } from '../../../trainer/backend/choose-backend.ts';
import type { BackendName } from '../../../trainer/backend/backend.ts';
import { statelessDraws } from '../../../trainer/backend/tensorflow/stateless-draws.ts';
import { slotBytes, slotViews } from '../../../trainer/data/batch-slot.ts';
import { buildModel } from '../../../trainer/model/build-model.ts';
import { loadTopology } from '../../../trainer/model/load-topology.ts';
import { lossByName } from '../../../trainer/model/loss.ts';
import { randomKeyOf } from '../../../trainer/model/random-key.ts';
import { seededDraws } from '../../../trainer/model/seeded-draws.ts';
import { elementsOf } from '../../../trainer/named-array.ts';
import { encodeWorkerRow, idleRow } from '../../../trainer/run/progress-tracker.ts';
import { createCompiledStep } from '../../../trainer/step/compiled/compiled-step.ts';
import { createEagerStep } from '../../../trainer/step/eager-step.ts';
import type { Precision, StepBatch, TrainingStep } from '../../../trainer/step/training-step.ts';
import type { Burst, BurstQuestion, Prepared, PrepareQuestion } from '../engine-process.ts';
import type { BatchFile } from '../workload.ts';

/** File descriptor of the answers. */
const ANSWERS = 3;
/** crds/trainingjobs.yaml: the default of allReduce.bucketBytes. */
const bucketBytes = 4 * 1024 * 1024;

interface Training extends Pick<Prepared, 'version' | 'parameters'> {
  /** Trains on the batch of this index; the loss. */
  readonly trainStep: (index: number) => number;
  /** Whether the step fell back to single operations, and why; known after the first steps. */
  readonly way: () => string;
}

interface EngineSettings {
  readonly backend: BackendName;
  /** `compiled` or `eager`. */
  readonly kind: string;
  readonly precision: Precision;
}

async function build(
  question: PrepareQuestion,
  { backend, kind, precision }: EngineSettings,
): Promise<Training> {
  const home = process.env['TFJS_TENSORFLOW_HOME'];
  const { reason } = await chooseBackend(backend, knownBackends({ home }));
  const { topology } = await loadTopology(question.topologyFile);
  const model = buildModel(topology, { seed: 1 });
  const options = {
    model,
    loss: lossByName({ name: 'categoricalCrossentropy' }),
    metrics: [],
    optimizer: { name: 'adam' as const, ...question.optimizer },
    bucketBytes,
    worldSize: 1,
    isAlone: true,
    workerFloats: encodeWorkerRow(idleRow).length,
  };
  const draws = backend === 'tensorflow' ? statelessDraws() : seededDraws();
  const step =
    kind === 'compiled'
      ? createCompiledStep({ ...options, precision })
      : createEagerStep({ ...options, draws });
  const batches = await readBatches(question.batches);
  const parameters = model.trainableWeights.reduce(
    (sum, { shape }) => sum + elementsOf(shape as number[]),
    0,
  );
  // The end of why the backend was chosen: packages and their versions stand in brackets.
  const version = `${backend} (${/\((.*)\)/.exec(reason)?.[1] ?? reason})`;
  const way = (): string => (step.execution.mode === kind ? '' : step.execution.reason);
  return { version, way, parameters, trainStep: trainerOf(step, batches, question) };
}

function trainerOf(
  step: TrainingStep,
  batches: readonly StepBatch[],
  { optimizer: { learningRate } }: PrepareQuestion,
): Training['trainStep'] {
  const row = encodeWorkerRow(idleRow);
  return (index) => {
    const batch = batches[index % batches.length]!;
    const randomKey = randomKeyOf({ seed: 1, rank: 0, step: index });
    const options = { globalCount: batch.count, step: index, randomKey, worker: { rank: 0, row } };
    step.gradients(batch, options, () => undefined);
    const { loss } = step.readSums();
    step.apply({ learningRate, step: index });
    return loss;
  };
}

/** In shared memory and laid out as the trainer's batches are. */
async function readBatches(description: BatchFile): Promise<StepBatch[]> {
  const { file, batchCount, batchSize, sampleShape } = description;
  const { buffer, byteOffset } = await readFile(file);
  const size = batchSize * elementsOf(sampleShape);
  const samples = new Float32Array(buffer, byteOffset, batchCount * size);
  const labels = new Int32Array(buffer, byteOffset + samples.byteLength, batchCount * batchSize);
  const layout = { labels, labelWidth: 1, sampleShape };
  return Array.from({ length: batchCount }, (_, index) => {
    const memory = new SharedArrayBuffer(slotBytes(layout, batchSize));
    const { x, y } = slotViews(memory, layout, batchSize);
    x.set(samples.subarray(index * size, (index + 1) * size));
    y.set(labels.subarray(index * batchSize, (index + 1) * batchSize));
    return { x, y, count: batchSize };
  });
}

interface TimedStep {
  readonly milliseconds: number;
  readonly loss: number;
}

function timedStep({ trainStep }: Training, index: number): TimedStep {
  const start = performance.now();
  const loss = trainStep(index);
  return { milliseconds: performance.now() - start, loss };
}

function prepared(training: Training, { steps }: PrepareQuestion): Prepared {
  const { version, parameters } = training;
  const done = Array.from({ length: steps }, (_, index) => timedStep(training, index));
  const losses = done.map(({ loss }) => loss);
  const firstStepMs = done[0]?.milliseconds ?? NaN;
  return { version, way: training.way(), parameters, firstStepMs, losses };
}

function burst(training: Training, first: number, { seconds, steps }: BurstQuestion): Burst {
  const done: TimedStep[] = [];
  const cpu = process.cpuUsage();
  const end = performance.now() + 1000 * seconds;
  while (done.length < steps || performance.now() < end) {
    done.push(timedStep(training, first + done.length));
  }
  const { user, system } = process.cpuUsage(cpu);
  return {
    milliseconds: done.map((step) => step.milliseconds),
    // cpuUsage counts microseconds.
    cpuMilliseconds: (user + system) / 1000,
    loss: done.at(-1)?.loss ?? NaN,
    peakBytes: peakBytes(),
  };
}

function peakBytes(): number {
  try {
    const [, kilobytes] = /^VmHWM:\s*(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
    return Number(kilobytes) * 1024;
  } catch {
    // No /proc: the same figure from getrusage.
    return process.resourceUsage().maxRSS * 1024;
  }
}

async function serve(engine: EngineSettings): Promise<void> {
  let training: Training | undefined;
  let index = 0;
  for await (const line of createInterface({ input: process.stdin })) {
    const question = JSON.parse(line) as PrepareQuestion | BurstQuestion;
    let answer: Prepared | Burst;
    if (question.do === 'prepare') {
      training = await build(question, engine);
      answer = prepared(training, question);
      index = question.steps;
    } else {
      if (training === undefined) throw new Error('A burst was asked for before a network.');
      answer = burst(training, index, question);
      index += answer.milliseconds.length;
    }
    writeSync(ANSWERS, `${JSON.stringify(answer)}\n`);
  }
}

const [backend = '', kind = '', precision = 'float32'] = process.argv.slice(2);
await serve({ backend: backend as BackendName, kind, precision: precision as Precision });
