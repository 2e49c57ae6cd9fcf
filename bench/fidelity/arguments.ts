/** The command line of `npm run bench -- fidelity`: what is compared with Keras, and how often. */
import { parseArgs } from 'node:util';
import { Failure } from '@tfjs-operator/api/failure.ts';
import { nameHint } from '@tfjs-operator/api/topology/name-hint.ts';
import { sampleShapes, type BenchmarkModel } from '../../trainer/step/fidelity-case.testing.ts';

const parts = ['losses', 'digits'] as const;
const backends = ['tensorflow', 'wasm'] as const;
export type Part = (typeof parts)[number];
export type DigitsBackend = (typeof backends)[number];

export interface FidelityOptions {
  readonly parts: readonly Part[];
  readonly models: readonly BenchmarkModel[];
  readonly backends: readonly DigitsBackend[];
  /** How many trainings of each kind read digits. */
  readonly seeds: number;
  /** Undefined: as examples/mnist says. */
  readonly epochs: number | undefined;
  readonly json: boolean;
  readonly save: boolean;
}

const models = Object.keys(sampleShapes) as BenchmarkModel[];
/** Enough for a spread. */
const defaultSeeds = 5;

export const usage = `Usage: npm run bench -- fidelity [options]

Whether training here is what it is in Keras: losses of 200 steps of the benchmark's networks from
the same weights, and what examples/mnist reads right after training from several seeds.

  --parts NAMES     of ${parts.join(', ')}; default: both
  --models NAMES    whose losses, of ${models.join(', ')}; default: all
  --backends NAMES  that learn digits, of ${backends.join(', ')}; default: both
  --seeds N         trainings of digits of each kind; default ${defaultSeeds}
  --epochs N        of a training of digits; default: those of examples/mnist
  --json            end with one line of JSON
  --save            keep the tables and all figures in bench/results
  --help            this text
`;

/** @returns undefined where help is asked for. @throws Failure UsageError */
export function parseArguments(args: readonly string[]): FidelityOptions | undefined {
  const values = read(args);
  if (values.help) return undefined;
  return {
    parts: named('--parts', values.parts, parts),
    models: named('--models', values.models, models),
    backends: named('--backends', values.backends, backends),
    seeds: count('--seeds', values.seeds) ?? defaultSeeds,
    epochs: count('--epochs', values.epochs),
    json: values.json,
    save: values.save,
  };
}

interface Values {
  readonly parts?: string | undefined;
  readonly models?: string | undefined;
  readonly backends?: string | undefined;
  readonly seeds?: string | undefined;
  readonly epochs?: string | undefined;
  readonly json: boolean;
  readonly save: boolean;
  readonly help: boolean;
}

function read(args: readonly string[]): Values {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        ...{ parts: text, models: text, backends: text, seeds: text, epochs: text },
        ...{ json: flag, save: flag, help: flag },
      },
    }).values;
  } catch (error) {
    const [sentence = ''] = (error as Error).message.split('. ');
    throw new Failure('UsageError', `${sentence}; bench fidelity --help lists the options.`, {
      cause: error,
    });
  }
}

function named<T extends string>(
  option: string,
  text: string | undefined,
  all: readonly T[],
): readonly T[] {
  if (text === undefined) return all;
  return [...new Set(text.split(','))].map((name) => {
    const found = all.find((known) => known === name);
    if (found !== undefined) return found;
    const hint = nameHint(name, [...all]);
    throw new Failure('UsageError', `${option} names "${name}", which is not known; ${hint}`);
  });
}

function count(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new Failure('UsageError', `${option} is "${text}"; give a whole number from 1.`);
}
