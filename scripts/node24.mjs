/**
 * The door through which every npm script goes. Runs on any Node >= 20 with nothing installed:
 * installs the locked dependencies when they are missing or older than package-lock.json, then runs
 * its arguments under the pinned Node 24 of node_modules. It never installs anything globally.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const nodeBinary = join(root, 'node_modules', '.bin', 'node');
const stampFile = join(root, 'node_modules', '.installed-lockfile');

const lockDigest = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .digest('hex');

function isInstalled() {
  return (
    existsSync(nodeBinary) &&
    existsSync(stampFile) &&
    readFileSync(stampFile, 'utf8') === lockDigest
  );
}

if (!isInstalled()) {
  process.stderr.write('Installing the locked dependencies (first run only)…\n');
  const install = spawnSync('npm', ['ci', '--loglevel=error', '--no-audit', '--no-fund'], {
    cwd: root,
    // Standard output belongs to the command that follows: `--json` output must stay parseable.
    stdio: ['ignore', 2, 2],
  });
  if (install.status !== 0) {
    process.stderr.write('npm ci failed; see its message above.\n');
    process.exit(install.status ?? 1);
  }
  writeFileSync(stampFile, lockDigest);
}

const child = spawn(
  nodeBinary,
  ['--disable-warning=ExperimentalWarning', ...process.argv.slice(2)],
  {
    stdio: 'inherit',
    // Compiled code is kept for the next process: a worker starts in half the time.
    env: { NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'compile'), ...process.env },
  },
);
// A terminal sends Ctrl-C to both; a signal for this process alone is passed on. The child takes a
// doubled Ctrl-C as one.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => child.kill(signal));
}
child.on('exit', (code, signal) => {
  process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 143);
});
