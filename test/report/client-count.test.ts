import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Evidence } from '../../src/handshake/evidence.ts';
import { VERDICT } from '../../src/handshake/verdict.ts';
import { ClientCount } from '../../src/report/client-count.ts';
import { SummaryFold } from '../../src/report/summary.ts';

function attempt(client: number, port: number): Evidence {
  const e = new Evidence();
  e.synCount = 1;
  e.client3 = client;
  e.server3 = 0x0a000001;
  e.serverPort = port;
  return e;
}

describe('the clients of an endpoint', () => {
  test('count once, however often they come, and at each endpoint for itself', () => {
    const clients = new ClientCount(7);
    for (let round = 0; round < 3; round++) {
      for (let client = 0; client < 1000; client++) {
        const e = attempt(client, client < 400 ? 80 : 443);
        clients.meet(clients.numberOf(e), e);
      }
    }
    assert.equal(clients.at(clients.find(attempt(0, 80))), 400);
    assert.equal(clients.at(clients.find(attempt(0, 443))), 600);
    assert.equal(clients.find(attempt(0, 22)), -1);
  });

  test('that were met when their attempts began are those of the finished ones, and make no endpoint of their own', () => {
    const fold = new SummaryFold(7, 3e9);
    const begun = Array.from({ length: 100 }, (_, client) => attempt(client, 80));
    for (const e of begun) e.isClientMet = fold.meetClient(e);
    assert.deepEqual(fold.servers('unknown', String), []);
    const look = fold.copy();
    for (const e of begun) look.add(e, VERDICT.NO_SYN_ACK);
    look.add(attempt(5, 80), VERDICT.NO_SYN_ACK);
    assert.equal(look.servers('unknown', String)[0]?.clients, 100);
    for (const e of begun) fold.add(e, VERDICT.NO_SYN_ACK);
    assert.equal(fold.servers('unknown', String)[0]?.clients, 100);
  });
});
