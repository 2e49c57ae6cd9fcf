import assert from 'node:assert/strict';
import { test } from 'node:test';
import { claimsOf, parseClaimUri } from './claims.ts';
import { runConfig } from './testing/world.ts';

test('a claim URI has a claim and a path', () => {
  assert.deepEqual(parseClaimUri('pvc://data/mnist/raw'), { claim: 'data', path: 'mnist/raw' });
  assert.deepEqual(parseClaimUri('pvc://data'), { claim: 'data', path: '' });
  assert.equal(parseClaimUri('s3://data/mnist'), undefined);
  assert.equal(parseClaimUri('pvc://../etc'), undefined);
});

test('a claim that is read and written is written, and knows all fields that name it', () => {
  const config = { ...runConfig, dataset: { ...runConfig.dataset, uri: 'pvc://output/data' } };
  assert.deepEqual(claimsOf(config), [
    { name: 'models', isWritten: false, fields: ['spec.model.weights.uri'] },
    {
      name: 'output',
      isWritten: true,
      fields: ['spec.dataset.uri', 'spec.checkpoint.uri', 'spec.output.uri'],
    },
  ]);
});

test('what is in no claim needs none', () => {
  const uri = 's3://bucket/model';
  const config = {
    ...runConfig,
    model: {},
    dataset: { ...runConfig.dataset, uri: 'https://example.org/mnist' },
    checkpoint: { keep: 1 },
    output: { ...runConfig.output, uri },
  };
  assert.deepEqual(claimsOf(config), []);
});
