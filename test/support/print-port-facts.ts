/** Run in a namespace of its own: prints the facts of a port, as one line of JSON. Arguments: port, seconds, and CLIENT,SERVER,INTERFACE of each client. */
import { setTimeout as wait } from 'node:timers/promises';
import { watchPort } from '../../src/host/watch-port.ts';

const [port, seconds, ...clients] = process.argv.slice(2);
const watch = await watchPort(Number(port));
process.stdout.write('watching\n');
await wait(Number(seconds) * 1000);
const seen = clients.map((words) => {
  const [client = '', server = '', link] = words.split(',');
  return { client, server, interface: link ?? null };
});
process.stdout.write(`${JSON.stringify(await watch.facts(seen))}\n`);
watch.stop();
