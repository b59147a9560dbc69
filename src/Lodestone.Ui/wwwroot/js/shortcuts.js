// Keys that work on every page, and menus that close like menus. An element with data-shortcut="x" is focused or pressed by x.

/** @type {Record<string, string>} */
const places = { h: "/", m: "/models", d: "/datasets", n: "/new" };
const chordMs = 1200;
let goUntil = 0;

/** @param {EventTarget | null} target */
function isTyping(target) {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches("input, textarea, select"));
}

function sheet() {
  return /** @type {HTMLDialogElement | null} */ (document.getElementById("shortcuts"));
}

/** @param {Node | null} except */
function closeMenus(except) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!except || !menu.contains(except)) {
      /** @type {HTMLDetailsElement} */ (menu).open = false;
    }
  }
}

/** @param {string} key */
function press(key) {
  const target = document.querySelector(`[data-shortcut="${CSS.escape(key)}"]`);
  if (!(target instanceof HTMLElement)) {
    return false;
  }

  if (target instanceof HTMLInputElement) {
    target.focus();
    target.select();
  } else {
    target.click();
  }

  return true;
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    const menu = document.activeElement?.closest("details.menu[open]");
    closeMenus(null);
    menu?.querySelector("summary")?.focus();
    return;
  }

  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) {
    return;
  }

  if (event.timeStamp < goUntil && places[event.key]) {
    location.assign(places[event.key]);
  } else if (event.key === "g") {
    goUntil = event.timeStamp + chordMs;
  } else if (event.key === "?" && !sheet()?.open) {
    sheet()?.showModal();
  } else if (press(event.key)) {
    event.preventDefault();
  }
});

document.addEventListener("click", (event) => closeMenus(/** @type {Node} */ (event.target)));
sheet()?.addEventListener("click", (event) => event.target === sheet() && sheet()?.close());
