/**
 * The live picture on a terminal: redrawn in place, at most five times a second, with the cursor
 * hidden. Sentences scroll above it. The last picture stays where the run broke off.
 */
import type { JobEvent } from '@tfjs-operator/operator/trainingjob/types.ts';
import type { RunView } from '../world/local-world.ts';
import { isWorthANote, type Display } from './display.ts';
import { frameLines } from './frame.ts';
import type { Style } from './style.ts';

export interface TerminalStream {
  write(text: string): unknown;
  readonly columns?: number;
  readonly rows?: number;
}

/** Five pictures a second: smooth for the eye, no load for a remote terminal. */
const redrawMs = 200;

const hideCursor = '\u001b[?25l';
const showCursor = '\u001b[?25h';
const clearBelow = '\u001b[0J';

export function createLiveDisplay(
  stream: TerminalStream,
  style: Style,
  now: () => number = Date.now,
): Display {
  let drawn = 0;
  let view: RunView | undefined;
  let lastDrawMs = 0;
  let timer: NodeJS.Timeout | undefined;

  // A terminal that was made narrower wraps old lines; the picture starts anew below them then.
  const toTop = (): string => (drawn > 0 ? `\u001b[${drawn}A\r` : '\r') + clearBelow;

  const draw = (above = ''): void => {
    clearTimeout(timer);
    timer = undefined;
    lastDrawMs = now();
    const size = { columns: stream.columns ?? 80, rows: stream.rows ?? 24 };
    const lines = view ? frameLines(view, { ...size, style, now: lastDrawMs }) : [];
    const text = lines.map((line) => `${line}\n`).join('');
    stream.write(`${hideCursor}${toTop()}${above}${text}`);
    drawn = lines.length;
  };

  return {
    note: (sentence) => draw(`${sentence}\n`),
    event: (event: JobEvent) => {
      if (isWorthANote(event)) draw(`${style('yellow', event.message)}\n`);
    },
    update: (next) => {
      view = next;
      const wait = lastDrawMs + redrawMs - now();
      if (wait <= 0) draw();
      else timer ??= setTimeout(draw, wait);
    },
    close: () => {
      // The report tells all about a complete run; any other end leaves its last picture.
      if (view?.status.phase === 'Complete') view = undefined;
      draw();
      stream.write(showCursor);
    },
  };
}
