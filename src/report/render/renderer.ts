/** What every output format is: text that grows as the attempts come, and is closed by the report. */
import type { Handshake } from '../../handshake/handshake.ts';
import type { Together } from '../crowd.ts';
import type { Report } from '../report.ts';

export interface Renderer {
  /** What stands before the first attempt. */
  begin(): string;
  /** Called for each listed attempt, in the order of the list; the answer may be empty. */
  handshake(handshake: Handshake): string;
  /** `handshake` in two steps, where the text of an attempt does not depend on its place: the text, which can wait, and the text in its place. */
  readonly steps?: { text(handshake: Handshake): string; place(text: string): string };
  /** What stands after the last attempt. Called once. */
  end(report: Report): string;
  /** Attempts that `handshake` is not called for, as groups. Only the table takes them. */
  together?(group: Together): void;
  /** A look at what `end` would answer now, with further attempts as the last of the list, one by one and as groups; nothing of it stays. Only the table can. */
  preview?(report: Report, open: readonly Handshake[], together: readonly Together[]): string;
}

export interface RenderOptions {
  /** Of this programme. */
  readonly version: string;
  /** Columns of the terminal; machine formats take no notice. */
  readonly width: number;
  readonly colour: boolean;
  /** Most attempts (or groups of attempts) that the table shows; null: as many as are good to read. */
  readonly limit: number | null;
  /** The table shows attempts one by one in the order in which they come, instead of in groups. */
  readonly individually: boolean;
  /** Clients or a time were asked for: a SYN that is missing is missing of these. */
  readonly narrowed: boolean;
}
