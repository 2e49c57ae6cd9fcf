/**
 * trainer/artifact/multi-head-attention.js: the trainer's layer as a plain script for pages that
 * load a saved model with the public bundles of TensorFlow.js. Made of the trainer's own sources, so
 * that a model predicts in a browser what it predicted in training.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import ts from 'typescript';
import { attentionScript } from '../trainer/artifact/browser-layers.ts';

const sources = join(import.meta.dirname, '../trainer/model/attention');

export const browserLayersFile = attentionScript;

const header = `/**
 * MultiHeadAttention for TensorFlow.js, whose bundles lack it. Include this script after those of
 * tf-core and tf-layers (or tf), and before tf.loadLayersModel. Generated from
 * trainer/model/attention/ of tfjs-operator by scripts/browser-layers.ts; Apache-2.0.
 */`;

/** @returns JavaScript without imports, the same on every machine. */
export async function browserLayers(): Promise<string> {
  const parts = ['attend.ts', 'multi-head-attention.ts'].map((file) =>
    withoutModules(readFileSync(join(sources, file), 'utf8')),
  );
  const script = [
    header,
    '(() => {',
    'const tf = globalThis.tf;',
    'const tfl = globalThis.tf;',
    ...parts,
    '})();',
  ].join('\n');
  return format(script, { ...(await resolveConfig(browserLayersFile)), parser: 'babel' });
}

/** The body of a module whose imports are there as globals or in another part. */
function withoutModules(source: string): string {
  const { outputText } = ts.transpileModule(source, {
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      verbatimModuleSyntax: true,
    },
  });
  return outputText
    .replace(/^\/\*\*[\s\S]*?\*\/\n/, '')
    .replaceAll(/^import [^;]*;\n/gm, '')
    .replaceAll(/^export /gm, '');
}
