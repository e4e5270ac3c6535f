/** Lines of a process's output as they come. */
import { createInterface, type Interface } from 'node:readline';
import type { Readable } from 'node:stream';

export class LineReader {
  private readonly lines: string[] = [];
  private readonly interface: Interface;
  private wake: () => void = () => {};
  private isClosed = false;

  constructor(stream: Readable | null) {
    if (stream === null) throw new Error('the process has no pipe for its output');
    this.interface = createInterface(stream);
    this.interface.on('line', (line) => {
      this.lines.push(line);
      this.wake();
    });
    this.interface.on('close', () => {
      this.isClosed = true;
      this.wake();
    });
  }

  /** The first line, of those that came and those that come, for which this is so. @throws Error when the output ends without one */
  async find(isWanted: (line: string) => boolean): Promise<string> {
    for (let next = 0; ; next += 1) {
      while (next >= this.lines.length) {
        if (this.isClosed) throw new Error(`the output ended without the line: ${this.lines.join('\n')}`);
        await new Promise<void>((resolve) => {
          this.wake = resolve;
        });
      }
      const line = this.lines[next] as string;
      if (isWanted(line)) return line;
    }
  }

  all(): readonly string[] {
    return this.lines;
  }
}
