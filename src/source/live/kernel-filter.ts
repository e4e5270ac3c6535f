/**
 * What the kernel hands over of all that passes: everything that a verdict on the wanted endpoints can rest on, and little else. A program for the kernel, not an
 * expression of pcap-filter: that language tests the flags of IPv6 packets at fixed places alone, shifts all offsets behind the word `vlan`, and has none on `any`.
 *
 * Kept: TCP of the wanted endpoints; ICMP and ICMPv6 errors, whatever they are about; ARP and neighbour discovery; and, not looked into: fragments, tunnels, IPv6 behind
 * extension headers, labels, more than three tags. What of these has nothing to do with the endpoints is left out later, as it is for a file.
 *
 * Dropped of the wanted endpoints: the server's bulk data (see BULK_OCTETS), for which other segments stand.
 */
import type { AddressRange } from '../../bytes/address.ts';
import { Assembler, type Instruction, Label, MOST_INSTRUCTIONS, OP } from './bpf.ts';

export interface WantedEndpoints {
  /** Server ports; all when empty. */
  readonly ports: readonly number[];
  readonly servers: readonly { readonly range: AddressRange; readonly port: number | null }[];
  readonly clients: readonly AddressRange[];
}

export interface KernelFilterOptions extends WantedEndpoints {
  /** LINKTYPE_ number. */
  readonly linkType: number;
  /** Octets of a packet that the kernel copies: it asks nobody else. */
  readonly snapLength: number;
  /** Leave out the server's bulk data. */
  readonly dropBulk: boolean;
}

/**
 * A segment of the server is bulk when it carries at least this much and neither PSH nor SYN, FIN or RST: the middle of a long answer. That the server took the third leg
 * is shown as well by its last segment, its acknowledgments and its FIN. The client's data is kept whole: it may be the third leg itself, and its retransmission tells that the
 * server ignores it.
 */
const BULK_OCTETS = 512;

/** The longest TCP header (RFC 9293 §3.1: 15 words). */
const LONGEST_TCP_HEADER = 60;

/** LINKTYPE_LINUX_SLL2: `any`. */
const LINUX_SLL2 = 276;
/** Where the link header says what follows, and its length; null for headers that are not there. LINKTYPE_ numbers. */
const LINKS: ReadonlyMap<number, { readonly typeAt: number | null; readonly length: number }> = new Map([
  [1, { typeAt: 12, length: 14 }], // EN10MB
  [113, { typeAt: 14, length: 16 }], // LINUX_SLL
  [LINUX_SLL2, { typeAt: 0, length: 20 }], // LINUX_SLL2
  [12, { typeAt: null, length: 0 }], // RAW, as libpcap names it for a live capture
  [101, { typeAt: null, length: 0 }], // RAW, as a file has it
]);

const IPV4 = 0x0800;
const IPV6 = 0x86dd;
const VLAN_TYPES = [0x8100, 0x88a8, 0x9100, 0x9200, 0x9300] as const;
const MOST_TAGS = 3;
/** Of types below it are lengths (IEEE 802.3): LLC, which may carry IP. */
const FIRST_ETHER_TYPE = 0x600;
/** ARP, and what may carry IP: ERSPAN, TRILL, TEB, PPP, WCCP, MPLS, PPPoE, backbone, FabricPath, Cisco metadata, NSH. */
const KEPT_TYPES = [
  0x0806, 0x22eb, 0x22f3, 0x6558, 0x880b, 0x883e, 0x8847, 0x8848, 0x8864, 0x88be, 0x88e7, 0x8903, 0x8909, 0x894f,
];

const TCP = 6;
const UDP = 17;
const ICMP = 1;
const ICMPV6 = 58;
/** IPv4 and IPv6 in IP, GRE, AH, EtherIP, MPLS in IP. */
const TUNNELS = [4, 41, 47, 51, 97, 137] as const;
/** Hop-by-hop options, routing, fragment, destination options, mobility, HIP, shim6 (RFC 7045): TCP may be behind them. */
const EXTENSIONS = [0, 43, 44, 60, 135, 139, 140] as const;
/** GTP-U, Teredo, GRE, VXLAN, VXLAN-GPE, Geneve, MPLS, VXLAN of Linux: as wire/udp.ts reads them. */
const TUNNEL_PORTS = [2152, 3544, 4754, 4789, 4790, 6081, 6635, 8472] as const;
/** Destination unreachable, time exceeded, parameter problem (RFC 792). */
const ICMP_ERRORS = [3, 11, 12] as const;
/** Errors (RFC 4443), and neighbour discovery (RFC 4861). */
const ICMPV6_KEPT = [1, 2, 3, 4, 133, 134, 135, 136, 137] as const;

