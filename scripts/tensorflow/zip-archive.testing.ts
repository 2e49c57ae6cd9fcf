/** Writes small zip files, for tests: wheels and jars of any content. */
import { crc32, deflateRawSync } from 'node:zlib';

export interface ZipContent {
  readonly content: Buffer;
  readonly isStored?: boolean;
  readonly mode?: number;
}

/** @see https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT */
export function aZip(files: Readonly<Record<string, ZipContent>>): Buffer {
  const parts: Buffer[] = [];
  const table: Buffer[] = [];
  let offset = 0;
  for (const [path, file] of Object.entries(files)) {
    const name = Buffer.from(path);
    const data = file.isStored === true ? file.content : deflateRawSync(file.content);
    const shared = sharedHeader(file, name.length, data.length);
    const local = Buffer.concat([signature(0x04034b50), shared, name, data]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(((file.mode ?? 0o644) << 16) >>> 0, 6);
    rest.writeUInt32LE(offset, 10);
    const madeByUnix = Buffer.from([20, 3]);
    table.push(Buffer.concat([signature(0x02014b50), madeByUnix, shared, rest, name]));
    parts.push(local);
    offset += local.length;
  }
  const directory = Buffer.concat(table);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(table.length, 4);
  end.writeUInt16LE(table.length, 6);
  end.writeUInt32LE(directory.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...parts, directory, signature(0x06054b50), end]);
}

/** What stands both before a file's data and in the table. */
function sharedHeader(
  { content, isStored = false }: ZipContent,
  nameBytes: number,
  dataBytes: number,
): Buffer {
  const header = Buffer.alloc(26);
  header.writeUInt16LE(20, 0);
  header.writeUInt16LE(isStored ? 0 : 8, 4);
  // 1980-01-01, the first day that the format knows.
  header.writeUInt16LE(0x21, 8);
  header.writeUInt32LE(crc32(content), 10);
  header.writeUInt32LE(dataBytes, 14);
  header.writeUInt32LE(content.length, 18);
  header.writeUInt16LE(nameBytes, 22);
  return header;
}

function signature(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
