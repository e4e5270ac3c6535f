/** What an ICMP error says, in the words of the IANA registries (icmp-parameters, icmpv6-parameters), as tcpdump and Wireshark use them. */

const UNREACHABLE_V4: readonly string[] = [
  'network unreachable',
  'host unreachable',
  'protocol unreachable',
  'port unreachable',
  'fragmentation needed',
  'source route failed',
  'destination network unknown',
  'destination host unknown',
  'source host isolated',
  'network administratively prohibited',
  'host administratively prohibited',
  'network unreachable for type of service',
  'host unreachable for type of service',
  'communication administratively prohibited',
  'host precedence violation',
  'precedence cutoff in effect',
];

const UNREACHABLE_V6: readonly string[] = [
  'no route to destination',
  'administratively prohibited',
  'beyond scope of source address',
  'address unreachable',
  'port unreachable',
  'source address failed ingress/egress policy',
  'reject route to destination',
  'error in source routing header',
];

export function icmpMeaning(family: number, type: number, code: number): string {
  return family === 6 ? meaningV6(type, code) : meaningV4(type, code);
}

function meaningV4(type: number, code: number): string {
  if (type === 3) return UNREACHABLE_V4[code] ?? `destination unreachable, code ${code}`;
  if (type === 4) return 'source quench';
  if (type === 5) return 'redirect';
  if (type === 11) return code === 1 ? 'fragment reassembly time exceeded' : 'time to live exceeded in transit';
  if (type === 12) return 'parameter problem';
  return `ICMP type ${type}, code ${code}`;
}

function meaningV6(type: number, code: number): string {
  if (type === 1) return UNREACHABLE_V6[code] ?? `destination unreachable, code ${code}`;
  if (type === 2) return 'packet too big';
  if (type === 3) return code === 1 ? 'fragment reassembly time exceeded' : 'hop limit exceeded in transit';
  if (type === 4) return 'parameter problem';
  return `ICMPv6 type ${type}, code ${code}`;
}
