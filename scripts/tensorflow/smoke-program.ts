/**
 * The other process of smoke-test.ts: `smoke-program.ts HOME` opens the trainer's backend in HOME,
 * computes the gradient that every backend must compute, and prints the version.
 */
import { tensorflowBackend } from '../../trainer/backend/tensorflow/tensorflow-backend.ts';
import { verifyGradient } from '../../trainer/backend/verify-gradient.ts';

try {
  const { version } = await tensorflowBackend({ home: process.argv[2] }).open();
  await verifyGradient();
  process.stdout.write(`${version}\n`);
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`UNUSABLE: ${message.replaceAll('\n', ' ')}\n`);
  process.exitCode = 1;
}
