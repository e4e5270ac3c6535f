/** What a capture and the process that reads facts for it say to each other. The latter may have rights that the former has given up: it takes nothing else than this. */
import { parseAddress } from '../bytes/address.ts';
import type { PortFacts } from '../diagnosis/port-facts.ts';
import type { ClientSeen } from './return-ways.ts';

export type Question =
  /** Once, at the beginning. */
  | { readonly kind: 'watch'; readonly ports: readonly number[]; readonly trace: boolean }
  | {
      readonly kind: 'facts';
      readonly id: number;
      readonly port: number;
      readonly clients: readonly ClientSeen[];
      /** Without what takes commands of the host. */
      readonly isQuick: boolean;
    };

export type Answer =
  | { readonly kind: 'watching' }
  | {
      readonly kind: 'facts';
      readonly id: number;
      /** null: too many ports are watched. */
      readonly facts: PortFacts | null;
      /** Epoch milliseconds from which on they count. */
      readonly fromMillis: number;
      /** Epoch milliseconds up to which their counters count. */
      readonly untilMillis: number;
    };

/** Clients that one question may name. */
const MOST_CLIENTS = 64;
/** Names of interfaces (IFNAMSIZ), which become words of a command. */
const INTERFACE_NAME = /^\w[\w.:@+-]{0,14}$/;

/** The question, if it is one; null for anything else. */
export function questionOf(message: unknown): Question | null {
  if (typeof message !== 'object' || message === null) return null;
  const { kind, ports, trace, id, port, clients, isQuick } = message as Record<string, unknown>;
  if (kind === 'watch' && Array.isArray(ports) && ports.every(isPort)) return { kind, ports, trace: trace === true };
  if (kind !== 'facts' || !Number.isSafeInteger(id) || !isPort(port) || !Array.isArray(clients)) return null;
  const named = clients.slice(0, MOST_CLIENTS).filter(isClient);
  return { kind, id: id as number, port, clients: named, isQuick: isQuick === true };
}

function isPort(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 0xffff;
}

function isClient(value: unknown): value is ClientSeen {
  if (typeof value !== 'object' || value === null) return false;
  const { client, server, interface: name } = value as Record<string, unknown>;
  const isAddress = (text: unknown): boolean => typeof text === 'string' && parseAddress(text) !== null;
  return isAddress(client) && isAddress(server) && (name === null || INTERFACE_NAME.test(String(name)));
}
