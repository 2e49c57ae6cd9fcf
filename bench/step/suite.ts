/**
 * The suite `step`, told once: read the arguments, find what the engines need, measure network after
 * network, report. Knows neither the process it runs in nor where Python and TensorFlow come from.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Suite, SuiteWorld } from '../suite.ts';
import { parseArguments, usage, type StepBenchOptions } from './arguments.ts';
import { EngineCrash, startEngine, type EngineProcess } from './engine-process.ts';
import { threadVariables, type Engine, type EngineName } from './engines.ts';
import { measure, type Measurement } from './measure.ts';
import { renderReport, type Conditions } from './report.ts';
import { rowOf, type ModelRow } from './rows.ts';
import { seededRandom } from './seeded-random.ts';
import { optimizer, writeBatches, type Workload } from './workload.ts';

/** Steps before the rounds, whose losses are reported: enough to see that all learn alike. */
const firstSteps = 10;
/** Of the slowest engine in a burst; the first of them is not counted. */
const leastBurstSteps = 4;
/** Of data and of the order of engines. */
const SEED = 1;

/** @throws Failure UsageError */
export const stepSuite: Suite = async (args, world) => {
  const options = parseArguments(args, world.processors);
  if (options === undefined) {
    world.print(usage);
    return 0;
  }
  const before = world.load();
  const results = await measureAll(options, world);
  const peers = new Set(options.engines.filter(({ isPeer }) => isPeer).map(({ name }) => name));
  const rows = results.map(({ model, measurements }) => rowOf(model, measurements, peers));
  const conditions: Conditions = {
    date: world.date.toISOString().slice(0, 10),
    processor: world.processor,
    processors: world.processors,
    threads: options.threads,
    rounds: options.rounds,
    seconds: options.seconds,
    load: [before, world.load()],
  };
  const report = renderReport(rows, options.engines, conditions);
  world.print(`${report}\n`);
  if (options.save) await save(world, { conditions, rows, results, report });
  if (options.json) world.print(`${JSON.stringify(rows)}\n`);
  const hasFailed = results.some(({ measurements }) =>
    measurements.some(({ status }) => status === 'failed'),
  );
  return hasFailed ? 1 : 0;
};

interface ModelResult {
  readonly model: string;
  readonly measurements: readonly Measurement[];
}

async function measureAll(options: StepBenchOptions, world: SuiteWorld): Promise<ModelResult[]> {
  const folder = await mkdtemp(join(world.temporaryFolder, 'tfjs-bench-'));
  try {
    const results: ModelResult[] = [];
    for (const workload of options.workloads) {
      results.push({
        model: workload.model,
        measurements: await measureOne(workload, options, { world, folder }),
      });
    }
    return results;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function measureOne(
  workload: Workload,
  options: StepBenchOptions,
  { world, folder }: { readonly world: SuiteWorld; readonly folder: string },
): Promise<Measurement[]> {
  const random = seededRandom(SEED);
  const { model, topologyFile } = workload;
  const batches = await writeBatches(workload, { folder, random });
  const { threads, rounds, seconds } = options;
  return measure(
    options.engines.map(({ name }) => name),
    {
      start: (name) => startNamed(name, options, world),
      prepare: {
        do: 'prepare',
        ...{ model, topologyFile, batches, threads, optimizer },
        steps: firstSteps,
      },
      burst: { do: 'burst', seconds, steps: leastBurstSteps },
      rounds,
      random,
      progress: world.progress,
    },
  );
}

async function startNamed(
  name: EngineName,
  { engines, threads }: StepBenchOptions,
  world: SuiteWorld,
): Promise<EngineProcess> {
  const engine = engines.find((candidate) => candidate.name === name)!;
  const env = { ...world.env, ...threadVariables(threads) };
  try {
    return await startWith(engine, env, world);
  } catch (error) {
    const [reason] = (error as Error).message.split('\n');
    throw new EngineCrash(`what it needs cannot be had (${reason})`, { cause: error });
  }
}

async function startWith(
  { needs, program }: Engine,
  env: Readonly<Record<string, string | undefined>>,
  world: SuiteWorld,
): Promise<EngineProcess> {
  switch (needs) {
    case 'python':
      return startEngine([await world.python(), ...program], env);
    case 'tensorflow': {
      const home = await world.tensorflowHome();
      return startEngine([...world.node, ...program], { ...env, TFJS_TENSORFLOW_HOME: home });
    }
    case 'none':
      return startEngine([...world.node, ...program], env);
  }
}

interface Saved {
  readonly conditions: Conditions;
  readonly rows: readonly ModelRow[];
  readonly results: readonly ModelResult[];
  readonly report: string;
}

async function save(
  world: SuiteWorld,
  { conditions, rows, results, report }: Saved,
): Promise<void> {
  const processor = conditions.processor.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
  const name = `step-${conditions.date}-${processor.replaceAll(/^-|-$/g, '')}`;
  await mkdir(world.resultsFolder, { recursive: true });
  const file = join(world.resultsFolder, name);
  await writeFile(`${file}.json`, `${JSON.stringify({ conditions, rows, results }, null, 1)}\n`);
  await writeFile(`${file}.md`, `${report}\n`);
  world.progress(`kept in ${file}.json and .md`);
}
