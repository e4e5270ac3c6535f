/** Lines of a capture's output with the time at which they came. */
import type { Running } from '../../test/support/running.ts';

/** @param take gets each whole line, and the epoch milliseconds, with fractions, at which its last octets were read */
export function onTimedLines(capturing: Running, take: (line: string, epochMillis: number) => void): void {
  let rest = '';
  capturing.child.stdout?.on('data', (text) => {
    const now = performance.timeOrigin + performance.now();
    const lines = `${rest}${text}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) take(line, now);
  });
}
