/**
 * What a worker says at its end: its termination message, or else the end of its log, with the
 * limits of the kubelet (terminationMessagePolicy FallbackToLogsOnError).
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** Kubernetes' limit of a termination message, bytes. */
const maxMessageBytes = 4096;
/** Kubernetes' limits of the log's share: the smaller of 2,048 bytes and 80 lines. */
const maxLogBytes = 2048;

/** @param logFile given where the end of the log may stand in for a missing message. */
export function readLastWords(terminationFile: string, logFile?: string): string {
  const message = readStart(terminationFile).trim();
  if (message || logFile === undefined) return message;
  return readEnd(logFile, maxLogBytes).trim();
}

/** The last lines of a log for people: pino's JSON lines become their message. */
export function lastLogLines(logFile: string, count: number): readonly string[] {
  /** Enough for a stack trace in one JSON line. */
  const bytesRead = 64 * 1024;
  return readEnd(logFile, bytesRead).trimEnd().split('\n').slice(-count).map(plainLine);
}

function plainLine(line: string): string {
  if (!line.startsWith('{')) return line;
  try {
    const { msg, err } = JSON.parse(line) as { msg?: unknown; err?: { stack?: unknown } };
    const stack = typeof err?.stack === 'string' ? `\n${err.stack}` : '';
    return typeof msg === 'string' ? msg + stack : line;
  } catch {
    // A line cut off by a crash is shown as it is.
    return line;
  }
}

function readStart(file: string): string {
  return withFile(file, (fd) => readAt(fd, 0, maxMessageBytes));
}

function readEnd(file: string, bytes: number): string {
  return withFile(file, (fd) => {
    const { size } = fstatSync(fd);
    return readAt(fd, Math.max(0, size - bytes), bytes);
  });
}

function withFile(file: string, read: (fd: number) => string): string {
  let fd: number;
  try {
    fd = openSync(file, 'r');
  } catch {
    // A worker that wrote no file has no last words.
    return '';
  }
  try {
    return read(fd);
  } finally {
    closeSync(fd);
  }
}

function readAt(fd: number, position: number, bytes: number): string {
  const buffer = Buffer.alloc(bytes);
  return buffer.subarray(0, readSync(fd, buffer, 0, bytes, position)).toString('utf8');
}
