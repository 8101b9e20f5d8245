// All that is known of one exchange.

import { button, clauseLink, fill, make, roving } from "./elements.js";
import { clock, counted, duration, fromBase64 } from "./bytes.js";
import { differences, outline } from "./difference.js";
import { messageView } from "./message.js";

const ENDINGS = {
  open: ["open", "It is still going on."],
  complete: ["complete", "The response was sent, all of it."],
  refused: ["refused", "The server refused the request before the program was asked."],
  "client gone": ["client gone", "The client closed the connection before the response was sent."],
  "cut off": ["cut off", "The server ended the connection in the middle."],
  "timed out": ["timed out", "The client was too slow."],
};

const COPIES = [
  ["curl", "curl"],
  ["treq", "treq"],
  ["dartio", "dartio"],
  ["fetch", "fetch"],
  ["raw", "Raw bytes"],
];

/** The status code of *exchange*, or 0 without one. */
export function statusOf(exchange) {
  if (exchange.status !== undefined) return exchange.status;
  let status = exchange.program?.status ?? 0;
  if (exchange.response) {
    const bytes = fromBase64(exchange.response.base64);
    for (const part of exchange.response.parts) {
      if (part.kind !== "status-code") continue;
      status = Number(new TextDecoder().decode(bytes.subarray(part.start, part.end))) || status;
    }
  }
  return (exchange.status = status);
}

/** The method and the target of *exchange*, as they were sent. */
export function lineOf(exchange) {
  if (!exchange.line) {
    const bytes = fromBase64(exchange.request.base64);
    const first = (kind) => exchange.request.parts.find((part) => part.kind === kind);
    const text = (part) => (part ? new TextDecoder("latin1").decode(bytes.subarray(part.start, part.end)) : "");
    exchange.line = { method: text(first("method")), target: text(first("target")) };
  }
  return exchange.line;
}

/** Which family the status is of: a class of styles. */
export function family(exchange) {
  const status = statusOf(exchange);
  return status ? `s${String(status)[0]}` : "s0";
}

export function statusBadge(exchange) {
  const status = statusOf(exchange);
  const text = status || (exchange.ending === "open" ? "…" : "none");
  return make("span", { class: `badge ${family(exchange)}`, title: status ? `Status code ${status}` : "No status code" }, String(text));
}

function definition(term, ...content) {
  return make("div", {}, make("dt", {}, term), make("dd", {}, content));
}

const code = (text) => make("code", {}, text);

function panel(title, ...content) {
  return make("section", { class: "panel" }, make("h3", {}, title), content);
}

function programPanel(exchange) {
  const { program } = exchange;
  if (!program) {
    const why =
      exchange.ending === "open"
        ? "Nothing yet: the request is not complete."
        : `Nothing: ${exchange.ending === "refused" ? "the server refused the request" : "the exchange ended"} before the program was asked.`;
    return panel("What the program saw", make("p", { class: "muted" }, why));
  }
  const names = Object.entries(program.args ?? {});
  const args = names.length
    ? make("ul", { class: "plain" }, names.map(([name, values]) => make("li", {}, code(`${name} = ${values.join(", ")}`))))
    : make("span", { class: "muted" }, "empty: there is no query");
  return panel(
    "What the program saw",
    make(
      "dl",
      {},
      definition("request.method", code(program.method)),
      definition("request.uri", code(program.uri)),
      definition("request.args", args),
      definition("Resource", program.resource ? code(program.resource) : "none"),
      definition("Status code", program.status ? code(String(program.status)) : "none yet"),
    ),
  );
}

/** The three stretches of time of *exchange*: [name, seconds, what happens]. */
export function stretches(exchange) {
  const arrived = exchange.request.arrivals?.at(-1)?.[0] ?? 0;
  const { first_byte: first, ended: end } = exchange;
  const found = [["Request", Math.min(arrived, first ?? arrived), "from its first byte to its last"]];
  if (first !== null) found.push(["Waiting", Math.max(0, first - arrived), "until the first byte of the response"]);
  else if (end !== null) found.push(["Waiting", Math.max(0, end - arrived), "until the exchange ended without a response"]);
  if (first !== null && end !== null) found.push(["Response", Math.max(0, end - first), "until its last byte was taken by the socket"]);
  return found;
}

function pieces(message, who) {
  const arrivals = message?.arrivals ?? [];
  if (arrivals.length < 2) return null;
  const shown = arrivals.slice(0, 12).map(([at, bytes]) => make("li", {}, `${duration(at)}: ${counted(bytes, "byte")}`));
  if (arrivals.length > 12) shown.push(make("li", {}, `and ${counted(arrivals.length - 12, "more piece")}`));
  return make("details", {}, make("summary", {}, `The ${who} came in ${arrivals.length} pieces`), make("ol", { class: "plain" }, shown));
}

function timingPanel(exchange) {
  const all = stretches(exchange);
  const whole = all.reduce((sum, [, seconds]) => sum + seconds, 0);
  const bar = make("div", { class: "bar", "aria-hidden": "true" });
  for (const [name, seconds] of all) {
    const stretch = make("span", { class: `stretch ${name.toLowerCase()}` });
    stretch.style.flexGrow = String((100 * seconds) / (whole || 1));
    bar.append(stretch);
  }
  return panel(
    "Time",
    bar,
    make(
      "dl",
      {},
      all.map(([name, seconds, what]) =>
        definition(
          make("span", {}, make("span", { class: `dot ${name.toLowerCase()}`, "aria-hidden": "true" }), name),
          `${duration(seconds)} `,
          make("span", { class: "muted" }, what),
        ),
      ),
      definition("Began", `${clock(exchange.started)}`),
      definition("In all", exchange.ended === null ? "It is still going on." : duration(exchange.ended)),
    ),
    pieces(exchange.request, "request"),
    pieces(exchange.response, "response"),
  );
}

