// Light or dark, kept in a cookie that the server reads. Choosing what the system prefers anyway forgets the choice.

const systemDark = matchMedia("(prefers-color-scheme: dark)");

class ThemeSwitch extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", ThemeSwitch.toggle);
  }

  static toggle() {
    const root = document.documentElement;
    const isDark = root.dataset.theme ? root.dataset.theme === "dark" : systemDark.matches;
    if (isDark === systemDark.matches) {
      const theme = isDark ? "light" : "dark";
      root.dataset.theme = theme;
      document.cookie = `theme=${theme};path=/;max-age=31536000;samesite=lax`;
      return;
    }

    delete root.dataset.theme;
    document.cookie = "theme=;path=/;max-age=0;samesite=lax";
  }
}

customElements.define("theme-switch", ThemeSwitch);
