/** The reference of environment variables: names and comments of api/environment.ts. */
import { environment } from '../environment.ts';
import { cell, code, page, table } from './reference-page.ts';

/** A comment (or none) and the entry that it stands before. */
const entry = /(?:\/\*\*((?:[^*]|\*(?!\/))*)\*\/\s*)?(\w+): '(\w+)',/g;

/**
 * @param source text of api/environment.ts.
 * @throws where a variable of the table is not found in the text.
 */
export function environmentReference(source: string): string {
  const meanings = new Map(
    [...source.matchAll(entry)].map(([, comment = '', , name = '']) => [name, plain(comment)]),
  );
  const rows = Object.values(environment).map((name) => {
    const meaning = meanings.get(name);
    if (meaning === undefined) throw new Error(`api/environment.ts: no entry for ${name}`);
    return [code(name), cell(meaning)];
  });
  return page('Environment variables of a worker', 'api/environment.ts', [
    'How a worker learns who it is. The operator sets them on a pod, `tfjsctl run` on a process; a manifest cannot set them. A person may set `TFJS_LOG_LEVEL` and `TFJS_TENSORFLOW_HOME` for `tfjsctl run`, which passes them on. Everything else is in the run config.',
    table(['variable', 'meaning'], rows),
  ]);
}

function plain(comment: string): string {
  return comment
    .replaceAll(/^\s*\*/gm, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim();
}
