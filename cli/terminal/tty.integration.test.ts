import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { aWorkplace, runArgs } from '../testing/tfjsctl.ts';

const hasScript = spawnSync('script', ['--version']).status === 0;
const skip = hasScript ? false : 'needs the command script of util-linux for a pseudo-terminal';

const colour = /\u001b\[3\dm/;

test(
  'on a terminal the run is drawn in place, in colours; NO_COLOR leaves them out',
  { skip, timeout: 120_000 },
  async (t) => {
    const workplace = aWorkplace(t);
    const coloured = await workplace.runOnTerminal(runArgs(workplace), { steps: 60 });
    assert.equal(coloured.code, 0, coloured.stdout);
    assert.match(coloured.stdout, colour);
    assert.match(coloured.stdout, /epoch 1\/1 .*step \d+\/60/);
    assert.ok(coloured.stdout.includes('\u001b[?25h'), 'the cursor is shown again');
    const plain = await workplace.runOnTerminal(
      runArgs(workplace),
      { steps: 60 },
      { NO_COLOR: '1' },
    );
    assert.equal(plain.code, 0, plain.stdout);
    assert.doesNotMatch(plain.stdout, colour);
    assert.match(plain.stdout, /epoch 1\/1 .*step \d+\/60/);
  },
);

test('colours of a wrong manifest respect NO_COLOR too', { skip, timeout: 120_000 }, async (t) => {
  const workplace = aWorkplace(t, { epochs: 0 });
  const coloured = await workplace.runOnTerminal(runArgs(workplace));
  assert.equal(coloured.code, 10);
  assert.match(coloured.stdout, colour);
  const plain = await workplace.runOnTerminal(runArgs(workplace), {}, { NO_COLOR: '1' });
  assert.doesNotMatch(plain.stdout, colour);
});
