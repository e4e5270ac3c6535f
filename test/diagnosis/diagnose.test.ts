/** Diagnoses from packets: of faults that were built on a real kernel, the cause that was built is among those named, and nothing is named where nothing failed. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { CAUSES } from '../../src/diagnosis/causes.ts';
import { SHAPE } from '../../src/diagnosis/shape.ts';
import { suspectsOf } from '../../src/diagnosis/suspects.ts';
import { analyze } from '../../src/index.ts';
import { fixturesFolder } from '../support/paths.ts';

/** docs/record.md, "Causes": the contract's names. */
const CONTRACT = [
  'upstream-drop',
  'accept-queue-full',
  'wrong-destination',
  'file-limit',
  'nat-exhausted',
  'syn-queue-full',
  'rejected-by-hop',
  'no-return-route',
  'host-unreachable',
  'neighbour-unresolved',
  'syn-options-filtered',
  'egress-drop',
  'tunnel-checksum',
  'answers-by-another-interface',
  'client-gave-up',
  'timestamps-rejected',
  'local-firewall-drop',
  'old-connection',
  'reverse-path-filter',
  'port-closed',
  'wrong-mac',
  'bound-to-another-address',
  'bad-checksum',
  'firewall-reset',
  'return-path-loss',
  'forward-path-loss',
  'syn-flood',
  'defer-accept',
  'ack-firewalled',
  'sequence-rewritten',
  'half-open-scan',
  'asymmetric-nat',
  'closed-at-once',
  'not-accepted-yet',
  'path-mtu',
  'capture-one-sided',
  // Added since.
  'signature-rejected',
];

/** Causes that only the host's facts name (prove.test.ts). */
const BY_THE_HOST_ALONE = [
  'file-limit',
  'signature-rejected',
  'wrong-mac',
  'bad-checksum',
  'timestamps-rejected',
  'not-accepted-yet',
];

/** From the fault that was built, not from what is said: scenario, capture, the cause, and whether it must come first. */
const BUILT: readonly (readonly [scenario: string, file: string, cause: string, place: 'first' | 'named'])[] = [
  ['input_drop', 'server', 'local-firewall-drop', 'named'],
  ['input_drop', 'client', 'local-firewall-drop', 'named'],
  ['input_drop_v6', 'server', 'local-firewall-drop', 'named'],
  ['ingress_drop', 'server', 'local-firewall-drop', 'named'],
  ['accept_queue_full', 'server', 'accept-queue-full', 'named'],
  ['accept_queue_full', 'client', 'accept-queue-full', 'named'],
  ['accept_queue_fills', 'server', 'accept-queue-full', 'named'],
  ['accept_queue_fills_abort', 'server', 'accept-queue-full', 'first'],
  ['syn_queue_full', 'server', 'syn-queue-full', 'named'],
  ['reverse_path_filter', 'server', 'reverse-path-filter', 'named'],
  ['no_return_route', 'server', 'no-return-route', 'named'],
  ['output_drop', 'server', 'egress-drop', 'named'],
  ['not_my_address', 'server', 'wrong-destination', 'named'],
  ['syn_lost', 'client', 'upstream-drop', 'first'],
  ['closed_port', 'server', 'port-closed', 'first'],
  ['closed_port', 'client', 'port-closed', 'first'],
  ['closed_port_v6', 'client', 'port-closed', 'first'],
  ['listening_on_loopback_only', 'server', 'bound-to-another-address', 'named'],
  ['input_reject_reset', 'client', 'firewall-reset', 'named'],
  ['input_reject_admin_prohibited', 'client', 'rejected-by-hop', 'first'],
  ['input_reject_host_prohibited', 'client', 'rejected-by-hop', 'first'],
  ['input_reject_port_unreachable', 'client', 'rejected-by-hop', 'first'],
  ['input_reject_icmpv6', 'client', 'rejected-by-hop', 'first'],
  ['router_reject_icmp', 'client', 'rejected-by-hop', 'first'],
  ['router_reject_icmpv6', 'client', 'rejected-by-hop', 'first'],
  ['no_route_at_router', 'client', 'host-unreachable', 'first'],
  ['server_gone_from_lan', 'client', 'host-unreachable', 'first'],
  ['time_wait_old_syn', 'server', 'old-connection', 'first'],
  ['syn_ack_lost', 'server', 'return-path-loss', 'first'],
  ['syn_ack_lost_v6', 'server.pcapng', 'return-path-loss', 'first'],
  ['third_lost', 'server', 'forward-path-loss', 'named'],
  ['third_lost', 'client', 'forward-path-loss', 'named'],
  ['third_input_drop', 'server', 'ack-firewalled', 'named'],
  ['half_open_scan', 'server', 'half-open-scan', 'first'],
  ['syn_flood_with_cookies', 'server', 'syn-flood', 'named'],
  ['client_gives_up', 'server', 'client-gave-up', 'named'],
];

