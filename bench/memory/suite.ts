/** The suite `memory`: a training that goes on for long holds no more than at its start. */
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { threadVariables } from '../step/engines.ts';
import type { Suite, SuiteWorld } from '../suite.ts';
import { parseArguments, usage, type MemoryOptions, type Way } from './arguments.ts';
import type { MemorySample } from './memory-process.ts';
import { hasLeaked, renderReport, type MemoryResults, type Watched } from './report.ts';

/** Resolves to 1 where tensors or native tensors became more. @throws Failure UsageError */
export const memorySuite: Suite = async (args, world) => {
  const options = parseArguments(args);
  if (options === undefined) {
    world.print(usage);
    return 0;
  }
  const watched: Watched[] = [];
  for (const way of options.ways) {
    world.progress(`${way}: ${options.steps} steps of ${options.model}`);
    watched.push({ way, samples: await watch(way, options, world) });
  }
  const results: MemoryResults = {
    date: world.date.toISOString().slice(0, 10),
    processor: world.processor,
    model: options.model,
    watched,
  };
  const report = renderReport(results);
  world.print(`${report}\n`);
  if (options.save) {
    await mkdir(world.resultsFolder, { recursive: true });
    const file = join(world.resultsFolder, `memory-${options.model}-${results.date}`);
    await writeFile(`${file}.json`, `${JSON.stringify(results, null, 1)}\n`);
    await writeFile(`${file}.md`, `${report}\n`);
    world.progress(`kept in ${file}.json and .md`);
  }
  return watched.some(hasLeaked) ? 1 : 0;
};

async function watch(
  way: Way,
  { model, steps }: MemoryOptions,
  world: SuiteWorld,
): Promise<MemorySample[]> {
  const [node, ...args] = world.node;
  const program = join(import.meta.dirname, 'memory-process.ts');
  const home = way === 'wasm eager' ? {} : { TFJS_TENSORFLOW_HOME: await world.tensorflowHome() };
  const { stdout } = await promisify(execFile)(
    node,
    [...args, program, ...way.split(' '), model, String(steps)],
    { env: { ...world.env, ...threadVariables(world.processors), ...home }, maxBuffer: 1 << 24 },
  );
  const lines = stdout.split('\n').filter((line) => line.startsWith('{'));
  return lines.map((line) => JSON.parse(line) as MemorySample);
}
