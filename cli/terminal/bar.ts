/**
 * Bars of block characters: one for a fraction, one for shares side by side.
 */
import type { Style } from './style.ts';

/** Eighths of a column, from one to seven. */
const eighths = ['▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** A bar of `width` columns, filled from the left to the fraction (0 to 1). */
export function progressBar(fraction: number, width: number, style: Style): string {
  const filled = Math.round(Math.min(1, Math.max(0, fraction)) * width * 8);
  const part = filled % 8 === 0 ? '' : (eighths[(filled % 8) - 1] ?? '');
  const bar = '█'.repeat(Math.floor(filled / 8)) + part;
  return style('cyan', bar) + style('dim', '░'.repeat(width - [...bar].length));
}

export interface Share {
  readonly fraction: number;
  readonly character: string;
  readonly colour: 'green' | 'yellow' | 'red';
}

/** Shares side by side; rounding errors go to the last one, so the bar has always its width. */
export function shareBar(shares: readonly Share[], width: number, style: Style): string {
  let sum = 0;
  let drawn = 0;
  return shares
    .map(({ fraction, character, colour }, index) => {
      sum += Math.max(0, fraction);
      const isLast = index === shares.length - 1;
      const end = isLast && sum > 0 ? width : Math.min(width, Math.round(sum * width));
      const columns = Math.max(0, end - drawn);
      drawn += columns;
      return style(colour, character.repeat(columns));
    })
    .join('');
}
