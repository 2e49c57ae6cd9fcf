/**
 * Wrong manifests, networks, data, circumstances and command lines, through the real command line
 * and with real workers: each ends in one clear sentence and its exit code, without a stack trace,
 * with nothing half written and no process left.
 */
import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import { exitStatuses } from '@tfjs-operator/api/exit-codes.ts';
import { checkWrongInput } from './wrong-inputs/check-wrong-input.ts';
import { commandLineCases } from './wrong-inputs/command-line-cases.ts';
import { dataCases } from './wrong-inputs/data-cases.ts';
import { manifestCases } from './wrong-inputs/manifest-cases.ts';
import { networkCases } from './wrong-inputs/network-cases.ts';
import { manifestWith, rightFiles } from './wrong-inputs/right-job.ts';
import { runtimeCases } from './wrong-inputs/runtime-cases.ts';
import { aWorkplace } from './wrong-inputs/workplace.ts';
import { runArgs } from './wrong-inputs/wrong-input.ts';

const tables = {
  'a wrong manifest': manifestCases,
  'a wrong network': networkCases,
  'wrong data': dataCases,
  'wrong circumstances': runtimeCases,
  'a wrong command line': commandLineCases,
};

test('the job that the wrong ones are made from is right', async () => {
  await using workplace = await aWorkplace();
  await workplace.write({ ...rightFiles(), 'job.yaml': manifestWith({}) });
  const { code, stderr } = await workplace.tfjsctl(runArgs);
  assert.equal(stderr, '');
  assert.equal(code, exitStatuses.Complete.code);
});

test('validate --json gives the findings to programs', async () => {
  await using workplace = await aWorkplace();
  await workplace.write({ 'job.yaml': manifestWith({ 'spec.workers.replicas': 0 }) });
  const { code, stdout, stderr } = await workplace.tfjsctl(['validate', 'job.yaml', '--json']);
  const { valid, findings } = JSON.parse(stdout) as {
    valid: boolean;
    findings: { path: string }[];
  };
  assert.equal(valid, false);
  assert.deepEqual(
    findings.map(({ path }) => path),
    ['spec.workers.replicas'],
  );
  assert.equal(stderr, '');
  assert.equal(code, exitStatuses.BadConfig.code);
});

for (const [kind, cases] of Object.entries(tables)) {
  describe(`${kind}:`, { concurrency: 3 }, () => {
    for (const input of cases) {
      it(`${input.name} ends in one sentence`, () => checkWrongInput(input));
    }
  });
}
