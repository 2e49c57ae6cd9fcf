/**
 * Leaves a finished run's model in every format that the run config asks for, in one folder that
 * appears complete or not at all. Result document and report are not its business.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { OutputConfig } from '@tfjs-operator/api/run-config.ts';
import { replaceFolder } from './artifact-files.ts';
import { encodeNpz } from './npz.ts';
import { modelDigest, type SavedModel } from './saved-model.ts';
import { writeKerasH5 } from './write-keras-h5.ts';
import { writeLayersModel } from './write-layers-model.ts';

export interface WriteModelOptions {
  readonly formats: OutputConfig['formats'];
  readonly quantization: OutputConfig['quantization'];
  /**
   * Stored with the model: class names, standardisation, digest of the run config. The model's own
   * digest is added.
   */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Name and version of the program. */
  readonly generatedBy: string;
}

export interface WrittenModel {
  /** `sha256:…` over topology and weights, the same for all formats. */
  readonly modelDigest: string;
  /** Names of the files in the folder, sorted. */
  readonly files: readonly string[];
}

/**
 * @param folder replaced as a whole.
 * @throws Failure('StorageError') where the disk refuses; nothing half written is left.
 */
export async function writeModel(
  folder: string,
  model: SavedModel,
  options: WriteModelOptions,
): Promise<WrittenModel> {
  const digest = modelDigest(model);
  const metadata = { ...options.metadata, modelDigest: digest };
  const files = await replaceFolder(folder, async (target) => {
    for (const format of new Set(options.formats)) {
      switch (format) {
        case 'layers-model':
          await writeLayersModel(target, model, { ...options, metadata });
          break;
        case 'keras-h5':
          await writeKerasH5(join(target, 'model.h5'), model, metadata);
          break;
        case 'npz':
          await writeFile(
            join(target, 'weights.npz'),
            encodeNpz(model.layers.flatMap((layer) => layer.weights)),
          );
          break;
      }
    }
  });
  return { modelDigest: digest, files };
}
