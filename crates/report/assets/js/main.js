// The theme, and what is shown in which order.

const themed = [];
/** Calls again what must be drawn anew in other colours. */
function onTheme(again) {
  themed.push(again);
}

function setTheme(theme) {
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
  const isDark = theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  byId("theme").textContent = isDark ? "Light" : "Dark";
  byId("theme").setAttribute("aria-label", `Show it ${isDark ? "light" : "dark"}`);
  for (const again of themed) again();
}

/** The choice is kept where the browser lets a page keep something. */
function kept(value) {
  try {
    if (value !== undefined) localStorage.setItem("knowatt-theme", value);
    return localStorage.getItem("knowatt-theme");
  } catch {
    return value ?? null;
  }
}

function showTheme() {
  const asked = kept();
  setTheme(["light", "dark"].includes(asked) ? asked : null);
  byId("theme").addEventListener("click", () => {
    const next = byId("theme").textContent.toLowerCase();
    kept(next);
    setTheme(next);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => setTheme(document.documentElement.dataset.theme ?? null));
  // Paper is light.
  let before;
  addEventListener("beforeprint", () => {
    before = document.documentElement.dataset.theme ?? null;
    setTheme("light");
  });
  addEventListener("afterprint", () => setTheme(before));
}

function showHead() {
  const { name, first_day, last_day, calibration } = content.model;
  const title = content.meter ? `Use of power: ${content.meter}` : "This home's use of power";
  byId("title").textContent = document.title = title;
  const learned = first_day ? `Learned from ${isoDayText(first_day)} to ${isoDayText(last_day)} by ${name}` : `Given as ${name}`;
  byId("about").textContent = `${learned}, on the clock of ${content.zone.name}. A score of 1.0 is the most that is normal${calibration ? `; about ${counted(calibration.alerts_per_month, "alert")} a month were asked for` : ""}.`;
  byId("footer").textContent = `Made by ${content.model.tool}. This page asks for nothing on any network${content.is_live ? " but the server it came from" : ""}.`;
}

const anotherTask = () => new Promise((next) => setTimeout(next));

// One after the other, so that the page answers in between however much there is to show.
for (const show of [showHead, showTheme, showLive, showNormal, showUnusual, showTrust, showWhatIf]) {
  show();
  await anotherTask();
}
while (undrawn > 0) await new Promise(requestAnimationFrame);
document.documentElement.dataset.shown = "true";
