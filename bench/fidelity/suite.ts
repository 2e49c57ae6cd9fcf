/** The suite `fidelity`: is training here what it is in Keras? Too long for every change. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Suite } from '../suite.ts';
import { parseArguments, usage } from './arguments.ts';
import { judgeLosses } from './judge-losses.ts';
import { renderReport, type FidelityResults } from './report.ts';
import { trainDigits } from './train-digits.ts';

/** @throws Failure UsageError */
export const fidelitySuite: Suite = async (args, world) => {
  const options = parseArguments(args);
  if (options === undefined) {
    world.print(usage);
    return 0;
  }
  const { parts, models, epochs } = options;
  const results: FidelityResults = {
    date: world.date.toISOString().slice(0, 10),
    processor: world.processor,
    epochs,
    losses: parts.includes('losses') ? await judgeLosses(models, world) : [],
    digits: parts.includes('digits') ? await trainDigits(options, world) : [],
  };
  const report = renderReport(results);
  world.print(`${report}\n`);
  if (options.save) {
    await mkdir(world.resultsFolder, { recursive: true });
    const file = join(world.resultsFolder, `fidelity-${results.date}`);
    await writeFile(`${file}.json`, `${JSON.stringify(results, null, 1)}\n`);
    await writeFile(`${file}.md`, `${report}\n`);
    world.progress(`kept in ${file}.json and .md`);
  }
  if (options.json) world.print(`${JSON.stringify(results)}\n`);
  return 0;
};
