/**
 * Where a command writes: given to it, so that tests read what people see. Colours only where the
 * stream is a terminal and NO_COLOR is not set.
 */
import { WriteStream } from 'node:tty';
import { styleText } from 'node:util';

export interface Output {
  readonly stdout: Writer;
  readonly stderr: Writer;
}

export interface Writer {
  write(text: string): unknown;
}

export type Style = Parameters<typeof styleText>[0];

/** The streams of this process. */
export function processOutput(): Output {
  return { stdout: process.stdout, stderr: process.stderr };
}

/** Paints for a terminal; `styleText` itself asks NO_COLOR and what the terminal can show. */
export function painter(writer: Writer): (style: Style, text: string) => string {
  return (style, text) =>
    writer instanceof WriteStream ? styleText(style, text, { stream: writer }) : text;
}
