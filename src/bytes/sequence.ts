/**
 * Arithmetic on TCP sequence numbers, modulo 2^32 (RFC 9293 §3.4). Nowhere else is it written out. Numbers go in as unsigned or signed
 * 32-bit integers alike.
 */

/** How far `a` lies ahead of `b`: in [-2^31, 2^31). Negative when `a` is older. */
export function distance(a: number, b: number): number {
  return (a - b) | 0;
}
