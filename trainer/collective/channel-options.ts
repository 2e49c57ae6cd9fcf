/**
 * Options of the gRPC channels and servers between workers, each with its reason.
 */
import type { ChannelOptions, ServerOptions } from '@grpc/grpc-js';

/**
 * HTTP/2 window of what a client receives. The default of 64 KiB caps a stream at 64 KiB per round
 * trip (20 MB/s at 3 ms); bulk data flows from server to client only, where this public option counts.
 */
const flowControlWindow = 16 * 1024 * 1024;

/** A chunk and its header, with much to spare; a longer message is refused before it is stored. */
const maximumMessageBytes = 64 * 1024 * 1024;

/** A connection that carries nothing is probed this often: finds a node that vanished. */
const keepaliveMs = 5000;

/** First and longest pause between attempts to connect: workers come within a second of each other. */
const minimumBackoffMs = 100;
const maximumBackoffMs = 1000;

/** @param timeoutSeconds how long a peer may leave a probe unanswered: allReduce.timeoutSeconds */
export function channelOptions(timeoutSeconds: number): ChannelOptions {
  return {
    'grpc-node.flow_control_window': flowControlWindow,
    // Retries copy every message into a replay buffer; a broken stream ends the gang anyway.
    'grpc.enable_retries': 0,
    // A connection of one's own, not shared with other channels to the same address.
    'grpc.use_local_subchannel_pool': 1,
    // Workers talk to each other directly, whatever proxy the environment names for the internet.
    'grpc.enable_http_proxy': 0,
    'grpc.service_config_disable_resolution': 1,
    'grpc.max_receive_message_length': maximumMessageBytes,
    'grpc.keepalive_time_ms': keepaliveMs,
    'grpc.keepalive_timeout_ms': timeoutSeconds * 1000,
    'grpc.keepalive_permit_without_calls': 1,
    'grpc.initial_reconnect_backoff_ms': minimumBackoffMs,
    'grpc.min_reconnect_backoff_ms': minimumBackoffMs,
    'grpc.max_reconnect_backoff_ms': maximumBackoffMs,
  };
}

export function serverOptions(timeoutSeconds: number): ServerOptions {
  return {
    'grpc.max_receive_message_length': maximumMessageBytes,
    'grpc.max_send_message_length': -1,
    'grpc.keepalive_time_ms': keepaliveMs,
    'grpc.keepalive_timeout_ms': timeoutSeconds * 1000,
    // No statistics service runs here that would read what channelz gathers per message.
    'grpc.enable_channelz': 0,
  };
}
