/**
 * Reads `model.json` with its weight shards, or a JSON file of topology alone. Undoes
 * quantisation. Weights that are no floats (none in layers-models) are converted.
 */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Failure } from '@tfjs-operator/api/failure.ts';
import type { Topology } from '@tfjs-operator/api/run-config.ts';
import { elementsOf, type NamedArray } from '../named-array.ts';
import type { LoadedModel } from './loaded-model.ts';
import { dequantize, type QuantizationInfo } from './quantization.ts';

interface ModelJson {
  readonly modelTopology?: Topology;
  readonly weightsManifest?: readonly ManifestGroup[];
}

interface ManifestGroup {
  readonly paths: readonly string[];
  readonly weights: readonly WeightSpec[];
}

interface WeightSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly quantization?: QuantizationInfo;
}

const bytesPerElement: Readonly<Record<string, number>> = {
  float32: 4,
  int32: 4,
  float16: 2,
  uint16: 2,
  uint8: 1,
  bool: 1,
};

export async function readLayersModel(file: string): Promise<LoadedModel> {
  const document = parse(await readFile(file, 'utf8'), file);
  if (!document.modelTopology) return { topology: document as unknown as Topology, weights: [] };
  const weights: NamedArray[] = [];
  for (const group of document.weightsManifest ?? []) {
    weights.push(...(await readGroup(group, file)));
  }
  // Documents of Keras's converter hold the model one level down; both forms are passed on.
  return { topology: document.modelTopology, weights };
}

function parse(text: string, file: string): ModelJson {
  try {
    const document = JSON.parse(text) as unknown;
    if (typeof document === 'object' && document !== null) return document;
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    throw new Failure('BadConfig', `${file} is not JSON: ${words}; correct the file.`);
  }
  throw new Failure('BadConfig', `${file} holds no JSON object; give a model.json or topology.`);
}

async function readGroup(group: ManifestGroup, file: string): Promise<NamedArray[]> {
  const shards = await Promise.all(group.paths.map((path) => readShard(path, file)));
  const bytes = Buffer.concat(shards);
  let offset = 0;
  return group.weights.map((spec) => {
    const stored = spec.quantization?.dtype ?? spec.dtype;
    const width = bytesPerElement[stored];
    if (width === undefined) {
      throw new Failure(
        'BadConfig',
        `The weight "${spec.name}" in ${file} has the dtype ${stored}; only float32 weights can be trained.`,
      );
    }
    const length = elementsOf(spec.shape) * width;
    if (offset + length > bytes.length) {
      throw new Failure(
        'BadConfig',
        `The weight files of ${file} end within "${spec.name}"; copy them again.`,
      );
    }
    const own = bytes.subarray(offset, offset + length);
    offset += length;
    return { name: spec.name, shape: spec.shape, data: decode(own, spec) };
  });
}

async function readShard(path: string, file: string): Promise<Buffer> {
  return readFile(join(dirname(file), path)).catch((error: unknown) => {
    throw new Failure(
      'BadConfig',
      `${file} names the weight file ${path}, which cannot be read; copy it beside the model.json.`,
      { cause: error },
    );
  });
}

function decode(bytes: Uint8Array, spec: WeightSpec): Float32Array {
  if (spec.quantization) return dequantize(bytes, spec.quantization);
  // A copy: a view into the shard need not start at a multiple of the element size.
  const { buffer } = new Uint8Array(bytes);
  if (spec.dtype === 'float32') return new Float32Array(buffer);
  return Float32Array.from(
    spec.dtype === 'int32' ? new Int32Array(buffer) : new Uint8Array(buffer),
  );
}
