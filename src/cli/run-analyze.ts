/** What `tripod analyze` does, with everything resolved. */
import type { Handshake } from '../handshake/handshake.ts';
import { analyzeSources, isNarrowed } from '../pipeline.ts';
import { lacksLeg } from '../report/lacks-leg.ts';
import { createRenderer } from '../report/render/index.ts';
import { expandInputs } from '../source/open.ts';
import type { Context } from './context.ts';
import { withDestination } from './destination.ts';
import { EXIT } from './errors.ts';
import { readKeptCheckups } from './kept-checkup.ts';
import { createProgress } from './progress.ts';
import type { ResolvedAnalyze } from './resolve.ts';
import { tell, tellDamage, tellWarnings } from './tell.ts';
import type { Output } from './write.ts';

export async function runAnalyze(options: ResolvedAnalyze, context: Context): Promise<number> {
  const { sources, warnings } = await expandInputs(options.files, { stdin: context.stdin });
  tellWarnings(context, warnings);
  const renderer = await createRenderer(options.format, {
    version: options.analysis.version,
    width: options.width,
    colour: options.colour,
    limit: options.limit,
    individually: options.individually,
    narrowed: isNarrowed(options.analysis),
  });
  const progress = createProgress(context, options.progress);
  const result = await withDestination(options.out, sources, context, async (output) => {
    output.write(renderer.begin());
    let stop = (): void => {};
    const stopped = new Promise<void>((resolve) => {
      stop = resolve;
    });
    const forgetInterrupt = context.onInterrupt(stop);
    const { steps } = renderer;
    const sink = {
      ...(steps === undefined
        ? {}
        : { text: { prepare: steps.text, emit: (text: string): void => output.write(steps.place(text)) } }),
      handshake: (handshake: Handshake): void => output.write(renderer.handshake(handshake)),
      progress: progress.update,
      stopped,
    };
    try {
      const analysis = await analyzeSources(sources, options.analysis, sink);
      output.write(renderer.end(analysis.report));
      await writeKeptCheckups(options, output, context);
      return analysis;
    } finally {
      forgetInterrupt();
      progress.clear();
    }
  });
  tellDamage(context, result.report.capture.sources);
  if (result.failures.length > 0) return EXIT.COULD_NOT;
  return options.check && lacksLeg(result.report) ? EXIT.LEG_MISSING : EXIT.DONE;
}

/** What `tripod doctor` found when it kept these packets: after the report, or for machine formats where it lies. */
async function writeKeptCheckups(options: ResolvedAnalyze, output: Output, context: Context): Promise<void> {
  const kept = await readKeptCheckups(options.files);
  if (kept.length === 0) return;
  if (options.format === 'table') {
    const { keptText } = await import('../doctor/text.ts');
    for (const { folder, steps, verdict } of kept) output.write(keptText(folder, steps, verdict, options));
  } else {
    for (const { folder, verdict } of kept) tell(context, `${folder}/checkup.json: ${verdict.sentence}`);
  }
}
