// A request as a form shows it, and its bytes.

import { read, written } from "./raw.js";
import { asUtf8 } from "./bytes.js";

const encoder = new TextEncoder();
const LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([^ \r\n]+) (HTTP\/1\.[01])$/;
const FIELD = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([^\r\n]*?)[ \t]*$/;

/**
 * Read *bytes* as a request that a form can show: {method, target, version, fields, body}; or
 * null, where the form would change them.
 */
export function asRequest(bytes) {
  const text = asUtf8(bytes);
  if (text === null) return null;
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return null;
  const [first, ...lines] = text.slice(0, end).split("\r\n");
  const line = LINE.exec(first);
  const fields = lines.map((one) => FIELD.exec(one));
  if (!line || fields.includes(null)) return null;
  const request = {
    method: line[1],
    target: line[2],
    version: line[3],
    fields: fields.map(([, name, value]) => ({ name, value })),
    body: written(encoder.encode(text.slice(end + 4))),
  };
  const framed = request.fields.some(({ name }) => /^(content-length|transfer-encoding)$/i.test(name));
  if (request.body && !framed) return null; // These bytes are no body, but the next request.
  // Only what is written in the usual way is the same when the form has written it.
  const again = asBytes(request, { counts: false });
  const same = again.length === bytes.length && again.every((byte, at) => byte === bytes[at]);
  return same ? request : null;
}

/**
 * Write *request* as bytes.
 *
 * With *counts*, Content-Length is what the body has; a request without a body loses it, but
 * not one with a method that always has one.
 */
export function asBytes({ method, target, version, fields, body }, { counts }) {
  const content = read(body);
  let all = fields.filter(({ name }) => name);
  const chunked = all.some(({ name }) => name.toLowerCase() === "transfer-encoding");
  if (counts && !chunked) {
    const length = all.findIndex(({ name }) => name.toLowerCase() === "content-length");
    const needed = content.length || ["POST", "PUT", "PATCH"].includes(method);
    const field = { name: length < 0 ? "Content-Length" : all[length].name, value: String(content.length) };
    if (length >= 0) all = needed ? all.map((one, at) => (at === length ? field : one)) : all.filter((_, at) => at !== length);
    else if (needed) all = [...all, field];
  }
  const lines = all.map(({ name, value }) => `${name}:${value ? ` ${value}` : ""}\r\n`);
  const head = encoder.encode(`${method} ${target} ${version || "HTTP/1.1"}\r\n${lines.join("")}\r\n`);
  const bytes = new Uint8Array(head.length + content.length);
  bytes.set(head);
  bytes.set(content, head.length);
  return bytes;
}
