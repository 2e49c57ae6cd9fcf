/**
 * Measures one network: starts every engine once, lets each build and train a little, then runs
 * rounds in which every engine has one burst, in random order, while the others wait. Noise of the
 * machine so meets all of them alike. An engine that dies is left out from there on.
 */
import {
  EngineCrash,
  type BurstQuestion,
  type EngineProcess,
  type Prepared,
  type PrepareQuestion,
} from './engine-process.ts';
import type { EngineName } from './engines.ts';
import { shuffled } from './seeded-random.ts';
import { median } from './statistics.ts';

export interface Measured {
  readonly status: 'measured';
  readonly engine: EngineName;
  readonly prepared: Prepared;
  /** Median milliseconds per step of each round. */
  readonly rounds: readonly number[];
  /** Processor time per step of each round, all threads together. */
  readonly cpuRounds: readonly number[];
  /** Steps that were measured. */
  readonly steps: number;
  readonly lastLoss: number;
  readonly peakBytes: number;
}

export interface NotMeasured {
  /** `failed` is an error, `unavailable` a property of this machine or version. */
  readonly status: 'failed' | 'unavailable';
  readonly engine: EngineName;
  /** Half a sentence. */
  readonly reason: string;
}

export type Measurement = Measured | NotMeasured;

export interface MeasureOptions {
  /** Starts the process of an engine; rejects where what it needs cannot be had. */
  readonly start: (engine: EngineName) => Promise<EngineProcess>;
  readonly prepare: PrepareQuestion;
  readonly burst: BurstQuestion;
  readonly rounds: number;
  readonly random: () => number;
  readonly progress: (sentence: string) => void;
}

interface Runner {
  readonly engine: EngineName;
  readonly process: EngineProcess;
  readonly prepared: Prepared;
  readonly rounds: number[];
  readonly cpuRounds: number[];
  steps: number;
  lastLoss: number;
  peakBytes: number;
}

/** In the order of `engines`. */
export async function measure(
  engines: readonly EngineName[],
  options: MeasureOptions,
): Promise<Measurement[]> {
  const lost = new Map<EngineName, NotMeasured>();
  const processes: EngineProcess[] = [];
  try {
    const runners = await prepareAll(engines, options, { lost, processes });
    for (let round = 0; round < options.rounds; round++) {
      options.progress(`${options.prepare.model}: round ${round + 1} of ${options.rounds}`);
      const alive = runners.filter(({ engine }) => !lost.has(engine));
      for (const runner of shuffled(alive, options.random)) {
        await attempt(runner.engine, lost, () => runBurst(runner, options.burst));
      }
    }
    return engines.map((engine) => {
      const runner = runners.find((candidate) => candidate.engine === engine);
      return lost.get(engine) ?? measuredBy(runner!);
    });
  } finally {
    await Promise.all(processes.map((process) => process.close()));
  }
}

/** One after another: a first step is measured as well. */
async function prepareAll(
  engines: readonly EngineName[],
  { start, prepare, progress }: MeasureOptions,
  { lost, processes }: { lost: Map<EngineName, NotMeasured>; processes: EngineProcess[] },
): Promise<Runner[]> {
  const runners: Runner[] = [];
  for (const engine of engines) {
    progress(`${prepare.model}: first steps of ${engine}`);
    await attempt(engine, lost, async () => {
      const process = await start(engine);
      processes.push(process);
      const prepared = await process.prepare(prepare);
      if ('unavailable' in prepared) {
        lost.set(engine, { status: 'unavailable', engine, reason: prepared.unavailable });
      } else {
        const empty = { rounds: [], cpuRounds: [], steps: 0, lastLoss: NaN, peakBytes: NaN };
        runners.push({ engine, process, prepared, ...empty });
      }
    });
  }
  return runners;
}

async function attempt(
  engine: EngineName,
  lost: Map<EngineName, NotMeasured>,
  action: () => Promise<void>,
): Promise<void> {
  try {
    await action();
  } catch (error) {
    if (!(error instanceof EngineCrash)) throw error;
    lost.set(engine, { status: 'failed', engine, reason: error.message });
  }
}

async function runBurst(runner: Runner, question: BurstQuestion): Promise<void> {
  const { milliseconds, cpuMilliseconds, loss, peakBytes } = await runner.process.burst(question);
  // The first step finds cold caches and sleeping threads, since the others had the machine.
  const warm = milliseconds.slice(1);
  runner.rounds.push(median(warm));
  runner.cpuRounds.push(cpuMilliseconds / milliseconds.length);
  runner.steps += warm.length;
  runner.lastLoss = loss;
  runner.peakBytes = peakBytes;
}

function measuredBy({ process: _, ...figures }: Runner): Measured {
  return { status: 'measured', ...figures };
}
