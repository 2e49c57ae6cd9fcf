/**
 * The command line of the installer: `npm run backend:tensorflow -- OPTIONS`. Owns the options, the
 * help and the sentences about wrong ones; touches nothing.
 */
import { resolve } from 'node:path';
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { InstallFailure, installStatuses } from './install-failure.ts';
import { tensorflowVersion, type Variant } from './releases.ts';
import { sourceAt, type Source } from './source.ts';

const optionTypes = {
  source: { type: 'string', default: 'pip' },
  mirror: { type: 'string' },
  cuda: { type: 'boolean', default: false },
  into: { type: 'string' },
  link: { type: 'boolean', default: false },
  strip: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const satisfies ParseArgsConfig['options'];

export interface Options {
  readonly variant: Variant;
  readonly source: Source;
  readonly isStripped: boolean;
  readonly into: string | undefined;
  readonly isJson: boolean;
}

const exitCodes = Object.entries(installStatuses)
  .map(([, { code, meaning }]) => `  ${String(code).padEnd(4)} ${meaning}`)
  .join('\n');

export const helpText = `Installs TensorFlow ${tensorflowVersion} for the backend "tensorflow" of the trainer.

  npm run backend:tensorflow -- [options]

It brings TensorFlow's C library, installs @tensorflow/tfjs-node, builds its addon with g++, lets it
compute a gradient, and keeps all that in \${XDG_CACHE_HOME:-~/.cache}/tfjs-operator. The trainer finds
it by the link trainer/tensorflow.

Options:
  --source pip     the wheel, by your pip with its index, mirrors and proxies (the default);
                   PIP_INDEX_URL, PIP_FIND_LINKS, PIP_NO_INDEX and pip.conf apply
  --source maven   the jar of a Maven repository, whose address --mirror gives
  --source PATH    a wheel or jar at hand, or a folder with libtensorflow_cc.so.2 and
                   libtensorflow_framework.so.2: for machines without a network
  --mirror URL     the index for pip in place of the configured one, or the Maven repository
  --cuda           with CUDA 12 (12 more wheels), for @tensorflow/tfjs-node-gpu
  --into DIR       into this folder in place of the cache, without a link: for images;
                   set TFJS_TENSORFLOW_HOME=DIR there
  --link           with a folder as source: link to its libraries in place of copying them
  --strip          without debugging symbols: a quarter smaller (needs binutils)
  --json           one JSON object on standard output
  --help           this text

npm's packages come from the registry that npm is configured for.

Exit codes:
${exitCodes}
`;

/**
 * @param cwd what relative paths begin at.
 * @returns undefined where help is asked for.
 * @throws InstallFailure UsageError, StorageError.
 */
export async function parseOptions(
  args: readonly string[],
  cwd: string,
): Promise<Options | undefined> {
  const values = parse(args);
  if (values.help) return undefined;
  return {
    variant: values.cuda ? 'cuda' : 'cpu',
    source: await sourceOf(values, cwd),
    isStripped: values.strip,
    into: values.into === undefined ? undefined : resolve(cwd, values.into),
    isJson: values.json,
  };
}

type Values = ReturnType<typeof parse>;

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: optionTypes, strict: true }).values;
  } catch (error) {
    const [sentence = ''] = (error as Error).message.split('. ');
    throw usage(sentence.replace(/\.$/, ''));
  }
}

async function sourceOf(values: Values, cwd: string): Promise<Source> {
  const { source, mirror, link } = values;
  if (mirror !== undefined && !URL.canParse(mirror)) {
    throw usage(`--mirror is "${mirror}", which is no URL`);
  }
  if (source === 'pip') {
    refuseExclusive(values, 'pip');
    return mirror === undefined ? { kind: 'pip' } : { kind: 'pip', mirror };
  }
  if (source === 'maven') {
    refuseExclusive(values, 'maven');
    if (mirror !== undefined) return { kind: 'maven', mirror };
    throw usage('--source maven needs the address of the repository: --mirror URL');
  }
  const found = await sourceAt(resolve(cwd, source), link);
  refuseExclusive(values, found.kind);
  return found;
}

/** Options that would have no effect, or the opposite one, are not ignored. */
function refuseExclusive(values: Values, kind: Source['kind']): void {
  const { mirror, link, strip, cuda } = values;
  const refused: readonly (readonly [boolean, string])[] = [
    [link && kind !== 'folder', '--link goes with a folder as --source'],
    [link && strip, '--strip would change the libraries that --link only links to'],
    [
      mirror !== undefined && kind !== 'pip' && kind !== 'maven',
      '--mirror goes with --source pip or maven',
    ],
    [cuda && kind === 'maven', '--cuda needs libraries that Maven does not have: --source pip'],
    [
      cuda && kind === 'archive',
      '--cuda needs 13 wheels, not one: --source pip with PIP_FIND_LINKS=DIR',
    ],
  ];
  const [, problem] = refused.find(([applies]) => applies) ?? [];
  if (problem !== undefined) throw usage(problem);
}

function usage(problem: string): InstallFailure {
  return new InstallFailure('UsageError', `${problem}; see npm run backend:tensorflow -- --help.`);
}
