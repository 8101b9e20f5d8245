// Sends what the forms of note_taker.html hold to the notes server, shows its answer.
"use strict";

const server = document.querySelector("main").dataset.server;
const answer = document.querySelector("#answer");
const list = document.querySelector("#notes");
const MAX_LISTED = 100; // notes: each takes a request

async function post(request, headers = {}) {
  // A string without a content type goes as text/plain, which every page may send.
  const body = JSON.stringify(request);
  showRequest(headers, body);
  const response = await fetch(server, { method: "POST", headers, body });
  const text = (await response.text()).replace(/\n$/, "");
  return { ok: response.ok, code: response.status, text };
}

function showRequest(headers, body) {
  const fields = { Host: new URL(server).host, ...headers, "Content-Type": "text/plain;charset=UTF-8" };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}`);
  document.querySelector("#request").textContent = ["POST / HTTP/1.1", ...lines, "", body].join("\n");
}

async function ask(request, headers) {
  try {
    const response = await post(request, headers);
    answer.textContent = response.text;
    return response;
  } catch {
    answer.textContent = "No server";
    return { ok: false };
  }
}

function randomKey() {
  return crypto.getRandomValues(new Uint32Array(4)).join("-");
}

// The note that is being saved, and the key that keeps the server from storing it twice:
// a second try after a lost answer sends the same one.
let pending = { text: null, key: null };

document.querySelector("#save").addEventListener("submit", async (event) => {
  event.preventDefault();
  const { note, save } = event.target.elements;
  const text = note.value;
  if (text !== pending.text) pending = { text, key: randomKey() };
  save.disabled = true; // a second click would send it again
  const stored = await ask({ myNote: text }, { "Idempotency-Key": pending.key });
  save.disabled = false;
  if (!stored.ok) return; // the text is still there, to be sent again
  pending = { text: null, key: null };
  if (note.value === text) note.value = ""; // else the person has typed on
});

document.querySelector("#get").addEventListener("submit", (event) => {
  event.preventDefault();
  ask({ getNote: event.target.elements.number.value });
});

document.querySelector("#list").addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = event.target.querySelector("button");
  button.disabled = true;
  list.replaceChildren();
  for (let number = 0; number < MAX_LISTED; number += 1) {
    const { ok, code, text } = await ask({ getNote: number });
    if (ok) list.append(item(number, text));
    else if (code === 404) answer.textContent = `Listed below: ${list.children.length}`;
    if (!ok && code !== 410) break; // 410: it was deleted, and others may follow
  }
  button.disabled = false;
});

function item(number, text) {
  const element = document.createElement("li");
  element.value = number;
  element.textContent = text;
  return element;
}
