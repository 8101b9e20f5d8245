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
    return response.ok;
  } catch {
    answer.textContent = "No server";
    return false;
  }
}

document.querySelector("#save").addEventListener("submit", async (event) => {
  event.preventDefault();
  const note = event.target.elements.note;
  // What was not stored is still the person's to send again.
  if (await post({ myNote: note.value })) note.value = "";
});

document.querySelector("#get").addEventListener("submit", (event) => {
  event.preventDefault();
  post({ getNote: event.target.elements.number.value });
});
