/**
 * Counts of the frames that held no TCP segment, by name. The names are bounded: numbers that a hostile file invents are
 * counted together once there are too many of them.
 */
import { ETHER_TYPE, IP_PROTOCOL, NUMBER_MASK, SPACE, SPACE_MASK } from './layer.ts';
import { STOP, STOP_NAMES, type Stop } from './stop.ts';

/** Distinct EtherTypes, link types and PPP protocols that are counted apart. */
const NUMBERS_LIMIT = 128;
const IP_PROTOCOLS = 256;

/** Protocols with a name of their own; others are "ip protocol 89 (ospf)". IANA protocol numbers. */
const TRANSPORT_NAMES: ReadonlyMap<number, string> = new Map([
  [IP_PROTOCOL.ICMP, 'icmp'],
  [IP_PROTOCOL.UDP, 'udp'],
  [IP_PROTOCOL.ICMPV6, 'icmpv6'],
  [132, 'sctp'],
]);
const IP_PROTOCOL_NAMES: ReadonlyMap<number, string> = new Map([
  [2, 'igmp'],
  [8, 'egp'],
  [9, 'igp'],
  [33, 'dccp'],
  [46, 'rsvp'],
  [50, 'esp'],
  [59, 'no next header'],
  [88, 'eigrp'],
  [89, 'ospf'],
  [103, 'pim'],
  [108, 'ipcomp'],
  [112, 'vrrp'],
  [115, 'l2tp'],
  [124, 'isis'],
  [136, 'udplite'],
]);
/** https://www.iana.org/assignments/ieee-802-numbers. */
const ETHER_TYPE_NAMES: ReadonlyMap<number, string> = new Map([
  [0x0842, 'wake-on-lan'],
  [0x2000, 'cdp'],
  [0x6002, 'mop'],
  [0x6004, 'lat'],
  [0x8035, 'rarp'],
  [0x809b, 'appletalk'],
  [0x80f3, 'aarp'],
  [0x8137, 'ipx'],
  [0x8808, 'flow control'],
  [0x8809, 'slow protocols'],
  [0x8863, 'pppoe discovery'],
  [0x887b, 'homeplug'],
  [0x888e, 'eapol'],
  [0x8892, 'profinet'],
  [0x88a4, 'ethercat'],
  [0x88b5, 'experimental'],
  [0x88b6, 'experimental'],
  [0x88b8, 'goose'],
  [0x88ba, 'sampled values'],
  [0x88cc, 'lldp'],
  [0x88e5, 'macsec'],
  [0x88f7, 'ptp'],
  [0x8902, 'cfm'],
  [0x8906, 'fcoe'],
  [0x9000, 'loopback'],
]);
/** https://www.iana.org/assignments/ppp-numbers. */
const PPP_PROTOCOL_NAMES: ReadonlyMap<number, string> = new Map([
  [0x003d, 'multilink'],
  [0x0053, 'encrypted'],
  [0x00fd, 'compressed'],
  [0x8021, 'ipcp'],
  [0x8057, 'ipv6cp'],
  [0x80fd, 'ccp'],
  [0xc021, 'lcp'],
  [0xc023, 'pap'],
  [0xc025, 'link quality'],
  [0xc223, 'chap'],
]);

export class Census {
  readonly #stops = new Float64Array(STOP_NAMES.length);
  readonly #ipProtocols = new Float64Array(IP_PROTOCOLS);
  /** By layer number: its space says what kind of number it is. */
  readonly #numbers = new Map<number, number>();
  #others = 0;

  /** `layer` is the one at which the walk ended, for the stops that have a number. */
  count(stop: Stop, layer: number): void {
    if (stop < STOP.LINK_TYPE) {
      this.#stops[stop] = (this.#stops[stop] ?? 0) + 1;
    } else if (stop === STOP.IP_PROTOCOL) {
      const protocol = layer & (IP_PROTOCOLS - 1);
      this.#ipProtocols[protocol] = (this.#ipProtocols[protocol] ?? 0) + 1;
    } else {
      const known = this.#numbers.get(layer);
      if (known !== undefined) this.#numbers.set(layer, known + 1);
      else if (this.#numbers.size < NUMBERS_LIMIT) this.#numbers.set(layer, 1);
      else this.#others++;
    }
  }

  /** A new object: names and counts, most first, those of the same count by name. */
  byName(): Record<string, number> {
    const entries: [string, number][] = [];
    for (const [stop, count] of this.#stops.entries()) entries.push([STOP_NAMES[stop] ?? `stop ${stop}`, count]);
    for (const [protocol, count] of this.#ipProtocols.entries()) entries.push([ipProtocolName(protocol), count]);
    for (const [layer, count] of this.#numbers) entries.push([numberName(layer), count]);
    entries.push(['other numbers', this.#others]);
    const met = entries.filter(([, count]) => count > 0);
    met.sort(([name, count], [otherName, otherCount]) => otherCount - count || (name < otherName ? -1 : 1));
    return Object.fromEntries(met);
  }
}

function ipProtocolName(protocol: number): string {
  return TRANSPORT_NAMES.get(protocol) ?? withName(`ip protocol ${protocol}`, IP_PROTOCOL_NAMES.get(protocol));
}

function numberName(layer: number): string {
  const number = layer & NUMBER_MASK;
  const hexadecimal = `0x${number.toString(16).padStart(4, '0')}`;
  switch (layer & SPACE_MASK) {
    case SPACE.ETHER_TYPE:
      if (number === ETHER_TYPE.ARP) return 'arp';
      return withName(`ethertype ${hexadecimal}`, ETHER_TYPE_NAMES.get(number));
    case SPACE.PPP_PROTOCOL:
      return withName(`ppp protocol ${hexadecimal}`, PPP_PROTOCOL_NAMES.get(number));
    default:
      return `link type ${number}`;
  }
}

function withName(number: string, name: string | undefined): string {
  return name === undefined ? number : `${number} (${name})`;
}
