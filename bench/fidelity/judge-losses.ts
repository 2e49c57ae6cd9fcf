/**
 * How far our losses are from Keras's over 200 steps, beside how far Keras is from itself when its
 * first weights are moved by one rounding: no two implementations can be nearer than that.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { chooseBackend, knownBackends } from '../../trainer/backend/choose-backend.ts';
import { createCompiledStep } from '../../trainer/step/compiled/compiled-step.ts';
import {
  benchmarkTopology,
  digitsFor,
  greatestDifference,
  lossesHere,
  modelOf,
  sampleShapes,
  type BenchmarkModel,
  type FidelityCase,
} from '../../trainer/step/fidelity-case.testing.ts';
import {
  lossesInKeras,
  prepareForKeras,
  type KerasJob,
} from '../../trainer/step/keras-referee.testing.ts';
import { workloads } from '../step/workload.ts';
import type { SuiteWorld } from '../suite.ts';

export interface JudgedLosses {
  readonly model: BenchmarkModel;
  readonly kind: 'as it is' | 'smooth';
  readonly batchSize: number;
  /** Greatest relative difference to Keras over all steps. */
  readonly ours: number;
  /** The same for Keras with first weights that were moved by a rounding. */
  readonly keras: readonly number[];
  /** First step at which the difference is above 1e-4; null: none. */
  readonly leftAt: { readonly ours: number | null; readonly keras: number | null };
  readonly lastLoss: number;
}

const steps = 200;
const warmupSteps = 20;
/** Of the weights. */
const seed = 7;
/** Runs of Keras that are a rounding off. */
const roundingSeeds = [1, 2] as const;
/** What the project asks for. */
const tolerance = 1e-4;

type Losses = Readonly<Record<string, readonly number[]>>;

export async function judgeLosses(
  models: readonly BenchmarkModel[],
  world: SuiteWorld,
): Promise<JudgedLosses[]> {
  await chooseBackend('tensorflow', knownBackends({ home: await world.tensorflowHome() }));
  const folder = await mkdtemp(join(world.temporaryFolder, 'tfjs-fidelity-'));
  try {
    const cases = await Promise.all(models.flatMap((model) => casesOf(model)));
    const jobs: KerasJob[] = [];
    const ours: Record<string, readonly number[]> = {};
    for (const { fidelity } of cases) {
      world.progress(`${fidelity.name}: ${steps} steps here`);
      const digits = await digitsFor(fidelity);
      const model = modelOf(fidelity, seed);
      jobs.push(await prepareForKeras(folder, fidelity, model, digits));
      ours[fidelity.name] = lossesHere(fidelity, model, digits, createCompiledStep);
      model.dispose();
    }
    world.progress(`Keras: ${jobs.length} trainings, three times`);
    const keras = await lossesInKeras(jobs);
    const moved: Losses[] = [];
    for (const roundingSeed of roundingSeeds) {
      moved.push(await lossesInKeras(jobs, { roundingSeed }));
    }
    return cases.map((each) => judge(each, { ours, keras, moved }));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Case extends Pick<JudgedLosses, 'model' | 'kind'> {
  readonly fidelity: FidelityCase;
}

function casesOf(model: BenchmarkModel): Promise<Case>[] {
  return (['as it is', 'smooth'] as const).map(async (kind) => ({
    model,
    kind,
    fidelity: {
      name: `${model}, ${kind}`,
      topology: await benchmarkTopology(model, kind),
      sampleShape: sampleShapes[model],
      batchSize: workloads.get(model)!.batchSize,
      ...{ steps, totalSteps: steps, warmupSteps },
      optimizer: { name: 'adam' as const, learningRate: 0.001 },
    },
  }));
}

function judge(
  { model, kind, fidelity }: Case,
  runs: { readonly ours: Losses; readonly keras: Losses; readonly moved: readonly Losses[] },
): JudgedLosses {
  const { name, batchSize } = fidelity;
  const reference = runs.keras[name] ?? [];
  const ours = runs.ours[name] ?? [];
  const moved = runs.moved.map((losses) => losses[name] ?? []);
  const leaving = moved.map((losses) => leftAt(losses, reference) ?? Infinity);
  const earliest = Math.min(...leaving);
  return {
    ...{ model, kind, batchSize },
    ours: greatestDifference(ours, reference).difference,
    keras: moved.map((losses) => greatestDifference(losses, reference).difference),
    leftAt: {
      ours: leftAt(ours, reference),
      keras: earliest === Infinity ? null : earliest,
    },
    lastLoss: reference.at(-1) ?? NaN,
  };
}

function leftAt(losses: readonly number[], reference: readonly number[]): number | null {
  const step = reference.findIndex(
    (wanted, index) => !(Math.abs((losses[index] ?? NaN) - wanted) <= tolerance * wanted),
  );
  return step < 0 ? null : step;
}
