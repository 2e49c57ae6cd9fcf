/**
 * Markdown of the generated reference pages: head, tables, escapes. Tables are kept out of the
 * formatter's hands, because aligned columns would change every line when one field changes.
 */

/** A table; each row has as many cells as the head. Cells are Markdown already. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const lines = [line(head), line(head.map(() => '---')), ...rows.map(line)];
  return ['<!-- prettier-ignore-start -->', ...lines, '<!-- prettier-ignore-end -->'].join('\n');
}

/** The whole page. @param source files that it is derived from, from the root of the repository. */
export function page(title: string, source: string, parts: readonly string[]): string {
  const head = `<!-- Generated from ${source} by \`npm run generate\`; do not edit. -->`;
  return `${[head, `# ${title}`, ...parts].join('\n\n')}\n`;
}

/** Plain text inside of a cell: what Markdown would take for a border or a tag. */
export function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll(/\s+/g, ' ').trim();
}

/** Code inside of a cell; a bar is the end of a cell even there. */
export function code(text: string): string {
  return `\`${text.replaceAll('|', '\\|')}\``;
}
