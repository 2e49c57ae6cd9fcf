/** What goes wrong while a right job runs: numbers, disks, ports, checkpoints, backends. */
import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { encodeNpz } from '../../../trainer/artifact/npz.ts';
import { idx } from '../../../trainer/data/fixtures.ts';
import { scores, sequential, type Changes } from './right-job.ts';
import { runArgs, type WrongInput } from './wrong-input.ts';
import type { Workplace } from './workplace.ts';

const wide = 8000;
/** A network of 128 KB of weights. */
const wideModel: Changes = {
  'spec.model.inline': sequential(
    ['Flatten', { name: 'flat', batch_input_shape: [null, 2, 2] }],
    ['Dense', { name: 'hidden', units: wide, activation: 'relu' }],
    scores(),
  ),
};

/** The job ran to its end before; its checkpoint is there, and nothing that says so. */
async function leaveCheckpoint(workplace: Workplace): Promise<void> {
  const { code, stderr } = await workplace.tfjsctl(runArgs);
  if (code !== 0) throw new Error(`the right job failed: ${stderr}`);
  await rm(join(workplace.folder, 'runs', 'wrong'), { recursive: true });
  await rm(join(workplace.folder, 'runs', 'volumes', 'output', 'model'), { recursive: true });
}

async function checkpointFolder({ folder }: Workplace): Promise<string> {
  const checkpoints = join(folder, 'runs', 'volumes', 'output', 'checkpoints');
  const [name = ''] = await readdir(checkpoints);
  return join(checkpoints, name);
}

/** Where no small disk can be mounted, a limit of the size of files stands in for it. */
function full(doing: string, wayOut: string): RegExp {
  const why = '(no space is left on the device|the file would be larger than .*)';
  return new RegExp(`^${doing}: ${why}\\. ${wayOut}\\.$`);
}

const job = { teller: 'job' } as const;

