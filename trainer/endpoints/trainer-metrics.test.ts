import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Registry } from 'prom-client';
import { trainerMetrics } from './trainer-metrics.ts';

/** The samples of our own metrics as `name{labels}` → value. */
async function samplesOf(registry: Registry): Promise<Map<string, number>> {
  const lines = (await registry.metrics()).split('\n');
  const ours = lines.filter((line) => line.startsWith('tfjs_trainer_'));
  return new Map(ours.map((line) => [line.replace(/ \S+$/, ''), Number(line.split(' ').pop())]));
}

test('all series but the build exist from the start and are zero', async () => {
  const registry = new Registry();
  trainerMetrics(registry, () => 100).declareFigures(['accuracy', 'val_loss']);
  const samples = await samplesOf(registry);
  for (const series of [
    'tfjs_trainer_loss',
    'tfjs_trainer_metric{metric="accuracy"}',
    'tfjs_trainer_metric{metric="val_loss"}',
    'tfjs_trainer_step_phase_seconds_total{phase="compute"}',
    'tfjs_trainer_step_phase_seconds_total{phase="data"}',
    'tfjs_trainer_all_reduce_bytes_total{direction="sent"}',
    'tfjs_trainer_all_reduce_bytes_total{direction="received"}',
    'tfjs_trainer_all_reduce_seconds_total',
    'tfjs_trainer_samples_total',
    'tfjs_trainer_step_duration_seconds_count',
    'tfjs_trainer_checkpoint_timestamp_seconds',
    'tfjs_trainer_checkpoint_age_seconds',
    'tfjs_trainer_membership_epoch',
    'tfjs_trainer_world_size',
    'tfjs_trainer_tensors',
    'tfjs_trainer_tensor_bytes',
    'tfjs_trainer_native_tensors',
  ]) {
    assert.equal(samples.get(series), 0, series);
  }
});

test('steps, all-reduces, checkpoints and membership show in the figures', async () => {
  let now = 1000;
  const registry = new Registry();
  const metrics = trainerMetrics(registry, () => now);
  metrics.setBuild({ version: '0.1.0', backend: 'cpu' });
  metrics.setBuild({ version: '0.1.0', backend: 'wasm' });
  const phases = { compute: 0.15, communication: 0.05, wait: -1e-9 };
  const step = { seconds: 0.2, epoch: 1, samples: 64, learningRate: 0.01, gradientNorm: 2, phases };
  metrics.observeStep({ ...step, step: 41, loss: 0.7 });
  metrics.observeStep({ ...step, step: 42, loss: 0.5 });
  metrics.addAllReduce({ bytesSent: 10, bytesReceived: 20, seconds: 0.5 });
  metrics.setFigures({ accuracy: 0.9 });
  metrics.setMembership(3, 2);
  now = 1010;
  metrics.setCheckpoint(42, 1008);
  const samples = await samplesOf(registry);
  const expected: Readonly<Record<string, number>> = {
    'build_info{version="0.1.0",backend="wasm"}': 1,
    loss: 0.5,
    step: 42,
    samples_total: 128,
    'step_phase_seconds_total{phase="compute"}': 0.3,
    'step_phase_seconds_total{phase="wait"}': 0,
    'step_duration_seconds_bucket{le="0.1"}': 0,
    'step_duration_seconds_bucket{le="0.25"}': 2,
    'all_reduce_bytes_total{direction="received"}': 20,
    'metric{metric="accuracy"}': 0.9,
    membership_epoch: 3,
    world_size: 2,
    checkpoint_step: 42,
    checkpoint_timestamp_seconds: 1008,
    checkpoint_age_seconds: 2,
  };
  for (const [name, value] of Object.entries(expected)) {
    assert.equal(samples.get(`tfjs_trainer_${name}`), value, name);
  }
  assert.equal([...samples.keys()].filter((key) => key.includes('build_info')).length, 1);
});

test('memory is read at each scrape', async () => {
  const registry = new Registry();
  let tensors = 7;
  trainerMetrics(registry).watchMemory(() => ({ tensors, bytes: 4 * tensors, nativeTensors: 9 }));
  assert.equal((await samplesOf(registry)).get('tfjs_trainer_tensors'), 7);
  tensors = 8;
  const samples = await samplesOf(registry);
  assert.equal(samples.get('tfjs_trainer_tensors'), 8);
  assert.equal(samples.get('tfjs_trainer_tensor_bytes'), 32);
  assert.equal(samples.get('tfjs_trainer_native_tensors'), 9);
});
