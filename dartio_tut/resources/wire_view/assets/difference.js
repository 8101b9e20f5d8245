// What is different in a message from the one before.

import { fromBase64, inline } from "./bytes.js";

const FIRST_LINE = new Set(["method", "target", "version", "status-code", "reason-phrase"]);
const BODY = new Set(["body", "chunk-data"]);

/** The first line, the header fields and the length of the body of *message*. */
export function outline(message) {
  const bytes = fromBase64(message.base64);
  const first = [];
  const fields = [];
  let length = 0;
  let value = null;
  for (const part of message.parts) {
    const text = inline(bytes.subarray(part.start, part.end));
    if (FIRST_LINE.has(part.kind) && !fields.length) first.push(text);
    else if (part.kind === "field-name") fields.push((value = { name: text, value: "" }));
    else if (part.kind === "field-value" && value) value.value += text;
    else if (BODY.has(part.kind)) length += part.end - part.start;
  }
  // What was not kept was counted.
  return { first: first.join(" "), fields, length: length + message.total - message.kept };
}

/**
 * The differences between two messages: {what, before, after}, where `before` is null for
 * what was added, and `after` for what was removed.
 */
export function differences(before, after) {
  const [old, now] = [outline(before), outline(after)];
  const found = [];
  if (old.first !== now.first) {
    const what = after.sent_by === "client" ? "Request line" : "Status line";
    found.push({ what, before: old.first, after: now.first });
  }
  const left = [...old.fields];
  const added = [];
  for (const field of now.fields) {
    const name = field.name.toLowerCase();
    const same = left.findIndex((other) => other.name.toLowerCase() === name);
    if (same < 0) {
      added.push({ what: field.name, before: null, after: field.value });
      continue;
    }
    const [other] = left.splice(same, 1);
    if (other.value !== field.value) found.push({ what: field.name, before: other.value, after: field.value });
  }
  found.push(...added);
  for (const field of left) found.push({ what: field.name, before: field.value, after: null });
  if (old.length !== now.length) {
    found.push({ what: "Bytes of the body", before: String(old.length), after: String(now.length) });
  }
  return found;
}
