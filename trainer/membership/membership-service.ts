/**
 * Puts the coordinator on the wire: one Join stream per worker is its membership. Worker 0 itself
 * joins without the network. Contract: api/proto/membership.proto.
 */
import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  type ServerWritableStream,
  type ServiceDefinition,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { passThrough } from '../collective/exchange-definition.ts';
import { type Action, Coordinator, type CoordinatorOptions, type Refusal } from './coordinator.ts';
import {
  decodeJoinRequest,
  decodeLeaveRequest,
  encodeMembershipEvent,
  type JoinRequest,
  type MembershipEvent,
} from './membership-messages.ts';

export const joinPath = '/tfjsoperator.membership.v1.Membership/Join';
export const leavePath = '/tfjsoperator.membership.v1.Membership/Leave';

export const membershipService: ServiceDefinition = {
  Join: {
    path: joinPath,
    requestStream: false,
    responseStream: true,
    requestSerialize: passThrough,
    requestDeserialize: passThrough,
    responseSerialize: passThrough,
    responseDeserialize: passThrough,
  },
  Leave: {
    path: leavePath,
    requestStream: false,
    responseStream: false,
    requestSerialize: passThrough,
    requestDeserialize: passThrough,
    responseSerialize: passThrough,
    responseDeserialize: passThrough,
  },
};

/** Where the coordinator's words to one caller go. */
interface Caller {
  tell(event: MembershipEvent): void;
  refuse(refusal: Refusal): void;
  end(): void;
}

export interface MembershipHost {
  readonly implementation: UntypedServiceImplementation;
  /** Worker 0 joins its own gang. */
  joinLocally(request: JoinRequest, onEvent: (event: MembershipEvent) => void): void;
  leaveLocally(rank: number): void;
  /** The start deadline passed. */
  expire(seconds: number): void;
}

/** gRPC's words for a refusal; UNAVAILABLE invites to come again. */
const refusalCodes = {
  foreign: status.PERMISSION_DENIED,
  invalid: status.INVALID_ARGUMENT,
  busy: status.UNAVAILABLE,
} as const;

export function createMembershipHost(options: CoordinatorOptions): MembershipHost {
  const coordinator = new Coordinator(options);
  const callers = new Map<number, Caller>();
  let lastCaller = 0;

  const act = (actions: readonly Action[]): void => {
    for (const action of actions) {
      const caller = callers.get(action.to);
      if ('refuse' in action) caller?.refuse(action.refuse);
      else {
        caller?.tell(action.event);
        if (action.end) caller?.end();
      }
    }
  };

  const enter = (request: JoinRequest, caller: Caller): number => {
    lastCaller += 1;
    callers.set(lastCaller, caller);
    act(coordinator.join(lastCaller, request));
    return lastCaller;
  };

  const exit = (caller: number): void => {
    if (callers.delete(caller)) act(coordinator.gone(caller));
  };

  const join: handleServerStreamingCall<Buffer, Buffer> = (call) => {
    const id = enter(decodeJoinRequest(call.request), streamCaller(call));
    call.on('cancelled', () => exit(id));
    call.on('close', () => exit(id));
    call.on('error', () => exit(id));
  };

  const leave: handleUnaryCall<Buffer, Buffer> = (call, reply) => {
    const { jobUid, rank } = decodeLeaveRequest(call.request);
    if (jobUid === options.jobUid) act(coordinator.leave(rank));
    reply(null, Buffer.alloc(0));
  };

  return {
    implementation: { Join: join, Leave: leave },
    joinLocally(request, onEvent) {
      const nothing = (): void => undefined;
      enter(request, { tell: onEvent, refuse: nothing, end: nothing });
    },
    leaveLocally: (rank) => act(coordinator.leave(rank)),
    expire: (seconds) => act(coordinator.expire(seconds)),
  };
}

function streamCaller(call: ServerWritableStream<Buffer, Buffer>): Caller {
  return {
    tell: (event) => void call.write(encodeMembershipEvent(event)),
    refuse: ({ kind, message }) =>
      void call.emit('error', { code: refusalCodes[kind], details: message }),
    end: () => void call.end(),
  };
}
