// Sends what the forms of note_taker.html hold to the notes server, shows its answer.
"use strict";

const server = `http://${location.hostname}:4042/`;
const answer = document.querySelector("#answer");

async function post(request, headers = {}) {
  try {
    // A string without a content type goes as text/plain, which every page may send.
    const body = JSON.stringify(request);
    const response = await fetch(server, { method: "POST", headers, body });
    answer.textContent = (await response.text()).replace(/\n$/, "");
    return response.ok;
  } catch {
    answer.textContent = "No server";
    return false;
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
  const stored = await post({ myNote: text }, { "Idempotency-Key": pending.key });
  save.disabled = false;
  if (!stored) return; // the text is still there, to be sent again
  pending = { text: null, key: null };
  if (note.value === text) note.value = ""; // else the person has typed on
});

document.querySelector("#get").addEventListener("submit", (event) => {
  event.preventDefault();
  post({ getNote: event.target.elements.number.value });
});
