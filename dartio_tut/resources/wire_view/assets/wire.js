// The page /wire/: every exchange with the servers, as it happens.

import { fill, make } from "./elements.js";
import { counted, duration, toBase64, fromBase64 } from "./bytes.js";
import { Drawing } from "./drawing.js";
import { lineOf, showExchange, statusBadge, statusOf } from "./exchange.js";
import { Explanation } from "./message.js";
import { Kept } from "./kept.js";
import { listen } from "./live.js";

const SAID_MS = 4000; // Milliseconds between two announcements of new exchanges.
const DRAWN_MS = 100; // Milliseconds between two drawings: a flood is drawn in steps.

const RENEWED_MS = 1500; // Milliseconds after a flood until all that is kept is asked for.

const $ = (id) => document.getElementById(id);
const base = new URL(".", location.href).pathname;
const kept = new Kept();
const explanation = new Explanation("explanation");
const drawing = new Drawing($("lines"), (id) => select(id, { from: "lines" }));
const rows = new Map();

let selected = null;
let shown = null; // The exchange that the details show, as it was then.
let paused = null; // While paused: the events that wait.
let timer = 0;
let renewal = 0;

const filter = () => Object.fromEntries(new FormData($("filter")));

function later() {
  if (!timer) timer = setTimeout(draw, DRAWN_MS);
}

function draw() {
  timer = 0;
  const fitting = kept.fitting(filter());
  const all = kept.exchanges.size;
  $("empty").hidden = all > 0;
  $("view").hidden = !all;
  drawList(fitting);
  drawing.draw(fitting, kept.connections);
  const older = kept.older ? `, ${kept.older.toLocaleString("en")} older are not kept` : "";
  $("count").textContent = fitting.length === all ? `${counted(all, "exchange")}${older}` : `${fitting.length} of ${counted(all, "exchange")} fit`;
  $("dropped").hidden = !kept.dropped;
  $("dropped").textContent = `${counted(kept.dropped, "exchange")} came faster than they could be shown here.`;
  $("show-all").hidden = !Object.values(filter()).some(Boolean);
  drawChoices();
  if (selected === null && fitting.length) choose(fitting[0].id);
  else showSelected();
}

function row(exchange) {
  const { method, target } = lineOf(exchange);
  const took = exchange.ended === null ? "…" : duration(exchange.ended);
  return make(
    "li",
    { role: "option", tabindex: -1, id: `row-${exchange.id}`, "data-exchange": exchange.id, "aria-selected": "false" },
    make("span", { class: "number" }, String(exchange.id)),
    make("span", { class: "asked" }, make("b", {}, method || "?"), " ", target || "not a request"),
    statusBadge(exchange),
    make("span", { class: "meta" }, `${exchange.server} · ${exchange.ending === "complete" ? took : exchange.ending}`),
  );
}

function drawList(fitting) {
  const list = $("list");
  const wanted = fitting.map((exchange) => {
    let known = rows.get(exchange.id);
    if (known?.exchange !== exchange) {
      const element = row(exchange);
      if (known?.element.contains(document.activeElement)) setTimeout(() => element.focus({ preventScroll: true }));
      known = { exchange, element };
      rows.set(exchange.id, known);
    }
    return known.element;
  });
  const at = new Set(wanted);
  for (const [id, { element }] of rows) if (!at.has(element)) rows.delete(id);
  wanted.forEach((element, index) => {
    if (list.children[index] !== element) list.insertBefore(element, list.children[index] ?? null);
  });
  while (list.children.length > wanted.length) list.lastElementChild.remove();
  markRow();
}

function markRow() {
  let first = true;
  for (const element of $("list").children) {
    const chosen = Number(element.dataset.exchange) === selected;
    element.setAttribute("aria-selected", String(chosen));
    element.tabIndex = chosen || (first && !rows.has(selected)) ? 0 : -1;
    first = false;
  }
}

