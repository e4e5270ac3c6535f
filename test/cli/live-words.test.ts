/** What a live capture says: the line of a verdict, the status of a terminal. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { causeLine, statusLine, togetherLine, verdictComment, verdictLine } from '../../src/cli/live-words.ts';
import { StatusLine } from '../../src/cli/status-line.ts';
import type { Handshake, VerdictName } from '../../src/handshake/handshake.ts';
import { VERDICTS } from '../../src/handshake/handshake.ts';
import { analyze } from '../../src/index.ts';
import { parseScript } from '../support/script.ts';
import { encodeScript } from '../support/script-frames.ts';

const UNANSWERED = `
end c 10.0.0.1:40000
end s 10.0.0.2:80
0.000  c > s  S  1000:1000(0)
1.000  c > s  S  1000:1000(0)
`;

async function handshakeOf(script: string): Promise<Handshake> {
  const [capture] = encodeScript(parseScript(script));
  const { handshakes } = await analyze(capture as Uint8Array);
  return handshakes[0] as Handshake;
}

const counts = (given: Partial<Record<VerdictName, number>>): Record<VerdictName, number> =>
  ({ ...Object.fromEntries(VERDICTS.map((verdict) => [verdict, 0])), ...given }) as Record<VerdictName, number>;

describe('the line of a verdict', () => {
  test('in a pipe it is one line, with the time in full', async () => {
    const handshake = await handshakeOf(UNANSWERED);
    const line = verdictLine({ ...handshake, diagnoses: [] }, { width: null, colour: false });
    assert.match(
      line,
      /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z #1 10\.0\.0\.1:40000 > 10\.0\.0\.2:80 {2}SYN-ACK missing \(no-syn-ack\): 2 SYNs over 1 s, and no answer of any kind\.\n$/,
    );
  });

  test('on a terminal it is broken to the width, and its later lines are indented', async () => {
    const handshake = await handshakeOf(UNANSWERED);
    for (const width of [20, 40, 60, 80, 132]) {
      const lines = verdictLine(handshake, { width, colour: false }).trimEnd().split('\n');
      assert.match(lines[0] ?? '', /^\d\d:\d\d:\d\d\.\d{3} #1/);
      for (const line of lines) assert.ok(line.length <= Math.max(20, width), line);
      for (const line of lines.slice(1)) assert.match(line, /^ {4}\S/);
    }
  });

  test('of a flood, how many more there were, and when they began', async () => {
    const sample = await handshakeOf(UNANSWERED);
    const group = { sample, attempts: 49_980, first: '1700000000.123456', last: '1700000000.999999' };
    assert.equal(
      togetherLine(group, { width: null, colour: false }),
      '2023-11-14T22:13:20.123456Z and 49,980 more > 10.0.0.2:80  SYN-ACK missing (no-syn-ack), the last begun at 2023-11-14T22:13:20.999999Z\n',
    );
  });

  test('of a cause: what it rests on, and the next command, as it can be typed', async () => {
    const handshake = await handshakeOf(UNANSWERED);
    const evidence = ['no process listens on port 80', 'the kernel counted it', 'a third sentence'];
    const advice = 'ss -ltn sport = :PORT, for SERVER';
    const diagnosis = { cause: 'port-closed', confidence: 'proven', evidence, advice } as const;
    assert.equal(
      causeLine(handshake, diagnosis, { width: null, colour: false }),
      '10.0.0.2:80  port-closed (proven): no process listens on port 80; the kernel counted it. Next: ss -ltn sport = :80, for 10.0.0.2\n',
    );
    assert.equal(
      causeLine(handshake, { ...diagnosis, evidence: [] }, { width: 40, colour: false }),
      '10.0.0.2:80  port-closed (proven): Next:\n    ss -ltn sport = :80, for 10.0.0.2\n',
    );
  });

  test('an amended one says so, and the first cause stands at the end', async () => {
    const diagnosis = { cause: 'syn-queue-full', confidence: 'likely', evidence: [], advice: '' } as const;
    const handshake = { ...(await handshakeOf(UNANSWERED)), revision: 1, diagnoses: [diagnosis] };
    const line = verdictLine(handshake, { width: null, colour: false });
    assert.match(line, / {2}amended: SYN-ACK missing \(no-syn-ack\): .* Likely: syn-queue-full\.\n$/);
    assert.match(
      verdictComment(handshake),
      /^tripod: 10\.0\.0\.1:40000 > .*: amended: SYN-ACK missing .* Likely: syn-queue-full\.$/,
    );
  });
});

describe('the status of a terminal', () => {
  const facts = {
    standing: {
      open: 3,
      byVerdict: counts({}),
      endpoints: [
        {
          address: '10.0.0.2',
          port: 443,
          byVerdict: counts({ complete: 90, 'no-syn-ack': 4, 'no-ack': 5, 'no-syn': 1 }),
        },
        { address: '10.0.0.3', port: 443, byVerdict: counts({ complete: 10, 'ack-ignored': 2, undecided: 1 }) },
        { address: '2001:db8::1', port: 80, byVerdict: counts({ refused: 1 }) },
      ],
    },
    ports: [] as readonly number[],
    packets: 12_345,
    packetsPerSecond: 99.6,
    attemptsPerSecond: 2,
    lost: 7,
  };

  test('answers the three questions for the busiest endpoints', () => {
    assert.equal(
      statusLine(facts, 300),
      '10.0.0.2:443 SYN 99, SYN-ACK 96, ACK 90, 10 lack a leg | 10.0.0.3:443 SYN 13, SYN-ACK 12, ACK 12, 2 lack a leg | 3 open | 7 lost | 100 packets/s | 2 SYN/s | 12,345 packets',
    );
  });

  test('for the ports that were asked for, over all servers; a port that nobody came to is there, too', () => {
    const line = statusLine({ ...facts, ports: [443, 8080], lost: null }, 300);
    assert.equal(
      line,
      ':443 SYN 112, SYN-ACK 108, ACK 102, 12 lack a leg | :8080 SYN 0, SYN-ACK 0, ACK 0 | 3 open | 100 packets/s | 2 SYN/s | 12,345 packets',
    );
  });

  test('is shorter than the terminal is wide, whatever the width', () => {
    for (let width = 1; width < 200; width++) assert.ok(statusLine(facts, width).length < width, String(width));
  });

  test('is drawn anew only when it says something else or was taken off', () => {
    const { status, shown } = onTerminal(80);
    status.draw('1 open');
    assert.equal(shown(), '\r\u001b[J\u001b[?7l1 open\u001b[?7h');
    status.draw('1 open');
    assert.equal(shown(), '');
    status.clear();
    assert.equal(shown(), '\r\u001b[J');
    status.clear();
    assert.equal(shown(), '');
    status.draw('1 open');
    assert.equal(shown(), '\r\u001b[J\u001b[?7l1 open\u001b[?7h');
  });

  test('touches its own row alone, also when the terminal has become narrower than the line', () => {
    const { status, shown, terminal } = onTerminal(80);
    status.draw('x'.repeat(70));
    shown();
    terminal.columns = 30;
    status.draw('x'.repeat(70));
    assert.equal(shown(), `\r\u001b[J\u001b[?7l${'x'.repeat(29)}\u001b[?7h`);
    status.clear();
    assert.equal(shown(), '\r\u001b[J');
  });
});

function onTerminal(columns: number): {
  readonly status: StatusLine;
  readonly terminal: { columns: number };
  readonly shown: () => string;
} {
  let text = '';
  const write = (more: string): void => {
    text += more;
  };
  const terminal = { isTTY: true, columns, write, flush: () => undefined };
  const shown = (): string => {
    const all = text;
    text = '';
    return all;
  };
  return { status: new StatusLine(terminal), terminal, shown };
}
