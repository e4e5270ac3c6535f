/** A script's lines as frames, and those as captures. The same script gives the same octets, always and everywhere. */
import {
  enhancedPacket,
  interfaceDescription,
  interfaceStatistics,
  type Packet,
  pcapHeader,
  pcapRecord,
  sectionHeader,
} from '../../src/capture/write.ts';
import { concat, ethernet, icmpError, ipv4, nullLink, sll, sll2, tcpPacket, udp, vxlan } from './packet-bytes.ts';
import type { CopyLine, FrameFields, IcmpLine, LinkName, Script, ScriptHeader, TcpLine } from './script.ts';

/** A frame before it is put into a container. */
interface ScriptFrame {
  readonly packet: Packet;
  /** Capture interface. */
  readonly on: number;
  readonly direction: 'in' | 'out' | 'other' | null;
}

interface Statistics {
  readonly at: number;
  readonly on: number;
  readonly received: number;
  readonly dropped: number;
}

type Item = { readonly frame: ScriptFrame } | { readonly statistics: Statistics };

const LINK_TYPES: Readonly<Record<LinkName, number>> = { ethernet: 1, sll: 113, sll2: 276, raw: 101, null: 0 };

/** The files that the script stands for: one, or as many as its seams make. */
export function encodeScript(script: Script): Uint8Array[] {
  return itemsOf(script).map((items) =>
    script.header.format === 'pcap' ? asPcap(items, script.header) : asPcapng(items, script.header),
  );
}

function itemsOf(script: Script): Item[][] {
  const encoder = new Encoder(script.header);
  const files: Item[][] = [[]];
  for (const line of script.lines) {
    if (line.kind === 'seam') {
      files.push([]);
      continue;
    }
    const items = files.at(-1) as Item[];
    if (line.kind === 'statistics') {
      items.push({ statistics: line });
      continue;
    }
    const frame = line.kind === 'copy' ? encoder.copy(line) : encoder.packet(line);
    if (line.lost !== true) items.push({ frame });
  }
  return files;
}

interface Sent {
  /** From the IP header on. */
  readonly datagram: Uint8Array;
  readonly line: TcpLine | IcmpLine | null;
  readonly fields: FrameFields;
}

class Encoder {
  private readonly header: ScriptHeader;
  private readonly sent: Sent[] = [];
  /** The next identification of each end. */
  private readonly ids = new Map<string, number>();
  /** Ends by name: the number makes their MAC address. */
  private readonly stations = new Map<string, number>();

  constructor(header: ScriptHeader) {
    this.header = header;
  }

  packet(line: TcpLine | IcmpLine | { readonly kind: 'other'; readonly at: number } | CopyLine): ScriptFrame {
    const fields = line as FrameFields;
    let sent: Sent;
    if (line.kind === 'tcp') sent = { datagram: this.tcp(line), line, fields };
    else if (line.kind === 'icmp') sent = { datagram: this.icmp(line), line, fields };
    else sent = { datagram: OTHER, line: null, fields };
    return this.send(sent, line.at);
  }

  copy(line: CopyLine): ScriptFrame {
    const original = this.sent[line.of - 1] as Sent;
    const changed = original.line?.kind === 'tcp' && (line.ttl !== undefined || line.checksum !== undefined);
    const fields = { ...original.fields, ...line };
    const datagram = changed
      ? this.tcp({ ...original.line, ...fieldsOf(line) }, idOf(original.datagram))
      : original.datagram;
    return this.send({ datagram, line: original.line, fields }, line.at);
  }

  private send(sent: Sent, at: number): ScriptFrame {
    this.sent.push(sent);
    const { fields } = sent;
    const whole = this.link(sent);
    const captured = Math.min(whole.length, fields.cut ?? whole.length, this.header.snapLength);
    const seconds = Math.floor(at / 1e9);
    return {
      packet: {
        seconds: this.header.start + seconds,
        nanos: Math.round(at - seconds * 1e9),
        bytes: whole.subarray(0, captured),
        originalLength: whole.length,
      },
      on: fields.on ?? 0,
      direction: fields.direction ?? null,
    };
  }

  private tcp(line: TcpLine, id = this.nextId(line)): Uint8Array {
    return tcpPacket({
      from: line.from.address,
      to: line.to.address,
      sourcePort: line.from.port,
      destinationPort: line.to.port,
      sequence: line.sequence,
      acknowledgment: line.acknowledgment ?? 0,
      flags: line.flags,
      window: line.window,
      options: line.options,
      payload: Uint8Array.from({ length: line.length }, (_, i) => 0x61 + ((line.sequence + i) % 26)),
      checksum: line.checksum ?? line.from.checksum,
      ttl: line.ttl ?? line.from.ttl,
      id,
    });
  }

  private nextId(line: TcpLine): number {
    if (line.id !== undefined) return line.id;
    if (line.from.id === 'zero') return 0;
    const isBare = (line.flags & 0x04) !== 0 || (line.flags & 0x12) === 0x12;
    if (line.from.id === 'linux' && isBare) return 0;
    const next = this.ids.get(line.from.name) ?? 1 + (this.stationOf(line.from.name) << 12);
    this.ids.set(line.from.name, next + 1);
    return next & 0xffff;
  }

