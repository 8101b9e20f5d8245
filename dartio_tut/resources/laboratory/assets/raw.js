// Bytes as text that can be typed, and back: every byte can be written, and what is written
// means the same bytes again.
//
// A line break is CR LF. An LF alone is "\n" and a CR alone is "\r", and a line break behind
// them belongs to them; "\" and a line break are nothing. Any byte is "\xNN".

import { asUtf8, hexOf } from "./bytes.js";

// What is written as it is: all that can be seen, and spaces.
const WRITTEN = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;
const encoder = new TextEncoder();

function codeOf(character) {
  return Array.from(encoder.encode(character), (byte) => `\\x${hexOf(byte)}`).join("");
}

/** The text that means *bytes*. */
export function written(bytes) {
  const text = asUtf8(bytes);
  const characters =
    text === null
      ? Array.from(bytes, (byte) => (byte < 0x80 ? String.fromCharCode(byte) : byte))
      : Array.from(text);
  let result = "";
  for (let at = 0; at < characters.length; at += 1) {
    const character = characters[at];
    if (typeof character === "number") result += `\\x${hexOf(character)}`;
    else if (character === "\r" && characters[at + 1] === "\n") {
      result += "\n";
      at += 1;
    } else if (character === "\n") result += "\\n\n";
    else if (character === "\r") result += "\\r\n";
    else if (character === "\t") result += "\t";
    else if (character === "\\") result += "\\\\";
    else result += WRITTEN.test(character) ? character : codeOf(character);
  }
  return result;
}

/**
 * The bytes that *text* means.
 *
 * Throws an Error that says which line is wrong, and how to write it.
 */
export function read(text) {
  const found = [];
  const normal = text.replaceAll("\r\n", "\n");
  const token = /\\x([0-9A-Fa-f]{2})|\\([nr])\n?|\\\\|\\\n|\\|\n|[^\\\n]+/gy;
  let match;
  while (token.lastIndex < normal.length && (match = token.exec(normal))) {
    const [whole, code, escape] = match;
    if (code) found.push(parseInt(code, 16));
    else if (escape) found.push(escape === "n" ? 0x0a : 0x0d);
    else if (whole === "\\\\") found.push(0x5c);
    else if (whole === "\n") found.push(0x0d, 0x0a);
    else if (whole === "\\") {
      const line = normal.slice(0, match.index).split("\n").length;
      throw new Error(`Line ${line}: behind a backslash there is n, r, xNN (two hexadecimal digits), another backslash, or the end of the line.`);
    } else if (whole !== "\\\n") found.push(...encoder.encode(whole));
  }
  return Uint8Array.from(found);
}
