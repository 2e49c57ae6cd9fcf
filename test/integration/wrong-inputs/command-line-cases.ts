/** Wrong command lines. */
import type { Workplace } from './workplace.ts';
import { runArgs, type WrongInput } from './wrong-input.ts';

const usage = { teller: 'tfjsctl', reason: 'UsageError' } as const;

export const commandLineCases: readonly WrongInput[] = [
  {
    ...usage,
    name: 'an unknown option',
    args: [...runArgs, '--fersh'],
    isJson: true,
    says: `unknown option '--fersh'; did you mean --fresh?`,
  },
  {
    ...usage,
    name: 'an unknown command',
    args: ['trian', 'job.yaml'],
    says: `unknown command 'trian'; see tfjsctl --help.`,
  },
  {
    ...usage,
    name: 'no file',
    args: ['run'],
    says: `missing required argument 'file'; see tfjsctl --help.`,
  },
  {
    ...usage,
    name: '--workers 0',
    args: [...runArgs, '--workers', '0'],
    says: '--workers 0 is no whole number from 1 to 1024.',
  },
  {
    ...usage,
    name: '--port with a word',
    args: [...runArgs, '--port', 'http'],
    says: '--port http is no whole number from 1 to 65535.',
  },
  {
    ...usage,
    name: '--port without room for the workers',
    args: [...runArgs, '--port', '65535'],
    says: '--port 65535 leaves no room for the 2 ports of 1 worker; give at most 65534.',
  },
  {
    ...usage,
    name: '--volume without a path',
    args: ['run', 'job.yaml', '--volume', 'data'],
    says: '--volume data is not of the form CLAIM=PATH.',
  },
  {
    ...usage,
    name: '--volume of a claim that the job does not name',
    args: ['run', 'job.yaml', '--volume', 'date=data'],
    says: '--volume date=… names a claim that the job does not use; its claims: data, output.',
  },
  {
    ...usage,
    name: '--name of a job that is not there',
    args: [...runArgs, '--name', 'wrnog'],
    says: '--name wrnog: no TrainingJob of that name; did you mean wrong?',
  },
  {
    ...usage,
    reason: 'StorageError',
    name: 'a data set whose folder nobody names',
    args: ['run', 'job.yaml'],
    says: 'spec.dataset.uri names the claim "data", which has no folder here; say where it is with --volume data=PATH.',
  },
  {
    ...usage,
    reason: 'StorageError',
    name: 'a data set whose folder is not there',
    args: ['run', 'job.yaml', '--volume', 'data=digits'],
    says: '--volume data=FOLDER/digits: there is no such folder; spec.dataset.uri needs it.',
  },
  {
    ...usage,
    teller: 'finding',
    reason: 'BadConfig',
    name: 'more workers than the batch has samples',
    args: [...runArgs, '--workers', '11'],
    says: 'spec.training.inline.batchSize (10): batchSize is smaller than workers.replicas, so a worker would have no sample; raise batchSize or lower workers.replicas.',
  },
  {
    ...usage,
    reason: 'StorageError',
    name: 'a runs folder that is a file',
    files: { 'out/other': 'not ours' },
    args: [...runArgs, '--volume', 'output=out', '--runs', 'job.yaml'],
    says: 'The folder FOLDER/job.yaml/wrong for logs and records cannot be made: a part of the path is a file; choose another with --runs.',
  },
  {
    ...usage,
    reason: 'StorageError',
    name: 'a runs folder that is a file, with a claim below it,',
    args: [...runArgs, '--runs', 'job.yaml'],
    says: 'The folder FOLDER/job.yaml/volumes/output for spec.checkpoint.uri and spec.output.uri cannot be made: a part of the path is a file; choose another with --volume output=PATH or --runs.',
  },
  {
    ...usage,
    name: 'a job that another process runs already',
    before: async (workplace: Workplace): Promise<void> => {
      const record = { uid: 'u', runConfigDigest: 'd', outcome: 'Running', pid: process.pid };
      await workplace.write({ 'runs/wrong/job.json': JSON.stringify(record) });
    },
    says: /^Process \d+ is running this job in FOLDER\/runs\/wrong; wait for it, or take another folder with --runs\.$/,
  },
];
