/**
 * What the records must say of the captures that are odd in a way of their own, worked out by hand from `tshark -V` and `tcpdump -S`: which attempts there are, what is missing, and
 * on which frames each leg rests.
 */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { analyze, type Handshake, type Leg } from '../../src/index.ts';
import { capturesFolder, readOracles } from './oracles.ts';
import { attemptText } from './tuples.ts';

const ZEEK = 'zeek+zeek/testing/btest/Traces';
const SURICATA = 'OISF+suricata-verify/tests';
const NDPI = 'ntop+nDPI/tests/cfgs/default/pcap';

/** Frames of SYN / SYN-ACK / third leg; "-" for a leg that is not in the capture, "(inferred)" where a later packet shows that it was. */
const CAPTURES: Readonly<Record<string, readonly string[]>> = {
  // The same five-tuple and the same ISNs in three VLANs, the last one in two tags; in two VXLANs and outside of them.
  [`${ZEEK}/vlan-collisions.pcap`]: [
    '141.142.228.5:59856 > 192.150.187.43:80 complete 1 / 3 / 4',
    '141.142.228.5:59856 > 192.150.187.43:80 vlan 42 complete 2 / 7 / 8',
    '141.142.228.5:59856 > 192.150.187.43:80 vlan 20 complete 6 / 18 / 19',
  ],
  'zeek+zeek/doc/advanced/devel/plugins/connkey-vxlan-fivetuple-plugin-src/Traces/vxlan-overlapping-http-get.pcap': [
    '141.142.228.5:59856 > 192.150.187.43:80 vxlan 4711 complete 1 / 4 / 7',
    '141.142.228.5:59856 > 192.150.187.43:80 vxlan 4242 complete 2 / 5 / 8',
    '141.142.228.5:59856 > 192.150.187.43:80 complete 3 / 6 / 9',
  ],
  // The SYN-ACK was recorded before its SYN.
  [`${ZEEK}/tcp/handshake-reorder.pcap`]: ['141.142.228.5:59856 > 192.150.187.43:80 complete 2 / 1 / 3'],
  // All packets in random order.
  'simsong+tcpflow/tests/test5-lines-randomized.pcap': ['192.168.10.105:49392 > 69.163.156.173:80 complete 10 / 4 / 5'],
  // The server's data stands before the third leg.
  'arkime+arkime/tests/pcap/CVE-2018-6794.pcap': [
    '192.168.235.1:53649 > 192.168.235.136:8089 complete 1 / 2 / 5',
    '192.168.235.1:53656 > 192.168.235.136:8089 complete 10 / 11 / 14',
    '192.168.235.1:53648 > 192.168.235.136:8089 complete 19 / 20 / 23',
  ],
  // A SYN's own header over three fragments: it is there with the last one.
  [`${SURICATA}/defrag/bug-6887-defrag-ipv4-tcp-syn/frag-ip-tcp-syn.pcap`]: [
    '1.1.1.1:12345 > 2.2.2.2:8080 undecided 3 / - / -',
  ],
  [`${SURICATA}/defrag/bug-6887-defrag-ppp-ipv4-tcp-syn/frag-ppp-ip-tcp-syn.pcap`]: [
    '1.1.1.1:12345 > 2.2.2.2:8080 undecided 3 / - / -',
  ],
  // Not a SYN, but one segment of a connection: nothing is listed.
  [`${SURICATA}/defrag/bug-6887-defrag-ppp-ipv6-tcp/frag-ppp-ipv6-tcp.pcap`]: [],
  // Exploits of VxWorks: the host's own kernel resets what the exploit's raw socket opened.
  [`${SURICATA}/issue-3341-tcphdr-01/urgent11_cve_2019_12260.pcap`]: [
    '192.168.1.24:31337 > 178.128.142.56:443 client-reset 3,6 / 4 / -',
    '192.168.1.24:31337 > 178.128.142.56:443 client-reset 7 / 8 / -',
  ],
  // The client's FIN stands before its window; the server answers with a bare RST.
  [`${ZEEK}/tcp/fin_retransmission.pcap`]: ['10.1.30.117:55344 > 17.167.193.62:443 ack-rejected 1 / 3 / 4'],
  // One direction alone; an MPLS connection; a tagged one.
  [`${ZEEK}/mixed-vlan-mpls.pcap`]: [
    '10.1.2.1:11001 > 10.34.0.1:23 complete 1 / (inferred) / 2',
    '141.42.64.125:56730 > 125.190.109.199:80 complete 12 / 13 / 14',
    '10.20.80.1:50343 > 10.0.0.15:80 vlan 4093 complete 34 / 35 / 36',
  ],
  // Refused three times, with the same ISN: one attempt. One SYN was repeated just before its answer came.
  [`${ZEEK}/pop3/pop3.pcap`]: [
    '192.168.0.4:26242 > 212.227.15.188:110 refused 1,3,5 / - / -',
    '192.168.0.4:26245 > 212.227.15.171:110 refused 7,9,11 / - / -',
    '192.168.0.4:26272 > 212.227.15.166:110 complete 13 / 14 / 15',
    '192.168.0.4:26284 > 212.227.15.166:110 complete 25,26 / 27 / 28',
    '192.168.0.4:26304 > 212.227.15.166:110 complete 43 / 44 / 45',
    '192.168.0.4:26308 > 212.227.15.166:110 complete 55 / 56 / 57',
    '192.168.0.4:26383 > 212.227.15.166:110 complete 74 / 75 / 76',
  ],
};

