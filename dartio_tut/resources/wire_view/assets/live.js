// What the server tells, as it happens.

/**
 * Listen to the server's events.
 *
 * After each connection *all* is called with what the server keeps: what happened while
 * there was none is among it. *told* is called with the kind of each event and its data,
 * *state* with "live" or "lost". `renew` of what is returned asks for all once more.
 */
export function listen(base, { all, told, state }) {
  let source = null;
  let retry = null;

  const lost = () => {
    state("lost");
    source?.close();
    clearTimeout(retry);
    retry = setTimeout(connect, 2000);
  };

  async function renew() {
    const answer = await fetch(`${base}exchanges.json`, { cache: "no-store" });
    if (!answer.ok) throw new Error(`${answer.status}`);
    all(await answer.json());
    state("live");
  }

  function connect() {
    source = new EventSource(`${base}events`);
    source.addEventListener("open", () => renew().catch(lost));
    source.addEventListener("error", lost);
    for (const kind of ["connection", "exchange", "dropped"]) {
      source.addEventListener(kind, (event) => told(kind, JSON.parse(event.data)));
    }
  }

  connect();
  window.addEventListener("pagehide", () => source?.close());
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) connect();
  });
  return { renew: () => renew().catch(lost) };
}
