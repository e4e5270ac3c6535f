/** A line at the bottom of a terminal that stays in place while other lines go by above it. */
import type { Output } from './write.ts';

const ESC = '\u001b';
/** ECMA-48: ED (erase to the end of the screen). */
const ERASE_BELOW = `\r${ESC}[J`;
/** DEC private mode 7: what is longer than the line is cut, and not continued on the next. */
const NO_WRAP = `${ESC}[?7l`;
const WRAP = `${ESC}[?7h`;
/** Of a terminal that does not tell. */
const DEFAULT_COLUMNS = 80;

export class StatusLine {
  private readonly terminal: Output;
  /** What stands there; '' for nothing. */
  private drawn = '';

  constructor(terminal: Output) {
    this.terminal = terminal;
  }

  /**
   * Puts this text in place of the one before, when it is another. Only the row of the cursor is touched: some terminals break a line anew when they become narrower and some cut it, so what stands
   * above may be the rest of this line or a verdict, and a verdict must not be erased.
   */
  draw(text: string): void {
    const cut = text.slice(0, (this.terminal.columns ?? DEFAULT_COLUMNS) - 1);
    if (cut === this.drawn) return;
    this.terminal.write(`${ERASE_BELOW}${NO_WRAP}${cut}${WRAP}`);
    this.terminal.flush();
    this.drawn = cut;
  }

  /** Takes it off the screen: whatever is said next begins where it stood. */
  clear(): void {
    if (this.drawn === '') return;
    this.terminal.write(ERASE_BELOW);
    this.terminal.flush();
    this.drawn = '';
  }
}
