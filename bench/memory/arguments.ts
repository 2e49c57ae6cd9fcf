/** The command line of `npm run bench -- memory`: how long which ways of training are watched. */
import { parseArgs } from 'node:util';
import { Failure } from '@tfjs-operator/api/failure.ts';
import { nameHint } from '@tfjs-operator/api/topology/name-hint.ts';
import { workloads } from '../step/workload.ts';

/** Backend and kind of step. */
export const ways = ['tensorflow compiled', 'tensorflow eager', 'wasm eager'] as const;
export type Way = (typeof ways)[number];

export interface MemoryOptions {
  readonly model: string;
  readonly ways: readonly Way[];
  readonly steps: number;
  readonly save: boolean;
}

/** What the project asks for. */
const defaultSteps = 10_000;
/** A figure at the start and after each tenth. */
export const intervals = 10;

export const usage = `Usage: npm run bench -- memory [options]

Memory over many steps: resident bytes, and tensors and native handles, which must stay the same.

  --model NAME      of ${[...workloads.keys()].join(', ')}; default: mlp
  --ways NAMES      of ${ways.join(', ')}; default: all
  --steps N         a multiple of ${intervals}; default ${defaultSteps}
  --save            keep the table in bench/results
  --help            this text
`;

/** @returns undefined where help is asked for. @throws Failure UsageError */
export function parseArguments(args: readonly string[]): MemoryOptions | undefined {
  const { model, ways: names, steps, save, help } = read(args);
  if (help) return undefined;
  known('--model', model, [...workloads.keys()]);
  const chosen = names?.split(',').map((name) => known('--ways', name, ways));
  return { model, ways: chosen ?? ways, steps: stepsOf(steps), save };
}

interface Values {
  readonly model: string;
  readonly ways?: string | undefined;
  readonly steps?: string | undefined;
  readonly save: boolean;
  readonly help: boolean;
}

function read(args: readonly string[]): Values {
  try {
    return parseArgs({
      args: [...args],
      options: {
        model: { type: 'string', default: 'mlp' },
        ways: { type: 'string' },
        steps: { type: 'string' },
        save: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    const [sentence = ''] = (error as Error).message.split('. ');
    throw new Failure('UsageError', `${sentence}; bench memory --help lists the options.`, {
      cause: error,
    });
  }
}

function known<T extends string>(option: string, name: string, all: readonly T[]): T {
  const found = all.find((candidate) => candidate === name);
  if (found !== undefined) return found;
  const hint = nameHint(name, [...all]);
  throw new Failure('UsageError', `${option} names "${name}", which is not known; ${hint}`);
}

function stepsOf(text: string | undefined): number {
  const steps = text === undefined ? defaultSteps : Number(text);
  if (Number.isInteger(steps) && steps > 0 && steps % intervals === 0) return steps;
  throw new Failure('UsageError', `--steps is "${text}"; give a multiple of ${intervals}.`);
}
