/** A mirror on the loopback for tests: an index for pip, a Maven repository, or one that hangs. */
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface LoopbackMirror extends AsyncDisposable {
  readonly url: string;
  /** Paths that were asked for, in order. */
  readonly asked: readonly string[];
}

export async function loopbackMirror(answer: RequestListener): Promise<LoopbackMirror> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Answers each path that ends with a file's name with its content, and anything else with 404. */
export function serving(files: Readonly<Record<string, string | Buffer>>): RequestListener {
  return ({ url = '' }, response) => {
    const content = Object.entries(files).find(([name]) => url.endsWith(name))?.[1];
    response.statusCode = content === undefined ? 404 : 200;
    if (typeof content === 'string') response.setHeader('content-type', 'text/html');
    response.end(content ?? 'Not found');
  };
}

/** An address where nothing listens. */
export async function deadAddress(): Promise<string> {
  await using mirror = await loopbackMirror(() => undefined);
  return mirror.url;
}
