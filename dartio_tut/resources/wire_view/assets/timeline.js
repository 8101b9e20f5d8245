// A line of time for each connection.
//
// Exchanges take a thousandth of a second, and people wait for seconds between them: on
// an even scale nothing could be seen. So the places are in the order of time, and a step
// between two of them grows with the logarithm of the time between; a pause in which
// nothing happens is cut short, and says how long it was.

import { duration } from "./bytes.js";

const BLOCK = 136; // Pixels of an exchange at least: room for its words.
const HEAD = 62; // Pixels of a connection before its first exchange: its client's port.
const STEP = 5; // Pixels between two moments at least.
const GROWTH = 9; // Pixels for each tenfold of a thousandth of a second.
const PAUSE = 60; // Pixels of a pause.
const MARKED = 300; // Pixels without a time that is written at most, while something happens.
const PAUSE_SECONDS = 1;
const ORDER = ["opened", "started", "first", "ended", "closed"];

/** What comes first of two moments at the same time: an exchange ends before the next begins. */
function earlier(one, other) {
  const rank = ({ what }) => (what === "opened" ? -1 : what === "closed" ? 1 : 0);
  return rank(one) - rank(other) || one.id - other.id || ORDER.indexOf(one.what) - ORDER.indexOf(other.what);
}

function moments(exchanges, connections) {
  const found = [];
  const shown = new Map();
  for (const exchange of exchanges) {
    const { id, connection } = exchange;
    if (!shown.has(connection)) shown.set(connection, []);
    shown.get(connection).push(exchange);
    found.push({ time: exchange.started, what: "started", id, connection });
    if (exchange.first_byte !== null) found.push({ time: exchange.started + exchange.first_byte, what: "first", id, connection });
    if (exchange.ended !== null) found.push({ time: exchange.started + exchange.ended, what: "ended", id, connection });
  }
  const begin = Math.min(...found.map(({ time }) => time));
  for (const [id, own] of shown) {
    const known = connections.get(id);
    const opened = known?.opened ?? Math.min(...own.map(({ started }) => started));
    // What is no longer kept of a connection happened before all that is.
    found.push({ time: Math.max(opened, begin - 0.001), what: "opened", id, connection: id });
    if (known && known.closed !== null) found.push({ time: known.closed, what: "closed", id, connection: id });
  }
  found.sort((one, other) => one.time - other.time || earlier(one, other));
  return [found, shown];
}

/** Give each moment its place; return the pauses and the times that are written. */
function place(found) {
  const at = { opened: new Map(), started: new Map(), first: new Map(), ended: new Map(), closed: new Map() };
  const pauses = [];
  const marks = [];
  let x = 8;
  let last = found[0]?.time ?? 0;
  let open = 0;
  let quiet = true;
  let begin = last;
  for (const { time, what, id, connection } of found) {
    const passed = time - last;
    if (!open && passed >= PAUSE_SECONDS && marks.length) {
      pauses.push({ x: x + 6, width: PAUSE - 12, text: duration(passed) });
      x += PAUSE;
      quiet = true;
    } else x += STEP + GROWTH * Math.log10(1 + Math.max(0, passed) * 1000);
    if (what === "started") {
      x = Math.max(x, at.opened.get(connection) + HEAD);
      open += 1;
      if (quiet) {
        begin = time;
        marks.push({ x, time, since: null });
      } else if (x - marks.at(-1).x > MARKED) marks.push({ x, time, since: time - begin });
      quiet = false;
    } else if (what === "first") x = Math.max(x, at.started.get(id) + BLOCK * 0.4);
    else if (what === "ended") {
      x = Math.max(x, at.started.get(id) + BLOCK);
      open -= 1;
    }
    at[what].set(id, x);
    last = time;
  }
  return { at, pauses, marks, width: x + BLOCK };
}

/**
 * Where everything is: {width, bands, pauses, marks}. A mark is a time {x, time, since}: since the last pause
 * it is so many seconds, where a mark stands at its end already. A band is a server with its lanes; a
 * lane is a connection {id, row, left, right, isOpen, blocks}, a block an exchange {id, left, first,
 * right, depth, isOpen}: the depth is above 0 where one exchange begins before the one before it has
 * ended, as pipelined requests do. Lanes of a row do not overlap.
 */
export function layout(exchanges, connections) {
  if (!exchanges.length) return { width: 0, bands: [], pauses: [], marks: [] };
  const [found, shown] = moments(exchanges, connections);
  const { at, pauses, marks, width } = place(found);
  const bands = new Map();
  const lanes = [...shown].sort(([one], [other]) => at.opened.get(one) - at.opened.get(other));
  for (const [id, own] of lanes) {
    own.sort((one, other) => one.started - other.started || one.id - other.id);
    const busy = [];
    const blocks = own.map((exchange) => {
      const left = at.started.get(exchange.id);
      const right = at.ended.get(exchange.id) ?? width - 8;
      let depth = busy.findIndex((until) => until <= left);
      if (depth < 0) depth = busy.length;
      busy[depth] = right;
      return { id: exchange.id, left, first: at.first.get(exchange.id) ?? right, right, depth, isOpen: exchange.ended === null };
    });
    const closed = at.closed.get(id);
    const isOpen = closed === undefined && connections.get(id)?.closed === null;
    const right = closed ?? (isOpen ? width - 8 : Math.max(...blocks.map((block) => block.right)) + 6);
    const { server } = own[0];
    if (!bands.has(server)) bands.set(server, { server, rows: [], lanes: [] });
    const band = bands.get(server);
    const left = at.opened.get(id);
    let row = band.rows.findIndex((other) => other.until + 8 <= left);
    if (row < 0) row = band.rows.push({ until: 0, depth: 1 }) - 1;
    band.rows[row].until = right;
    band.rows[row].depth = Math.max(band.rows[row].depth, busy.length);
    band.lanes.push({ id, row, left, right, isOpen, blocks });
  }
  return { width, bands: [...bands.values()], pauses, marks };
}
