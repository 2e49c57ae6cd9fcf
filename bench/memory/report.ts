/** The suite's report in Markdown: a row per moment, a column per way of training. */
import type { Way } from './arguments.ts';
import type { MemorySample } from './memory-process.ts';

export interface MemoryResults {
  readonly date: string;
  readonly processor: string;
  readonly model: string;
  readonly watched: readonly Watched[];
}

export interface Watched {
  readonly way: Way;
  /** At the start and after equal numbers of steps. */
  readonly samples: readonly MemorySample[];
}

const mebibyte = 1024 * 1024;

export function renderReport({ date, processor, model, watched }: MemoryResults): string {
  const heads = ['step', ...watched.map(({ way }) => way)];
  const moments = watched[0]?.samples ?? [];
  const rows = moments.map(({ step }, moment) => [
    String(step),
    ...watched.map(({ samples }) => cellOf(samples[moment])),
  ]);
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    '# Memory while training',
    `${date}, ${processor}. Network ${model}; resident MiB, of them in use (without the room that V8 keeps for new objects), then tensors of tfjs and of the native library.`,
    [line(heads), line(heads.map(() => '---:')), ...rows.map(line)].join('\n'),
    ...watched.map((each) => `- ${each.way}: ${verdictOf(each)}`),
  ].join('\n\n');
}

function cellOf(sample: MemorySample | undefined): string {
  if (sample === undefined) return '';
  const { residentBytes, usedBytes, tensors, nativeTensors } = sample;
  const [resident, used] = [residentBytes, usedBytes].map((bytes) => (bytes / mebibyte).toFixed(1));
  return `${resident}, ${used} (${tensors}, ${nativeTensors})`;
}

function verdictOf({ samples }: Watched): string {
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined) return 'no figures';
  // The second half: what a process takes while it settles is no leak.
  const half = samples[Math.floor(samples.length / 2)] ?? first;
  const perThousand =
    (1000 * (last.usedBytes - half.usedBytes)) / mebibyte / (last.step - half.step);
  return (
    `${last.tensors - first.tensors} tensors and ${last.nativeTensors - first.nativeTensors} native ` +
    `tensors more after ${last.step} steps; ${perThousand.toFixed(2)} MiB in use per 1,000 steps ` +
    `in the second half (${last.mode})`
  );
}

/** Tensors or native tensors became more. */
export function hasLeaked({ samples }: Watched): boolean {
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined) return true;
  return last.tensors > first.tensors || last.nativeTensors > first.nativeTensors;
}
