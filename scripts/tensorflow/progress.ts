/**
 * What is being done, for a person who waits: one line per step on standard error, with sizes. On a
 * terminal the line of the running step is drawn again and again, elsewhere a long step says every
 * ten seconds how far it is. Never decides anything.
 */
import { formatBytes, formatSeconds } from '../../cli/terminal/format.ts';

export interface Progress {
  /**
   * @param name what is being done: `download x.whl`.
   * @param run is given a function that takes the bytes done so far.
   * @param totalBytes of this step, where they are known.
   */
  step<T>(
    name: string,
    run: (report: (doneBytes: number) => void) => Promise<T>,
    totalBytes?: number,
  ): Promise<T>;
  note(text: string): void;
}

export interface ProgressStream {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** Fast enough to look alive. */
const redrawMs = 250;
/** A log keeps each line for ever. */
const logMs = 10_000;
const clearLine = '\r\u001b[2K';

export function createProgress(stream: ProgressStream): Progress {
  const isLive = stream.isTTY === true;
  return {
    note: (text) => void stream.write(`${text}\n`),
    step: async (name, run, totalBytes) => {
      const started = performance.now();
      let done = 0;
      const seconds = (): string => formatSeconds((performance.now() - started) / 1000);
      const draw = (): void => {
        const line = `  ${name}${amount(done, totalBytes)}`;
        if (isLive) stream.write(`${clearLine}${line} (${seconds()})`);
        else if (done > 0) stream.write(`${line}\n`);
      };
      if (!isLive) stream.write(`  ${name}${amount(0, totalBytes)}\n`);
      const timer = setInterval(draw, isLive ? redrawMs : logMs);
      try {
        const result = await run((bytes) => (done = bytes));
        const size = amount(0, totalBytes ?? done);
        if (isLive) stream.write(`${clearLine}  ${name}${size} (${seconds()})`);
        return result;
      } finally {
        clearInterval(timer);
        if (isLive) stream.write('\n');
      }
    },
  };
}

/** `, 12.0 MiB of 261.1 MiB`, or as much of it as is known. */
function amount(done: number, total = 0): string {
  if (done === 0) return total === 0 ? '' : `, ${formatBytes(total)}`;
  return total === 0 ? `, ${formatBytes(done)}` : `, ${formatBytes(done)} of ${formatBytes(total)}`;
}
