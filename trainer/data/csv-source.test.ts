import assert from 'node:assert/strict';
import test from 'node:test';
import type { CleaningRule } from '@tfjs-operator/api/run-config.ts';
import { failure, load, type ConfigParts } from './fixtures.ts';

const csv = { format: 'csv', train: { features: 'a.csv' }, labels: { column: 'kind' } } as const;
const drop = (...rules: CleaningRule['rule'][]): CleaningRule[] =>
  rules.map((rule) => ({ rule, action: 'drop' }));

test('All columns but the label become float32 features, in the order of the header', async (t) => {
  const data = await load(
    t,
    { 'a.csv': '\uFEFFheight,kind,weight\r\n1.5,"cat, small",-2e3\r\n\r\n.25,dog,+7\r\n' },
    csv,
  );
  assert.ok(data.features instanceof Float32Array);
  assert.deepEqual([...data.features], [1.5, -2000, 0.25, 7]);
  assert.deepEqual([...data.labels], [0, 1]);
  assert.deepEqual(data.classNames, ['cat, small', 'dog']);
  assert.deepEqual(data.sampleShape, [2]);
});

test('Chosen columns come in the order of the config, with a shape of their own', async (t) => {
  const files = { 'a.csv': 'a,b,c,kind\n1,2,3,x\n4,5,6,y\n' };
  const data = await load(t, files, { ...csv, features: { columns: ['c', 'a'], shape: [2, 1] } });
  assert.deepEqual([...data.features], [3, 1, 6, 4]);
  assert.deepEqual(data.sampleShape, [2, 1]);
});

test('Labels of type number are read as numbers', async (t) => {
  const files = { 'a.csv': 'a,kind\n1,2.5\n4,-1\n' };
  const data = await load(t, files, { ...csv, labels: { column: 'kind', type: 'number' } });
  assert.deepEqual([...data.labels], [2.5, -1]);
});

const rows = 'a,b,kind\n1,2,x\n,3,x\n4,NaN,x\n5,six,y\n7,8\n9,10,\n11,12,y\n1e300,1,y\n';

test('Rows that rules drop are gone and counted by rule', async (t) => {
  const data = await load(
    t,
    { 'a.csv': rows },
    { ...csv, cleaning: drop('missing', 'unreadable') },
  );
  assert.deepEqual([...data.features], [1, 2, 11, 12]);
  assert.deepEqual([...data.labels], [0, 1]);
  assert.deepEqual(data.cleaning, [
    { rule: 'missing', action: 'drop', dropped: 3 },
    { rule: 'unreadable', action: 'drop', dropped: 3 },
  ]);
});

test('Without a rule the first fault names file, row and column', async (t) => {
  assert.match(
    await failure(load(t, { 'a.csv': rows }, csv)),
    /a\.csv, row 3, column "a": the cell has no value; correct it, or list the cleaning rule "missing"/,
  );
  assert.match(
    await failure(load(t, { 'a.csv': rows }, { ...csv, cleaning: drop('missing') })),
    /a\.csv, row 5, column "b": "six" is not a number/,
  );
  const fail: CleaningRule[] = [{ rule: 'missing', action: 'fail' }];
  assert.match(
    await failure(load(t, { 'a.csv': rows }, { ...csv, cleaning: fail })),
    /row 3, column "a".*change the action/,
  );
});

test('A later fault names the line of the file, not the number of the kept row', async (t) => {
  const cleaning: CleaningRule[] = [
    ...drop('missing'),
    { rule: 'outOfRange', action: 'fail', maximum: 100 },
  ];
  const files = { 'a.csv': 'a,b,kind\n,3,x\n"1",2,"x\ny"\n5,600,x\n' };
  assert.match(
    await failure(load(t, files, { ...csv, cleaning })),
    /a\.csv, row 5, column "b": the value 600 is outside of \[-Infinity, 100\]/,
  );
});

const wrong: Record<string, { text: string; says: RegExp; parts?: ConfigParts }> = {
  'a ragged row': {
    text: 'a,kind\n1,x\n1,2,x\n',
    says: /a\.csv, row 3 has 3 cells where the header has 2 columns; correct it/,
  },
  'an open quote': {
    text: 'a,kind\n1,x\n"2,x\n3,x\n',
    says: /a\.csv, row \d breaks the rules of CSV .*Quote.*correct the quotes/,
  },
  'a quote inside a cell': {
    text: 'a,kind\n1"1,x\n',
    says: /a\.csv, row 2 breaks the rules of CSV/,
  },
  'a word as number label': {
    text: 'a,kind\n1,x\n',
    says: /row 2, column "kind": "x" is not a number/,
    parts: { labels: { column: 'kind', type: 'number' } },
  },
  hexadecimal: { text: 'a,kind\n0x10,x\n', says: /"0x10" is not a number/ },
  'a number beyond float32': { text: 'a,kind\n1e39,x\n', says: /"1e39" is beyond the range/ },
  'an infinite number': { text: 'a,kind\nInfinity,x\n', says: /"Infinity" is not a number/ },
  'an empty file': { text: '', says: /a\.csv is empty; it needs a header/ },
  'a header only': {
    text: 'a,kind\n',
    says: /training split is empty: the training source has no sample/,
  },
  'a missing label column': {
    text: 'a,b\n1,2\n',
    says: /has no column "kind", which dataset\.labels\.column names; it has a, b/,
  },
  'a missing feature column': {
    text: 'a,kind\n1,2\n',
    says: /has no column "z", which dataset\.features\.columns/,
    parts: { features: { columns: ['z'] } },
  },
  'a column twice': { text: 'a,a,kind\n1,2,3\n', says: /names the column "a" twice/ },
  'only a label column': { text: 'kind\n1\n', says: /no column besides the label/ },
  'a label that is not in the list': {
    text: 'a,kind\n1,x\n2,z\n',
    says: /a\.csv, row 3, column "kind": the label "z" is not one of the classes x, y; add it/,
    parts: { labels: { column: 'kind', classes: ['x', 'y'] } },
  },
};

for (const [what, { text, says, parts }] of Object.entries(wrong)) {
  test(`It ends in one sentence: ${what}`, async (t) => {
    assert.match(await failure(load(t, { 'a.csv': text }, { ...csv, ...parts })), says);
  });
}

test('A missing file and a missing labels.column are named', async (t) => {
  assert.match(
    await failure(load(t, { 'b.csv': '' }, csv)),
    /a\.csv does not exist .*its folder holds b\.csv/,
  );
  assert.match(
    await failure(load(t, { 'a.csv': 'a,b\n1,2\n' }, { ...csv, labels: {} }), 'BadConfig'),
    /labels\.column is not set.*a, b/,
  );
});

test('Twenty thousand rows keep their values', async (t) => {
  const lines = Array.from({ length: 20000 }, (_, i) => `${i},${i / 8},${i % 2 ? 'odd' : 'even'}`);
  const data = await load(t, { 'a.csv': `a,b,kind\n${lines.join('\n')}\n` }, csv);
  assert.equal(data.features.length, 40000);
  assert.ok(data.labels.every((label, i) => label === i % 2));
  for (let i = 0; i < 20000; i++) assert.equal(data.features[2 * i + 1], i / 8);
});
