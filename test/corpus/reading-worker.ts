/** The far side of reading.ts: a path comes in, what tripod says of that capture goes out. */
import { parentPort } from 'node:worker_threads';
import { analyze } from '../../src/index.ts';

parentPort?.on('message', async (file: string) => {
  try {
    const { report, handshakes, failures } = await analyze(file);
    const named = failures.map(({ constructor: { name }, message }) => ({ name, message }));
    parentPort?.postMessage({ result: { report, handshakes, failures: named }, crash: null });
  } catch (error) {
    parentPort?.postMessage({
      result: null,
      crash: error instanceof Error ? (error.stack ?? error.message) : String(error),
    });
  }
});
