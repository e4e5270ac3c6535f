/** What a comparison with another tool yields: how often it agreed, and every disagreement by name. */

export type OracleName = 'tshark' | 'zeek' | 'arkime' | 'suricata';

export interface Disagreement {
  readonly oracle: OracleName;
  /** What was compared: "packets", "syn", "legs", … */
  readonly aspect: string;
  /** Path below the folder of captures. */
  readonly capture: string;
  /** The stream, connection or check within the capture; "-" for the capture itself. */
  readonly subject: string;
  readonly theirs: string;
  readonly ours: string;
}

export interface Count {
  compared: number;
  agree: number;
}

export class Ledger {
  readonly disagreements: Disagreement[] = [];
  private readonly counts = new Map<string, Count>();

  compare(
    oracle: OracleName,
    aspect: string,
    capture: string,
    subject: string,
    theirs: string | number | null,
    ours: string | number | null,
  ): void {
    const key = `${oracle} ${aspect}`;
    const count = this.counts.get(key) ?? { compared: 0, agree: 0 };
    this.counts.set(key, count);
    count.compared += 1;
    if (theirs === ours) count.agree += 1;
    else this.disagreements.push({ oracle, aspect, capture, subject, theirs: String(theirs), ours: String(ours) });
  }

  /** One line for each thing that was compared with the oracle. */
  lines(oracle: OracleName): string[] {
    const own = [...this.counts].filter(([key]) => key.startsWith(`${oracle} `));
    return own.map(
      ([key, { compared, agree }]) => `${key}: ${compared} compared, ${agree} agree, ${compared - agree} disagree`,
    );
  }
}

/** The disagreement as a row of a table of docs/corpus.md; two are the same when their rows are. */
export function asRow({ oracle, aspect, capture, subject, theirs, ours }: Disagreement): string {
  return `| ${[capture, subject, `${oracle} ${aspect}`, theirs, ours].map(cell).join(' | ')} |`;
}

function cell(text: string): string {
  return text.replaceAll('|', '/').replaceAll('\n', ' ').trim();
}
