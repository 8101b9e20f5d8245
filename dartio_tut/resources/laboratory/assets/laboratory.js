// The page /try/: write a request, say what is expected, send it, see.

import { button, clauseLink, fill, make } from "./elements.js";
import { counted, duration, fromBase64, toBase64 } from "./bytes.js";
import { asBytes, asRequest } from "./composer.js";
import { showExchange, statusOf } from "./exchange.js";
import { Explanation } from "./message.js";
import { read, written } from "./raw.js";

const $ = (id) => document.getElementById(id);
const base = new URL(".", location.href).pathname;
const explanation = new Explanation("explanation");
const form = $("form");
const score = { right: 0, said: 0 };

let servers = [];
let broken = [];
let version = "HTTP/1.1";

async function ask(name, options) {
  const answer = await fetch(base + name, options);
  if (!answer.ok) throw new Error(`${answer.status} ${(await answer.text()).trim().slice(0, 300)}`);
  return answer.json();
}

const post = (name, value) =>
  ask(name, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(value) });

// The form, and the bytes: each follows the other.

function fieldRow({ name = "", value = "" } = {}) {
  const inputs = [
    make("input", { class: "name", value: name, "aria-label": "Name of the field", autocomplete: "off", spellcheck: "false" }),
    make("input", { class: "value", value, "aria-label": "Value of the field", autocomplete: "off", spellcheck: "false" }),
  ];
  const row = make("div", { class: "field" }, inputs, button("×", () => {
    const next = row.nextElementSibling ?? row.previousElementSibling;
    row.remove();
    (next?.querySelector("input") ?? $("add-field")).focus();
    formChanged();
  }, { "aria-label": "Remove this field", class: "small" }));
  return row;
}

function formRequest() {
  const fields = [...$("fields").children].map((row) => ({
    name: row.querySelector(".name").value,
    value: row.querySelector(".value").value,
  }));
  const { method, target, body } = form.elements;
  return { method: method.value, target: target.value, version, fields, body: body.value };
}

function showBytes(bytes) {
  $("raw-length").textContent = counted(bytes.length, "byte");
}

function formChanged() {
  try {
    const bytes = asBytes(formRequest(), { counts: form.elements.counts.checked });
    $("raw").value = written(bytes);
    $("raw-fault").textContent = "";
    showBytes(bytes);
    followLength(bytes);
  } catch (fault) {
    $("raw-fault").textContent = `In the body, ${fault.message.toLowerCase()}`;
  }
}

/** Show the Content-Length that the form has counted, without disturbing what is typed. */
function followLength(bytes) {
  const now = asRequest(bytes)?.fields.find(({ name }) => name.toLowerCase() === "content-length");
  const row = [...$("fields").children].find((one) => one.querySelector(".name").value.toLowerCase() === "content-length");
  if (row && !now) row.remove();
  else if (now && !row) $("fields").append(fieldRow(now));
  else if (now && document.activeElement !== row.querySelector(".value")) row.querySelector(".value").value = now.value;
}

function rawChanged() {
  let bytes;
  try {
    bytes = read($("raw").value);
  } catch (fault) {
    $("raw-fault").textContent = fault.message;
    $("form-parts").disabled = true;
    return;
  }
  $("raw-fault").textContent = "";
  showBytes(bytes);
  followBytes(bytes);
}

function followBytes(bytes) {
  const request = asRequest(bytes);
  $("form-note").hidden = Boolean(request);
  $("form-parts").disabled = !request;
  if (!request) return;
  ({ version } = request);
  form.elements.method.value = request.method;
  form.elements.target.value = request.target;
  form.elements.body.value = request.body;
  fill($("fields"), request.fields.map(fieldRow));
  // A length that was given wrong on purpose stays as it is.
  const same = (left, right) => left.length === right.length && left.every((byte, at) => byte === right[at]);
  form.elements.counts.checked = same(asBytes(request, { counts: true }), bytes);
}

function load(bytes) {
  $("raw").value = written(bytes);
  rawChanged();
}

// What there is to choose.

const encoder = new TextEncoder();

function choose(pressed, bytes, about) {
  for (const other of document.querySelectorAll(".choices button")) other.removeAttribute("aria-current");
  pressed.setAttribute("aria-current", "true");
  load(bytes);
  fill($("about"), about);
  $("about").hidden = !about.length;
  $("expected").value = "";
  $("said").textContent = "";
  if (matchMedia("(max-width: 60rem)").matches) $("request").scrollIntoView();
  $("request").focus({ preventScroll: true });
}

function toServer(name) {
  if (!servers.some((server) => server.name === name) || $("server").value === name) return;
  $("server").value = name;
  drawServer();
}

function drawServer() {
  const server = servers.find(({ name }) => name === $("server").value);
  $("summary").textContent = server?.summary ?? "";
  fill($("presets"), (server?.presets ?? []).map((preset) => {
    const made = button(preset.title, () => choose(made, encoder.encode(preset.raw), aboutPreset(preset)));
    return make("li", {}, made);
  }));
}

function aboutPreset(preset) {
  return [
    make("p", {}, make("strong", {}, preset.title)),
    preset.expect ? make("details", {}, make("summary", {}, "What to expect"), make("p", {}, preset.expect)) : null,
  ];
}

function aboutBroken({ title, what_happens: happens, attack, clause }) {
  return [
    make("p", {}, make("strong", {}, title), " ", clause ? clauseLink(clause) : null),
    make("p", {}, make("b", {}, "What an attacker would do with it: "), attack),
    make("details", {}, make("summary", {}, "What happens here"), make("p", {}, happens)),
  ];
}

