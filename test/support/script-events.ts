/** What the state machine took each segment of a script for. */
import { analyzeWith } from './analyze-with.ts';
import { parseScript } from './script.ts';
import { encodeScript } from './script-frames.ts';

const ENDS = 'end c 10.0.0.1:40000\nend s 10.0.0.2:80\n';

/** Event names of the segments of attempt `id`, in their order. `lines` are packets between c and s. */
export async function eventsOf(lines: string, id = 1): Promise<string[]> {
  const { segments } = await analyzeWith(encodeScript(parseScript(ENDS + lines)), { trace: id });
  return segments.map(({ event }) => event);
}
