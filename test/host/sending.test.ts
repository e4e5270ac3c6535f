/** What the kernel's list of sockets says of a port's data: from answers of a real kernel (Linux 6.18), and look after look. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { isKnown, known, type SendingFacts, unknown } from '../../src/diagnosis/port-facts.ts';
import { SendingWatch } from '../../src/host/sending.ts';
import { parseDump } from '../../src/host/sock-diag.ts';
import type { Sending, Socket } from '../../src/host/socket.ts';
import { projectRoot } from '../support/paths.ts';

/** Answers of netlink as they came, in hexadecimal: the listener, and one connection. */
function recorded(name: string): Buffer {
  return Buffer.from(readFileSync(path.join(projectRoot, 'test/host/recorded', name), 'latin1').trim(), 'hex');
}

function socketsOf(bytes: Buffer): Socket[] {
  const sockets: Socket[] = [];
  assert.equal(parseDump(bytes, sockets), 0);
  return sockets;
}

function factsOf(sockets: readonly Socket[]): SendingFacts {
  const watch = new SendingWatch();
  watch.look(sockets, 0);
  const facts = watch.facts(sockets);
  assert.ok(isKnown(facts));
  return facts;
}

describe('answers of the kernel', () => {
  test('a segment that is repeated, and a smaller one behind it that was acknowledged (ss: rto:6656 backoff:5 unacked:3 sacked:1)', () => {
    const [listener, connection] = socketsOf(recorded('answer-repeated.hex'));
    assert.equal(listener && known(listener.sending), null);
    assert.equal(connection?.state, 'LAST-ACK');
    assert.deepEqual(connection?.sending, {
      timeouts: 5,
      timerMillis: 6656,
      doublings: 5,
      sinceSentMillis: 1544,
      segments: 3,
      octets: 4000,
      sackedSegments: 1,
      ackedOctets: 0,
      segmentsSent: 10,
      segmentOctets: 1448,
      pathMtu: 1500,
    });
  });

  test('it is stuck, and for how long: the timer ran out after 208 ms, and five times since', () => {
    const { stuck, stuckConnections, servedClients } = factsOf(socketsOf(recorded('answer-repeated.hex')));
    assert.equal(stuckConnections, 1);
    assert.equal(servedClients, 0);
    const [connection] = stuck;
    // ss, 44 ms later: busy:8200ms, a fast retransmit and a loss probe among them.
    assert.equal(connection?.sentSeconds, 7.992);
    assert.equal(connection?.repeatedSeconds, 7.368);
    assert.equal(connection?.silentSeconds, 2.152);
  });

  test('a client whose window is closed (ss: timer:(persist,…)) is not stuck, and segments that are small for it are not full-sized', () => {
    const sockets = socketsOf(recorded('window-closed.hex'));
    assert.equal((sockets[1] && known(sockets[1].sending))?.timeouts, 0);
    assert.deepEqual(factsOf(sockets), { stuck: [], stuckConnections: 0, servedClients: 0 });
  });

  test('an older kernel that says less: unknown, and no zero', () => {
    const bytes = recorded('answer-repeated.hex');
    const listenerLength = bytes.readUInt32LE(0);
    // Of the connection: a struct tcp_info that ends before the octets that were acknowledged.
    const message = bytes.subarray(listenerLength, listenerLength + bytes.readUInt32LE(listenerLength));
    const at = message.lastIndexOf(Buffer.from([0x1c, 0x01, 0x02, 0x00]));
    const short = Buffer.from(message.subarray(0, at + 4 + 120));
    short.writeUInt32LE(short.length, 0);
    short.writeUInt16LE(4 + 120, at);
    const sockets: Socket[] = [];
    parseDump(short, sockets);
    assert.equal(sockets[0]?.silentMillis, 2152);
    const watch = new SendingWatch();
    watch.look(sockets, 0);
    assert.deepEqual(watch.facts(sockets), unknown('the kernel does not say what of the data is acknowledged'));
  });
});

describe('look after look', () => {
  const [, stuck] = socketsOf(recorded('answer-repeated.hex'));
  assert.ok(stuck !== undefined && isKnown(stuck.sending));
  const other = (sending: Partial<Sending>, more: Partial<Socket> = {}): Socket => ({
    ...stuck,
    silentMillis: 0,
    sending: { ...(stuck.sending as Sending), timeouts: 0, ...sending },
    ...more,
  });

  for (const [name, sending, isServed] of [
    ['full-sized segments', { ackedOctets: 13_500, segmentsSent: 10 }, true],
    ['an answer of a segment and a half', { ackedOctets: 2000, segmentsSent: 2 }, true],
    ['one that is a large segment', { ackedOctets: 1200, segmentsSent: 1 }, true],
    ['one that is a small segment', { ackedOctets: 900, segmentsSent: 1 }, false],
    ['small ones, which may be as many octets', { ackedOctets: 13_500, segmentsSent: 40 }, false],
    ['none', { ackedOctets: 0, segmentsSent: 0 }, false],
  ] as const) {
    test(`on another connection the client has acknowledged ${name}`, () => {
      const facts = factsOf([stuck, other(sending)]);
      assert.equal(facts.stuck[0]?.isServedElsewhere, isServed);
      assert.equal(facts.servedClients, isServed ? 1 : 0);
    });
  }

  test('a connection of this host to itself says nothing of any path', () => {
    const served = { ackedOctets: 13_500, segmentsSent: 10 };
    assert.equal(factsOf([other(served, { local: '127.0.0.1', remote: '127.0.0.1' })]).servedClients, 0);
  });

  test('a connection that has ended since counts for a minute', () => {
    const watch = new SendingWatch();
    const isServed = (): boolean | undefined => known(watch.facts([stuck]))?.stuck[0]?.isServedElsewhere;
    watch.look([stuck, other({ ackedOctets: 13_500, segmentsSent: 10 })], 0);
    watch.look([stuck], 59);
    assert.equal(isServed(), true);
    watch.look([stuck], 61);
    assert.equal(isServed(), false);
  });

  test('of very many the ones that wait longest are told, and all are counted', () => {
    const many = Array.from({ length: 150 }, (_, index) =>
      other({ timeouts: 5, sinceSentMillis: index }, { remotePort: index }),
    );
    const facts = factsOf(many);
    assert.equal(facts.stuckConnections, 150);
    assert.equal(facts.stuck.length, 100);
    assert.equal(facts.stuck[0]?.clientPort, 149);
  });

  test('very many clients are forgotten, the first ones first', () => {
    const watch = new SendingWatch();
    const served = { ackedOctets: 13_500, segmentsSent: 10 };
    watch.look([other(served)], 0);
    watch.look(
      Array.from({ length: 10_000 }, (_, index) => other(served, { remote: `client ${index}` })),
      1,
    );
    const facts = known(watch.facts([stuck]));
    assert.equal(facts?.servedClients, 10_000);
    assert.equal(facts?.stuck[0]?.isServedElsewhere, false);
  });
});
