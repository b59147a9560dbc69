// <size-range>: two choices of a smallest and a largest size become one slider with two thumbs. The choices stay in the form and are
// what it sends; letting a thumb go sends it.

class SizeRange extends HTMLElement {
  connectedCallback() {
    const [least, most] = this.querySelectorAll("select");
    if (!least || !most) {
      return;
    }

    const stops = [...least.options].slice(1).map((option) => option.value);
    const text = document.createElement("output");
    const track = document.createElement("div");
    track.className = "size-range";
    const low = this.#thumb(least.selectedIndex === 0 ? 0 : least.selectedIndex, stops.length + 1, "At least");
    const high = this.#thumb(most.selectedIndex === 0 ? stops.length + 1 : most.selectedIndex, stops.length + 1, "At most");

    const show = () => {
      least.selectedIndex = low.valueAsNumber;
      most.selectedIndex = high.valueAsNumber > stops.length ? 0 : high.valueAsNumber;
      low.setAttribute("aria-valuetext", least.value || "from none");
      high.setAttribute("aria-valuetext", most.value || "without end");
      text.value = least.value || most.value ? `${least.value || "0"} to ${most.value || "any"}` : "Any size";
      track.style.setProperty("--low", String(low.valueAsNumber / (stops.length + 1)));
      track.style.setProperty("--high", String(high.valueAsNumber / (stops.length + 1)));
    };
    low.addEventListener("input", () => {
      low.valueAsNumber = Math.min(low.valueAsNumber, high.valueAsNumber - 1, stops.length);
      show();
    });
    high.addEventListener("input", () => {
      high.valueAsNumber = Math.max(high.valueAsNumber, low.valueAsNumber + 1, 1);
      show();
    });
    for (const thumb of [low, high]) {
      thumb.addEventListener("change", () => this.closest("form")?.requestSubmit());
    }

    for (const replaced of [least, most, this.closest("form")?.querySelector("button")]) {
      replaced?.toggleAttribute("hidden", true);
    }

    track.append(low, high);
    this.append(track, text);
    show();
  }

  /**
   * @param {number} value
   * @param {number} max
   * @param {string} label
   */
  #thumb(value, max, label) {
    const thumb = document.createElement("input");
    Object.assign(thumb, { type: "range", min: "0", max: String(max), step: "1" });
    thumb.valueAsNumber = value;
    thumb.setAttribute("aria-label", label);
    return thumb;
  }
}

customElements.define("size-range", SizeRange);
