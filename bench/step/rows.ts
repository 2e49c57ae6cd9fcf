/** From measurements to figures: one row per network, which is what `--json` prints. */
import type { EngineName } from './engines.ts';
import type { Measured, Measurement } from './measure.ts';
import { median, pairedRatio, spreadOf, type Spread } from './statistics.ts';

type PerEngine<T> = Readonly<Partial<Record<EngineName, T>>>;

/** Times are milliseconds per step, medians over rounds; null where there is no measurement. */
export interface ModelRow {
  readonly model: string;
  /** The compiled step. */
  readonly ours: number | null;
  /** The compiled step with products in bfloat16. */
  readonly bfloat16: number | null;
  readonly eager: number | null;
  readonly wasm: number | null;
  /** Graph mode. */
  readonly keras: number | null;
  readonly kerasJit: number | null;
  readonly torch: number | null;
  readonly torchCompile: number | null;
  /** ours / keras, the median over rounds. */
  readonly ratioKeras: number | null;
  /** ours / the fastest mode of any peer, the median over rounds. */
  readonly ratioBest: number | null;
  /** That fastest mode. */
  readonly best: EngineName | null;
  /** Over rounds. */
  readonly spread: PerEngine<Spread>;
  /** Processor time per step in ms, all threads together: other processes hardly change it. */
  readonly cpu: PerEngine<number>;
  /** Most resident memory, MiB. */
  readonly rss: PerEngine<number>;
  readonly firstStepMs: PerEngine<number>;
  /** Of each of the first steps. */
  readonly losses: PerEngine<readonly number[]>;
  readonly parameters: PerEngine<number>;
  readonly versions: PerEngine<string>;
  /** Which of an engine's ways was its fastest; why a compiled step was not compiled. */
  readonly ways: PerEngine<string>;
  /** Why there is no measurement. */
  readonly missing: PerEngine<string>;
}

/** @param peers engines that are not ours. */
export function rowOf(
  model: string,
  measurements: readonly Measurement[],
  peers: ReadonlySet<EngineName>,
): ModelRow {
  const measured = measurements.filter((m) => m.status === 'measured');
  const find = (name: EngineName): Measured | undefined =>
    measured.find(({ engine }) => engine === name);
  const time = (name: EngineName): number | null => {
    const found = find(name);
    return found === undefined ? null : median(found.rounds);
  };
  const ratio = (other: Measured | undefined): number | null => {
    const ours = find('ours');
    return ours && other ? pairedRatio(ours.rounds, other.rounds) : null;
  };
  const best = measured
    .filter(({ engine }) => peers.has(engine))
    .toSorted((a, b) => median(a.rounds) - median(b.rounds))[0];
  const each = <T>(figure: (measurement: Measured) => T): PerEngine<T> =>
    Object.fromEntries(measured.map((m) => [m.engine, figure(m)]));
  return {
    model,
    ours: time('ours'),
    bfloat16: time('bfloat16'),
    eager: time('eager'),
    wasm: time('wasm'),
    keras: time('keras'),
    kerasJit: time('kerasJit'),
    torch: time('torch'),
    torchCompile: time('torchCompile'),
    ratioKeras: ratio(find('keras')),
    ratioBest: ratio(best),
    best: best?.engine ?? null,
    spread: each(({ rounds }) => spreadOf(rounds)),
    cpu: each(({ cpuRounds }) => median(cpuRounds)),
    rss: each(({ peakBytes }) => peakBytes / 2 ** 20),
    firstStepMs: each(({ prepared }) => prepared.firstStepMs),
    losses: each(({ prepared }) => prepared.losses),
    parameters: each(({ prepared }) => prepared.parameters),
    versions: each(({ prepared }) => prepared.version),
    ways: each(({ prepared }) => prepared.way),
    missing: Object.fromEntries(
      measurements.filter((m) => m.status !== 'measured').map((m) => [m.engine, m.reason]),
    ),
  };
}
