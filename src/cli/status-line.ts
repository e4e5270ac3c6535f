/** A line at the bottom of a terminal that stays in place while other lines go by above it. */
import type { Output } from './write.ts';

const ESC = '\u001b';
/** ECMA-48: EL (erase the line), ED (erase to the end of the screen). */
const ERASE_BELOW = `${ESC}[J`;
/** DEC private mode 7: what is longer than the line is cut, and not continued on the next. */
const NO_WRAP = `${ESC}[?7l`;
const WRAP = `${ESC}[?7h`;

export class StatusLine {
  private readonly terminal: Output;
  private drawn = 0;

  constructor(terminal: Output) {
    this.terminal = terminal;
  }

  /** Puts this text in place of the one before. */
  draw(text: string): void {
    this.terminal.write(`${this.erasure()}${NO_WRAP}${text}${WRAP}`);
    this.terminal.flush();
    this.drawn = text.length;
  }

  /** Takes it off the screen: whatever is said next begins where it stood. */
  clear(): void {
    if (this.drawn === 0) return;
    this.terminal.write(this.erasure());
    this.terminal.flush();
    this.drawn = 0;
  }

  /** A terminal that has become narrower since has broken the line: then it stands on several rows. */
  private erasure(): string {
    const columns = this.terminal.columns ?? 80;
    const rowsAbove = this.drawn === 0 ? 0 : Math.ceil(this.drawn / columns) - 1;
    return `\r${rowsAbove > 0 ? `${ESC}[${rowsAbove}A` : ''}${ERASE_BELOW}`;
  }
}
