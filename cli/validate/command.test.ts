import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { validateRunConfig } from '@tfjs-operator/api/run-config/validate.ts';
import { mergeCommand } from '../merge.ts';
import { validateCommand } from './command.ts';
import type { Output } from './output.ts';

const mnist = join(import.meta.dirname, '../../examples/mnist');
const recurrent = join(mnist, 'rnn');

interface Captured {
  readonly output: Output;
  readonly text: { stdout: string; stderr: string };
}

function capture(): Captured {
  const text = { stdout: '', stderr: '' };
  const writer = (name: keyof typeof text): Output['stdout'] => ({
    write: (part: string) => (text[name] += part),
  });
  return { output: { stdout: writer('stdout'), stderr: writer('stderr') }, text };
}

test('the examples are right', async () => {
  for (const folder of [mnist, recurrent]) {
    const { output, text } = capture();
    assert.equal(await validateCommand([folder], {}, output), 0, text.stderr);
    assert.match(text.stdout, /TrainingJobs? and 1 ConfigMap: nothing is wrong\n$/);
  }
});

test('findings go to stderr with file and line, and the exit code is that of a bad config', async () => {
  const { output, text } = capture();
  const job = join(mnist, 'trainingjob.yaml');
  assert.equal(await validateCommand([job], {}, output), 10);
  assert.equal(text.stdout, '');
  assert.match(
    text.stderr,
    /^✖ .*trainingjob\.yaml:\d+:\d+ TrainingJob mnist\n {2}spec\.model\.configMapKeyRef\.name is "mnist-files", but the files hold no ConfigMap of that name; add its manifest to the command line\.\n/,
  );
  assert.match(text.stderr, /\n3 findings in 1 file\n$/);
});

test('nothing is coloured where the stream is no terminal', async () => {
  const { output, text } = capture();
  await validateCommand([join(mnist, 'trainingjob.yaml')], {}, output);
  assert.doesNotMatch(text.stderr, /\u001b/);
});

test('--json gives one object with every finding', async () => {
  const { output, text } = capture();
  assert.equal(
    await validateCommand([join(mnist, 'trainingjob.yaml')], { json: true }, output),
    10,
  );
  const report = JSON.parse(text.stdout) as { valid: boolean; findings: Record<string, unknown>[] };
  assert.equal(report.valid, false);
  assert.deepEqual(Object.keys(report.findings[0] ?? {}).sort(), [
    'column',
    'document',
    'file',
    'hint',
    'line',
    'message',
    'path',
    'value',
  ]);
});

test('files without a TrainingJob are told', async () => {
  const { output, text } = capture();
  assert.equal(await validateCommand([join(mnist, 'model-files.yaml')], {}, output), 10);
  assert.match(text.stderr, /holds no TrainingJob; name the file with kind: TrainingJob too\.\n/);
});

test('merge shows the same run config as YAML and as JSON', async () => {
  const [yaml, json] = [capture(), capture()];
  assert.equal(await mergeCommand([mnist], {}, yaml.output), 0, yaml.text.stderr);
  assert.equal(await mergeCommand([mnist], { json: true }, json.output), 0);
  const config = validateRunConfig(JSON.parse(json.text.stdout));
  assert.deepEqual(parse(yaml.text.stdout), config);
  assert.equal(config.job.name, 'mnist');
  assert.deepEqual(config.evaluation.require, { accuracy: 0.98 });
});

test('merge asks for a name where there are several jobs', async () => {
  await assert.rejects(mergeCommand([recurrent], {}, capture().output), {
    reason: 'UsageError',
    message: 'The files hold several TrainingJobs; choose one with --name: mnist-gru, mnist-lstm.',
  });
  const named = capture();
  assert.equal(
    await mergeCommand([recurrent], { name: 'mnist-lstm', json: true }, named.output),
    0,
  );
  assert.equal(validateRunConfig(JSON.parse(named.text.stdout)).job.name, 'mnist-lstm');
});
