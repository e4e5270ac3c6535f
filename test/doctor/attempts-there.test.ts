/** The attempt of a checkup's own connect among those of others. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { AttemptsThere } from '../../src/doctor/attempts-there.ts';
import { analyze, type Handshake } from '../../src/index.ts';
import { fixturesFolder } from '../support/paths.ts';

async function aRecord(): Promise<Handshake> {
  const [record] = (await analyze(path.join(fixturesFolder, 'kernel/normal_v4/client.pcap'))).handshakes;
  assert.ok(record !== undefined);
  return record;
}

test('it is the one from the port of the connect; where that is not known, none whose SYN the capture lacks', async () => {
  const record = await aRecord();
  const { syn } = record.legs;
  const before = { ...record, id: 1, legs: { ...record.legs, syn: { ...syn, count: 0 } } };
  const own = { ...record, id: 2 };
  const other = { ...record, id: 3, client: { ...record.client, port: record.client.port + 1 } };
  const attempts = new AttemptsThere([record.server.address], new Set([record.client.address]));
  for (const each of [before, own, other]) attempts.add(each);
  assert.equal(attempts.handshakeOf(record.server.address, other.client.port)?.id, 3);
  assert.equal(attempts.handshakeOf(record.server.address, null)?.id, 2);
  assert.deepEqual(
    attempts.without([own]).map(({ id }) => id),
    [1, 3],
  );
});

test('what this host forwards for others is none of its own', async () => {
  const record = await aRecord();
  const attempts = new AttemptsThere([record.server.address], new Set());
  attempts.add(record);
  assert.deepEqual(attempts.without([]), []);
  assert.equal(attempts.handshakeOf('192.0.2.99', null), null);
});
