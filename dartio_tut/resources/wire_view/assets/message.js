// A message, taken apart: text with each of its parts to look at, or bytes in
// hexadecimal, and one place where the part that is looked at is explained.

import { button, clauseLink, fill, make, roving } from "./elements.js";
import { asUtf8, counted, fromBase64, hexOf, inline, visible } from "./bytes.js";

const BODY_KINDS = new Set(["body", "chunk-data", "next-message", "other-protocol", "not-http", "junk", "ambiguous"]);
const LONG_BYTES = 1200; // A part with more is shown from its beginning at first.
const LONG_BINARY_BYTES = 240; // Likewise, where the bytes are no text.
const QUOTED = 160; // Characters of a part that its explanation quotes.
const HEX_ROW = 16;
const CONTROLS =
  "NUL SOH STX ETX EOT ENQ ACK BEL BS TAB LF VT FF CR SO SI DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC FS GS RS US SP DEL".split(" ");
const NAMES = { "bare-lf": "Bare LF", "not-http": "Not HTTP" };

/** What a kind of part is called. */
export function kindName(kind) {
  return NAMES[kind] ?? kind[0].toUpperCase() + kind.slice(1).replaceAll("-", " ");
}

/** The *text* that stands for what cannot be seen; signs of control characters by their names. */
function unseen(text) {
  return Array.from(text, (sign) => {
    const name = CONTROLS[sign.codePointAt(0) - 0x2400];
    // Few fonts can be read in the size of these signs, or have them at all.
    return name ? make("span", { class: "control", "data-name": name }, sign) : sign;
  });
}

/** Where the part that is looked at is explained. */
export class Explanation {
  constructor(id) {
    this.element = make("section", { class: "explanation", id, "aria-label": "The part that you look at" });
    this.marked = [];
    this.rest();
  }

  rest() {
    fill(
      this.element,
      make(
        "p",
        { class: "hint" },
        "Point at a part of a message, or move there with Tab and the arrow keys: what it means is explained here.",
      ),
    );
    this.element.classList.remove("active");
  }

  show(part, bytes, elements) {
    for (const element of this.marked) element.classList.remove("looked-at");
    this.marked = elements;
    for (const element of elements) element.classList.add("looked-at");
    const own = bytes.subarray(part.start, part.end);
    const text = inline(own);
    const hex = Array.from(own.subarray(0, 16), hexOf).join(" ");
    fill(
      this.element,
      make("p", { class: "what" }, make("span", { class: `chip part k-${part.kind}` }, kindName(part.kind))),
      make("p", { class: "quoted" }, unseen(text.length > QUOTED ? `${text.slice(0, QUOTED)}…` : text)),
      make("p", { class: "words" }, part.words),
      part.clause ? make("p", {}, clauseLink(part.clause)) : null,
      make(
        "p",
        { class: "where" },
        part.end - part.start === 1
          ? `Byte ${part.start.toLocaleString("en")}: ${hex}`
          : `Bytes ${part.start.toLocaleString("en")} to ${(part.end - 1).toLocaleString("en")}: ${hex}${own.length > 16 ? " …" : ""}`,
      ),
      button("Close", () => this.close(), { class: "close" }),
    );
    this.element.classList.add("active");
  }

  close() {
    for (const element of this.marked) element.classList.remove("looked-at");
    this.marked = [];
    this.rest();
  }
}

/** The text of a message. */
class Text {
  constructor(message, bytes, label, looked) {
    this.element = make("div", { class: "parts", role: "listbox", "aria-label": label, "aria-orientation": "horizontal" });
    this.options = [];
    this.shortened = [];
    let line = this.line();
    message.parts.forEach((part, at) => {
      const option = make("span", {
        class: `part k-${part.kind}${BODY_KINDS.has(part.kind) ? " is-block" : ""}`,
        role: "option",
        tabindex: at ? -1 : 0,
        "aria-selected": "false",
        "data-part": at,
      });
      const own = bytes.subarray(part.start, part.end);
      option.setAttribute("aria-label", `${kindName(part.kind)}: ${inline(own.subarray(0, 200)) || "nothing"}`);
      line.append(option);
      if (this.write(option, own, part.kind)) line = this.line();
      this.options.push(option);
    });
    if (!line.childNodes.length) line.remove();
    this.looked = looked;
    this.listen();
  }

  line() {
    const line = make("div", { class: "line", role: "presentation" });
    this.element.append(line);
    return line;
  }

  /** Write *bytes* into *option*; return whether a line ends with them. */
  write(option, bytes, kind) {
    const most = asUtf8(bytes) === null ? LONG_BINARY_BYTES : LONG_BYTES;
    if (!BODY_KINDS.has(kind) || bytes.length <= most) return this.pieces(option, bytes, kind);
    this.pieces(option, bytes.subarray(0, most), kind);
    const rest = bytes.length - most;
    this.shortened.push(() => {
      option.replaceChildren();
      this.pieces(option, bytes, kind);
    });
    option.append(make("span", { class: "unseen" }, ` … ${counted(rest, "more byte")}`));
    return true;
  }

