/**
 * The outgoing direction to one peer: this worker's Exchange call, on which it asks for chunks and
 * receives them. Its end, however it comes about, is the sign that the peer is gone.
 */
import { Client, type ChannelCredentials, type ChannelOptions, Metadata } from '@grpc/grpc-js';
import { type ChunkMessage, readChunk } from './chunk-message.ts';
import { exchangePath, metadataKeys, passThrough } from './exchange-definition.ts';
import { encodePullRequest, type PullRequest } from './pull-request.ts';

export interface LinkOptions {
  /** HOST:PORT of the peer. */
  readonly address: string;
  readonly credentials: ChannelCredentials;
  readonly channelOptions: ChannelOptions;
  readonly jobUid: string;
  readonly membershipEpoch: number;
  /** Rank of this worker. */
  readonly rank: number;
  readonly onMessage: (message: ChunkMessage) => void;
  /** Called once; never after `close`. */
  readonly onEnd: (cause: Error | undefined) => void;
}

export interface ExchangeLink {
  pull(request: PullRequest): void;
  close(): void;
}

export function openLink(options: LinkOptions): ExchangeLink {
  const client = new Client(options.address, options.credentials, options.channelOptions);
  const metadata = new Metadata({ waitForReady: false });
  metadata.set(metadataKeys.jobUid, options.jobUid);
  metadata.set(metadataKeys.epoch, String(options.membershipEpoch));
  metadata.set(metadataKeys.rank, String(options.rank));
  const call = client.makeBidiStreamRequest<PullRequest, Buffer>(
    exchangePath,
    encodePullRequest,
    passThrough,
    metadata,
  );
  let isClosed = false;
  const end = (cause?: Error): void => {
    if (isClosed) return;
    isClosed = true;
    call.cancel();
    client.close();
    options.onEnd(cause);
  };
  call.on('data', (bytes: Buffer) => {
    if (isClosed) return;
    try {
      options.onMessage(readChunk(bytes));
    } catch (error) {
      end(error as Error);
    }
  });
  call.on('error', end);
  call.on('end', () => end());
  return {
    pull: (request) => {
      if (!isClosed) call.write(request);
    },
    close() {
      if (isClosed) return;
      isClosed = true;
      call.cancel();
      client.close();
    },
  };
}