/** Scroll the list, but not the page. */
function rowIntoSight(id) {
  const list = $("list");
  const element = rows.get(id)?.element;
  if (!element) return;
  const top = element.offsetTop - list.offsetTop;
  const bottom = top + element.offsetHeight;
  if (top < list.scrollTop) list.scrollTop = top;
  else if (bottom > list.scrollTop + list.clientHeight) list.scrollTop = bottom - list.clientHeight;
}

/** Offer the servers and methods that there are. */
function drawChoices() {
  const offer = (id, found) => {
    const element = $(id);
    const known = new Set([...element.options].map((option) => option.value));
    for (const value of [...found].sort()) if (value && !known.has(value)) element.append(make("option", { value }, value.slice(0, 30)));
  };
  const all = [...kept.exchanges.values()];
  offer("server", new Set(all.map(({ server }) => server)));
  offer("method", new Set(all.map((exchange) => lineOf(exchange).method)));
}

function choose(id) {
  selected = id;
  markRow();
  drawing.select(id);
  showSelected();
}

/** Select the exchange *id*, as a person asks for it. */
function select(id, { from = "" } = {}) {
  choose(id);
  drawing.select(id, { scroll: from !== "lines" });
  if (from !== "list") rowIntoSight(id);
  history.replaceState(null, "", `#exchange=${id}`);
}

function showSelected() {
  const exchange = kept.get(selected);
  if (!exchange) {
    if (selected !== null && shown?.id !== selected) missing();
    return;
  }
  if (shown === exchange) return;
  const looked = shown?.id === exchange.id ? lookedAt() : null;
  shown = exchange;
  const laboratory = `/try/#server=${encodeURIComponent(exchange.server)}&base64=${encodeURIComponent(toBase64(fromBase64(exchange.request.base64)))}`;
  showExchange($("details"), exchange, explanation, {
    before: kept.before(exchange),
    links: [
      make("a", { href: `${base}exchanges/${exchange.id}` }, "Permalink"),
      " · ",
      make("a", { href: laboratory }, "Change it and send it in the laboratory"),
    ],
  });
  // The same exchange goes on: the part that is being looked at stays the same.
  if (looked) $("details").querySelector(looked)?.focus({ preventScroll: true });
}

/** Where in the details the part is that has the focus. */
function lookedAt() {
  const part = document.activeElement?.closest?.("#details .parts .part");
  if (!part) return null;
  const sender = part.closest(".from-client") ? "client" : "server";
  return `.from-${sender} .parts [data-part="${Number(part.dataset.part)}"]`;
}

async function missing() {
  const id = selected;
  shown = { id };
  fill($("details"), make("p", { class: "muted" }, `Looking for exchange ${id} …`));
  const answer = await fetch(`${base}exchanges/${id}.json`).catch(() => null);
  if (selected !== id) return;
  if (answer?.ok) {
    const exchange = await answer.json();
    shown = exchange;
    showExchange($("details"), exchange, explanation, { before: kept.before(exchange) });
  } else {
    fill($("details"), make("div", { class: "notice" }, make("p", {}, `Exchange ${id} is not kept any more, or has not been yet: only the last ones are.`)));
  }
}

