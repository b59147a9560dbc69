// <quick-search data-from="/api/quicksearch">: shows below its input what the typed text finds. Arrow keys walk through it, Enter opens
// what is chosen or sends the form, Escape closes it. Without script the form alone is there.

const pauseMs = 120;
const kinds = [
  { title: "Models", items: "models", count: "modelsCount", place: "models", path: (/** @type {any} */ r) => `/${r.id}`, text: (/** @type {any} */ r) => r.id },
  { title: "Data sets", items: "datasets", count: "datasetsCount", place: "datasets", path: (/** @type {any} */ r) => `/datasets/${r.id}`, text: (/** @type {any} */ r) => r.id },
  { title: "Spaces", items: "spaces", count: "spacesCount", place: "spaces", path: (/** @type {any} */ r) => `/spaces/${r.id}`, text: (/** @type {any} */ r) => r.id },
  { title: "Organizations", items: "orgs", count: "orgsCount", place: "organizations", path: (/** @type {any} */ o) => `/${o.name}`, text: (/** @type {any} */ o) => o.name },
  { title: "People", items: "users", count: "usersCount", place: "people", path: (/** @type {any} */ u) => `/${u.user}`, text: (/** @type {any} */ u) => u.user },
];

class QuickSearch extends HTMLElement {
  /** @type {AbortController | undefined} */
  #asking;
  #timer = 0;

  connectedCallback() {
    const input = this.querySelector("input");
    if (!input) {
      return;
    }

    const list = document.createElement("div");
    Object.assign(list, { id: "quick-results", className: "quick-results", hidden: true });
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", "Found by name");
    this.append(list);
    input.setAttribute("role", "combobox");
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-controls", list.id);
    this.#close();
    input.addEventListener("input", () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#ask(input.value.trim()), pauseMs);
    });
    input.addEventListener("keydown", (event) => this.#press(event));
    this.addEventListener("focusout", (event) => !this.contains(/** @type {Node | null} */ (event.relatedTarget)) && this.#close());
  }

  get #list() {
    return /** @type {HTMLElement} */ (this.querySelector(".quick-results"));
  }

  /** @returns {HTMLAnchorElement[]} */
  get #options() {
    return [...this.#list.querySelectorAll("a")];
  }

  /** @param {string} text */
  async #ask(text) {
    this.#asking?.abort();
    if (!text) {
      this.#close();
      return;
    }

    this.#asking = new AbortController();
    try {
      const answer = await fetch(`${this.dataset.from}?q=${encodeURIComponent(text)}`, { signal: this.#asking.signal });
      if (answer.ok) {
        this.#show(text, await answer.json());
      }
    } catch (error) {
      if (/** @type {Error} */ (error).name !== "AbortError") {
        this.#close(); // the form still works
      }
    }
  }

  /**
   * @param {string} text
   * @param {any} found
   */
  #show(text, found) {
    const groups = kinds.filter((kind) => found[kind.count] > 0).map((kind) => {
      const group = document.createElement("div");
      group.setAttribute("role", "group");
      group.setAttribute("aria-label", kind.title);
      const title = document.createElement("span");
      title.className = "quick-results__kind";
      title.textContent = `${kind.title} ${found[kind.count]}`;
      group.append(title, ...found[kind.items].map((/** @type {any} */ item) => this.#option(kind.path(item), kind.text(item))));
      return group;
    });
    this.#list.replaceChildren(...groups, this.#option(`/search?q=${encodeURIComponent(text)}`, `Search names and cards for “${text}”`));
    this.#list.hidden = false;
    this.querySelector("input")?.setAttribute("aria-expanded", "true");
  }

  /**
   * @param {string} href
   * @param {string} text
   */
  #option(href, text) {
    const option = document.createElement("a");
    option.href = href;
    option.textContent = text;
    option.id = `quick-${href}`;
    option.tabIndex = -1;
    option.setAttribute("role", "option");
    return option;
  }

  #close() {
    clearTimeout(this.#timer);
    this.#asking?.abort();
    this.#list.hidden = true;
    this.#list.replaceChildren();
    const input = this.querySelector("input");
    input?.setAttribute("aria-expanded", "false");
    input?.removeAttribute("aria-activedescendant");
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    const options = this.#options;
    const at = options.findIndex((option) => option.ariaSelected === "true");
    if (event.key === "Escape") {
      this.#close();
    } else if (event.key === "Enter" && at >= 0) {
      event.preventDefault();
      location.assign(options[at].href);
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && options.length > 0) {
      event.preventDefault();
      const next = event.key === "ArrowDown" ? at + 1 : at < 0 ? options.length - 1 : at - 1;
      this.#choose(options[next % options.length]);
    }
  }

  /** @param {HTMLAnchorElement | undefined} chosen */
  #choose(chosen) {
    for (const option of this.#options) {
      option.ariaSelected = String(option === chosen);
    }

    chosen?.scrollIntoView({ block: "nearest" });
    const input = this.querySelector("input");
    if (chosen) {
      input?.setAttribute("aria-activedescendant", chosen.id);
    } else {
      input?.removeAttribute("aria-activedescendant");
    }
  }
}

customElements.define("quick-search", QuickSearch);
