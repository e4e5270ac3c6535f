/** What the host's commands and its netlink sockets answer, with broken and hostile things in it: firewall rules, interfaces, ways, lists of sockets. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { HOOKS_IN, HOOKS_OUT, walkFirewall } from '../../src/diagnosis/firewall-walk.ts';
import { type Fact, isKnown, unknown } from '../../src/diagnosis/port-facts.ts';
import { firewallFacts, lookAtFirewall } from '../../src/host/firewall.ts';
import { interfaceFacts, lookAtInterfaces } from '../../src/host/interfaces.ts';
import type { HostRoot } from '../../src/host/proc.ts';
import { returnWays } from '../../src/host/return-ways.ts';
import { parseDump } from '../../src/host/sock-diag.ts';
import type { Socket } from '../../src/host/socket.ts';
import { summarizeSockets } from '../../src/host/sockets.ts';
import { HOSTILE_TEXTS } from '../support/hostile-text.ts';
import { projectRoot } from '../support/paths.ts';
import type { Choice } from './choice.ts';
import { bytesOf, changed } from './hosts.ts';
import { mutateBytes } from './mutate.ts';

const RECORDED = path.join(projectRoot, 'test/host/recorded');
const SAVED = `*filter
:INPUT DROP [7:420]
:f2b - [0:0]
[0:0] -A INPUT -i lo -j ACCEPT
[3:180] -A INPUT -s 10.9.0.0/255.255.0.0 ! -d 10.9.0.3/32 -p tcp -m multiport --dports 80,2323:2330 -m comment --comment "a \\"quoted\\" word -j" -j f2b
[0:0] -A INPUT -p tcp -m tcp --dport 2323 --tcp-flags FIN,SYN,RST,ACK SYN -m set --match-set bad src -j DROP
[2:120] -A f2b -s 10.9.0.1/32 -j REJECT --reject-with icmp-port-unreachable
COMMIT
`;
const LINKS = [
  {
    ifindex: 2,
    ifname: 'eth0',
    flags: ['UP', 'PROMISC'],
    mtu: 1500,
    operstate: 'UP',
    link_type: 'ether',
    address: '02:00:00:00:00:01',
    linkinfo: { info_kind: 'veth' },
    xdp: { mode: 4, attached: [{ mode: 2, prog: { id: 7, name: 'guard' } }] },
    addr_info: [{ family: 'inet', local: '10.9.0.2', prefixlen: 24, dynamic: true }],
    stats64: { rx: { packets: 9, dropped: 3 }, tx: { packets: 4, dropped: 0 } },
  },
];
const QDISCS = [{ kind: 'clsact', dev: 'eth0', drops: 0 }];
const FILTERS = [
  {
    protocol: 'ip',
    pref: 1,
    kind: 'u32',
    options: { fh: '800::800', actions: [{ control_action: { type: 'drop' }, stats: { drops: 5 } }] },
  },
];
const ROUTE = [{ dst: '10.50.0.1', gateway: '10.9.0.254', dev: 'eth0', prefsrc: '10.9.0.2', flags: [] }];
const NEIGHBOUR = [{ dst: '10.9.0.254', lladdr: '02:00:00:00:00:fe', state: ['STALE'] }];

/** Beginnings of command lines, and what they answer. */
const ANSWERS: readonly (readonly [command: string, answer: string])[] = [
  ['nft -j', readFileSync(path.join(RECORDED, 'ruleset.json'), 'utf8')],
  ['nft -a', readFileSync(path.join(RECORDED, 'ruleset.txt'), 'utf8')],
  ['iptables', SAVED],
  ['ip6tables', SAVED],
  ['ip -j -s', JSON.stringify(LINKS)],
  ['ip -j route', JSON.stringify(ROUTE)],
  ['ip -j neigh', JSON.stringify(NEIGHBOUR)],
  ['tc -j -s qdisc', JSON.stringify(QDISCS)],
  ['tc -j -s filter', JSON.stringify(FILTERS)],
  ['ethtool', 'NIC statistics:\n     rx_queue_0_drops: 5\n     peer_ifindex: 2\n'],
];

