import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unmetRequirements, type Evaluation } from './evaluate-run.ts';

function evaluation(metrics: Record<string, number>, require: Record<string, number>): Evaluation {
  return {
    split: 'test',
    samples: 100,
    metrics,
    require,
    classNames: [],
    confusion: [],
    classes: [],
    wrongSamples: [],
  };
}

test('requirements that are met, also just so, have no sentence', () => {
  const met = evaluation({ accuracy: 0.98, loss: 0.1 }, { accuracy: 0.98, loss: 0.1 });
  assert.equal(unmetRequirements(met), undefined);
});

test('every figure that falls short is in one sentence, each in its own direction', () => {
  const unmet = evaluation({ accuracy: 0.9, loss: 0.31234567 }, { accuracy: 0.98, loss: 0.3 });
  assert.equal(
    unmetRequirements(unmet),
    'On the 100 test samples accuracy is 0.9 where evaluation.require asks for at least 0.98, and loss is 0.31235 where evaluation.require asks for at most 0.3; train longer, change the model, or lower the requirement.',
  );
});

test('a figure that is not a number meets nothing', () => {
  assert.match(unmetRequirements(evaluation({ loss: NaN }, { loss: 1 })) ?? '', /loss is NaN/);
});
