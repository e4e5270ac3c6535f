/**
 * ICMP (RFC 792) and ICMPv6 (RFC 4443) errors: each quotes the packet that it is about. The quotation may be as short as 8
 * octets behind the IP header (RFC 792), which are the ports and the sequence number of TCP. The walk goes on in it.
 */
import { LAYER } from './layer.ts';
import { STOP } from './stop.ts';
import type { Walk } from './walk.ts';

const TYPE = 0;
const CODE = 1;
const QUOTATION = 8;

/** RFC 792. Source quench (4, which hosts must ignore: RFC 6633) and redirect (5) quote a packet too, and reject nothing. */
const DESTINATION_UNREACHABLE = 3;
const TIME_EXCEEDED = 11;
const PARAMETER_PROBLEM = 12;
/** RFC 4443 §2.1: errors are types below 128; 1 to 4 are assigned. */
const FIRST_ICMPV6_ERROR = 1;
const LAST_ICMPV6_ERROR = 4;

/** Answers STOP.IP_PROTOCOL for a message that quotes nothing. */
export function readIcmp(walk: Walk): number {
  if (walk.end - walk.at < QUOTATION) return STOP.CUT;
  const type = walk.view.getUint8(walk.at + TYPE);
  const isError = type === DESTINATION_UNREACHABLE || type === TIME_EXCEEDED || type === PARAMETER_PROBLEM;
  return isError ? enterQuotation(walk, type) : STOP.IP_PROTOCOL;
}

export function readIcmpv6(walk: Walk): number {
  if (walk.end - walk.at < QUOTATION) return STOP.CUT;
  const type = walk.view.getUint8(walk.at + TYPE);
  const isError = type >= FIRST_ICMPV6_ERROR && type <= LAST_ICMPV6_ERROR;
  return isError ? enterQuotation(walk, type) : STOP.IP_PROTOCOL;
}

function enterQuotation(walk: Walk, type: number): number {
  // An error is never sent about an error (RFC 1122 §3.2.2).
  if (walk.quoted) return STOP.IP_PROTOCOL;
  const { segment } = walk;
  walk.quoted = true;
  walk.mayWait = false;
  segment.icmpFrom0 = segment.source0;
  segment.icmpFrom1 = segment.source1;
  segment.icmpFrom2 = segment.source2;
  segment.icmpFrom3 = segment.source3;
  segment.icmpFamily = segment.family;
  segment.icmpType = type;
  segment.icmpCode = walk.view.getUint8(walk.at + CODE);
  return walk.past(QUOTATION, LAYER.IP_BY_NIBBLE);
}