function tlsPanel(exchange) {
  if (!exchange.tls) return null;
  const { version, cipher, certificate } = exchange.tls;
  return panel(
    "TLS",
    make("p", { class: "muted" }, "What is shown here was encrypted on its way."),
    make(
      "dl",
      {},
      definition("Version", version),
      definition("Cipher", code(cipher)),
      certificate ? definition("Certificate", certificate) : null,
    ),
  );
}

async function toClipboard(text, said) {
  try {
    await navigator.clipboard.writeText(text);
    said.textContent = "Copied.";
  } catch {
    said.textContent = "The browser does not let this page copy. Select the text instead.";
  }
}

function copyPanel(exchange) {
  const known = COPIES.filter(([name]) => exchange.copies?.[name]);
  if (!known.length) return null;
  const id = `copy-${exchange.id}`;
  const text = make("pre", { id, role: "tabpanel", tabindex: 0 });
  const said = make("span", { role: "status", class: "muted" });
  const tabs = known.map(([name, label]) => {
    const tab = make("button", { type: "button", role: "tab", id: `${id}-${name}`, "aria-controls": id, tabindex: -1 }, label);
    tab.addEventListener("click", () => choose(tab, name));
    return tab;
  });
  const choose = (tab, name) => {
    for (const other of tabs) {
      other.setAttribute("aria-selected", String(other === tab));
      other.tabIndex = other === tab ? 0 : -1;
    }
    text.textContent = exchange.copies[name];
    text.setAttribute("aria-labelledby", tab.id);
    said.textContent = "";
  };
  const list = make("div", { role: "tablist", class: "tabs", "aria-label": "Send the same with" }, tabs);
  roving(list, () => tabs, { ArrowRight: 1, ArrowLeft: -1, Home: () => 0, End: (all) => all.length - 1 }, (tab) => tab.click());
  choose(tabs[0], known[0][0]);
  return panel("Send the same again with", list, text, make("p", {}, button("Copy", () => toClipboard(text.textContent, said), { class: "small" }), " ", said));
}

function changes(title, before, after) {
  if (!before || !after) return [];
  const found = differences(before, after);
  const rows = found.map(({ what, before: old, after: now }) => {
    const kind = old === null ? "added" : now === null ? "removed" : "changed";
    return make(
      "tr",
      { class: kind },
      make("th", { scope: "row" }, what),
      make("td", { class: "kind" }, kind),
      make("td", {}, old === null ? null : make("del", {}, old), old === null || now === null ? null : " ", now === null ? null : make("ins", {}, now)),
    );
  });
  if (!rows.length) return [make("p", {}, make("strong", {}, title), ": no difference.")];
  return [make("table", { class: "changes" }, make("caption", {}, title), make("tbody", {}, rows))];
}

function differencePanel(exchange, before) {
  if (!before) return null;
  return panel(
    "Difference to the exchange before",
    make("p", { class: "muted" }, "On the same server: ", make("a", { href: `#exchange=${before.id}` }, `exchange ${before.id}`), "."),
    changes("Request", before.request, exchange.request),
    changes("Response", before.response, exchange.response),
  );
}

function ending(exchange) {
  const [word, sentence] = ENDINGS[exchange.ending] ?? [exchange.ending, ""];
  if (exchange.ending === "complete") return null;
  return make(
    "div",
    { class: `notice ${exchange.ending === "open" ? "open" : "bad"}` },
    make("p", {}, make("strong", {}, `${word[0].toUpperCase()}${word.slice(1)}. `), sentence),
    exchange.reason ? make("p", {}, make("strong", {}, "Why: "), exchange.reason, exchange.clause ? " (" : "", exchange.clause ? clauseLink(exchange.clause) : null, exchange.clause ? ")" : "") : null,
  );
}

/**
 * Put all that is known of *exchange* into *element*.
 *
 * *before* is the exchange before it on the same server, if there is one; *links* are
 * elements for the head, such as a permalink; *timed* says whether times are known.
 */
export function showExchange(element, exchange, explanation, { before = null, links = [], heading = "h2", timed = true } = {}) {
  const { method, target } = lineOf(exchange);
  const where = [exchange.server, exchange.peer ? `from ${exchange.peer}` : "", exchange.connection ? `connection ${exchange.connection}` : ""];
  explanation.close();
  fill(
    element,
    make(
      "header",
      { class: "of-exchange" },
      make(heading, { tabindex: -1 }, make("span", { class: "number" }, `${exchange.id} `), make("span", { class: "line" }, `${method || "not a request"} ${target.length > 300 ? `${target.slice(0, 300)}…` : target}`), " ", statusBadge(exchange)),
      make("p", { class: "muted" }, where.filter(Boolean).join(" · "), exchange.tls ? " · TLS" : ""),
      make("p", { class: "links" }, links),
    ),
    ending(exchange),
    make(
      "div",
      { class: "messages" },
      messageView(exchange.request, "Request", explanation),
      exchange.response ? messageView(exchange.response, "Response", explanation) : make("section", { class: "message", "aria-label": "Response" }, make("header", {}, make("h3", {}, "Response")), make("p", { class: "muted" }, exchange.ending === "open" ? "There is none yet." : "None was sent.")),
    ),
    make("div", { class: "panels" }, programPanel(exchange), timed ? timingPanel(exchange) : null, tlsPanel(exchange), differencePanel(exchange, before), copyPanel(exchange)),
  );
}

export { outline };
