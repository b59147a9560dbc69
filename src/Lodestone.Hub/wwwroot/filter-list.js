// <filter-list data-go="/…/REVISION/…">: an input and links below it. Typing hides the links that do not hold the text; Enter opens the
// first that is left, or goes to what was typed when no link has it. Arrow keys walk from the input through the links and back.

class FilterList extends HTMLElement {
  connectedCallback() {
    const input = this.querySelector("input");
    input?.addEventListener("input", () => this.#filter(input.value.trim().toLowerCase()));
    this.addEventListener("keydown", (event) => this.#press(event));
    this.closest("details")?.addEventListener("toggle", (event) => {
      if (/** @type {HTMLDetailsElement} */ (event.target).open) {
        input?.focus();
      }
    });
  }

  /** @returns {HTMLAnchorElement[]} */
  get #links() {
    return [...this.querySelectorAll("a")];
  }

  /** @param {string} text */
  #filter(text) {
    for (const link of this.#links) {
      link.hidden = !(link.textContent ?? "").toLowerCase().includes(text);
    }

    for (const group of this.querySelectorAll("div")) {
      group.hidden = !group.querySelector("a:not([hidden])");
    }
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    const shown = this.#links.filter((link) => !link.hidden);
    const stops = [this.querySelector("input"), ...shown];
    const at = stops.indexOf(/** @type {any} */ (document.activeElement));
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      stops[(at + (event.key === "ArrowDown" ? 1 : stops.length - 1)) % stops.length]?.focus();
    } else if (event.key === "Enter" && event.target instanceof HTMLInputElement) {
      event.preventDefault();
      this.#open(shown[0]?.href, event.target.value.trim());
    }
  }

  /**
   * @param {string | undefined} href
   * @param {string} typed
   */
  #open(href, typed) {
    const go = href ?? (typed && this.dataset.go?.replace("REVISION", encodeURIComponent(typed)));
    if (go) {
      location.assign(go);
    }
  }
}

customElements.define("filter-list", FilterList);
