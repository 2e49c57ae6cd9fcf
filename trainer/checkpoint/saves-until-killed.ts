/**
 * The victim of killed-saves.integration.test.ts: goes on from the newest checkpoint, saves state after
 * state, tells its parent when a save begins and when it is durable, and never stops by itself.
 * Arguments: directory, numbers per state.
 */
import { openCheckpoints } from './open-checkpoints.ts';
import { sampleRun, sampleState } from './sample-state.ts';

const [directory = '', floats = '0'] = process.argv.slice(2);
/** Small shards, so that a kill meets a save between two of them as well as inside of one. */
const shardBytes = 64 * 1024;
const checkpoints = await openCheckpoints(directory, { keep: 2, shardBytes });
const found = await checkpoints.loadLatest({ runConfigDigest: sampleRun });
let step = (found?.step ?? 0) + 1;
for (;;) {
  const saving = checkpoints.save(sampleState(step, Number(floats)));
  process.send?.({ begun: step });
  await saving;
  process.send?.({ durable: step });
  step += 1;
}
