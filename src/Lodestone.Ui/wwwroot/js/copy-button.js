// <copy-button for="id"><button>…</button></copy-button> copies the text of the element, exactly as shown;
// <copy-button value="…"> copies the value, which is for text that stands beside the button.

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
    return document.getElementById(this.getAttribute("for") ?? "")?.textContent ?? "";
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
