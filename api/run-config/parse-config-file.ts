/**
 * Parses the text of a network-structure or configuration file: JSON, with the place of a fault and
 * with repeated keys as faults, which JSON.parse passes over in silence.
 */
import { LineCounter, parseDocument } from 'yaml';

/** Line and column are counted from 1. */
export interface ParseFault {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

export type ParsedFile = { readonly value: unknown } | { readonly fault: ParseFault };

const placeInMessage = / in JSON at position (\d+)(?: \(line (\d+) column (\d+)\))?/;

export function parseConfigFile(text: string): ParsedFile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { fault: jsonFault(text, error.message) };
  }
  const lines = new LineCounter();
  const [repeated] = parseDocument(text, { lineCounter: lines, prettyErrors: false }).errors;
  if (repeated?.code === 'DUPLICATE_KEY') {
    const { line, col } = lines.linePos(repeated.pos[0]);
    return { fault: { line, column: col, message: 'a key occurs twice' } };
  }
  return { value };
}

/** V8's message with its place as numbers: `expected ',' or '}' after property value`. */
function jsonFault(text: string, message: string): ParseFault {
  const place = placeInMessage.exec(message);
  const offset = place ? Number(place[1]) : text.trimEnd().length;
  const before = text.slice(0, offset).split('\n');
  const plain = message.replace(placeInMessage, '').replace(/, "[^]*" is not valid JSON$/, '');
  return {
    line: before.length,
    column: (before.at(-1)?.length ?? 0) + 1,
    message: `${plain.charAt(0).toLowerCase()}${plain.slice(1)}`,
  };
}