const FRAGMENT_MASK = 0x3fff;
const FLAGS_AT = 13;
const SYN = 0x02;
const PSH_RST_SYN_FIN = 0x0f;

/** Words of the program's memory: where IP and TCP begin, behind the link header; and A, while it is needed otherwise. */
const IP_AT = 0;
const TRANSPORT_AT = 1;
const SAVED = 2;

const MAPPED_WORDS = [0, 0, 0xffff] as const;

/** The program; null where it can't be told what follows the link header, or when the endpoints are too many for one: then everything is handed over. */
export function kernelFilter(options: KernelFilterOptions): readonly Instruction[] | null {
  const link = LINKS.get(options.linkType);
  if (link === undefined) return null;
  const program = new FilterWriter(isAny(options) ? { ...options, clients: [] } : options, link).write();
  return program.length > MOST_INSTRUCTIONS ? null : program;
}

/** On `any` a client may be there a second time, under the address that this host gives it (masquerading), and what it sends only so: see handshake/translations.ts. */
function isAny({ linkType, ports, servers }: KernelFilterOptions): boolean {
  return linkType === LINUX_SLL2 && ports.length + servers.length > 0;
}

class FilterWriter {
  private readonly code = new Assembler();
  private readonly keep = new Label();
  private readonly drop = new Label();
  private readonly options: KernelFilterOptions;
  /** Octets before the network header. It is added in each load, and X counts behind it: libpcap moves offsets of `any`, whose header the kernel does not have. */
  private readonly linkLength: number;
  private readonly typeAt: number | null;

  constructor(options: KernelFilterOptions, link: { readonly typeAt: number | null; readonly length: number }) {
    this.options = options;
    this.typeAt = link.typeAt;
    this.linkLength = link.length;
  }

  write(): Instruction[] {
    const { code } = this;
    const [ipv4, ipv6] = [new Label(), new Label()];
    code.put(OP.LOAD_X, 0);
    if (this.typeAt === null) this.splitByVersion(ipv4, ipv6);
    else this.splitByType(this.typeAt, ipv4, ipv6);
    this.writeIpv4(ipv4);
    this.writeIpv6(ipv6);
    code.place(this.drop);
    code.put(OP.RETURN, 0);
    code.place(this.keep);
    code.put(OP.RETURN, this.options.snapLength);
    return code.assemble();
  }

  private splitByVersion(ipv4: Label, ipv6: Label): void {
    const { code } = this;
    code.put(OP.LOAD_BYTE, 0);
    code.put(OP.SHIFT_RIGHT, 4);
    code.when(OP.IF_EQUAL, 4, ipv4);
    code.when(OP.IF_EQUAL, 6, ipv6);
    code.jump(this.drop);
  }

  /** A tag that the card has taken off is in no packet; what is met here are further ones. */
  private splitByType(typeAt: number, ipv4: Label, ipv6: Label): void {
    const { code } = this;
    const decided = new Label();
    code.put(OP.LOAD_HALF, typeAt);
    for (let tags = 0; tags < MOST_TAGS; tags++) {
      const tagged = new Label();
      this.whenAny(VLAN_TYPES, tagged);
      code.jump(decided);
      code.place(tagged);
      this.load(OP.LOAD_HALF_AT_X, 2);
      code.put(OP.STORE_MEMORY, SAVED);
      code.put(OP.X_TO_A);
      code.put(OP.ADD, 4);
      code.put(OP.A_TO_X);
      code.put(OP.LOAD_MEMORY, SAVED);
    }
    code.place(decided);
    code.when(OP.IF_EQUAL, IPV4, ipv4);
    code.when(OP.IF_EQUAL, IPV6, ipv6);
    this.whenAny(VLAN_TYPES, this.keep);
    this.whenAny(KEPT_TYPES, this.keep);
    code.when(OP.IF_GREATER_OR_EQUAL, FIRST_ETHER_TYPE, this.drop);
    code.jump(this.keep);
  }

