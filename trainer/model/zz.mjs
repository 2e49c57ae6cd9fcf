import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
await tf.setBackend('wasm');
tf.serialization.SerializationMap.getMap().classNameMap.Orthogonal[0].prototype.apply = (s) =>
  tf.zeros(s);
const L = tfl.layers;
const m = tfl.sequential({
  layers: [
    L.reshape({ targetShape: [28, 28], inputShape: [28, 28, 1] }),
    L.bidirectional({ layer: L.lstm({ units: 4, returnSequences: true }), mergeMode: 'concat' }),
    L.timeDistributed({ layer: L.dense({ units: 3 }) }),
    L.gru({ units: 3, returnSequences: true }),
    L.rnn({ cell: [L.lstmCell({ units: 2 }), L.gruCell({ units: 2 })] }),
    L.batchNormalization({}),
    L.dense({ units: 2 }),
  ],
});
for (const l of m.layers)
  console.log(
    l.name,
    l.getClassName(),
    l.weights.map((w) => [w.name, w.originalName, w.shape.join()]).join(' | '),
  );
const inner = tfl.sequential({ layers: [L.dense({ units: 3, inputShape: [4] })] });
const m2 = tfl.sequential({
  layers: [inner, L.dense({ units: 2 }), L.embedding({ inputDim: 3, outputDim: 2 })],
});
for (const l of m2.layers)
  console.log(
    l.name,
    l.getClassName(),
    l.weights.map((w) => [w.name, w.originalName, w.shape.join()]).join(' | '),
  );
console.log(JSON.stringify(m2.toJSON(null, false)).slice(0, 900));
const map = tf.serialization.SerializationMap.getMap().classNameMap;
console.log(Object.keys(map).join(' '));
import h5 from 'h5wasm/node';
const { FS } = await h5.ready;
console.log(Object.keys(h5));
