/**
 * The messages of api/proto/membership.proto as plain data, and their protobuf form.
 */
import { ProtoWriter, readFields } from '../protobuf.ts';
import type { Member } from './gang.ts';

export interface JoinRequest {
  readonly jobUid: string;
  readonly rank: number;
  readonly address: string;
  readonly backend: string;
  readonly lastKnownEpoch: number;
  readonly replicas: number;
}

export interface LeaveRequest {
  readonly jobUid: string;
  readonly rank: number;
}

/** One of four. */
export interface MembershipEvent {
  readonly formed?: { readonly membershipEpoch: number; readonly members: readonly Member[] };
  readonly lost?: { readonly rank: number; readonly message: string };
  readonly left?: { readonly rank: number };
  readonly incomplete?: { readonly message: string };
}

export function encodeJoinRequest(request: JoinRequest): Buffer {
  return new ProtoWriter()
    .string(1, request.jobUid)
    .uint32(2, request.rank)
    .string(3, request.address)
    .string(4, request.backend)
    .fixed32(5, request.lastKnownEpoch)
    .uint32(6, request.replicas)
    .finish();
}

export function decodeJoinRequest(bytes: Buffer): JoinRequest {
  const { numbers, texts } = read(bytes);
  return {
    jobUid: texts.get(1) ?? '',
    rank: numbers.get(2) ?? 0,
    address: texts.get(3) ?? '',
    backend: texts.get(4) ?? '',
    lastKnownEpoch: numbers.get(5) ?? 0,
    replicas: numbers.get(6) ?? 0,
  };
}

export function encodeLeaveRequest(request: LeaveRequest): Buffer {
  return new ProtoWriter().string(1, request.jobUid).uint32(2, request.rank).finish();
}

export function decodeLeaveRequest(bytes: Buffer): LeaveRequest {
  const { numbers, texts } = read(bytes);
  return { jobUid: texts.get(1) ?? '', rank: numbers.get(2) ?? 0 };
}

export function encodeMembershipEvent(event: MembershipEvent): Buffer {
  const writer = new ProtoWriter();
  if (event.formed !== undefined) writer.bytes(1, encodeFormed(event.formed));
  if (event.lost !== undefined) {
    const { rank, message } = event.lost;
    writer.bytes(2, new ProtoWriter().uint32(1, rank).string(2, message).finish());
  }
  if (event.left !== undefined) {
    writer.bytes(3, new ProtoWriter().uint32(1, event.left.rank).finish());
  }
  if (event.incomplete !== undefined) {
    writer.bytes(4, new ProtoWriter().string(1, event.incomplete.message).finish());
  }
  return writer.finish();
}

/** An event of a kind that this version does not know comes out empty. */
export function decodeMembershipEvent(bytes: Buffer): MembershipEvent {
  for (const field of readFields(bytes)) {
    const { numbers, texts } = field.number === 1 ? empty : read(field.bytes);
    if (field.number === 1) return { formed: decodeFormed(field.bytes) };
    const rank = numbers.get(1) ?? 0;
    if (field.number === 2) return { lost: { rank, message: texts.get(2) ?? '' } };
    if (field.number === 3) return { left: { rank } };
    if (field.number === 4) return { incomplete: { message: texts.get(1) ?? '' } };
  }
  return {};
}

const empty = { numbers: new Map<number, number>(), texts: new Map<number, string>() };

function encodeFormed(formed: NonNullable<MembershipEvent['formed']>): Buffer {
  const writer = new ProtoWriter().fixed32(1, formed.membershipEpoch);
  for (const { rank, address, backend } of formed.members) {
    writer.bytes(
      2,
      new ProtoWriter().uint32(1, rank).string(2, address).string(3, backend).finish(),
    );
  }
  return writer.finish();
}

function decodeFormed(bytes: Buffer): NonNullable<MembershipEvent['formed']> {
  let membershipEpoch = 0;
  const members: Member[] = [];
  for (const field of readFields(bytes)) {
    if (field.number === 1) membershipEpoch = field.value;
    if (field.number !== 2) continue;
    const { numbers, texts } = read(field.bytes);
    members.push({
      rank: numbers.get(1) ?? 0,
      address: texts.get(2) ?? '',
      backend: texts.get(3) ?? '',
    });
  }
  return { membershipEpoch, members };
}

/** Fields by number, once as numbers and once as text: each message knows which it wants. */
function read(bytes: Buffer): { numbers: Map<number, number>; texts: Map<number, string> } {
  const numbers = new Map<number, number>();
  const texts = new Map<number, string>();
  for (const field of readFields(bytes)) {
    numbers.set(field.number, field.value);
    texts.set(field.number, field.bytes.toString('utf8'));
  }
  return { numbers, texts };
}