  private writeIpv4(ipv4: Label): void {
    const { code } = this;
    const [tcp, udp, icmp] = [new Label(), new Label(), new Label()];
    code.place(ipv4);
    code.put(OP.STORE_X_MEMORY, IP_AT);
    this.load(OP.LOAD_HALF_AT_X, 6);
    code.when(OP.IF_ANY_BIT, FRAGMENT_MASK, this.keep);
    this.load(OP.LOAD_BYTE_AT_X, 0);
    code.put(OP.AND, 0x0f);
    code.put(OP.SHIFT_LEFT, 2);
    code.put(OP.ADD_X);
    code.put(OP.STORE_MEMORY, TRANSPORT_AT);
    this.load(OP.LOAD_BYTE_AT_X, 9);
    code.when(OP.IF_EQUAL, TCP, tcp);
    code.when(OP.IF_EQUAL, UDP, udp);
    code.when(OP.IF_EQUAL, ICMP, icmp);
    this.whenAny(TUNNELS, this.keep);
    code.jump(this.drop);
    this.writeIcmp(icmp, ICMP_ERRORS);
    this.writeUdp(udp);
    this.writeTcp(tcp, 4);
  }

  private writeIpv6(ipv6: Label): void {
    const { code } = this;
    const [tcp, udp, icmp] = [new Label(), new Label(), new Label()];
    code.place(ipv6);
    code.put(OP.STORE_X_MEMORY, IP_AT);
    code.put(OP.X_TO_A);
    code.put(OP.ADD, 40);
    code.put(OP.STORE_MEMORY, TRANSPORT_AT);
    this.load(OP.LOAD_BYTE_AT_X, 6);
    code.when(OP.IF_EQUAL, TCP, tcp);
    code.when(OP.IF_EQUAL, UDP, udp);
    code.when(OP.IF_EQUAL, ICMPV6, icmp);
    this.whenAny(TUNNELS, this.keep);
    this.whenAny(EXTENSIONS, this.keep);
    code.jump(this.drop);
    this.writeIcmp(icmp, ICMPV6_KEPT);
    this.writeUdp(udp);
    this.writeTcp(tcp, 6);
  }

  private writeIcmp(start: Label, kept: readonly number[]): void {
    const { code } = this;
    code.place(start);
    code.put(OP.LOAD_X_MEMORY, TRANSPORT_AT);
    this.load(OP.LOAD_BYTE_AT_X, 0);
    this.whenAny(kept, this.keep);
    code.jump(this.drop);
  }

  private writeUdp(start: Label): void {
    const { code } = this;
    code.place(start);
    code.put(OP.LOAD_X_MEMORY, TRANSPORT_AT);
    this.load(OP.LOAD_HALF_AT_X, 2);
    this.whenAny(TUNNEL_PORTS, this.keep);
    this.load(OP.LOAD_HALF_AT_X, 0);
    this.whenAny(TUNNEL_PORTS, this.keep);
    code.jump(this.drop);
  }

  private writeTcp(start: Label, family: 4 | 6): void {
    const { code } = this;
    const { ports, servers, clients, dropBulk } = this.options;
    code.place(start);
    if (ports.length + servers.length + clients.length === 0) {
      code.jump(this.keep);
      return;
    }
    const [begins, fromServer, answered] = [new Label(), new Label(), new Label()];
    const [source, destination] = family === 4 ? [12, 16] : [8, 24];
    const question = { client: source, server: destination, port: 2 };
    const answer = { client: destination, server: source, port: 0 };
    if (servers.length > 0) {
      code.put(OP.LOAD_X_MEMORY, TRANSPORT_AT);
      this.load(OP.LOAD_BYTE_AT_X, FLAGS_AT);
      code.when(OP.IF_ANY_BIT, SYN, begins);
    }
    this.writeSide(family, question, servers, this.keep, fromServer);
    code.place(fromServer);
    this.writeSide(family, answer, servers, answered, this.drop);
    if (servers.length > 0) {
      // Translated on its way, a SYN goes to other servers as well, and its SYN-ACK comes from them: what is wrong there can't be told from half of it.
      const anyAnswer = new Label();
      code.place(begins);
      this.writeSide(family, question, [], this.keep, anyAnswer);
      code.place(anyAnswer);
      this.writeSide(family, answer, [], this.keep, this.drop);
    }
    code.place(answered);
    if (dropBulk) this.writeBulk();
    code.jump(this.keep);
  }

