/** The documentation agrees with the repository: links lead somewhere, generated pages are fresh. */
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { metricsPage, metricsReference } from '../scripts/metrics-reference.ts';

const root = join(import.meta.dirname, '..');

/** Pages by their path from the root; installed packages have pages of their own. */
const pages = globSync('{*.md,docs/**/*.md,examples/**/*.md}', { cwd: root });

interface Link {
  readonly from: string;
  readonly target: string;
}

/** Code is no prose: brackets and parentheses in it are no links. */
function proseOf(page: string): string {
  const text = readFileSync(join(root, page), 'utf8');
  return text.replaceAll(/^```[\s\S]*?^```/gm, '').replaceAll(/`[^`\n]*`/g, 'code');
}

function linksOf(page: string): readonly Link[] {
  const targets = [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
  return targets
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => ({ from: page, target }));
}

/** Names of a page's headings as GitHub makes anchors of them. */
function anchorsOf(page: string): ReadonlySet<string> {
  const text = readFileSync(join(root, page), 'utf8').replaceAll(/^```[\s\S]*?^```/gm, '');
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replaceAll(/\s/g, '-'),
    ),
  );
}

/** What is wrong with a link, or nothing. */
function faultOf({ from, target }: Link): string | undefined {
  const [path = '', anchor] = target.split('#');
  const file = path === '' ? join(root, from) : join(root, dirname(from), decodeURI(path));
  if (!existsSync(file)) return `${from}: ${target} does not exist`;
  if (anchor === undefined || !file.endsWith('.md')) return undefined;
  const isThere = anchorsOf(relative(root, file)).has(anchor);
  return isThere ? undefined : `${from}: ${target} has no such heading`;
}

test('every link of the documentation leads to a file and a heading that exist', () => {
  assert.ok(pages.length > 0);
  assert.deepEqual(
    pages.flatMap(linksOf).flatMap((link) => faultOf(link) ?? []),
    [],
  );
});

test('every page below docs can be reached from docs/README.md', () => {
  const reached = new Set<string>(['docs/README.md']);
  for (const page of reached) {
    for (const { target } of linksOf(page)) {
      const file = join(dirname(page), target.split('#')[0] ?? '');
      if (file.endsWith('.md') && existsSync(join(root, file))) reached.add(file);
    }
  }
  assert.deepEqual(
    pages.filter((page) => page.startsWith('docs/') && !reached.has(page)),
    [],
  );
});

test('the reference of metrics is what the registry holds (node scripts/metrics-reference.ts)', async () => {
  assert.equal(readFileSync(metricsPage, 'utf8'), await metricsReference());
});
