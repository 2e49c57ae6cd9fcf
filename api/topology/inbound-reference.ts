/** One input of a layer's call in a functional model, as Keras 2 and TensorFlow.js write it. */
import type { JsonObject } from './json-object.ts';

/** Layer, index of its call, index of that call's output, options of the call (of attention only). */
export type InboundReference = readonly [string, number, number, JsonObject];