  /** Jumps to `matched` when the packet runs between a wanted client and a wanted server, whose places in IP and TCP are given; else to `otherwise`. */
  private writeSide(
    family: 4 | 6,
    at: { readonly client: number; readonly server: number; readonly port: number },
    servers: WantedEndpoints['servers'],
    matched: Label,
    otherwise: Label,
  ): void {
    const { code } = this;
    const { ports, clients } = this.options;
    if (ports.length > 0) {
      const wanted = new Label();
      this.loadPort(at.port);
      this.whenAny(ports, wanted);
      code.jump(otherwise);
      code.place(wanted);
    }
    if (clients.length > 0) {
      const wanted = new Label();
      for (const range of clients) this.whenInRange(family, range, at.client, wanted);
      code.jump(otherwise);
      code.place(wanted);
    }
    for (const { range, port } of servers) {
      const [inRange, next] = [new Label(), new Label()];
      this.whenInRange(family, range, at.server, inRange);
      code.jump(next);
      code.place(inRange);
      if (port !== null) {
        this.loadPort(at.port);
        code.when(OP.IF_EQUAL, port, matched);
        code.jump(next);
      } else {
        code.jump(matched);
      }
      code.place(next);
    }
    code.jump(servers.length > 0 ? otherwise : matched);
  }

  private loadPort(at: number): void {
    this.code.put(OP.LOAD_X_MEMORY, TRANSPORT_AT);
    this.load(OP.LOAD_HALF_AT_X, at);
  }

  /** An IPv4 address is in a range of IPv6 as ::ffff:a.b.c.d, as it is for the report. */
  private whenInRange(family: 4 | 6, range: AddressRange, at: number, target: Label): void {
    const { code } = this;
    const differs = new Label();
    code.put(OP.LOAD_X_MEMORY, IP_AT);
    for (const [index, word] of range.words.entries()) {
      const bits = Math.min(32, range.prefixLength - 32 * index);
      if (bits <= 0) break;
      const mask = bits === 32 ? 0xffff_ffff : (-1 << (32 - bits)) >>> 0;
      const known = MAPPED_WORDS[index];
      if (family === 4 && known !== undefined) {
        if (((known ^ word) & mask) !== 0) return;
        continue;
      }
      this.load(OP.LOAD_WORD_AT_X, family === 4 ? at : at + 4 * index);
      if (bits < 32) code.put(OP.AND, mask);
      const same = new Label();
      code.when(OP.IF_EQUAL, word, same);
      code.jump(differs);
      code.place(same);
    }
    code.jump(target);
    code.place(differs);
  }

  /** Goes on with the next line unless the segment is bulk data. */
  private writeBulk(): void {
    const { code } = this;
    code.put(OP.LOAD_X_MEMORY, TRANSPORT_AT);
    this.load(OP.LOAD_BYTE_AT_X, FLAGS_AT);
    code.when(OP.IF_ANY_BIT, PSH_RST_SYN_FIN, this.keep);
    code.put(OP.LOAD_LENGTH);
    code.put(OP.SUBTRACT_X);
    code.when(OP.IF_GREATER_OR_EQUAL, this.linkLength + LONGEST_TCP_HEADER + BULK_OCTETS, this.drop);
  }

  private whenAny(values: readonly number[], target: Label): void {
    for (const value of values) this.code.when(OP.IF_EQUAL, value, target);
  }

  /** A load behind the link header. */
  private load(code: number, at: number): void {
    this.code.put(code, this.linkLength + at);
  }
}
