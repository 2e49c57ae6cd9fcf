/**
 * A real browser for pages and for models that browsers load: headless Chromium, driven through
 * playwright-core, on files served from a folder over loopback.
 */
import { createReadStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join, normalize } from 'node:path';
import { chromium, type Page } from 'playwright-core';

const candidates = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
};

/** Path of the installed Chromium, or undefined. `TFJS_TEST_CHROMIUM` names another. */
export async function chromiumBinary(): Promise<string | undefined> {
  for (const path of [process.env['TFJS_TEST_CHROMIUM'], ...candidates]) {
    if (path !== undefined && (await stat(path).catch(() => undefined))) return path;
  }
  return undefined;
}

/** Opens `folder` over HTTP in a fresh browser page and hands page and base URL to `use`. */
export async function withPage<T>(
  folder: string,
  use: (page: Page, url: string) => Promise<T>,
): Promise<T> {
  const executablePath = await chromiumBinary();
  if (executablePath === undefined) throw new Error('Chromium is not installed.');
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent((request.url ?? '/').split('?')[0] ?? '/'));
    response.setHeader('content-type', contentTypes[extname(path)] ?? 'application/octet-stream');
    createReadStream(join(folder, path))
      .on('error', () => response.writeHead(404).end())
      .pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const profile = await mkdtemp(join(tmpdir(), 'tfjs-chromium-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  try {
    const { port } = server.address() as AddressInfo;
    return await use(await context.newPage(), `http://127.0.0.1:${port}`);
  } finally {
    await context.close();
    server.closeAllConnections();
    server.close();
    await rm(profile, { recursive: true, force: true });
  }
}

/** Options of a test that needs the browser; see needsPython. */
export function needsChromium(): { readonly skip?: string } {
  const reason = process.env['TFJS_TEST_NO_CHROMIUM'];
  return reason === undefined ? {} : { skip: reason };
}
