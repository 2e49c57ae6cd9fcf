/** The generated reference says everything that its sources say. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { environment } from '../environment.ts';
import { exitStatuses } from '../exit-codes.ts';
import { readDefinition } from './read-definition.ts';
import { environmentReference } from './reference-environment.ts';
import { exitCodesReference } from './reference-exit-codes.ts';
import { trainingJobReference } from './reference-trainingjob.ts';

const crd = new URL('../../crds/trainingjobs.yaml', import.meta.url);

test('every sentence of a rule in the definition is on the page of the TrainingJob', () => {
  const page = trainingJobReference(readDefinition(crd));
  const sentences = [...readFileSync(crd, 'utf8').matchAll(/^ +message: ["']?([^{"'].*?)["']?$/gm)];
  assert.ok(sentences.length > 50);
  const plain = page.replaceAll('\\|', '|').replaceAll('&lt;', '<');
  const missing = sentences.filter(([, text = '']) => !plain.includes(text.replaceAll("''", "'")));
  assert.deepEqual(
    missing.map(([, text]) => text),
    [],
  );
});

test('a row holds path, type, default, bounds and meaning', () => {
  const page = trainingJobReference(readDefinition(crd));
  assert.match(page, /\| `inline\.optimizer\.name` \| string \| \*\*required\*\* \| `sgd`, /);
  assert.match(page, /\| `keep` \| integer \| `3` \| ≥ 1, ≤ 100 \| Newest checkpoints/);
  assert.match(page, /\| `cleaning\[\]\.rule` \| string \| \*\*required\*\* \|/);
});

test('every exit code and every environment variable has a row', () => {
  const codes = exitCodesReference();
  for (const [name, { code }] of Object.entries(exitStatuses)) {
    assert.ok(codes.includes(`| ${code} | \`${name}\` |`), name);
  }
  const source = readFileSync(new URL('../environment.ts', import.meta.url), 'utf8');
  const page = environmentReference(source);
  for (const name of Object.values(environment)) assert.ok(page.includes(`| \`${name}\` |`), name);
});

test('a variable that the text does not hold is an error, not an empty row', () => {
  assert.throws(() => environmentReference('export const environment = {};'), /no entry for TFJS_/);
});
