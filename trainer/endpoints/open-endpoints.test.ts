import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { request } from 'node:http';
import { once } from 'node:events';
import { test, type TestContext } from 'node:test';
import { Registry } from 'prom-client';
import type { Failure } from '@tfjs-operator/api/failure.ts';
import type { Progress } from '@tfjs-operator/api/progress.ts';
import { createHeartbeat } from './heartbeat.ts';
import { openEndpoints, type EndpointOptions } from './open-endpoints.ts';
import { trainerMetrics } from './trainer-metrics.ts';

const progress = { schemaVersion: 1, rank: 0, step: 12 } as Progress;

async function opened(t: TestContext, options: Partial<EndpointOptions> = {}): Promise<string> {
  const endpoints = await openEndpoints({
    address: '127.0.0.1:0',
    metrics: new Registry(),
    progress: () => progress,
    isReady: () => true,
    isHealthy: () => true,
    ...options,
  });
  t.after(() => endpoints.close());
  return `http://${endpoints.address}`;
}

test('the progress document is served as JSON, fresh each time', async (t) => {
  let step = 1;
  const url = await opened(t, { progress: () => ({ ...progress, step: step++ }) });
  for (const expected of [1, 2]) {
    const response = await fetch(`${url}/progress`);
    assert.equal(response.headers.get('content-type'), 'application/json');
    assert.equal(response.headers.get('cache-control'), 'no-store');
    assert.equal(((await response.json()) as Progress).step, expected);
  }
});

test('health follows the heartbeat', async (t) => {
  let seconds = 0;
  const heartbeat = createHeartbeat(30, () => seconds);
  const url = await opened(t, { isHealthy: heartbeat.isAlive });
  const status = async (): Promise<number> => (await fetch(`${url}/healthz`)).status;
  seconds = 30;
  assert.equal(await status(), 200);
  seconds = 30.5;
  assert.equal(await status(), 503);
  heartbeat.beat();
  assert.equal(await status(), 200);
});

test('readiness follows the gang', async (t) => {
  let joined = false;
  const url = await opened(t, { isReady: () => joined });
  const before = await fetch(`${url}/readyz`);
  assert.equal(before.status, 503);
  assert.equal(await before.text(), 'The worker has not joined its gang.\n');
  joined = true;
  assert.equal((await fetch(`${url}/readyz?verbose`)).status, 200);
});

test('other paths and methods are refused in a plain sentence', async (t) => {
  const url = await opened(t);
  const missing = await fetch(`${url}/%2e%2e/etc/passwd`);
  assert.equal(missing.status, 404);
  assert.match(await missing.text(), /^Nothing is here; ask for \/metrics/);
  const post = await fetch(`${url}/progress`, { method: 'POST', body: '{}' });
  assert.equal(post.status, 405);
  assert.equal(post.headers.get('allow'), 'GET, HEAD');
  assert.match(await post.text(), /read only/);
  const head = await fetch(`${url}/progress`, { method: 'HEAD' });
  assert.equal(head.status, 200);
  assert.equal(await head.text(), '');
  assert.ok(Number(head.headers.get('content-length')) > 10);
});

test('a source that throws gives 500, and the server lives on', async (t) => {
  const errors: unknown[] = [];
  const url = await opened(t, {
    progress: () => {
      throw new Error('secret detail');
    },
    onError: (error) => errors.push(error),
  });
  const response = await fetch(`${url}/progress`);
  assert.equal(response.status, 500);
  assert.doesNotMatch(await response.text(), /secret/);
  assert.equal(errors.length, 1);
  assert.equal((await fetch(`${url}/healthz`)).status, 200);
});

test('a client that sends nothing, or too much, is cut off', async (t) => {
  const url = new URL(await opened(t));
  const huge = request({ host: url.hostname, port: url.port, headers: { x: 'x'.repeat(9000) } });
  huge.end();
  const [response] = (await once(huge, 'response')) as [{ statusCode: number }];
  assert.equal(response.statusCode, 431);
  const garbage = connect(Number(url.port), url.hostname);
  garbage.end('no http at all\r\n\r\n');
  const [answer] = (await once(garbage, 'data')) as [Buffer];
  assert.match(answer.toString(), /^HTTP\/1\.1 400/);
});

test('a taken port, a foreign address and a malformed one end in one sentence', async (t) => {
  const address = (await opened(t)).slice('http://'.length);
  const refused: readonly (readonly [string, string, RegExp])[] = [
    [address, 'AddressInUse', /^127\.0\.0\.1:\d+ is taken by another process: .*TFJS_HTTP_ADDRESS/],
    ['192.0.2.1:8080', 'BadConfig', /^Cannot listen on 192\.0\.2\.1:8080: this machine does not/],
    ['8080', 'BadConfig', /^TFJS_HTTP_ADDRESS is "8080", which is not HOST:PORT/],
    ['localhost:99999', 'BadConfig', /not HOST:PORT/],
  ];
  for (const [wanted, reason, sentence] of refused) {
    await assert.rejects(opened(t, { address: wanted }), (error: Failure) => {
      assert.equal(error.reason, reason);
      assert.match(error.message, sentence);
      return true;
    });
  }
});

test('an IPv6 address keeps its brackets', async (t) => {
  const url = await opened(t, { address: '[::1]:0' });
  assert.match(url, /^http:\/\/\[::1\]:\d+$/);
  assert.equal((await fetch(`${url}/readyz`)).status, 200);
});

test('closing ends idle connections and does not wait for a hanging client', async () => {
  const registry = new Registry();
  trainerMetrics(registry);
  const sources = { progress: () => progress, isReady: () => true, isHealthy: () => true };
  const endpoints = await openEndpoints({ address: '127.0.0.1:0', metrics: registry, ...sources });
  await (await fetch(`http://${endpoints.address}/metrics`)).text();
  const hanging = connect(Number(endpoints.address.split(':')[1]), '127.0.0.1');
  await once(hanging, 'connect');
  hanging.write('GET /progress HTTP/1.1\r\n');
  hanging.on('error', () => undefined);
  const begin = performance.now();
  await endpoints.close();
  assert.ok(performance.now() - begin < 2_500);
  hanging.destroy();
});
