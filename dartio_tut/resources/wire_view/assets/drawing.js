// Draws the lines of time that timeline.js lays out.

import { fill, make, roving } from "./elements.js";
import { clock, duration } from "./bytes.js";
import { family, lineOf, statusOf } from "./exchange.js";
import { layout } from "./timeline.js";

const ROW = 30; // Pixels of a lane, and of each further exchange that is under way in it.

function put(element, { left, top, width, height }) {
  for (const [name, value] of Object.entries({ left, top, width, height })) {
    if (value !== undefined) element.style[name] = `${value}px`;
  }
  return element;
}

/** The client's port, which tells its connections apart. */
function portOf(peer) {
  return peer ? `:${peer.slice(peer.lastIndexOf(":") + 1)}` : "";
}

export class Drawing {
  /** Draw in *element*; *chosen* is called with the number of an exchange. */
  constructor(element, chosen) {
    this.element = element;
    this.chosen = chosen;
    this.canvas = make("div", { class: "canvas", role: "group", "aria-label": "Exchanges in the order of time" });
    this.element.append(this.canvas);
    this.blocks = new Map();
    this.selected = null;
    this.follows = true;
    element.addEventListener("scroll", () => {
      this.follows = element.scrollLeft + element.clientWidth > element.scrollWidth - 40;
    }, { passive: true });
    const next = (way) => (all, at) => this.beside(all, at, way);
    roving(
      this.canvas,
      () => [...this.canvas.querySelectorAll(".block")].sort((one, other) => one.dataset.exchange - other.dataset.exchange),
      { ArrowRight: 1, ArrowLeft: -1, ArrowDown: next(1), ArrowUp: next(-1), Home: () => 0, End: (all) => all.length - 1 },
      (block) => this.chosen(Number(block.dataset.exchange)),
    );
  }

  /** The nearest block in the lane below or above. */
  beside(all, at, way) {
    const here = all[at].getBoundingClientRect();
    let best = at;
    let least = Infinity;
    all.forEach((block, index) => {
      const there = block.getBoundingClientRect();
      const down = (there.top - here.top) * way;
      if (down < 4) return;
      const far = down * 10 + Math.abs(there.left - here.left);
      if (far < least) [best, least] = [index, far];
    });
    return best;
  }

  draw(exchanges, connections) {
    const focused = document.activeElement?.closest?.(".block")?.dataset.exchange;
    const { width, bands, pauses, marks } = layout(exchanges, connections);
    const byId = new Map(exchanges.map((exchange) => [exchange.id, exchange]));
    this.blocks.clear();
    const times = marks.map(({ x, time, since }) => put(make("span", {}, since === null ? clock(time) : `+${duration(since)}`), { left: x }));
    const waits = pauses.map(({ x, width: wide, text }) => put(make("span", { class: "wait" }, text), { left: x + wide / 2 }));
    const axis = make("div", { class: "axis", "aria-hidden": "true" }, make("div", {}, times, waits));
    const shown = bands.map((band) => this.band(band, byId, connections));
    const gaps = pauses.map(({ x, width: wide }) => put(make("div", { class: "pause", "aria-hidden": "true" }), { left: x, width: wide }));
    fill(this.canvas, axis, gaps, shown);
    this.canvas.style.width = `${width}px`;
    this.mark();
    if (focused) this.blocks.get(Number(focused))?.focus({ preventScroll: true });
    if (this.follows) this.toNewest(exchanges);
  }

  /** Scroll to the newest of *exchanges*. */
  toNewest(exchanges) {
    this.element.scrollLeft = this.element.scrollWidth;
    const newest = Math.max(...exchanges.map(({ id }) => id));
    this.intoSight(this.blocks.get(newest), { across: false });
  }

  /** Scroll this box, but never the page. */
  intoSight(block, { across }) {
    if (!block) return;
    const box = this.element.getBoundingClientRect();
    const there = block.getBoundingClientRect();
    if (across && (there.left < box.left + 110 || there.right > box.right)) this.element.scrollLeft += there.left - box.left - box.width / 3;
    if (there.top < box.top + 28) this.element.scrollTop += there.top - box.top - 60;
    else if (there.bottom > box.bottom - 12) this.element.scrollTop += there.bottom - box.bottom + 20;
  }

  band({ server, rows, lanes }, byId, connections) {
    let top = 0;
    const tops = rows.map(({ depth }) => {
      const own = top;
      top += depth * ROW + 6;
      return own;
    });
    const drawn = lanes.map((lane) => {
      const height = rows[lane.row].depth * ROW;
      const peer = connections.get(lane.id)?.peer ?? byId.get(lane.blocks[0].id).peer;
      const element = make(
        "div",
        { class: `lane${lane.isOpen ? " is-open" : ""}`, title: `Connection ${lane.id} from ${peer || "a client"}${lane.isOpen ? ", open" : ""}` },
        make("span", { class: "port", "aria-hidden": "true" }, portOf(peer)),
        lane.blocks.map((block) => this.block(block, byId.get(block.id), lane)),
      );
      return put(element, { left: lane.left, top: tops[lane.row], width: lane.right - lane.left, height });
    });
    const area = put(make("div", { class: "lanes" }, drawn), { height: top });
    return make("div", { class: "band", role: "group", "aria-label": server }, make("div", { class: "server" }, make("span", {}, server)), area);
  }

  block(block, exchange, lane) {
    const { method, target } = lineOf(exchange);
    const status = statusOf(exchange) || (block.isOpen ? "…" : "–");
    const pipelined = block.depth ? ", begun before the one before it had ended" : "";
    const element = make(
      "button",
      {
        type: "button",
        class: `block ${family(exchange)}${block.isOpen ? " is-open" : ""} ended-${exchange.ending.replace(" ", "-")}`,
        tabindex: -1,
        "data-exchange": exchange.id,
        "aria-label": `Exchange ${exchange.id}: ${method || "not a request"} ${target.slice(0, 80)}, ${statusOf(exchange) || "no status code"}, connection ${lane.id}${pipelined}`,
        title: `${exchange.id}: ${method} ${target.slice(0, 200)}`,
      },
      make("span", { class: "asked" }, `${method || "?"} ${target.slice(0, 60)}`),
      make("span", { class: "code" }, String(status)),
    );
    element.style.setProperty("--answered", `${Math.round(block.first - block.left)}px`);
    element.addEventListener("click", () => this.chosen(exchange.id));
    this.blocks.set(exchange.id, element);
    return put(element, { left: block.left - lane.left, top: block.depth * ROW + 2, width: block.right - block.left - 2, height: ROW - 4 });
  }

  /** Mark the exchange *id* as the selected one. */
  select(id, { scroll = false } = {}) {
    this.selected = id;
    this.mark();
    if (scroll) this.intoSight(this.blocks.get(id), { across: true });
  }

  mark() {
    let reachable = null;
    for (const [id, block] of this.blocks) {
      const selected = id === this.selected;
      block.classList.toggle("selected", selected);
      if (selected) block.setAttribute("aria-current", "true");
      else block.removeAttribute("aria-current");
      block.tabIndex = -1;
      if (selected || reachable === null) reachable = block;
    }
    const chosen = this.blocks.get(this.selected);
    if (chosen ?? reachable) (chosen ?? reachable).tabIndex = 0;
  }
}
