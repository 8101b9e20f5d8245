// Making elements of text. Whatever an exchange contains stays text: there is no way
// here to make markup, a script, a style or a link to elsewhere of it.

const PLAIN = /^(class|id|for|type|name|value|title|role|tabindex|open|hidden|disabled|checked|colspan|scope|lang|datetime|autocomplete|spellcheck|inputmode|placeholder|rows|list|aria-[a-z]+|data-[a-z]+)$/;
const LINK = /^(#|\/(?!\/)|https:\/\/www\.rfc-editor\.org\/)/;

/** Make an element. Children are elements or text; an attribute that is false is left out. */
export function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === undefined || value === null) continue;
    if (name === "href" ? !LINK.test(value) : !PLAIN.test(name)) {
      throw new Error(`No page of ours sets ${name} to ${value}.`);
    }
    made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return made;
}

/** Put *children* in the place of what is in *element*. */
export function fill(element, ...children) {
  element.replaceChildren(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return element;
}

/** A button that calls *pressed*. */
export function button(text, pressed, attributes = {}) {
  const made = make("button", { type: "button", ...attributes }, text);
  made.addEventListener("click", pressed);
  return made;
}

/** A clause such as "RFC 9112 section 3.2", as a link where that is possible. */
export function clauseLink(clause) {
  const found = /^RFC (\d+) (?:section|appendix) ([0-9A-Z.]+)$/.exec(clause || "");
  if (!found) return make("span", { class: "clause" }, clause || "");
  const anchor = /^\d/.test(found[2]) ? "section" : "appendix";
  return make(
    "a",
    { class: "clause", href: `https://www.rfc-editor.org/rfc/rfc${found[1]}#${anchor}-${found[2]}` },
    clause,
  );
}

/**
 * Let arrow keys move within a list of which only one element can be reached by Tab.
 *
 * *items* gives the elements in order; *moved* is called with the one that is reached.
 */
export function roving(container, items, steps, moved) {
  container.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const all = items();
    const at = all.indexOf(event.target.closest("[tabindex]"));
    const step = steps[event.key];
    if (at < 0 || step === undefined) return;
    event.preventDefault();
    const to = typeof step === "function" ? step(all, at) : at + step;
    const next = all[Math.max(0, Math.min(all.length - 1, to))];
    moved(next);
    next.focus();
  });
}
