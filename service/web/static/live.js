// Fetch the numbers again every two seconds until they are settled; pause while nobody looks.
const PERIOD = 2000;

for (const place of document.querySelectorAll("[data-live]")) {
  const timer = setInterval(async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(place.dataset.live, { headers: { Accept: "text/html" } });
      if (answer.redirected) return location.reload();
      if (!answer.ok) return;
      const fresh = await answer.text();
      if (place.innerHTML.trim() !== fresh.trim()) place.innerHTML = fresh;
      if (place.querySelector("[data-settled]")) {
        clearInterval(timer);
        location.reload();
      }
    } catch {
      // The server is being restarted: the next round asks again.
    }
  }, PERIOD);
}