/** What answers as it should, and at most closes. */
const HEALTHY = [
  'normal_v4',
  'normal_v6',
  'normal_data',
  'normal_banner',
  'tls_server',
  'http_server',
  'concurrent_50',
  'delay_100ms',
  'delay_700ms',
  'duplicated',
  'ecn',
  'fragmented_syn',
  'mptcp',
  'loopback',
  'reordered',
  'simultaneous_open',
  'fast_open_cookie',
  'syn_lost_once',
  'syn_ack_lost_once',
  'close_after_accept',
];

const captureOf = (scenario: string, file: string): string =>
  path.join(fixturesFolder, 'kernel', scenario, file.includes('.') ? file : `${file}.pcap`);

describe('the cause that was built', () => {
  for (const [scenario, file, cause, place] of BUILT) {
    test(`${scenario}, captured at the ${file}: ${cause} is ${place}`, async () => {
      const { handshakes, report } = await analyze(captureOf(scenario, file));
      const failed = handshakes.filter(({ diagnoses }) => diagnoses.length > 0);
      const causes = failed.map(({ diagnoses }) => diagnoses.map((diagnosis) => diagnosis.cause));
      const isSaid = (names: readonly string[]): boolean =>
        place === 'first' ? names[0] === cause : names.includes(cause);
      assert.ok(causes.some(isSaid), JSON.stringify(causes));
      const endpoints = report.servers.map(({ diagnoses }) => diagnoses.map((diagnosis) => diagnosis.cause));
      assert.ok(
        endpoints.some((names) => names.includes(cause)),
        JSON.stringify(endpoints),
      );
    });
  }
});

test('a port that answers some and not others is suspected of a full queue first', async () => {
  const { report } = await analyze(captureOf('accept_queue_full', 'server'));
  const [first] = report.servers.flatMap(({ diagnoses }) => diagnoses);
  assert.equal(first?.cause, 'accept-queue-full');
  assert.match(first?.evidence[0] ?? '', /while 2 others to the same port completed$/);
});

describe('where nothing failed, nothing is named', () => {
  for (const scenario of HEALTHY) {
    for (const file of ['client', 'server', 'lo']) {
      if (!existsSync(captureOf(scenario, file))) continue;
      test(`${scenario}, ${file}`, async () => {
        const { handshakes, report } = await analyze(captureOf(scenario, file));
        assert.ok(handshakes.length > 0);
        for (const { diagnoses, missingLeg } of handshakes) if (missingLeg === null) assert.deepEqual(diagnoses, []);
        for (const { diagnoses, missingLeg } of report.servers)
          if (missingLeg === null) assert.deepEqual(diagnoses, []);
      });
    }
  }
});

describe('the catalogue', () => {
  test('names causes as the contract does, each in some shape or by the host alone', () => {
    const used = new Set<string>(BY_THE_HOST_ALONE);
    for (const shape of Object.values(SHAPE)) {
      for (const side of ['server', 'client', 'middle', 'loopback', 'unknown'] as const) {
        for (const { cause } of suspectsOf(shape, side)) used.add(cause);
      }
    }
    for (const name of Object.keys(CAUSES)) {
      assert.ok(CONTRACT.includes(name), name);
      assert.ok(used.has(name), `${name} is never suspected`);
    }
  });

  test('calls nothing proven on silence: only an error that says so itself', () => {
    for (const shape of Object.values(SHAPE)) {
      for (const { cause, confidence } of suspectsOf(shape, 'server')) {
        if (confidence === 'proven') assert.ok(cause === 'rejected-by-hop' || cause === 'host-unreachable');
      }
    }
  });

  test('a silent host is no cause that the packets could tell: all are possible alone', () => {
    for (const side of ['server', 'client', 'unknown'] as const) {
      for (const { confidence } of suspectsOf(SHAPE.SYN_UNANSWERED, side)) assert.equal(confidence, 'possible');
    }
  });
});
