/** `tripod doctor` on a server in a namespace, with one fault at a time, while a client in another namespace tries to connect. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import type { Step, Verdict } from '../../src/doctor/checkup.ts';
import { LAB, Lab, SERVER } from '../support/doctor-lab.ts';
import { commandFile } from '../support/paths.ts';

const PORT = 8080;

const ACCEPTING = `require('node:net').createServer((socket) => socket.resume().on('error', () => {})).listen(${PORT}, '0.0.0.0', () => console.log('listening'))`;
/** Listens, and is busy with itself from then on. */
const BUSY = `require('node:net').createServer().listen({ port: ${PORT}, host: '0.0.0.0', backlog: 1 }, () => { console.log('listening'); setTimeout(() => { for (;;); }, 100); })`;
/** Has opened all the files that it may before a client comes. */
const FILELESS = `const fs = require('node:fs');
require('node:net').createServer().on('error', () => {}).listen({ port: ${PORT}, host: '0.0.0.0', backlog: 1 }, () => {
  try { for (;;) fs.openSync('/dev/null'); } catch { console.log('listening'); }
})`;
/** Connects again and again, from the beginning. */
const TRYING = `setInterval(() => { const s = require('node:net').connect(${PORT}, '${SERVER}', () => s.destroy()).on('error', () => {}); }, 400); console.log('trying')`;

interface Case {
  readonly name: string;
  readonly short: string;
  readonly serve: string | null;
  fault(lab: Lab): void;
  readonly missingLeg: Verdict['missingLeg'];
  /** The finding that explains it. */
  readonly finding: string | null;
}

function nft(lab: Lab, hook: string, rule: string): void {
  lab.onServer('nft', 'add', 'table', 'inet', 'lab');
  lab.onServer('nft', 'add', 'chain', 'inet', 'lab', 'c', `{ type filter hook ${hook} priority 0; }`);
  lab.onServer('nft', 'add', 'rule', 'inet', 'lab', 'c', ...rule.split(' '));
}

const CASES: readonly Case[] = [
  { name: 'a healthy port', short: 'ok', serve: ACCEPTING, fault: () => undefined, missingLeg: null, finding: null },
  {
    name: 'nothing listens',
    short: 'closed',
    serve: null,
    fault: () => undefined,
    missingLeg: 'syn-ack',
    finding: 'not-listening',
  },
  {
    name: 'bound to another address',
    short: 'bound',
    serve: ACCEPTING.replace('0.0.0.0', '127.0.0.1'),
    fault: () => undefined,
    missingLeg: 'syn-ack',
    finding: 'bound-to-loopback',
  },
  {
    name: 'a busy thread, and a full accept queue',
    short: 'busy',
    serve: BUSY,
    fault: () => undefined,
    missingLeg: 'syn-ack',
    finding: 'thread-busy',
  },
  {
    name: 'no file left',
    short: 'files',
    serve: FILELESS,
    fault: () => undefined,
    // Node keeps a file in reserve, with which it takes such connections and closes them.
    missingLeg: null,
    finding: 'open-files-exhausted',
  },
  {
    name: 'the own firewall drops',
    short: 'drop',
    serve: ACCEPTING,
    fault: (lab) => nft(lab, 'input', `iif != lo tcp dport ${PORT} drop`),
    missingLeg: 'syn-ack',
    finding: 'own-firewall',
  },
  {
    name: 'the own firewall rejects with a reset',
    short: 'reset',
    serve: ACCEPTING,
    fault: (lab) => nft(lab, 'input', `iif != lo tcp dport ${PORT} reject with tcp reset`),
    missingLeg: 'syn-ack',
    finding: 'rejected-with-reset',
  },
  {
    name: 'the own firewall rejects with ICMP',
    short: 'icmp',
    serve: ACCEPTING,
    fault: (lab) => nft(lab, 'input', `iif != lo tcp dport ${PORT} reject with icmpx admin-prohibited`),
    missingLeg: 'syn-ack',
    finding: 'rejected-by',
  },
  {
    name: 'the own firewall drops the SYN-ACK',
    short: 'output',
    serve: ACCEPTING,
    fault: (lab) => nft(lab, 'output', `oif != lo tcp sport ${PORT} drop`),
    missingLeg: 'syn-ack',
    finding: 'own-output-drop',
  },
  {
    name: 'the reverse path filter',
    short: 'rpf',
    serve: ACCEPTING,
    fault(lab) {
      // The filter would drop the client's ARP request, too.
      lab.knowNeighbours();
      lab.onServer('sysctl', '-qw', 'net.ipv4.conf.all.rp_filter=1');
      lab.onServer('ip', 'route', 'add', '10.77.0.1/32', 'dev', 'lo');
    },
    missingLeg: 'syn-ack',
    finding: 'reverse-path-filter',
  },
];

describe('faults put on a server', { ...LAB, concurrency: 3 }, () => {
  for (const [index, { name, short, serve, fault, missingLeg, finding }] of CASES.entries()) {
    test(name, async () => {
      const lab = new Lab(`td${index}${short.slice(0, 3)}`);
      try {
        if (serve !== null) await lab.serve(serve);
        fault(lab);
        lab.spawn(lab.client, process.execPath, '--eval', TRYING);
        const words = [commandFile, 'doctor', String(PORT), '--duration', '6s', '--format', 'json'];
        const doctor = lab.spawn(lab.server, process.execPath, ...words);
        let stdout = '';
        doctor.stdout?.on('data', (text) => {
          stdout += text;
        });
        const [status] = await once(doctor, 'close');
        const { verdict, steps } = JSON.parse(stdout) as { verdict: Verdict; steps: readonly Step[] };
        const said = JSON.stringify(
          steps.map(({ findings }) => findings.map(({ id, evidence }) => `${id}: ${evidence}`)),
          null,
          1,
        );
        assert.equal(verdict.findings[0] ?? null, finding, said);
        assert.equal(verdict.missingLeg, missingLeg, said);
        assert.equal(status, finding === null ? 0 : 1);
      } finally {
        lab.close();
      }
    });
  }
});
