// Offer the zone that the browser is set to. On a reader's first page, where none was ever chosen,
// it is put in: they see it there, and nothing holds before they save.
for (const select of document.querySelectorAll("select[data-detect-zone]")) {
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const known = [...select.options].some((option) => option.value === here);
  if (!here || !known || select.value === here) continue;
  if (select.dataset.detectZone === "choose" && select.value === "") {
    select.value = here;
    continue;
  }
  const offer = document.createElement("button");
  offer.type = "button";
  offer.className = "offer";
  const words = select.dataset.offer || "Use {zone}";
  offer.textContent = words.replace("{zone}", here.replaceAll("_", " "));
  offer.addEventListener("click", () => {
    select.value = here;
    offer.remove();
    select.focus();
  });
  select.after(offer);
}
