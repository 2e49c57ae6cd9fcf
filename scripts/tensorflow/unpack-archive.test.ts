import assert from 'node:assert/strict';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { placeOf, unpackArchive } from './unpack-archive.ts';
import { aZip } from './zip-archive.testing.ts';

const folder = temporaryFolder('unpack-');
const options = { report: () => undefined, signal: new AbortController().signal };

function archive(name: string, paths: readonly string[]): string {
  const file = join(folder, name);
  const content = (path: string): Buffer => Buffer.from(path);
  writeFileSync(
    file,
    aZip(Object.fromEntries(paths.map((path) => [path, { content: content(path) }]))),
  );
  return file;
}

const taken: Readonly<Record<string, string>> = {
  // A wheel, and a jar.
  'tensorflow/libtensorflow_cc.so.2': 'lib/libtensorflow_cc.so.2',
  'org/tensorflow/internal/c_api/linux-x86_64/libtensorflow_framework.so.2':
    'lib/libtensorflow_framework.so.2',
  'nvidia/cudnn/lib/libcudnn.so.9': 'nvidia/cudnn/lib/libcudnn.so.9',
  'nvidia/cuda_nvcc/bin/ptxas': 'nvidia/cuda_nvcc/bin/ptxas',
  'nvidia/cuda_nvcc/nvvm/libdevice/libdevice.10.bc':
    'nvidia/cuda_nvcc/nvvm/libdevice/libdevice.10.bc',
  'nvidia_cudnn_cu12-9.28.0.42.dist-info/licenses/License.txt':
    'licenses/nvidia_cudnn_cu12-9.28.0.42-License.txt',
  'tensorflow/THIRD_PARTY_NOTICES.txt': 'licenses/tensorflow-THIRD_PARTY_NOTICES.txt',
};

const left = [
  'tensorflow/',
  'tensorflow/include/tensorflow/c/c_api.h',
  'tensorflow/python/_pywrap_tensorflow_internal.so',
  'nvidia/cudnn/include/cudnn.h',
  'nvidia/cudnn/lib/__init__.py',
  'nvidia/cudnn/__init__.py',
  'nvidia/../../../etc/lib/passwd',
  '../libtensorflow_cc.so.2',
  'tensorflow/python/licenses.py',
];

test('what a worker needs has its place, and nothing else has one', () => {
  for (const [path, place] of Object.entries(taken)) assert.equal(placeOf(path), place, path);
  for (const path of left) assert.equal(placeOf(path), undefined, path);
});

test('an archive is unpacked to those places', async () => {
  const target = join(folder, 'deps');
  const bytes = await unpackArchive(
    archive('a.whl', [...Object.keys(taken), ...left]),
    target,
    options,
  );
  const files = globSync('**/*', { cwd: target, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
  const expected = Object.values(taken).map((place) => join(target, place));
  assert.deepEqual(files.sort(), expected.sort());
  for (const [path, place] of Object.entries(taken)) {
    assert.equal(readFileSync(join(target, place), 'utf8'), path);
  }
  assert.equal(bytes, Object.keys(taken).join('').length);
});

test('an archive of something else is refused', async () => {
  await assert.rejects(unpackArchive(archive('b.whl', left.slice(0, 3)), folder, options), {
    reason: 'DamagedArchive',
    message:
      /b\.whl cannot be unpacked: it holds no library of TensorFlow or CUDA; download it again\.$/,
  });
});
