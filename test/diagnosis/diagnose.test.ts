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
const BY_THE_HOST_ALONE = ['file-limit'];

/**
 * From the fault that was built, not from what is said: scenario, capture, the cause, and its place among those that are named: the first, or among equals (causes
 * that leave the same packets behind: only the host tells them apart).
 */
const BUILT: readonly (readonly [scenario: string, file: string, cause: string, place: 'first' | 'among equals'])[] = [
  // A: the SYN never arrives.
  ['syn_lost', 'client', 'upstream-drop', 'first'],
  ['syn_lost', 'middle', 'upstream-drop', 'first'],
  ['syn_lost_for_all', 'client', 'upstream-drop', 'first'],
  ['router_two_interfaces', 'middle.pcapng', 'upstream-drop', 'first'],
  ['router_reject_icmp', 'client', 'rejected-by-hop', 'first'],
  ['router_reject_icmp', 'middle', 'rejected-by-hop', 'first'],
  ['router_reject_icmpv6', 'client', 'rejected-by-hop', 'first'],
  ['middlebox_icmp', 'client', 'rejected-by-hop', 'first'],
  ['no_route_at_router', 'client', 'host-unreachable', 'first'],
  ['server_gone_from_lan', 'client', 'host-unreachable', 'first'],
  ['fast_open_data_lost', 'client', 'syn-options-filtered', 'first'],
  // B: the SYN arrives, the SYN-ACK never leaves.
  ['input_drop', 'server', 'local-firewall-drop', 'among equals'],
  ['input_drop', 'client', 'local-firewall-drop', 'among equals'],
  ['input_drop_v6', 'server', 'local-firewall-drop', 'among equals'],
  ['input_drop_v6', 'client', 'local-firewall-drop', 'among equals'],
  ['input_drop_of_one_client', 'server', 'local-firewall-drop', 'among equals'],
  ['input_drop_of_one_client', 'client', 'local-firewall-drop', 'among equals'],
  ['any_interface', 'server', 'local-firewall-drop', 'first'],
  ['any_interface', 'client.pcapng', 'local-firewall-drop', 'among equals'],
  ['connection_limit', 'server', 'local-firewall-drop', 'among equals'],
  ['ingress_drop', 'server', 'local-firewall-drop', 'among equals'],
  ['reverse_path_filter', 'server', 'reverse-path-filter', 'among equals'],
  ['wrong_mac', 'server', 'wrong-mac', 'among equals'],
  ['wrong_mac', 'server-any', 'wrong-mac', 'first'],
  ['bad_checksum', 'server', 'bad-checksum', 'first'],
  ['not_my_address', 'server', 'wrong-destination', 'among equals'],
  ['accept_queue_full', 'server', 'accept-queue-full', 'among equals'],
  ['accept_queue_full', 'client', 'accept-queue-full', 'among equals'],
  ['syn_queue_full', 'server', 'syn-queue-full', 'among equals'],
  ['syn_queue_full', 'client', 'syn-queue-full', 'among equals'],
  ['no_return_route', 'server', 'no-return-route', 'among equals'],
  ['client_without_arp', 'server', 'neighbour-unresolved', 'among equals'],
  ['output_drop', 'server', 'egress-drop', 'among equals'],
  ['md5_missing', 'server', 'signature-rejected', 'among equals'],
  ['time_wait_old_syn', 'server', 'old-connection', 'first'],
  ['time_wait_old_syn', 'client', 'old-connection', 'first'],
  ['challenge_blocked', 'server', 'old-connection', 'first'],
  ['new_isn_while_half_open', 'server', 'old-connection', 'first'],
  ['closed_port', 'server', 'port-closed', 'first'],
  ['closed_port', 'client', 'port-closed', 'first'],
  ['closed_port_v6', 'client', 'port-closed', 'first'],
  ['nat_backend_closed', 'client', 'port-closed', 'first'],
  ['syn_proxy_backend_closed', 'server', 'port-closed', 'first'],
  ['tls_server', 'client', 'port-closed', 'first'],
  ['listening_on_loopback_only', 'server', 'bound-to-another-address', 'among equals'],
  ['input_reject_reset', 'client', 'firewall-reset', 'among equals'],
  ['router_reject_reset', 'client', 'firewall-reset', 'among equals'],
  ['middlebox_reset', 'client', 'firewall-reset', 'first'],
  ['input_reject_admin_prohibited', 'client', 'rejected-by-hop', 'first'],
  ['input_reject_host_prohibited', 'client', 'rejected-by-hop', 'first'],
  ['input_reject_port_unreachable', 'client', 'rejected-by-hop', 'first'],
  ['input_reject_icmpv6', 'client', 'rejected-by-hop', 'first'],
  // C: the third leg is missing, wrong or ignored.
  ['syn_ack_lost', 'server', 'return-path-loss', 'first'],
  ['syn_ack_lost', 'middle', 'return-path-loss', 'first'],
  ['syn_ack_lost_v6', 'server.pcapng', 'return-path-loss', 'first'],
  ['router_any', 'middle', 'return-path-loss', 'first'],
  ['syn_ack_rejected', 'server', 'rejected-by-hop', 'first'],
  ['third_lost', 'server', 'forward-path-loss', 'first'],
  ['third_lost', 'client', 'forward-path-loss', 'first'],
  ['third_lost_with_data', 'server', 'forward-path-loss', 'first'],
  ['third_lost_with_data', 'middle', 'forward-path-loss', 'first'],
  ['third_lost_with_data', 'client', 'forward-path-loss', 'first'],
  ['vxlan_third_lost', 'server', 'forward-path-loss', 'first'],
  ['vxlan_third_lost', 'middle', 'forward-path-loss', 'first'],
  ['half_open_silent', 'server', 'client-gave-up', 'among equals'],
  ['accept_queue_fills', 'server', 'accept-queue-full', 'among equals'],
  ['accept_queue_fills_with_data', 'server', 'accept-queue-full', 'among equals'],
  ['accept_queue_fills_cookies_data', 'server', 'accept-queue-full', 'first'],
  ['accept_queue_fills_abort', 'server', 'accept-queue-full', 'first'],
  ['third_input_drop', 'server', 'ack-firewalled', 'among equals'],
  ['defer_accept_silent', 'server', 'defer-accept', 'among equals'],
  ['timestamp_echo_mangled', 'server', 'timestamps-rejected', 'first'],
  ['timestamp_echo_mangled', 'client', 'timestamps-rejected', 'among equals'],
  ['wrong_ack_number', 'server', 'sequence-rewritten', 'first'],
  ['wrong_ack_number', 'client', 'sequence-rewritten', 'among equals'],
  ['third_out_of_window', 'server', 'sequence-rewritten', 'first'],
  ['third_out_of_window', 'client', 'sequence-rewritten', 'among equals'],
  ['sequence_rewritten_one_way', 'server', 'sequence-rewritten', 'first'],
  ['sequence_rewritten_one_way', 'client', 'sequence-rewritten', 'among equals'],
  ['syn_ack_with_wrong_number', 'client', 'sequence-rewritten', 'first'],
  ['syn_ack_with_wrong_number', 'server', 'sequence-rewritten', 'first'],
  ['half_open_scan', 'server', 'half-open-scan', 'first'],
  ['half_open_scan', 'client', 'half-open-scan', 'first'],
  ['client_gives_up', 'server', 'client-gave-up', 'first'],
  ['client_gives_up', 'client', 'client-gave-up', 'first'],
  ['nat_forgotten_on_return', 'client', 'asymmetric-nat', 'first'],
  ['nat_forgotten_on_return', 'server', 'asymmetric-nat', 'first'],
  ['syn_flood_with_cookies', 'server', 'syn-flood', 'among equals'],
  // D: complete, and of no use.
  ['close_after_accept', 'server', 'closed-at-once', 'first'],
  ['close_after_accept', 'client', 'closed-at-once', 'first'],
  ['reset_after_accept', 'server', 'closed-at-once', 'first'],
  ['syn_proxy_backend_closed', 'client', 'closed-at-once', 'first'],
  ['path_mtu_black_hole', 'client', 'path-mtu', 'first'],
];

