/** What a SYN or SYN-ACK offered at one point and not at another, in words. */
import type { OptionChange, OptionDifference } from '../handshake/handshake.ts';

/** As tcpdump and Wireshark call them. */
const NAMES: Readonly<Record<OptionDifference['option'], string>> = {
  mss: 'MSS',
  'window-scale': 'window scale',
  'sack-permitted': 'SACK permitted',
  timestamps: 'timestamps',
  'fast-open': 'Fast Open',
  multipath: 'Multipath TCP',
  signature: 'a TCP-MD5 or TCP-AO signature',
  ecn: 'ECN',
};

/** "MSS 1460, then 1300; window scale 7, then none; no ECN, then it". */
export function differenceWords({ options }: Pick<OptionChange, 'options'>): string {
  return options.map(oneWords).join('; ');
}

function oneWords({ option, first, again }: OptionDifference): string {
  const name = NAMES[option];
  if (first === null) return `no ${name}, then ${again === true ? 'with it' : again}`;
  return `${first === true ? name : `${name} ${first}`}, then ${again ?? 'none'}`;
}