export const runtimeCases: readonly WrongInput[] = [
  {
    ...job,
    name: 'a precision that the backend does not compute in',
    set: { 'spec.training.inline.precision': 'bfloat16' },
    reason: 'BadConfig',
    says: 'training.precision is bfloat16, which the backend tensorflow alone computes in, but this worker computes on cpu; give it TensorFlow and set workers.backend to auto or tensorflow, or set training.precision to float32.',
  },
  {
    ...job,
    name: 'a learning rate at which the loss is no number any more',
    set: {
      'spec.training.inline.optimizer.learningRate': 1000,
      'spec.training.inline.loss.name': 'meanSquaredError',
      'spec.training.inline.epochs': 50,
      'spec.training.inline.metrics': [],
      'spec.dataset.labels.type': 'number',
      'spec.dataset.features.standardize': 'none',
      'spec.model.inline.config.layers.1.config': { name: 'value', units: 1 },
    },
    reason: 'NumericError',
    says: 'The loss is Infinity at step 3, so training cannot go on; lower training.optimizer.learningRate, set training.clipping.globalNorm, or standardize the features (dataset.features.standardize).',
  },
  {
    ...job,
    name: 'a disk that is full at the first checkpoint',
    stage: { smallDisk: { folder: 'small', kib: 64 } },
    set: { ...wideModel, 'spec.checkpoint.uri': 'pvc://small/checkpoints' },
    args: [...runArgs, '--volume', 'small=small'],
    reason: 'StorageError',
    says: full(
      'Cannot save the checkpoint of step 5 \\(0\\.2 MiB\\) in FOLDER/small/checkpoints',
      'Make room, lower checkpoint\\.keep or enlarge the volume, then start again to resume',
    ),
  },
  {
    ...job,
    name: 'a disk that is too small for the model',
    stage: { smallDisk: { folder: 'small', kib: 64 } },
    set: { ...wideModel, 'spec.output.uri': 'pvc://small/model', 'spec.checkpoint': undefined },
    args: [...runArgs, '--volume', 'small=small'],
    reason: 'StorageError',
    says: full(
      'Cannot write the model to FOLDER/small/model/model',
      'Make room or enlarge the volume, then start again',
    ),
  },
  {
    ...job,
    name: 'a disk that is full when the model is written and the report is not',
    stage: { smallDisk: { folder: 'small', kib: 16 } },
    set: { 'spec.output.uri': 'pvc://small/model', 'spec.checkpoint': undefined },
    args: [...runArgs, '--volume', 'small=small'],
    reason: 'StorageError',
    says: full(
      'Cannot write the output to FOLDER/small/model',
      'Make room or enlarge the volume, then start again',
    ),
  },
  {
    ...job,
    name: 'a disk that is full before the training has begun',
    stage: { smallDisk: { folder: 'small', kib: 4 } },
    set: { 'spec.output.uri': 'pvc://small/model', 'spec.checkpoint': undefined },
    args: [...runArgs, '--volume', 'small=small'],
    reason: 'StorageError',
    says: full(
      'Cannot write (TensorBoard events to FOLDER/small/model/tensorboard/.*|the output to FOLDER/small/model)',
      '(make room or change output\\.uri|Make room .*)',
    ),
  },
  {
    ...job,
    name: 'an output folder that may not be written',
    stage: { readOnly: 'locked' },
    set: { 'spec.output.uri': 'pvc://locked/model', 'spec.checkpoint': undefined },
    args: [...runArgs, '--volume', 'locked=locked'],
    reason: 'StorageError',
    says: 'Cannot use FOLDER/locked/model for the output: access is denied. Give the user of the process write access (fsGroup on Kubernetes), or change output.uri.',
  },
  {
    ...job,
    name: 'a checkpoint folder that may not be written',
    stage: { readOnly: 'locked' },
    set: { 'spec.checkpoint.uri': 'pvc://locked/checkpoints' },
    args: [...runArgs, '--volume', 'locked=locked'],
    reason: 'StorageError',
    says: 'Cannot use FOLDER/locked/checkpoints for checkpoints: access is denied. Give the user of the process write access (fsGroup on Kubernetes), or change checkpoint.uri.',
  },
  {
    ...job,
    name: 'a file in the place of the output folder',
    files: { 'out/model': 'a file' },
    set: { 'spec.output.uri': 'pvc://out/model', 'spec.checkpoint': undefined },
    args: [...runArgs, '--volume', 'out=out'],
    reason: 'StorageError',
    says: 'Cannot use FOLDER/out/model for the output: a part of the path is a file, not a directory. Correct output.uri.',
  },
  {
    name: 'a port that another process listens on',
    isJson: true,
    before: async () => {
      const server = createServer().listen(28_471, '127.0.0.1');
      await once(server, 'listening');
      return () => void server.close();
    },
    args: [...runArgs, '--port', '28471'],
    teller: 'tfjsctl',
    reason: 'AddressInUse',
    says: 'Port 28471 is taken by another process; stop that process or choose another --port (the workers listen on 28471 to 28472).',
  },
  {
    name: 'checkpoints of a run with another configuration',
    before: async (workplace: Workplace): Promise<void> => {
      await leaveCheckpoint(workplace);
      const text = await readFile(join(workplace.folder, 'job.yaml'), 'utf8');
      await writeFile(
        join(workplace.folder, 'job.yaml'),
        text.replace('"epochs": 1', '"epochs": 2'),
      );
    },
    teller: 'tfjsctl',
    reason: 'CheckpointError',
    says: 'The checkpoints in FOLDER/runs/volumes/output/checkpoints (step 5) belong to an unfinished run with another configuration; undo the change to go on from there, or use --fresh to delete them and train anew.',
  },
  {
    ...job,
    name: 'checkpoints of a run with other data',
    before: async (workplace: Workplace): Promise<void> => {
      await leaveCheckpoint(workplace);
      await workplace.write({
        'data/labels': idx(
          [60],
          Array.from({ length: 60 }, (_, at) => (at + 1) % 3),
        ),
      });
    },
    reason: 'CheckpointError',
    says: 'The checkpoints in FOLDER/runs/volumes/output/checkpoints were made with other data (sha256:43adf3c9bd35…; it is sha256:6c10a9dfead5… now): restore the data set to resume, or set checkpoint.uri to an empty folder to start anew.',
  },
  {
    ...job,
    name: 'a checkpoint whose weights are cut off',
    before: async (workplace: Workplace): Promise<void> => {
      await leaveCheckpoint(workplace);
      await truncate(join(await checkpointFolder(workplace), 'shard-00000.bin'), 10);
    },
    reason: 'CheckpointError',
    says: 'The only checkpoint in FOLDER/runs/volumes/output/checkpoints is damaged (step-5: shard-00000.bin has 10 bytes instead of 68): restore the directory from a backup, or set checkpoint.uri to an empty folder to start anew.',
  },
  {
    ...job,
    name: 'a checkpoint without its manifest',
    before: async (workplace: Workplace): Promise<void> => {
      await leaveCheckpoint(workplace);
      await rm(join(await checkpointFolder(workplace), 'manifest.json'));
    },
    reason: 'CheckpointError',
    says: 'The only checkpoint in FOLDER/runs/volumes/output/checkpoints is damaged (step-5: manifest.json is missing or cannot be read): restore the directory from a backup, or set checkpoint.uri to an empty folder to start anew.',
  },
  {
    ...job,
    name: 'a backend that is not installed',
    set: { 'spec.workers.backend': 'tensorflow' },
    reason: 'BackendUnavailable',
    says: 'workers.backend is tensorflow, but @tensorflow/tfjs-node is not installed (npm run backend:tensorflow does it); set it to auto to take the best that works here.',
  },
  {
    ...job,
    name: 'an accuracy below what is required',
    isJson: true,
    set: { 'spec.evaluation.require.accuracy': 1, 'spec.workers.replicas': 2 },
    reason: 'RequirementUnmet',
    says: 'On the 12 test samples accuracy is 0.16667 where evaluation.require asks for at least 1; train longer, change the model, or lower the requirement.',
    leaves: 'model',
  },
  {
    ...job,
    name: 'two of two workers that cannot read the data',
    set: { 'spec.workers.replicas': 2 },
    files: { 'data/images': null },
    reason: 'DataError',
    says: 'pvc://data/images does not exist (looked for FOLDER/data/images; its folder holds labels); correct the path in dataset or mount the volume that holds it.',
  },
  {
    ...job,
    name: 'a damaged file of weights',
    set: { 'spec.model.weights.uri': 'pvc://data/weights.npz' },
    files: { 'data/weights.npz': 'PK' },
    reason: 'BadConfig',
    says: 'model.weights.uri (pvc://data/weights.npz): FOLDER/data/weights.npz is no intact zip archive: its directory is cut off or damaged; fetch or write it again.',
  },
  {
    ...job,
    name: 'weights of another network',
    set: { 'spec.model.weights.uri': 'pvc://data/weights.npz' },
    files: {
      'data/weights.npz': encodeNpz([
        { name: 'scores/kernel', shape: [5, 3], data: new Float32Array(15) },
        { name: 'scores/bias', shape: [3], data: new Float32Array(3) },
      ]),
    },
    reason: 'BadConfig',
    says: 'The weight "scores/kernel" in pvc://data/weights.npz has the shape [5, 3], but the model needs [4, 3]; give the weights of this topology.',
  },
  {
    ...job,
    name: 'weights that are not there',
    set: { 'spec.model.weights.uri': 'pvc://data/model.json' },
    reason: 'BadConfig',
    says: 'model.weights.uri (pvc://data/model.json): There is no model at FOLDER/data/model.json; correct the path.',
  },
];
