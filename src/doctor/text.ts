/** A checkup for people: each step as it comes, then the verdict. */
import { printable } from '../report/escape.ts';
import { Page } from '../report/render/page.ts';
import { type Palette, padEnd } from '../report/render/text.ts';
import type { Finding, Status, Step, Verdict } from './checkup.ts';

export interface CheckupTextOptions {
  readonly width: number;
  readonly colour: boolean;
}

/** Columns before the evidence: the status of each finding. */
const STATUS_WIDTH = 11;

/** @param number of the step, from 1 */
export function stepText(step: Step, number: number, options: CheckupTextOptions): string {
  const page = new Page(options.width, options.colour, '', []);
  page.add(`${page.colours.bold(`${number}. ${printable(step.question)}`)}  ${mark(step.status, page.colours)}`);
  for (const finding of step.findings) addFinding(page, finding);
  if (step.status !== 'pass') {
    for (const command of step.commands) page.add(page.colours.dim(printable(command)), '   by hand: ');
  }
  page.blank();
  return page.toString();
}

function addFinding(page: Page, finding: Finding): void {
  const { colours } = page;
  page.add(printable(finding.evidence), padEnd(`   ${mark(finding.status, colours)}`, STATUS_WIDTH));
  if (finding.advice !== null) page.add(printable(finding.advice), `${' '.repeat(STATUS_WIDTH)}what to do: `);
}

export function verdictText(verdict: Verdict, options: CheckupTextOptions): string {
  const page = new Page(options.width, options.colour, '', []);
  const { colours } = page;
  const words = { healthy: colours.green('healthy'), fault: colours.red('fault'), unclear: colours.yellow('unclear') };
  page.add(printable(verdict.sentence), `${colours.bold('Verdict')}: ${words[verdict.status]}. `);
  for (const { cause, confidence, evidence, advice } of verdict.causes) {
    page.add(`${printable(cause)} (${printable(confidence)}): ${printable(evidence.join('; '))}`, '  cause: ');
    page.add(printable(advice), '         what to do: ');
  }
  for (const text of verdict.notSeen) page.add(printable(text), '  not seen: ');
  return page.toString();
}

/** What a checkup found, for a report on the packets that were kept with it: the steps with trouble, and the verdict. */
export function keptText(
  folder: string,
  steps: readonly Step[],
  verdict: Verdict,
  options: CheckupTextOptions,
): string {
  const page = new Page(options.width, options.colour, '', []);
  page.add(page.colours.bold(`What tripod doctor found on the host (${printable(folder)})`));
  const troubled = steps.map((step, index) => (step.status === 'pass' ? '' : stepText(step, index + 1, options)));
  return `\n${page.toString()}\n${troubled.join('')}${verdictText(verdict, options)}`;
}

function mark(status: Status, colours: Palette): string {
  switch (status) {
    case 'pass':
      return colours.green('pass');
    case 'warn':
      return colours.yellow('warn');
    case 'fail':
      return colours.red('fail');
    case 'unknown':
      return colours.dim('unknown');
  }
}
