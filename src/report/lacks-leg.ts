/** What `--check` asks. */
import type { Report } from './report.ts';

/** An attempt lacks a leg, or an endpoint that was asked for saw no SYN at all. */
export function lacksLeg(report: Report): boolean {
  const attempts = Object.values(report.summary.byMissingLeg).some((times) => times > 0);
  return attempts || report.servers.some((server) => server.asked && server.missingLeg !== null);
}
