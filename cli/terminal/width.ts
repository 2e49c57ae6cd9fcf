/**
 * Text measured in terminal columns, escape sequences not counted. A line that is longer than the
 * terminal would wrap, and the next redraw would miss it.
 */
import { stripVTControlCharacters } from 'node:util';

/** Columns of a text: one for each code point (the display draws no wide characters). */
export function widthOf(text: string): number {
  return [...stripVTControlCharacters(text)].length;
}

/** Adds spaces behind the text up to the width. */
export function padTo(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}

/** Adds spaces before the text up to the width. */
export function padFrom(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - widthOf(text))) + text;
}

const styledPiece = /\u001b\[[0-9;]*m|[^\u001b]/gu;

/** The text cut to the width; its colours end where it is cut. */
export function cutTo(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let columns = 0;
  let hasStyle = false;
  let result = '';
  for (const [piece] of text.matchAll(styledPiece)) {
    const isEscape = piece.startsWith('\u001b');
    hasStyle ||= isEscape;
    if (!isEscape && columns === width - 1) break;
    columns += isEscape ? 0 : 1;
    result += piece;
  }
  return `${result}…${hasStyle ? '\u001b[0m' : ''}`;
}
