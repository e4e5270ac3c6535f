/** What the parts of the table report share: how wide it is, which colours it may use, which day needs no date, where its lines go. */
import { type Palette, palette, wrap } from './text.ts';

/** Below this nothing can be laid out; above it lines get too long to read. */
const NARROWEST = 40;
const WIDEST = 160;

export class Page {
  readonly width: number;
  readonly colours: Palette;
  /** The day (UTC, "2026-11-02") that times are shown without. */
  readonly today: string;
  /** Names of the files of the capture, by the index that a frame has. */
  readonly files: readonly string[];
  private readonly lines: string[] = [];

  constructor(width: number, colour: boolean, today: string, files: readonly string[]) {
    this.width = Math.min(WIDEST, Math.max(NARROWEST, width));
    this.colours = palette(colour);
    this.today = today;
    this.files = files;
  }

  /** One paragraph, broken to the width; its later lines are indented to the end of `lead`. */
  add(text: string, lead = ''): void {
    this.lines.push(...wrap(text, this.width, lead));
  }

  /** One paragraph, broken to the width; its later lines are indented a little. */
  addHanging(text: string): void {
    const [first = '', ...rest] = wrap(text, this.width);
    this.lines.push(first);
    if (rest.length > 0) this.add(rest.join(' '), '    ');
  }

  /** Lines that are laid out already. */
  addLines(lines: readonly string[]): void {
    this.lines.push(...lines);
  }

  blank(): void {
    if (this.lines.length > 0 && this.lines.at(-1) !== '') this.lines.push('');
  }

  heading(text: string): void {
    this.blank();
    this.add(this.colours.bold(text));
  }

  toString(): string {
    return this.lines.map((line) => `${line.trimEnd()}\n`).join('');
  }
}