for (const [capture, expected] of Object.entries(CAPTURES)) {
  test(capture, async () => {
    readOracles();
    const { handshakes, failures } = await analyze(path.join(capturesFolder, capture));
    assert.deepEqual(failures, []);
    assert.deepEqual(handshakes.map(asLine), expected);
  });
}

function asLine(handshake: Handshake): string {
  const { vlan, tunnel, verdict, legs } = handshake;
  const network = [vlan === null ? '' : ` vlan ${vlan}`, tunnel === null ? '' : ` ${tunnel.kind} ${tunnel.id}`].join(
    '',
  );
  return `${attemptText(handshake)}${network} ${verdict} ${[legs.syn, legs.synAck, legs.ack].map(legText).join(' / ')}`;
}

function legText({ grade, frames }: Leg): string {
  if (frames.length > 0) return frames.join();
  return grade === 'inferred' ? '(inferred)' : '-';
}

test('rotation: SYNs every hour to nobody; the last packet alone does not prove that an hour passed before it', async () => {
  readOracles();
  const { report, handshakes } = await analyze(path.join(capturesFolder, ZEEK, 'rotation.pcap'));
  assert.deepEqual(report.summary.byVerdict, { 'no-syn-ack': 18, undecided: 2 });
  assert.deepEqual(
    handshakes.filter(({ verdict }) => verdict === 'undecided').map(({ legs }) => legs.syn.frames[0]),
    [19, 20],
  );
});

test('ospf: each ICMPv6 error is joined to the SYN that it quotes, the frame before it', async () => {
  readOracles();
  const { report, handshakes } = await analyze(path.join(capturesFolder, 'arkime+arkime/tests/pcap/ospf.pcap'));
  assert.deepEqual(report.summary.byVerdict, { rejected: 17 });
  assert.deepEqual(report.capture.icmpErrors, { seen: 17, joined: 17 });
  for (const { icmp, legs } of handshakes) {
    assert.equal(icmp?.from, '2001:bef::2');
    assert.equal(icmp?.meaning, 'no route to destination');
    assert.equal(icmp?.frame, (legs.syn.frames[0] ?? 0) + 1);
  }
});

test('tcp-fastopen-10: eleven SYNs, SYN-ACKs of two servers, and the third leg picks the second one', async () => {
  readOracles();
  const capture = path.join(capturesFolder, SURICATA, 'tcp-fastopen-10-syn-data-ignore/input.pcap');
  const { handshakes } = await analyze(capture);
  const first = handshakes[0];
  assert.equal(first?.verdict, 'complete');
  assert.deepEqual(first?.isn, { client: 2633933729, server: 97572840 });
  assert.equal(first?.legs.syn.count, 11);
  assert.deepEqual(first?.legs.ack.frames, [18, 19, 21, 23]);
  // Frame 52 is the other server's SYN-ACK once more: the SYN is in the capture.
  assert.ok(handshakes.every(({ missingLeg }) => missingLeg !== 'syn'));
});

test('modbus-and-non-modbus-p502: a scanner resets, acknowledges 16 s later, and is reset: the third leg is what is missing', async () => {
  readOracles();
  const { handshakes } = await analyze(path.join(capturesFolder, ZEEK, 'modbus/modbus-and-non-modbus-p502.pcap'));
  const missing = handshakes.filter(({ missingLeg }) => missingLeg !== null);
  assert.deepEqual(missing.map(attemptText), ['198.74.56.135:60293 > 192.168.10.111:502']);
  assert.equal(missing[0]?.missingLeg, 'ack');
});

test('ajp: copies in two encapsulations are no retransmissions within their connection', async () => {
  readOracles();
  const { handshakes, report } = await analyze(path.join(capturesFolder, NDPI, 'ajp.pcap'));
  assert.deepEqual(report.summary.byVerdict, { complete: 2 });
  assert.deepEqual(
    handshakes.map(({ legs }) => legs.syn.count),
    [1, 1],
  );
});
