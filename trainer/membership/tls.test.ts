import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { Failure } from '@tfjs-operator/api/failure.ts';
import { temporaryFolder } from '../../test/temporary-folder.ts';
import { joinGang } from './join-gang.ts';
import { aGangFolder, gangOptions, joinAll } from './local-gang.testing.ts';

const run = promisify(execFile);
const openssl = (cwd: string, command: string): Promise<unknown> =>
  run('openssl', command.split(' '), { cwd });

/** A folder as TFJS_TLS_DIR names it, with a CA of its own. */
async function aTlsFolder(): Promise<string> {
  const folder = temporaryFolder('tls-');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'san.txt'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n');
  const curve = '-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes';
  await openssl(folder, `req -x509 ${curve} -subj /CN=ca -days 2 -keyout ca.key -out ca.crt`);
  await openssl(folder, `req ${curve} -subj /CN=worker -keyout tls.key -out tls.csr`);
  await openssl(
    folder,
    'x509 -req -in tls.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile san.txt -out tls.crt',
  );
  return folder;
}

const withoutOpenssl = await run('openssl', ['version']).then(
  () => ({}),
  () => ({ skip: 'openssl is not installed' }),
);

test('with certificates of one CA the workers sum over mutual TLS', withoutOpenssl, async (t) => {
  const { gangs, arenas } = await joinAll(t, 2, { tls: await aTlsFolder() });
  arenas.forEach((arena) => arena.fill(2));
  const region = { offset: 0, length: 90_000, step: 0, bucket: 0 };
  await Promise.all(gangs.map(({ collective }) => collective.allReduce(region)));
  assert.ok(arenas.every((arena) => arena.subarray(0, 90_000).every((value) => value === 4)));
});

test(
  'a worker without a certificate, or with one of another CA, does not get in',
  withoutOpenssl,
  async () => {
    const folder = aGangFolder();
    const host = joinGang(
      gangOptions(0, 2, folder, { tls: await aTlsFolder(), startTimeoutSeconds: 2 }),
    );
    const changes = { startTimeoutSeconds: 0.2 };
    const plain = joinGang(gangOptions(1, 2, folder, changes));
    const foreign = joinGang(gangOptions(1, 2, folder, { ...changes, tls: await aTlsFolder() }));
    for (const outcome of await Promise.allSettled([host, plain, foreign])) {
      assert.equal(outcome.status, 'rejected');
      assert.ok(outcome.reason instanceof Failure);
      assert.equal(outcome.reason.reason, 'GangIncomplete');
    }
  },
);

test('a missing certificate file is named', async () => {
  const folder = aGangFolder();
  await assert.rejects(joinGang(gangOptions(0, 1, folder, { tls: folder })), (error) => {
    assert.ok(error instanceof Failure);
    assert.equal(error.reason, 'BadConfig');
    assert.match(
      error.message,
      /TFJS_TLS_DIR needs tls\.crt, tls\.key and ca\.crt, but .*tls\.crt/,
    );
    return true;
  });
});
