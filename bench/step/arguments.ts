/** The command line of `npm run bench -- step`: which networks and engines, how long, what to keep. */
import { parseArgs } from 'node:util';
import { Failure } from '@tfjs-operator/api/failure.ts';
import { nameHint } from '@tfjs-operator/api/topology/name-hint.ts';
import { engines, type Engine } from './engines.ts';
import { workloads, type Workload } from './workload.ts';

export interface StepBenchOptions {
  readonly workloads: readonly Workload[];
  readonly engines: readonly Engine[];
  readonly rounds: number;
  /** Length of a burst. */
  readonly seconds: number;
  readonly threads: number;
  /** The last line is an array of rows in JSON. */
  readonly json: boolean;
  /** The table and the raw times are kept in bench/results. */
  readonly save: boolean;
}

/** Odd, so that a median is a measured value, and enough for quartiles. */
const defaultRounds = 7;
/** Some steps of the slowest engine, hundreds of the fastest. */
const defaultSeconds = 1;

export const usage = `Usage: npm run bench -- step [options]

Milliseconds per training step: ours beside Keras and PyTorch, in interleaved rounds.

  --models NAMES    of ${[...workloads.keys()].join(', ')}; default: all
  --engines NAMES   of ${engines.map(({ name }) => name).join(', ')}; default: all
  --rounds N        rounds, in each of which every engine runs once; default ${defaultRounds}
  --seconds S       how long an engine runs in a round; default ${defaultSeconds}
  --threads N       threads of each engine; default: the machine's processors
  --json            end with one line of JSON, an array of rows
  --save            keep the table and the raw times in bench/results
  --help            this text
`;

/**
 * @returns undefined where help is asked for.
 * @throws Failure UsageError
 */
export function parseArguments(
  args: readonly string[],
  processors: number,
): StepBenchOptions | undefined {
  const values = read(args);
  if (values.help) return undefined;
  return {
    workloads: named('--models', values.models, workloads),
    engines: named('--engines', values.engines, new Map(engines.map((e) => [e.name, e]))),
    rounds: positive('--rounds', values.rounds, { fallback: defaultRounds, isWhole: true }),
    seconds: positive('--seconds', values.seconds, { fallback: defaultSeconds, isWhole: false }),
    threads: positive('--threads', values.threads, { fallback: processors, isWhole: true }),
    json: values.json,
    save: values.save,
  };
}

interface Values {
  readonly models?: string | undefined;
  readonly engines?: string | undefined;
  readonly rounds?: string | undefined;
  readonly seconds?: string | undefined;
  readonly threads?: string | undefined;
  readonly json: boolean;
  readonly save: boolean;
  readonly help: boolean;
}

function read(args: readonly string[]): Values {
  try {
    return parseArgs({
      args: [...args],
      options: {
        models: { type: 'string' },
        engines: { type: 'string' },
        rounds: { type: 'string' },
        seconds: { type: 'string' },
        threads: { type: 'string' },
        json: { type: 'boolean', default: false },
        save: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    const [sentence = ''] = (error as Error).message.split('. ');
    throw new Failure('UsageError', `${sentence}; bench step --help lists the options.`, {
      cause: error,
    });
  }
}

function named<T>(option: string, text: string | undefined, all: ReadonlyMap<string, T>): T[] {
  if (text === undefined) return [...all.values()];
  return [...new Set(text.split(','))].map((name) => {
    const found = all.get(name);
    if (found !== undefined) return found;
    const hint = nameHint(name, [...all.keys()]);
    throw new Failure('UsageError', `${option} names "${name}", which is not known; ${hint}`);
  });
}

function positive(
  option: string,
  text: string | undefined,
  { fallback, isWhole }: { readonly fallback: number; readonly isWhole: boolean },
): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (value > 0 && Number.isFinite(value) && (!isWhole || Number.isInteger(value))) return value;
  const wanted = isWhole ? 'a whole number from 1' : 'a number above 0';
  throw new Failure('UsageError', `${option} is "${text}"; give ${wanted}.`);
}
