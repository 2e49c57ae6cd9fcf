/**
 * Colour for one output stream, or none: not for files and pipes, and not with NO_COLOR set
 * (https://no-color.org). Passed to whatever draws, so that drawing stays a pure function.
 */
import { styleText } from 'node:util';

type Format = Parameters<typeof styleText>[0];

export type Style = (format: Format, text: string) => string;

/** @param isColoured overrides what the stream and the environment say. */
export function createStyle(stream: NodeJS.WritableStream, isColoured?: boolean): Style {
  if (isColoured === false) return (_format, text) => text;
  if (isColoured) return (format, text) => styleText(format, text, { validateStream: false });
  return (format, text) => styleText(format, text, { stream, validateStream: true });
}
