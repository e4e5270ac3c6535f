/** What it saves to leave out the bulk data of a busy server in the kernel: a download on the captured port, with the filter that does so and with one that hands everything over. */
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { projectRoot } from '../../test/support/paths.ts';
import { Wire } from './wire.ts';

const PORT = 5201;
const [SERVER, CLIENT] = ['10.9.0.2', '10.9.0.1'] as const;
const GIGABYTES = 4;
const SETTLE_MILLIS = 500;
const SERVE = `
const piece = Buffer.alloc(1 << 20);
require('net').createServer((socket) => {
  let left = ${GIGABYTES * 1000};
  const send = () => { while (left-- > 0) if (!socket.write(piece)) return; socket.end(); };
  socket.on('drain', send).on('error', () => {});
  send();
}).listen(${PORT}, () => console.log('listening'))`;
const DOWNLOAD = `require('net').connect(${PORT}, '${SERVER}').on('close', () => process.exit(0)).resume()`;

/** @param segmented whether each segment passes by itself; else the server's interface takes up to 64 KiB at a time, as cards do that segment */
export async function measureBulk(mode: 'dropped' | 'whole', segmented: boolean): Promise<string> {
  const wire = new Wire();
  try {
    wire.address(CLIENT, SERVER);
    if (segmented) wire.segmentInSoftware();
    const server = wire.capture(process.execPath, ['--eval', SERVE]);
    await server.says(/listening/);
    const program = path.join(projectRoot, 'dist/bench/live/bulk-capture.js');
    const capturing = wire.capture(process.execPath, [program, 'w', String(PORT), mode]);
    await capturing.says(/capturing/);
    await wait(SETTLE_MILLIS);
    const before = capturing.cpuSeconds();
    const began = performance.now();
    await once(wire.start(process.execPath, ['--eval', DOWNLOAD]), 'close');
    const seconds = (performance.now() - began) / 1000;
    await wait(SETTLE_MILLIS);
    const cpu = capturing.cpuSeconds() - before;
    await capturing.interrupt();
    const { packets, lost } = JSON.parse(capturing.stdout);
    return `${(GIGABYTES / seconds).toFixed(2)} GB/s, ${packets} packets handed over, ${lost} lost, ${cpu.toFixed(2)} s of processor`;
  } finally {
    wire.close();
  }
}