function fromHash() {
  const id = Number(/^#exchange=(\d+)$/.exec(location.hash)?.[1] ?? NaN);
  if (!Number.isNaN(id) && id !== selected) {
    choose(id);
    drawing.select(id, { scroll: true });
    rowIntoSight(id);
  }
}

let said = 0;
let unsaid = 0;

/** Say that there are new exchanges, but not each of them at once. */
function announce() {
  unsaid += 1;
  if (unsaid > 1) return;
  const wait = Math.max(0, said + SAID_MS - Date.now());
  setTimeout(() => {
    said = Date.now();
    const newest = kept.get(Math.max(...kept.exchanges.keys()));
    const { method, target } = newest ? lineOf(newest) : { method: "", target: "" };
    $("announcement").textContent =
      unsaid === 1 ? `New: ${method} ${target.slice(0, 60)} on ${newest?.server}, ${statusOf(newest) || "no status code"}.` : `${unsaid} new exchanges.`;
    unsaid = 0;
  }, wait + 250);
}

function apply(kind, data) {
  if (kind === "connection") kept.addConnection(data);
  else if (kind === "dropped") {
    kept.dropped = data.dropped;
    // Some of them are kept by the server, and are asked for when the flood is over.
    clearTimeout(renewal);
    renewal = setTimeout(() => live.renew(), RENEWED_MS);
  }
  else {
    if (!kept.exchanges.has(data.id)) announce();
    kept.addExchange(data);
  }
}

function told(kind, data) {
  if (paused) {
    paused.push([kind, data]);
    // What would be forgotten anyway is not kept for later.
    if (paused.length > 1000) paused.splice(0, 500);
    const waiting = new Set(paused.filter(([one]) => one === "exchange").map(([, { id }]) => id)).size;
    $("pause-count").textContent = waiting ? ` (${waiting} wait)` : "";
    return;
  }
  apply(kind, data);
  later();
}

function all({ connections, exchanges, dropped }) {
  if (paused) {
    for (const connection of connections) told("connection", connection);
    for (const exchange of exchanges) told("exchange", exchange);
    return;
  }
  for (const connection of connections) kept.addConnection(connection);
  for (const exchange of exchanges) kept.addExchange(exchange);
  // A server that was started anew counts anew.
  const newest = Math.max(0, ...exchanges.map(({ id }) => id));
  for (const id of [...kept.exchanges.keys()]) if (id > newest) kept.exchanges.delete(id);
  kept.older = dropped;
  draw();
  fromHash();
}

function state(now) {
  const element = $("state");
  const text = now === "live" ? "Live" : "Connection lost. Trying again …";
  if (element.textContent !== text) element.textContent = text;
  element.className = `state ${now}`;
}

function pause() {
  const button = $("pause");
  if (paused) {
    const waited = paused;
    paused = null;
    for (const [kind, data] of waited) apply(kind, data);
    later();
  } else paused = [];
  button.setAttribute("aria-pressed", String(Boolean(paused)));
  $("pause-count").textContent = "";
  document.body.classList.toggle("paused", Boolean(paused));
}

/** Name the servers that can be asked, with their addresses. */
async function suggest() {
  const answer = await fetch(`${base}servers.json`).catch(() => null);
  if (!answer?.ok) return;
  const servers = await answer.json();
  const known = servers.filter(({ running }) => running !== false).slice(0, 12);
  if (known.length) $("command").textContent = `curl ${known[0].url}`;
  fill($("suggestions"), known.map(({ name, url }) => make("li", {}, make("b", {}, name), " ", make("code", {}, url))));
}

function listKeys(event) {
  const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -Infinity, End: Infinity };
  const here = event.target.closest("[role=option]");
  if (!here || event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.key === "Enter") {
    $("details").querySelector("h2")?.focus();
    event.preventDefault();
    return;
  }
  const step = steps[event.key];
  if (step === undefined) return;
  event.preventDefault();
  const every = [...$("list").children];
  const next = every[Math.max(0, Math.min(every.length - 1, every.indexOf(here) + step))];
  select(Number(next.dataset.exchange), { from: "list" });
  next.focus();
}

$("explanation-place").append(explanation.element);
$("list").addEventListener("click", (event) => {
  const chosen = event.target.closest("[role=option]");
  if (!chosen) return;
  select(Number(chosen.dataset.exchange), { from: "list" });
  chosen.focus({ preventScroll: true });
  if (matchMedia("(max-width: 52rem)").matches) $("details").scrollIntoView();
});
$("list").addEventListener("keydown", listKeys);
$("pause").addEventListener("click", pause);
for (const change of ["input", "change"]) $("filter").addEventListener(change, later);
$("filter").addEventListener("reset", () => setTimeout(draw));
$("filter").addEventListener("submit", (event) => event.preventDefault());
window.addEventListener("hashchange", fromHash);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") explanation.close();
});
suggest();
const live = listen(base, { all, told, state });
