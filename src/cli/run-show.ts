/** What `tripod show` does, with everything resolved. */
import { analyzeSources } from '../pipeline.ts';
import { jsonText } from '../report/escape.ts';
import { renderLadder } from '../report/render/ladder.ts';
import { expandInputs } from '../source/open.ts';
import { UserError } from '../source/user-error.ts';
import type { Context } from './context.ts';
import { withDestination } from './destination.ts';
import { EXIT } from './errors.ts';
import { createProgress } from './progress.ts';
import type { ResolvedShow } from './resolve.ts';
import { tellDamage, tellWarnings } from './tell.ts';

export async function runShow(options: ResolvedShow, context: Context): Promise<number> {
  const { sources, warnings } = await expandInputs([options.file], { stdin: context.stdin });
  tellWarnings(context, warnings);
  const progress = createProgress(context, options.progress);
  const sink = { handshake: (): void => undefined, progress: progress.update };
  const { traced, report, failures } = await analyzeSources(sources, options.analysis, sink).finally(progress.clear);
  tellDamage(context, report.capture.sources);
  if (traced === null) throw new UserError(noSuchAttempt(options, report.summary.attempts));
  const { handshake, segments } = traced;
  const files = report.capture.sources.map(({ name }) => name);
  const text =
    options.format === 'json'
      ? `${jsonText({ tool: report.tool, handshake, segments, files }, 2)}\n`
      : renderLadder(handshake, segments, { width: options.width, colour: options.colour, files });
  await withDestination(options.out, sources, context, async (output) => output.write(text));
  return failures.length > 0 ? EXIT.COULD_NOT : EXIT.DONE;
}

function noSuchAttempt({ file, id }: ResolvedShow, attempts: number): string {
  if (attempts === 0) return `there is no attempt in ${file}: no handshake was captured`;
  return `there is no attempt #${id} in ${file}: it has ${attempts === 1 ? 'only #1' : `#1 to #${attempts}`}`;
}
