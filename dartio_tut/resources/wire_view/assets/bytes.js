// Bytes, and text that shows each of them.

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

export function fromBase64(text) {
  if (!BASE64.test(text)) throw new Error("This is not base64.");
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

export function toBase64(bytes) {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

/** The text of *bytes*, or null where they are no UTF-8. */
export function asUtf8(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

export const hexOf = (byte) => byte.toString(16).padStart(2, "0");

// Characters that nobody sees, or that change the order of what is read.
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}\u034f\u115f\u1160\u3164\uffa0]/u;

function shown(character) {
  const code = character.codePointAt(0);
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  if (code === 0x7f) return "\u2421";
  return UNSEEN.test(character) ? `\\u{${code.toString(16)}}` : null;
}

/**
 * Take *bytes* apart into pieces of text: [text, whether it stands for something that
 * cannot be seen itself, whether a line ends behind it].
 */
export function visible(bytes) {
  const text = asUtf8(bytes);
  const characters =
    text === null
      ? Array.from(bytes, (byte) => (byte < 0x80 ? String.fromCharCode(byte) : byte))
      : Array.from(text);
  const pieces = [];
  const add = (piece, unseen) => {
    const last = pieces.at(-1);
    if (last && last[1] === unseen && !last[2]) last[0] += piece;
    else pieces.push([piece, unseen, false]);
  };
  characters.forEach((character, at) => {
    if (typeof character === "number") {
      add(`\\x${hexOf(character)}`, true);
      return;
    }
    const stand = shown(character);
    add(stand ?? character, stand !== null);
    const ends =
      character === "\n" || (character === "\r" && characters[at + 1] !== "\n");
    if (ends) pieces.at(-1)[2] = true;
  });
  return pieces;
}

/** *bytes* on one line of text. */
export function inline(bytes) {
  return visible(bytes)
    .map(([text]) => text)
    .join("");
}

export function counted(number, noun) {
  return `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
}

/** A length of time in a unit that fits: 0.4 ms, 12 ms, 3.1 s, 2 min. */
export function duration(seconds) {
  const thousandths = seconds * 1000;
  if (thousandths < 10) return `${Math.max(0, thousandths).toFixed(1)} ms`;
  if (thousandths < 1000) return `${Math.round(thousandths)} ms`;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  return `${Math.round(seconds / 60)} min`;
}

export function clock(seconds) {
  const date = new Date(seconds * 1000);
  const two = (number) => String(number).padStart(2, "0");
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}
