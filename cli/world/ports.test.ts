import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { assertPortsFree } from './ports.ts';

test('ports that are free stay free', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  await assertPortsFree(port, 1);
  await assertPortsFree(port, 1);
});

test('a port that is taken is named, whichever of the range it is', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  for (const first of [port, port - 1]) {
    await assert.rejects(assertPortsFree(first, 1), {
      reason: 'AddressInUse',
      message: `Port ${port} is taken by another process; stop that process or choose another --port (the workers listen on ${first} to ${first + 1}).`,
    });
  }
});

test('a range that goes beyond the last port is refused with the highest start', async () => {
  await assert.rejects(assertPortsFree(65_535, 1), {
    reason: 'UsageError',
    message: '--port 65535 leaves no room for the 2 ports of 1 worker; give at most 65534.',
  });
  await assert.rejects(assertPortsFree(65_530, 4), {
    message: '--port 65530 leaves no room for the 8 ports of 4 workers; give at most 65528.',
  });
});
