import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Failure } from '@tfjs-operator/api/failure.ts';
import { parseArguments } from './arguments.ts';

describe('the command line', () => {
  test('measures everything with all processors where nothing is said', () => {
    const options = parseArguments([], 6)!;
    assert.deepEqual(
      options.workloads.map(({ model }) => model),
      ['mlp', 'cnn', 'lstm', 'resnet20', 'transformer'],
    );
    assert.deepEqual(
      options.engines.map(({ name }) => name),
      ['ours', 'bfloat16', 'eager', 'wasm', 'keras', 'kerasJit', 'torch', 'torchCompile'],
    );
    assert.equal(options.threads, 6);
    assert.equal(options.json, false);
    assert.equal(options.save, false);
  });

  test('takes networks and engines in the given order, each once', () => {
    const args = ['--models', 'lstm,mlp,lstm', '--engines=keras,ours', '--json', '--save'];
    const options = parseArguments([...args, '--rounds', '3', '--seconds', '0.5'], 2)!;
    assert.deepEqual(
      options.workloads.map(({ model }) => model),
      ['lstm', 'mlp'],
    );
    assert.deepEqual(
      options.engines.map(({ name }) => name),
      ['keras', 'ours'],
    );
    assert.deepEqual(
      [options.rounds, options.seconds, options.json, options.save],
      [3, 0.5, true, true],
    );
  });

  test('gives help where it is asked for', () => {
    assert.equal(parseArguments(['--help'], 2), undefined);
  });

  const wrong: readonly (readonly [args: readonly string[], message: RegExp])[] = [
    [
      ['--models', 'resnet'],
      /^--models names "resnet", which is not known; did you mean "resnet20"/,
    ],
    [['--models', ''], /^--models names "", which is not known; use one of mlp, cnn, /],
    [['--engines', 'jax'], /^--engines names "jax", which is not known; /],
    [['--rounds', '0'], /^--rounds is "0"; give a whole number from 1\.$/],
    [['--rounds', '1.5'], /^--rounds is "1\.5"; give a whole number from 1\.$/],
    [['--seconds', '-1'], /--seconds/],
    [['--seconds=fast'], /^--seconds is "fast"; give a number above 0\.$/],
    [['--threads', 'Infinity'], /^--threads is "Infinity"; /],
    [['--round', '3'], /--round.*; bench step --help lists the options\.$/],
    [['mlp'], /mlp.*; bench step --help lists the options\.$/],
  ];
  for (const [args, message] of wrong) {
    test(`refuses ${args.join(' ')} with one sentence`, () => {
      assert.throws(
        () => parseArguments(args, 2),
        (error: unknown) =>
          error instanceof Failure && error.reason === 'UsageError' && message.test(error.message),
      );
    });
  }
});