  pieces(option, bytes, kind) {
    const blank = kind === "space" || kind === "whitespace" || kind === "fold";
    const isBody = BODY_KINDS.has(kind);
    let ended = false;
    for (const [text, standsFor, ends] of visible(bytes)) {
      const shown = blank ? text.replaceAll(" ", "·") : text;
      option.append(standsFor || blank ? make("span", { class: "unseen" }, unseen(shown)) : shown);
      if (ends && isBody) option.append(make("br"));
      ended = ends;
    }
    return isBody || ended;
  }

  listen() {
    const look = (event) => {
      const option = event.target.closest?.(".part");
      if (option) this.choose(option);
    };
    this.element.addEventListener("pointerover", (event) => {
      if (event.pointerType === "mouse") look(event);
    });
    this.element.addEventListener("focusin", look);
    this.element.addEventListener("click", (event) => {
      event.target.closest(".part")?.focus();
      look(event);
    });
    const far = (way) => (all, at) => this.nearest(all, at, way);
    roving(
      this.element,
      () => this.options,
      { ArrowRight: 1, ArrowLeft: -1, ArrowDown: far(1), ArrowUp: far(-1), Home: () => 0, End: (all) => all.length - 1 },
      // The explanation is there before the focus: it is what the part is described by.
      (option) => this.choose(option),
    );
  }

  /** The first part of the next line or of the one before. */
  nearest(all, at, way) {
    const line = all[at].parentElement;
    const other = way > 0 ? line.nextElementSibling : line.previousElementSibling;
    return other ? all.indexOf(other.firstElementChild) : at;
  }

  choose(option) {
    for (const other of this.options) {
      const chosen = other === option;
      other.tabIndex = chosen ? 0 : -1;
      if (other.getAttribute("aria-selected") !== String(chosen)) other.setAttribute("aria-selected", String(chosen));
    }
    this.looked(Number(option.dataset.part));
  }
}

/** The bytes of *message* in rows of hexadecimal. */
function hexRows(message, bytes, label) {
  const element = make("div", { class: "hex", role: "region", tabindex: 0, "aria-label": `${label} in hexadecimal` });
  let at = 0;
  for (let start = 0; start < bytes.length; start += HEX_ROW) {
    const left = make("span", { class: "octets" });
    const right = make("span", { class: "characters" });
    for (let place = start; place < Math.min(start + HEX_ROW, bytes.length); ) {
      while (message.parts[at].end <= place) at += 1;
      const part = message.parts[at];
      const end = Math.min(part.end, start + HEX_ROW, bytes.length);
      const own = bytes.subarray(place, end);
      const attributes = { class: `part k-${part.kind}`, "data-part": at };
      left.append(make("span", attributes, Array.from(own, hexOf).join(" ")), end % HEX_ROW ? " " : "");
      const ascii = Array.from(own, (byte) => (byte > 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "·"));
      right.append(make("span", attributes, ascii.join("")));
      place = end;
    }
    element.append(
      make("div", { class: "row" }, make("span", { class: "offset" }, start.toString(16).padStart(4, "0")), left, right),
    );
  }
  return element;
}

function key(message) {
  const kinds = [...new Set(message.parts.map((part) => part.kind))];
  return make(
    "ul",
    { class: "key", "aria-label": "Kinds of parts" },
    kinds.map((kind) => make("li", {}, make("span", { class: `part k-${kind}` }, kindName(kind)))),
  );
}

function summary(message) {
  const said = [counted(message.total, "byte")];
  if (message.kept < message.total) said.push(`the first ${message.kept.toLocaleString("en")} are kept`);
  if (!message.complete) said.push("not complete");
  return said.join(", ");
}

/** The view of *message*: a section with a heading *title*. */
export function messageView(message, title, explanation) {
  const bytes = fromBase64(message.base64);
  const section = make("section", { class: `message from-${message.sent_by}`, "aria-label": title });
  const looked = (at) =>
    explanation.show(message.parts[at], bytes, section.querySelectorAll(`[data-part="${at}"]`));
  const text = new Text(message, bytes, `Parts of the ${title.toLowerCase()}`, looked);
  for (const option of text.options) option.setAttribute("aria-describedby", explanation.element.id);
  const body = make("div", { class: "of-message" }, text.element);
  let hex = null;
  const toggle = (pressed, extra) => {
    const shown = pressed.getAttribute("aria-pressed") !== "true";
    pressed.setAttribute("aria-pressed", String(shown));
    extra(shown);
  };
  const hexButton = button("Hex", () => toggle(hexButton, (shown) => {
    hex ??= hexRows(message, bytes, title);
    if (shown) body.append(hex);
    else hex.remove();
  }), { class: "small", "aria-pressed": "false" });
  let shownKey = null;
  const keyButton = button("Key", () => toggle(keyButton, (shown) => {
    shownKey ??= key(message);
    if (shown) body.before(shownKey);
    else shownKey.remove();
  }), { class: "small", "aria-pressed": "false" });
  body.addEventListener("pointerover", (event) => {
    const part = event.target.closest?.(".hex .part");
    if (part) looked(Number(part.dataset.part));
  });
  const allButton = button("All bytes", () => {
    for (const show of text.shortened) show();
    allButton.remove();
  }, { class: "small", hidden: !text.shortened.length });
  section.append(
    make("header", {}, make("h3", {}, title), make("span", { class: "muted" }, summary(message)), make("span", { class: "tools" }, allButton, keyButton, hexButton)),
    body,
  );
  if (message.fault) section.append(make("p", { class: "fault" }, message.fault));
  return section;
}
