
"use strict";
{
  const filter = document.querySelector("#filter");
  const count = document.querySelector("#count");
  const rows = [...document.querySelector("#entries").rows];
  // As the server compares names: an accent is part of its letter.
  const comparable = (text) => text.toLowerCase().normalize("NFC");
  const names = rows.map((row) => comparable(row.cells[0].textContent));
  const counted = count.textContent;
  const served = comparable(filter.defaultValue);
  let pause;

  const link = (row) => row.cells[0].firstElementChild;
  const shown = () => rows.filter((row) => !row.hidden).map(link);

  function withFilter(url) {
    const target = new URL(url);
    target.searchParams.delete("filter");
    if (filter.value) target.searchParams.set("filter", filter.value);
    return target;
  }

  function apply() {
    const wanted = comparable(filter.value);
    let matching = 0;
    rows.forEach((row, at) => {
      row.hidden = !names[at].includes(wanted);
      matching += !row.hidden;
    });
    count.textContent =
      wanted === served ? counted : `${matching} of ${rows.length} shown`;
    clearTimeout(pause);
    pause = setTimeout(remember, 300);
  }

  function remember() {
    for (const head of document.querySelectorAll("thead a")) {
      head.href = withFilter(head.href);
    }
    const here = withFilter(location.href);
    if (comparable(filter.value).includes(served)) {
      history.replaceState(null, "", here);
    } else {
      // The page holds only what matched before: the rest is the server's to send.
      here.hash = "filter";
      location.replace(here);
    }
  }

  function move(step) {
    const links = shown();
    const at = links.indexOf(document.activeElement);
    if (at + step < 0) filter.focus();
    else links[Math.min(at + step, links.length - 1)]?.focus();
  }

  filter.addEventListener("input", apply);
  filter.form.addEventListener("submit", (event) => {
    event.preventDefault();
    shown()[0]?.focus();
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    const inFilter = document.activeElement === filter;
    if (event.key === "/" && !inFilter) filter.select();
    else if (event.key === "Escape" && filter.value) {
      filter.value = "";
      filter.focus();
      apply();
    } else if (event.key === "ArrowDown") move(1);
    else if (event.key === "ArrowUp" && !inFilter) move(-1);
    else return;
    event.preventDefault();
  });

  const two = (number) => String(number).padStart(2, "0");
  for (const time of document.querySelectorAll("time")) {
    const date = new Date(time.dateTime);
    time.title = `${time.textContent} UTC`;
    time.textContent =
      `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ` +
      `${two(date.getHours())}:${two(date.getMinutes())}`;
  }
  document.querySelector("thead small").textContent = "local time";
  if (location.hash === "#filter") {
    filter.focus();
    filter.setSelectionRange(filter.value.length, filter.value.length);
    const here = new URL(location.href);
    here.hash = "";
    history.replaceState(null, "", here);
  }
}
