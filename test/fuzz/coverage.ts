/**
 * Which code of src/ has run, from V8's own block coverage: the feedback that tells an input worth keeping. Asking costs milliseconds, so it is asked once for many
 * inputs. (Jazzer.js, the one
 * kept coverage-guided fuzzer for Node, is a binary: of version 4.0.0 it needs glibc 2.38, Debian 12 has 2.36. It would not know the structure of captures either.)
 */
import { Session } from 'node:inspector';
import { pathToFileURL } from 'node:url';
import { projectRoot } from '../support/paths.ts';

interface FunctionCoverage {
  readonly ranges: readonly { readonly startOffset: number; readonly endOffset: number; readonly count: number }[];
}

export class Coverage {
  private readonly session = new Session();
  private readonly seen = new Set<string>();
  private readonly prefix = `${pathToFileURL(projectRoot).href}/dist/src/`;

  constructor() {
    this.session.connect();
    this.session.post('Profiler.enable');
    this.session.post('Profiler.startPreciseCoverage', { callCount: false, detailed: true });
  }

  /** Blocks that ran for the first time since the last call. */
  newBlocks(): number {
    const before = this.seen.size;
    this.session.post('Profiler.takePreciseCoverage', (error, answer) => {
      if (error !== null) throw error;
      for (const { url, functions } of answer.result) {
        if (url.startsWith(this.prefix))
          for (const { ranges } of functions as FunctionCoverage[]) this.add(url, ranges);
      }
    });
    return this.seen.size - before;
  }

  private add(url: string, ranges: FunctionCoverage['ranges']): void {
    for (const { startOffset, endOffset, count } of ranges)
      if (count > 0) this.seen.add(`${url} ${startOffset} ${endOffset}`);
  }

  get blocks(): number {
    return this.seen.size;
  }

  /** Code runs at its full speed again. */
  end(): void {
    this.session.post('Profiler.stopPreciseCoverage');
    this.session.disconnect();
  }
}
