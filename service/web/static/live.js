// Fetch the numbers again every two seconds until they are settled; pause while nobody looks.
const PERIOD = 2000;

const stateOf = (place) => place.querySelector("[data-state]")?.dataset.state;

for (const place of document.querySelectorAll("[data-live]")) {
  const opened = stateOf(place);
  const timer = setInterval(async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(place.dataset.live, { headers: { Accept: "text/html" } });
      if (answer.redirected) return location.reload();
      if (!answer.ok) return;
      const fresh = await answer.text();
      if (place.innerHTML.trim() !== fresh.trim()) place.innerHTML = fresh;
      if (place.querySelector("[data-settled]") || stateOf(place) !== opened) {
        clearInterval(timer);
        location.reload(); // other buttons belong to it now
      }
    } catch {
      // The server is being restarted: the next round asks again.
    }
  }, PERIOD);
}

// Between two answers of the server the seconds go on by themselves.
setInterval(() => {
  for (const left of document.querySelectorAll("[data-countdown]")) {
    left.textContent = Math.max(0, Number(left.textContent) - 1);
  }
}, 1000);
