/**
 * Credentials of both directions: mutual TLS from a folder, or none. Without TLS everybody who
 * reaches the port can take part; the job UID keeps out mistakes, not attackers.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ChannelCredentials, ServerCredentials } from '@grpc/grpc-js';
import { Failure } from '@tfjs-operator/api/failure.ts';

export interface Credentials {
  readonly server: ServerCredentials;
  readonly channel: ChannelCredentials;
}

/**
 * @param directory holds tls.crt, tls.key and ca.crt in PEM, as a Kubernetes TLS secret does
 * @throws Failure BadConfig where one is missing
 */
export async function loadCredentials(directory: string | undefined): Promise<Credentials> {
  if (directory === undefined) {
    return {
      server: ServerCredentials.createInsecure(),
      channel: ChannelCredentials.createInsecure(),
    };
  }
  // One after another: the sentence names the first that is missing, whichever disk is faster.
  const certificate = await readPem(join(directory, 'tls.crt'));
  const key = await readPem(join(directory, 'tls.key'));
  const authority = await readPem(join(directory, 'ca.crt'));
  const isClientCertificateRequired = true;
  return {
    server: ServerCredentials.createSsl(
      authority,
      [{ private_key: key, cert_chain: certificate }],
      isClientCertificateRequired,
    ),
    channel: ChannelCredentials.createSsl(authority, key, certificate),
  };
}

async function readPem(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    const { message } = error as Error;
    throw new Failure(
      'BadConfig',
      `TFJS_TLS_DIR needs tls.crt, tls.key and ca.crt, but ${path} cannot be read (${message}).`,
      { cause: error },
    );
  }
}
