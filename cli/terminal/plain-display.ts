/**
 * Lines for a log or a pipe: one at each new epoch and phase, and one every few seconds between.
 */
import type { JobEvent } from '@tfjs-operator/operator/trainingjob/types.ts';
import type { RunView } from '../world/local-world.ts';
import { isWorthANote, type Display } from './display.ts';
import { formatCount, formatMetric, formatSeconds } from './format.ts';
import { orderedMetrics, phaseOf } from './frame.ts';

/** Often enough to see that it lives, seldom enough for a CI log. */
const intervalMs = 5_000;

export function createPlainDisplay(
  write: (line: string) => void,
  now: () => number = Date.now,
): Display {
  let lastKey = '';
  let lastLine = '';
  let lastMs = -Infinity;
  return {
    note: write,
    event: (event: JobEvent) => {
      if (isWorthANote(event)) write(event.message);
    },
    update: (view) => {
      const key = `${phaseOf(view)} ${view.progress?.epoch ?? 0}`;
      const line = plainLine(view);
      const isDue = key !== lastKey || now() - lastMs >= intervalMs;
      if (!isDue || line === lastLine) return;
      lastKey = key;
      lastLine = line;
      lastMs = now();
      write(line);
    },
    close: () => undefined,
  };
}

export function plainLine(view: RunView): string {
  const { progress } = view;
  const phase = phaseOf(view).padEnd(10);
  if (!progress || progress.totalSteps === 0) return phase.trimEnd();
  const { epoch, epochs, step, totalSteps, percent, samplesPerSecond, secondsRemaining } = progress;
  return [
    phase,
    `epoch ${epoch}/${epochs}`,
    `step ${formatCount(step)}/${formatCount(totalSteps)} (${Math.floor(percent)} %)`,
    ...orderedMetrics(progress.metrics).map(([name, value]) => `${name} ${formatMetric(value)}`),
    `${formatCount(samplesPerSecond)} samples/s`,
    ...(secondsRemaining === null ? [] : [`${formatSeconds(secondsRemaining)} left`]),
  ].join('  ');
}
