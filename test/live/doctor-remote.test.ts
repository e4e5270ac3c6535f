/** `tripod doctor HOST:PORT` from a client, with a router between it and the server. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import type { Step, Verdict } from '../../src/doctor/checkup.ts';
import { LAB, RoutedLab } from '../support/doctor-lab.ts';
import { commandFile } from '../support/paths.ts';

const SERVE = `for (const port of [8080, 8081, 8082]) require('node:net').createServer((socket) => socket.resume().on('error', () => {})).listen(port, '::', () => console.log(port))`;

describe('a port of another host', { ...LAB, concurrency: 3 }, () => {
  let lab: RoutedLab;
  before(async () => {
    lab = new RoutedLab();
    const server = lab.spawn(lab.server, '--eval', SERVE);
    await once(server.stdout as NodeJS.ReadableStream, 'data');
    lab.onRouter('nft', 'add', 'table', 'inet', 'lab');
    lab.onRouter('nft', 'add', 'chain', 'inet', 'lab', 'f', '{ type filter hook forward priority 0; }');
    lab.onRouter('nft', 'add', 'rule', 'inet', 'lab', 'f', 'tcp', 'dport', '8081', 'drop');
    lab.onRouter(
      'nft',
      'add',
      'rule',
      'inet',
      'lab',
      'f',
      'tcp',
      'dport',
      '8082',
      'reject',
      'with',
      'icmpx',
      'admin-prohibited',
    );
  });
  after(() => lab.close());

  for (const { name, target, missingLeg, findings, says } of [
    {
      name: 'it works',
      target: '10.78.2.1:8080',
      missingLeg: null,
      findings: [],
      says: /is reached at hop 2: 1 10\.78\.1\.254 -> 2 connected/,
    },
    {
      name: 'it works over IPv6',
      target: '[fd78:2::1]:8080',
      missingLeg: null,
      findings: [],
      says: /is reached at hop 2: 1 fd78:1::fe -> 2 connected/,
    },
    {
      name: 'the router drops',
      target: '10.78.2.1:8081',
      missingLeg: 'syn-ack',
      findings: ['filtered-at', 'connect-timeout'],
      says: /get lost behind 10\.78\.1\.254 \(hop 1\), the last that answered; hop 2 or what is behind it filters them/,
    },
    {
      name: 'the router rejects',
      target: '10.78.2.1:8082',
      missingLeg: 'syn-ack',
      findings: ['turned-away-at', 'connect-ehostunreach'],
      says: /turned away by 10\.78\.1\.254 \(hop 1\) with ICMP type 3 code 13/,
    },
    {
      name: 'the port is closed',
      target: '10.78.2.1:9',
      missingLeg: 'syn-ack',
      findings: ['connect-econnrefused'],
      says: /a RST comes from hop 2/,
    },
    {
      name: 'nobody has the address',
      target: '10.78.1.77:80',
      missingLeg: null,
      findings: ['neighbour-silent', 'connect-ehostunreach', 'syn-never-left'],
      says: /10\.78\.1\.77 does not answer ARP/,
    },
  ] as const) {
    test(name, async () => {
      const doctor = lab.spawn(lab.client, commandFile, 'doctor', target, '--duration', '1s', '--format', 'json');
      let stdout = '';
      doctor.stdout?.on('data', (text) => {
        stdout += text;
      });
      const [status] = await once(doctor, 'close');
      const { verdict, steps } = JSON.parse(stdout) as { verdict: Verdict; steps: readonly Step[] };
      const said = steps.flatMap((step) => step.findings.map(({ evidence }) => evidence)).join('\n');
      assert.deepEqual(verdict.findings, findings, said);
      assert.equal(verdict.missingLeg, missingLeg, said);
      assert.match(said, says);
      assert.equal(status, findings.length === 0 ? 0 : 1);
    });
  }
});
