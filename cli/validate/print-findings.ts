/**
 * Findings as text for people (editors make `file:line:column` clickable) and as JSON for programs.
 */
import { findingSentence } from '@tfjs-operator/api/finding.ts';
import type { FileFinding } from './file-finding.ts';
import { painter, type Writer } from './output.ts';

/** Two lines each: where, and what with the way out. */
export function printFindings(findings: readonly FileFinding[], writer: Writer): void {
  const paint = painter(writer);
  for (const finding of findings) {
    const place = `${finding.file}:${String(finding.line)}:${String(finding.column)}`;
    const document = finding.document === '' ? '' : paint('dim', ` ${finding.document}`);
    writer.write(`${paint('red', '✖')} ${paint('bold', place)}${document}\n`);
    writer.write(`  ${findingSentence(finding)}\n`);
  }
  const files = new Set(findings.map(({ file }) => file)).size;
  const summary = `${count(findings.length, 'finding')} in ${count(files, 'file')}`;
  writer.write(`${paint(['red', 'bold'], summary)}\n`);
}

/** `1 finding`, `2 findings`. */
export function count(number: number, noun: string): string {
  return `${String(number)} ${noun}${number === 1 ? '' : 's'}`;
}