/** What answers as it should; and what captures can't tell from it. */
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
  'third_lost_once_banner',
  'third_lost_once_data',
  'third_lost_once_idle',
  'impatient_client',
  'defer_accept',
  'defer_accept_data',
  'syn_cookies',
  'destination_nat',
  'full_nat',
  'syn_proxy',
  'server_restarts_while_half_open',
  'port_reused_after_reset',
  'challenge_resolved',
  'ttl_and_options_changed',
  'syn_with_data_refused',
  'offload',
  'loss_30_percent',
  'asymmetric_route',
  'one_direction',
  'recorded_out_of_order',
  'snaplen_48',
  'isn_wraps',
  'starts_late',
  'ends_early',
  'application_stopped',
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

test('wrong numbers are laid to nobody as likely where a SYN came again and its answer is not in the capture', async () => {
  const confidences = async (name: string): Promise<readonly string[]> => {
    const { handshakes } = await analyze(path.join(fixturesFolder, 'written', `${name}.pcap`));
    const all = handshakes.flatMap(({ diagnoses }) => diagnoses);
    return all.filter(({ cause }) => cause === 'sequence-rewritten').map(({ confidence }) => confidence);
  };
  assert.deepEqual(await confidences('third_leg_wrong_and_an_answer_not_recorded'), ['possible']);
  assert.deepEqual(await confidences('ack_outside_the_window'), ['likely']);
});

describe('where nothing failed, nothing is named', () => {
  for (const scenario of HEALTHY) {
    for (const file of ['client', 'server', 'middle', 'lo', 'client.pcap.gz', 'server-any']) {
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
