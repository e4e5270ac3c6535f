/** Whether two packets can be of one host: by the routers that each has crossed. Pure. */

/**
 * A host's packets cross the same number of routers, whatever TTL each starts with (64, 128 or 255: RST packets often start with another). One hop
 * of difference is left to load-balanced paths. An unknown TTL (0) fits everything.
 */
export function fitsTtl(resetTtl: number, otherTtl: number): boolean {
  return otherTtl === 0 || Math.abs(hops(resetTtl) - hops(otherTtl)) <= 1;
}

/** Routers that a packet has passed, if it started with the next common initial TTL. */
export function hops(ttl: number): number {
  for (const initial of [64, 128]) if (ttl <= initial) return initial - ttl;
  return 255 - ttl;
}