function drawBroken() {
  const wanted = $("find").value.toLowerCase();
  const fitting = broken.filter(({ title, attack, clause }) => `${title} ${attack} ${clause}`.toLowerCase().includes(wanted));
  $("broken-count").textContent = fitting.length === broken.length ? `${broken.length}` : `${fitting.length} of ${broken.length}`;
  fill($("broken"), fitting.map((one) => {
    const made = button(one.title, () => {
      toServer(one.server);
      choose(made, fromBase64(one.base64), aboutBroken(one));
    });
    return make("li", {}, made);
  }));
}

// Sending.

function verdict(expected, exchanges) {
  if (!expected) return null;
  const last = exchanges.at(-1);
  const came = last && statusOf(last) ? String(statusOf(last)) : "none";
  const named = (one) => (one === "none" ? "no answer" : one);
  const right = exchanges.some((exchange) => String(statusOf(exchange) || "none") === expected) || (expected === "none" && !exchanges.length);
  score.said += 1;
  score.right += right ? 1 : 0;
  $("score").textContent = `${score.right} of ${score.said} as you expected`;
  return right
    ? make("p", { class: "verdict right" }, make("strong", {}, "As you expected: "), `${named(expected)}.`)
    : make("p", { class: "verdict wrong" }, make("strong", {}, "Not as you expected: "), `you said ${named(expected)}, and it was ${named(came)}. Which part of the request is why?`);
}

function stored(value) {
  if (!value) return null;
  const { kind, total, entries } = value;
  const rows = entries.map(({ name, text }) => make("div", {}, make("dt", {}, name), make("dd", {}, make("code", {}, text ?? "removed"))));
  const more = total > entries.length ? make("p", { class: "muted" }, "There are more.") : null;
  return make("section", { class: "panel" }, make("h3", {}, `The ${kind} that the server keeps`), rows.length ? make("dl", {}, rows) : make("p", { class: "muted" }, `No ${kind} yet.`), more);
}

/** What became of the connection. */
function endOfConnection({ closed, waited, left_out: left }) {
  const said = [closed ? "The server closed the connection." : "The connection stays open for the next request."];
  if (left) said.push(`${counted(left, "more exchange")} came of these bytes, and cannot be shown.`);
  if (waited >= 1) said.push(`${duration(waited)} passed meanwhile, on the laboratory's own clock.`);
  return make("p", { class: "muted" }, said.join(" "));
}

function show(came, expected) {
  const { exchanges } = came;
  const made = exchanges.map((exchange) => {
    const element = make("article", { class: "exchange", "aria-label": `Exchange ${exchange.id}` });
    showExchange(element, exchange, explanation, { heading: "h3", timed: came.waited >= 1 });
    return element;
  });
  const outcome = verdict(expected, exchanges);
  const several = exchanges.length > 1 ? make("p", { class: "notice" }, `The server saw ${exchanges.length} requests in these bytes.`) : null;
  const none = exchanges.length ? null : make("p", { class: "notice" }, "The server answers nothing: it waits for the rest of the request.");
  fill($("outcome"), outcome, several, none, made, endOfConnection(came), stored(came.stored));
  $("answer").hidden = false;
  const statuses = exchanges.map((exchange) => statusOf(exchange) || "no status code").join(", ");
  $("said").textContent = `${outcome ? `${outcome.textContent} ` : ""}The answer: ${statuses || "none"}.`;
  $("answer").scrollIntoView({ block: "start" });
  $("answer-title").focus({ preventScroll: true });
}

async function send(event) {
  event.preventDefault();
  let bytes;
  try {
    bytes = read($("raw").value);
  } catch (fault) {
    $("said").textContent = fault.message;
    $("raw").focus();
    return;
  }
  $("send").disabled = true;
  $("said").textContent = "Sending …";
  try {
    show(await post("send", { server: $("server").value, base64: toBase64(bytes) }), $("expected").value);
  } catch (fault) {
    $("said").textContent = `It could not be sent: ${fault.message}`;
  } finally {
    $("send").disabled = false;
  }
}

async function reset() {
  try {
    await post("reset", {});
    $("said").textContent = "The servers are as new: nothing is stored.";
    $("answer").hidden = true;
  } catch (fault) {
    $("said").textContent = `They could not be reset: ${fault.message}`;
  }
}

/** What the address asks for: #server=NAME&base64=BASE64. It is filled in, never sent. */
function fromHash() {
  const asked = new URLSearchParams(location.hash.slice(1).replaceAll("+", "%2B"));
  toServer(asked.get("server"));
  const text = asked.get("base64");
  if (text === null) return false;
  try {
    load(fromBase64(text.replaceAll("-", "+").replaceAll("_", "/")));
    return true;
  } catch {
    $("said").textContent = "The address has no request that could be read.";
    return false;
  }
}

async function begin() {
  [servers, broken] = await Promise.all([ask("servers.json"), ask("broken.json")]);
  fill($("server"), servers.map(({ name }) => make("option", { value: name }, name)));
  drawServer();
  drawBroken();
  if (!fromHash() && servers[0]?.presets[0]) load(encoder.encode(servers[0].presets[0].raw));
}

$("explanation-place").append(explanation.element);
$("server").addEventListener("change", drawServer);
$("find").addEventListener("input", drawBroken);
$("raw").addEventListener("input", rawChanged);
form.addEventListener("input", formChanged);
form.addEventListener("submit", (event) => event.preventDefault());
$("add-field").addEventListener("click", () => {
  const row = fieldRow();
  $("fields").append(row);
  row.querySelector("input").focus();
});
$("sending").addEventListener("submit", send);
$("reset").addEventListener("click", reset);
window.addEventListener("hashchange", fromHash);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") explanation.close();
});
begin().catch((fault) => {
  $("said").textContent = `The laboratory cannot be reached: ${fault.message}. Reload the page.`;
});
