/**
 * Ctrl-C and its relatives as two abort signals: the first asks the workers to leave at a step
 * boundary, a second one ends them at once.
 */
import type { StopSignals } from './world/local-world.ts';

export interface SignalSource {
  on(signal: NodeJS.Signals, listener: () => void): unknown;
}

/** A reader of our output: when it goes (`| head`, a closed terminal), nobody watches any more. */
export interface OutputSource {
  on(event: 'error', listener: () => void): unknown;
}

/** One Ctrl-C may arrive twice, from the terminal and from a wrapper that forwards it. */
const sameSignalMs = 500;

export function stopSignalsOf(
  source: SignalSource,
  outputs: readonly OutputSource[],
  now: () => number = Date.now,
): StopSignals {
  const stop = new AbortController();
  const kill = new AbortController();
  let firstMs: number | undefined;
  const onSignal = (): void => {
    firstMs ??= now();
    if (!stop.signal.aborted) stop.abort();
    else if (now() - firstMs >= sameSignalMs) kill.abort();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) source.on(signal, onSignal);
  for (const output of outputs) output.on('error', () => stop.abort());
  return { stop: stop.signal, kill: kill.signal };
}
