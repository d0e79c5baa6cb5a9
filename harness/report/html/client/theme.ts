/** Light, dark, or as the system has it. The choice is kept where the browser lets a page keep anything. */
const THEMES = ['system', 'light', 'dark'] as const;
type Theme = (typeof THEMES)[number];

const THEME_KEY = 'mmapvet-theme';
const THEME_WORDS: Readonly<Record<Theme, string>> = {
  system: 'Colours: as the system',
  light: 'Colours: light',
  dark: 'Colours: dark',
};

function storedTheme(): Theme {
  try {
    const stored = localStorage.getItem(THEME_KEY);
    return THEMES.find((theme) => theme === stored) ?? 'system';
  } catch {
    return 'system';
  }
}

function applyTheme(theme: Theme, button: HTMLElement): void {
  if (theme === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
  button.textContent = THEME_WORDS[theme];
}

export function startTheme(): void {
  const button = document.querySelector<HTMLElement>('#theme');
  if (button === null) return;
  let theme = storedTheme();
  applyTheme(theme, button);
  button.addEventListener('click', () => {
    theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? 'system';
    applyTheme(theme, button);
    try {
      localStorage.setItem(THEME_KEY, theme);
    } catch {
      // Then it holds for this view alone.
    }
  });
}
