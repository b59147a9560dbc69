// <copy-button value="…"><button>…</button></copy-button> copies the value; <copy-button for="id"> the text of that element, exactly as
// shown; without either it copies the code of the block that it stands in.

const shownForMs = 1600;

class CopyButton extends HTMLElement {
  /** @type {number | undefined} */
  #timer;

  connectedCallback() {
    this.addEventListener("click", () => void this.#copy());
  }

  async #copy() {
    await CopyButton.write(this.getAttribute("value") ?? this.#shown());
    this.dataset.copied = "";
    this.querySelector("[role=status]")?.replaceChildren("Copied");
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#reset(), shownForMs);
  }

  #reset() {
    delete this.dataset.copied;
    this.querySelector("[role=status]")?.replaceChildren();
  }

  /** @returns {string} */
  #shown() {
    const id = this.getAttribute("for");
    const shown = id ? document.getElementById(id) : this.parentElement?.querySelector("pre > code");
    return shown?.textContent ?? "";
  }

  /** @param {string} text */
  static async write(text) {
    if (navigator.clipboard) {
      await navigator.clipboard.writeText(text);
      return;
    }

    // The clipboard API is absent on plain http; a server on a local network is often that.
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "visually-hidden";
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

customElements.define("copy-button", CopyButton);
