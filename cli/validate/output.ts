/**
 * Where a command writes: given to it, so that tests read what people see. Colours only where the
 * stream is a terminal and NO_COLOR is not set.
 */
import { styleText } from 'node:util';

export interface Output {
  readonly stdout: Writer;
  readonly stderr: Writer;
}

export interface Writer {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

export type Style = Parameters<typeof styleText>[0];

/** The streams of this process. */
export function processOutput(): Output {
  return { stdout: process.stdout, stderr: process.stderr };
}

/** Paints for a stream: `styleText` itself asks NO_COLOR and FORCE_COLOR. */
export function painter(writer: Writer): (style: Style, text: string) => string {
  const stream = writer as unknown as NodeJS.WriteStream;
  return (style, text) =>
    writer.isTTY === true ? styleText(style, text, { stream, validateStream: false }) : text;
}
