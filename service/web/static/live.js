// Fetch the numbers again every two seconds until they are settled; pause while nobody looks.
const PERIOD = 2000;

const stateOf = (place) => place.querySelector("[data-state]")?.dataset.state;

// Who has got to one of its links by keys stays there.
function renew(place, fresh) {
  const at = place.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  place.innerHTML = fresh;
  if (at) [...place.querySelectorAll("a")].find((link) => link.getAttribute("href") === at)?.focus();
  speak(place);
}

// A screen reader is told where it stands, not each number, and not every two seconds.
const SILENCE = 15_000;
let spokenAt = Date.now();

function speak(place) {
  const spoken = document.getElementById("spoken");
  if (!spoken || Date.now() - spokenAt < SILENCE) return;
  spokenAt = Date.now();
  spoken.textContent = place.querySelector(".headline")?.innerText ?? "";
}

for (const place of document.querySelectorAll("[data-live]")) {
  const opened = stateOf(place);
  const timer = setInterval(async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(place.dataset.live, { headers: { Accept: "text/html" } });
      if (answer.redirected) return location.reload();
      if (!answer.ok) return;
      const fresh = await answer.text();
      if (place.innerHTML.trim() !== fresh.trim()) renew(place, fresh);
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

// What is said of a moment to come stays true while the page is open.
const MINUTE = 60_000;

function inWords(left) {
  const minutes = Math.max(0, Math.floor(left / MINUTE));
  const [days, hours] = [Math.floor(minutes / 1440), Math.floor(minutes / 60) % 24];
  if (days) return `${days} d ${hours} h`;
  if (hours) return `${hours} h ${minutes % 60} min`;
  return minutes ? `${minutes} min` : "less than a minute";
}

setInterval(() => {
  for (const place of document.querySelectorAll("[data-until]")) {
    place.textContent = inWords(new Date(place.dataset.until) - Date.now());
  }
}, 10_000);
