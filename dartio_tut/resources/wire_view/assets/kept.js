// The exchanges that the page keeps, and those of them that are asked for.

import { asUtf8, fromBase64 } from "./bytes.js";
import { lineOf, statusOf } from "./exchange.js";

export const MOST = 200; // As many as the server keeps.

export class Kept {
  constructor() {
    this.exchanges = new Map();
    this.connections = new Map();
    this.dropped = 0; // Exchanges that came too fast to be told.
    this.older = 0; // Exchanges that the server does not keep any more.
  }

  addExchange(exchange) {
    this.exchanges.set(exchange.id, exchange);
    while (this.exchanges.size > MOST) {
      this.exchanges.delete(Math.min(...this.exchanges.keys()));
      this.older += 1;
    }
  }

  addConnection(connection) {
    this.connections.set(connection.id, connection);
    if (this.connections.size > 2 * MOST) this.forget();
  }

  /** Forget closed connections without an exchange that is kept. */
  forget() {
    const used = new Set([...this.exchanges.values()].map((exchange) => exchange.connection));
    for (const [id, connection] of this.connections) {
      if (connection.closed !== null && !used.has(id)) this.connections.delete(id);
    }
    while (this.connections.size > 2 * MOST) this.connections.delete(Math.min(...this.connections.keys()));
  }

  /** The exchange before *exchange* on the same server. */
  before(exchange) {
    let found = null;
    for (const other of this.exchanges.values()) {
      if (other.server === exchange.server && other.id < exchange.id && other.id > (found?.id ?? -1)) found = other;
    }
    return found;
  }

  get(id) {
    return this.exchanges.get(id) ?? null;
  }

  /** Those that fit *filter*, the newest first. */
  fitting(filter) {
    return [...this.exchanges.values()].filter((exchange) => fits(exchange, filter)).sort((one, other) => other.id - one.id);
  }
}

function searched(exchange) {
  exchange.searched ??= [exchange.request, exchange.response]
    .filter(Boolean)
    .map((message) => {
      const bytes = fromBase64(message.base64);
      return asUtf8(bytes) ?? new TextDecoder("latin1").decode(bytes);
    })
    .join("\n")
    .toLowerCase();
  return exchange.searched;
}

export function fits(exchange, { server, method, status, text }) {
  if (server && exchange.server !== server) return false;
  if (method && lineOf(exchange).method !== method) return false;
  if (status === "refused") {
    if (exchange.ending !== "refused") return false;
  } else if (status === "none") {
    if (statusOf(exchange)) return false;
  } else if (status && !String(statusOf(exchange)).startsWith(status)) return false;
  return !text || searched(exchange).includes(text.toLowerCase());
}