/** One command says something else; null: it fails, with this as the reason. */
export interface CommandAnswer {
  readonly command: string;
  readonly text: string;
  readonly hasFailed: boolean;
}

export function commandAnswer(choice: Choice): CommandAnswer {
  const [command, answer] = choice.of(ANSWERS);
  const hasFailed = choice.once(20);
  if (choice.once(6)) return { command, text: choice.of(HOSTILE_TEXTS), hasFailed };
  const isJson = / -j/.test(command);
  if (isJson && !choice.once(3)) {
    const text = JSON.stringify(changed(JSON.parse(answer), choice, 40)) ?? '';
    return { command, text, hasFailed };
  }
  const other = bytesOf(choice.of(ANSWERS)[1]);
  return { command, text: new TextDecoder().decode(mutateBytes(bytesOf(answer), choice, other)), hasFailed };
}

/** A host whose commands answer what they are told to, until `remove`. */
export class AnsweringHost {
  private readonly folder = mkdtempSync(path.join(tmpdir(), 'tripod-fuzz-'));

  constructor() {
    const net = path.join(this.folder, 'self/net');
    mkdirSync(net, { recursive: true });
    // Tables of the old kind are asked for where the kernel has some.
    for (const name of ['ip_tables_names', 'ip6_tables_names']) writeFileSync(path.join(net, name), 'filter\n');
  }

  /** Everything that rests on commands is asked, and joined with what was said before. */
  async put(answer: CommandAnswer): Promise<void> {
    const [usual, root] = [this.root(null), this.root(answer)];
    const client = { client: '10.50.0.1', server: '10.9.0.2', interface: 'eth0' };
    const firewall = firewallFacts(await lookAtFirewall(usual), await lookAtFirewall(root), 2323, ['10.50.0.1']);
    const interfaces = interfaceFacts(await lookAtInterfaces(usual), await lookAtInterfaces(root));
    const ways = await returnWays(root, [client], interfaces);
    const packet = {
      family: 4 as const,
      source: '10.50.0.1',
      destination: '10.9.0.2',
      sourcePort: 40000,
      destinationPort: 2323,
      flags: 2,
      inInterface: 'eth0',
      outInterface: null,
      state: 'new',
    };
    const walks = [HOOKS_IN, HOOKS_OUT].map((hooks) =>
      isKnown(firewall) ? walkFirewall(firewall, packet, hooks) : null,
    );
    assert.ok(JSON.stringify([firewall, interfaces, ways, walks]).length > 0);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }

  private root(answer: CommandAnswer | null): HostRoot {
    const run = async (...words: readonly string[]): Promise<Fact<string>> => {
      const line = words.join(' ');
      if (answer !== null && line.startsWith(answer.command))
        return answer.hasFailed ? unknown(answer.text) : answer.text;
      return ANSWERS.find(([command]) => line.startsWith(command))?.[1] ?? unknown(`${line} is not here`);
    };
    return { proc: this.folder, sys: this.folder, run };
  }
}

/** What NETLINK_SOCK_DIAG answers: a listener, a connection, the end. */
const SOCKETS = ((): Uint8Array => {
  const socket = (state: number, attribute: number): Buffer => {
    const message = Buffer.alloc(16 + 72 + 8);
    message.writeUInt32LE(message.length, 0);
    message.writeUInt16LE(20, 4);
    message[16] = 2;
    message[17] = state;
    message.writeUInt16BE(2323, 20);
    message.writeUInt32BE(0x0a090002, 24);
    message.writeUInt16LE(5, 88);
    message.writeUInt16LE(attribute, 90);
    return message;
  };
  const done = Buffer.alloc(20);
  done.writeUInt32LE(20, 0);
  done.writeUInt16LE(3, 4);
  return Buffer.concat([socket(10, 11), socket(1, 2), done]);
})();

export function socketList(choice: Choice): Uint8Array {
  return mutateBytes(SOCKETS, choice, SOCKETS);
}

export function putSocketList(bytes: Uint8Array): void {
  const sockets: Socket[] = [];
  const end = parseDump(Buffer.from(bytes), sockets);
  assert.ok(end === null || Number.isInteger(end));
  assert.ok(JSON.stringify(summarizeSockets(sockets)).length > 0);
}
