/** The geometry of a 2-D convolution (channels last), as both of its gradients need it. */
import { backend_util } from '@tensorflow/tfjs-core';
import type { Images } from './images.ts';

export type ConvInfo = backend_util.Conv2DInfo;
type Padding = Parameters<typeof backend_util.computeConv2DInfo>[4];

export interface ConvAttributes {
  readonly strides: number | [number, number];
  readonly pad: Padding;
  readonly dataFormat?: string;
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

type Shape4 = [number, number, number, number];

export function describe(
  input: readonly number[],
  filter: readonly number[],
  attributes: ConvAttributes,
): ConvInfo {
  const { strides, pad, dimRoundingMode } = attributes;
  return backend_util.computeConv2DInfo(
    ...([
      [...input] as Shape4,
      [...filter] as Shape4,
      strides,
      1,
      pad,
      dimRoundingMode,
      false,
    ] as const),
  );
}

export function inputImages(info: ConvInfo, address: number): Images {
  const { batchSize: count, inHeight: height, inWidth: width, inChannels: channels } = info;
  return { address, count, height, width, channels };
}

export function outputImages(info: ConvInfo, address: number): Images {
  const { batchSize: count, outHeight: height, outWidth: width, outChannels: channels } = info;
  return { address, count, height, width, channels };
}
