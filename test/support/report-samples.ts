/** Hand-written records and reports for the tests of the renderers. */
import type { Handshake, Leg } from '../../src/handshake/handshake.ts';
import type { Report, ServerSummary } from '../../src/report/report.ts';

export const NO_LEG: Leg = { grade: 'not-seen', count: 0, first: null, last: null, frames: [], times: [] };

export function leg(times: readonly string[], frames: readonly number[], grade: Leg['grade'] = 'seen'): Leg {
  return { grade, count: times.length, first: times[0] ?? null, last: times.at(-1) ?? null, frames, times };
}

export function unanswered(id: number, change: Partial<Handshake> = {}): Handshake {
  return {
    id,
    revision: 0,
    client: { address: '10.9.0.1', port: 40_000 + id },
    server: { address: '10.9.0.2', port: 2323 },
    isn: { client: 1000, server: null },
    verdict: 'no-syn-ack',
    missingLeg: 'syn-ack',
    reason: '3 SYNs over 3.06 s, and no answer of any kind.',
    legs: {
      syn: leg(['1793613601.000000', '1793613602.020000', '1793613604.060000'], [1, 2, 3]),
      synAck: NO_LEG,
      ack: NO_LEG,
    },
    latency: { synToSynAck: null, synAckToAck: null },
    reset: null,
    icmp: null,
    tunnel: null,
    vlan: null,
    notes: [],
    diagnoses: [],
    ...change,
  };
}

export function completeOne(id: number): Handshake {
  return unanswered(id, {
    isn: { client: 1000, server: 9000 },
    verdict: 'complete',
    missingLeg: null,
    reason: 'All three legs are there.',
    legs: {
      syn: leg(['1793613601.000000'], [1], 'accepted'),
      synAck: leg(['1793613601.000200'], [2], 'accepted'),
      ack: leg(['1793613601.000300'], [3]),
    },
    latency: { synToSynAck: 0.0002, synAckToAck: 0.0001 },
  });
}

export function server(change: Partial<ServerSummary> = {}): ServerSummary {
  return {
    address: '10.9.0.2',
    port: 2323,
    clients: 12,
    attempts: 214,
    synReceived: 214,
    synAckSent: 0,
    ackReceived: 0,
    missingLeg: 'syn-ack',
    byVerdict: { 'no-syn-ack': 214 },
    latency: { synToSynAck: {}, synAckToAck: {} },
    asked: false,
    findings: [],
    diagnoses: [],
    ...change,
  };
}

export const HEALTHY: ServerSummary = server({
  port: 443,
  clients: 2,
  attempts: 3,
  synReceived: 3,
  synAckSent: 3,
  ackReceived: 3,
  missingLeg: null,
  byVerdict: { complete: 3 },
  latency: {
    synToSynAck: { count: 3, min: 0.0001, p50: 0.0002, p90: 0.0003, p99: 0.0003, max: 0.0003 },
    synAckToAck: { count: 3, min: 0.01, p50: 0.02, p90: 0.03, p99: 0.03, max: 0.03 },
  },
});

export function report(servers: readonly ServerSummary[], change: Partial<Report['capture']> = {}): Report {
  const sum = (value: (server: ServerSummary) => number): number =>
    servers.reduce((total, one) => total + value(one), 0);
  return {
    tool: { name: 'tripod', version: '0.0.0' },
    capture: {
      sources: [
        {
          name: 'capture.pcap',
          format: 'pcap',
          compression: 'none',
          linkTypes: ['EN10MB'],
          packets: 1234,
          bytes: 98_765,
          first: '1793613601.000000',
          last: '1793613901.250000',
          truncated: false,
          damage: null,
          warnings: [],
        },
      ],
      tcpSegments: 1200,
      duplicates: 0,
      midstream: 2,
      lost: { kernel: null, interface: null },
      vantage: { side: 'unknown', evidence: [] },
      notTcp: { udp: 30, arp: 4 },
      icmpErrors: { seen: 0, joined: 0 },
      clock: { backwardSteps: 0, forwardSteps: 0, largestBackwardSeconds: 0 },
      givenUp: 0,
      warnings: [],
      ...change,
    },
    summary: {
      attempts: sum((one) => one.attempts),
      complete: sum((one) => one.byVerdict.complete ?? 0),
      byVerdict: {},
      byMissingLeg: { syn: 0, 'syn-ack': 0, ack: 0 },
    },
    servers,
  };
}
