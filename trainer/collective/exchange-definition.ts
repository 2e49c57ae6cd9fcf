/**
 * The Collective service as grpc-js wants it, with codecs that hand bytes through: chunks are
 * encoded by `chunk-encoder.ts` when the stream asks for them. Contract: api/proto/collective.proto.
 */
import type { ServiceDefinition } from '@grpc/grpc-js';
import type { Outgoing } from './engine.ts';
import { encodePullRequest, type PullRequest } from './pull-request.ts';

export const exchangePath = '/tfjsoperator.collective.v1.Collective/Exchange';

/** Metadata of a call. */
export const metadataKeys = { jobUid: 'job-uid', epoch: 'membership-epoch', rank: 'rank' } as const;

export const passThrough = (bytes: Buffer): Buffer => bytes;

export const collectiveService: ServiceDefinition = {
  Exchange: {
    path: exchangePath,
    requestStream: true,
    responseStream: true,
    requestSerialize: (request: PullRequest) => encodePullRequest(request),
    requestDeserialize: passThrough,
    responseSerialize: (message: Outgoing) => message.encode(),
    responseDeserialize: passThrough,
  },
};
