import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Failure } from '@tfjs-operator/api/failure.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { dial, splitAddress } from './dial.ts';
import { openPeers, readWorkerFile } from './peers.ts';

const aFolder = (): string => temporaryFolder('peers-');

test('a DNS pattern gives every rank its name', async () => {
  const peers = openPeers('dns:mnist-{rank}.mnist.default.svc:7000', 2, 'job');
  assert.equal(await peers.find(0), 'mnist-0.mnist.default.svc:7000');
  assert.equal(peers.advertised('0.0.0.0:7000', 7000), 'mnist-2.mnist.default.svc:7000');
});

test('a folder shows the addresses of the workers that wrote theirs, and forgets them', async () => {
  const folder = join(aFolder(), 'new');
  const own = openPeers(`dir:${folder}`, 0, 'job');
  const other = openPeers(`dir:${folder}`, 1, 'job');
  assert.equal(await other.find(0), undefined);
  const grpc = own.advertised('0.0.0.0:0', 4711);
  assert.equal(grpc, '127.0.0.1:4711');
  await own.publish({ grpc, http: '127.0.0.1:80', pid: process.pid, jobUid: 'job' });
  assert.equal(await other.find(0), grpc);
  assert.equal((await readWorkerFile(join(folder, 'rank-0.json')))?.http, '127.0.0.1:80');
  assert.deepEqual(await readdir(folder), ['rank-0.json']);
  await own.withdraw();
  assert.equal(await other.find(0), undefined);
});

test('files of another job are not believed, files of another process not removed', async () => {
  const folder = aFolder();
  const file = join(folder, 'rank-0.json');
  await writeFile(file, JSON.stringify({ grpc: 'a:1', pid: 1, jobUid: 'other' }));
  assert.equal(await openPeers(`dir:${folder}`, 1, 'job').find(0), undefined);
  await openPeers(`dir:${folder}`, 0, 'job').withdraw();
  assert.deepEqual(await readdir(folder), ['rank-0.json']);
});

test('anything else is a configuration error that shows the two forms', () => {
  for (const peers of ['', 'dns:host:1', 'dns:{rank}', 'file:/x']) {
    assert.throws(
      () => openPeers(peers, 0, 'job'),
      (error) => {
        assert.ok(error instanceof Failure);
        assert.equal(error.reason, 'BadConfig');
        assert.match(error.message, /dns:HOST_PATTERN:PORT .* or dir:PATH/);
        return true;
      },
    );
  }
});

test('names are looked up before dialling, and kept for the certificate', async () => {
  assert.deepEqual(await dial('127.0.0.1:1'), { target: '127.0.0.1:1', options: {} });
  assert.deepEqual(splitAddress('[::1]:22'), { host: '::1', port: 22 });
  const { target, options } = await dial('localhost:7000');
  assert.match(target, /^(127\.0\.0\.1|\[::1\]):7000$/);
  assert.equal(options['grpc.ssl_target_name_override'], 'localhost');
});