  private icmp(line: IcmpLine): Uint8Array {
    const quoted = (this.sent[line.quotes - 1] as Sent).datagram;
    return icmpError(quoted, {
      type: line.type,
      code: line.code,
      from: line.fromAddress,
      to: line.to.address,
      ttl: line.ttl ?? 64,
      // RFC 792 wants 28 octets at least; Linux and most routers quote all of a SYN.
      octets: line.octets ?? quoted.length,
    });
  }

  private stationOf(name: string): number {
    const known = this.stations.get(name) ?? this.stations.size + 1;
    this.stations.set(name, known);
    return known;
  }

  private link({ datagram, line, fields }: Sent): Uint8Array {
    const from = line === null ? 0xfe : line.kind === 'tcp' ? this.stationOf(line.from.name) : 0xfd;
    const to = line === null ? 0xff : this.stationOf(line.to.name);
    const tags = fields.vlans ?? [];
    const inner = fields.vxlan === undefined ? datagram : tunnelled(datagram, fields.vxlan, fields.outerChecksum);
    const packetType = fields.direction === 'out' ? 4 : fields.direction === 'other' ? 3 : 0;
    switch (this.header.link) {
      case 'ethernet':
        return ethernet(inner, { from: macOf(from), to: macOf(to), tags });
      case 'sll':
        return sll(inner, { packetType, tags });
      case 'sll2':
        return sll2(inner, { packetType, tags, interfaceIndex: (fields.on ?? 0) + 1 });
      case 'null':
        return nullLink(inner, (inner[0] ?? 0) >> 4 === 6 ? 30 : 2);
      default:
        return inner;
    }
  }
}

function tunnelled(datagram: Uint8Array, vni: number, outer: FrameFields['outerChecksum'] = 'right'): Uint8Array {
  const ends = { from: '192.0.2.1', to: '192.0.2.2' };
  // 0xffff is what a broken offload leaves there.
  const checksum = { right: {}, wrong: { checksum: 0xffff }, none: { checksum: 0 } }[outer];
  const datagramAround = udp(vxlan(ethernet(datagram), vni), { ...ends, destinationPort: 4789, ...checksum });
  return ipv4(datagramAround, { ...ends, protocol: 17 });
}

const OTHER_ENDS = { from: '198.51.100.1', to: '198.51.100.2' };
/** A datagram to the discard port. */
const OTHER = ipv4(udp(new Uint8Array(8), { ...OTHER_ENDS, destinationPort: 9 }), { ...OTHER_ENDS, protocol: 17 });

function macOf(station: number): string {
  const digits = station.toString(16).padStart(4, '0');
  return `02:00:00:00:${digits.slice(0, 2)}:${digits.slice(2)}`;
}

function idOf(datagram: Uint8Array): number {
  return (datagram[0] ?? 0) >> 4 === 4 ? ((datagram[4] ?? 0) << 8) | (datagram[5] ?? 0) : 0;
}

function fieldsOf(line: CopyLine): Partial<TcpLine> {
  return {
    ...(line.ttl === undefined ? {} : { ttl: line.ttl }),
    ...(line.checksum === undefined ? {} : { checksum: line.checksum }),
  };
}

function asPcap(items: readonly Item[], header: ScriptHeader): Uint8Array {
  const options = {
    linkType: LINK_TYPES[header.link],
    resolution: header.resolution,
    littleEndian: header.byteOrder === 'little',
    snapLength: header.snapLength,
  };
  const records = items.flatMap((item) => ('frame' in item ? [pcapRecord(item.frame.packet, options)] : []));
  return concat(pcapHeader(options), ...records);
}

const DIRECTION_FLAG = { in: 1, out: 2, other: 0 } as const;

function asPcapng(items: readonly Item[], header: ScriptHeader): Uint8Array {
  const littleEndian = header.byteOrder === 'little';
  const resolution = header.resolution === 'nanoseconds' ? 9 : 6;
  const numbers = items.map((item) => ('frame' in item ? item.frame.on : item.statistics.on));
  const interfaces = Array.from({ length: Math.max(0, ...numbers) + 1 }, (_, index) =>
    interfaceDescription({
      linkType: LINK_TYPES[header.link],
      snapLength: header.snapLength,
      name: `eth${index}`,
      resolution,
      littleEndian,
    }),
  );
  const blocks = items.map((item) => {
    if ('frame' in item) {
      const { packet, on, direction } = item.frame;
      const flags = direction === null ? {} : { direction: DIRECTION_FLAG[direction] };
      return enhancedPacket(packet, { interfaceNumber: on, resolution, littleEndian, ...flags });
    }
    const { at, on, received, dropped } = item.statistics;
    const seconds = Math.floor(at / 1e9);
    const time = { seconds: header.start + seconds, nanos: Math.round(at - seconds * 1e9) };
    const counts = { received, droppedByInterface: dropped };
    return interfaceStatistics({ interfaceNumber: on, resolution, littleEndian, ...time, ...counts });
  });
  return concat(sectionHeader({ littleEndian }), ...interfaces, ...blocks);
}
