// Sends what the forms of note_taker.html hold to the notes server, shows its answer.
"use strict";

const server = `http://${location.hostname}:4042/`;
const answer = document.querySelector("#answer");

async function post(request) {
  try {
    // A string without a content type goes as text/plain: no preflight is needed.
    const response = await fetch(server, {
      method: "POST",
      body: JSON.stringify(request),
    });
    answer.textContent = (await response.text()).replace(/\n$/, "");
  } catch {
    answer.textContent = "No server";
  }
}

document.querySelector("#save").addEventListener("submit", (event) => {
  event.preventDefault();
  const note = event.target.elements.note;
  post({ myNote: note.value });
  note.value = "";
});

document.querySelector("#get").addEventListener("submit", (event) => {
  event.preventDefault();
  post({ getNote: event.target.elements.number.value });
});
