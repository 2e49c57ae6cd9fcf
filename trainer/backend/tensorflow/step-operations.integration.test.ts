/** What a whole training step executes on tensorflow, one by one and as a graph. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { environment } from '@tfjs-operator/api/environment.ts';
import { needsTensorflowAddon, tensorflowAddon } from '../../../test/tensorflow-addon.ts';
import { temporaryFolder } from '../../../test/temporary-folder.ts';
import { batchFor, beginTraining, type NetworkName } from '../training-models.testing.ts';
import { countOperations, total, type OperationCounts } from './operation-counts.testing.ts';
import { tensorflowBackend } from './tensorflow-backend.ts';

/** Of tfjs's own gradients of relu, sums and batch statistics. */
const decompositions = ['IsNan', 'Select', 'Greater', 'Tile', 'Rsqrt', 'Exp', 'BatchMatMulV2'];

function operationsOf(name: NetworkName): OperationCounts {
  using training = beginTraining(name);
  const batch = batchFor(name, 4, 1);
  const options = { globalCount: batch.count, step: 0, randomKey: 1 };
  return countOperations(() => training.step.gradients(batch, options, () => undefined));
}

describe('a training step on tensorflow', needsTensorflowAddon(), () => {
  before(async () => {
    await tensorflowBackend({ home: await tensorflowAddon() }).open();
  });

  test('executes one operation where tfjs has a decomposition (convolutions)', () => {
    const counts = operationsOf('cnn');
    // Two convolutions and a dense layer, of which one has a relu.
    const expected = { Conv2D: 2, BiasAdd: 3, BiasAddGrad: 3, Relu: 1, ReluGrad: 1, MatMul: 3 };
    for (const [name, count] of Object.entries(expected))
      assert.equal(counts.get(name), count, name);
    assert.deepEqual(
      decompositions.filter((name) => counts.has(name)),
      [],
    );
    // 67 by tfjs's own kernels and gradients.
    assert.ok(total(counts) <= 61, `${total(counts)} operations`);
  });

  test('executes one operation where tfjs has a decomposition (BatchNormalization)', () => {
    const counts = operationsOf('batchNormalization');
    assert.equal(counts.get('FusedBatchNormV3'), 2);
    assert.equal(counts.get('FusedBatchNormGradV3'), 2);
    assert.deepEqual(
      decompositions.filter((name) => counts.has(name)),
      [],
    );
    // 187 by tfjs's own kernels and gradients.
    assert.ok(total(counts) <= 93, `${total(counts)} operations`);
  });

  test('becomes a graph in which bias and relu are part of convolution and product', async () => {
    const folder = temporaryFolder('tfjs-graphs-');
    const program = join(import.meta.dirname, 'train-example.testing.ts');
    await promisify(execFile)(process.execPath, [program], {
      env: {
        ...process.env,
        [environment.tensorflowHome]: await tensorflowAddon(),
        // Its graph optimizer writes what comes out of it at this level of logging.
        TF_CPP_VMODULE: 'meta_optimizer=4',
        TF_DUMP_GRAPH_PREFIX: folder,
      },
      maxBuffer: 1 << 28,
    });
    const optimised = await Array.fromAsync(glob(join(folder, 'after_MetaOptimizer_[0-9]*')));
    const graphs = await Promise.all(optimised.map((file) => readFile(file, 'utf8')));
    const counts = graphs.map(nodesByOperation).find((nodes) => nodes.has('_FusedConv2D'));
    assert.equal(counts?.get('_FusedConv2D'), 2);
    assert.equal(counts?.get('_FusedMatMul'), 2);
    assert.ok(!counts?.has('BiasAdd'));
    assert.ok(!counts?.has('Relu'));
  });
});

function nodesByOperation(graph: string): OperationCounts {
  const counts = new Map<string, number>();
  for (const [, name] of graph.matchAll(/^ {2}op: "(.*)"$/gm)) {
    counts.set(name!, (counts.get(name!) ?? 0) + 1);
  }
  return counts;
}
