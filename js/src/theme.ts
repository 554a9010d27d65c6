/** Light or dark: asks the host's own marks, then the page's background, then the system; follows changes. */

export type Theme = 'light' | 'dark';

/** JupyterLab, VS Code, Colab and marimo each mark their theme on the page's root elements; our setting goes first. */
export function themeOf(doc: Document): Theme {
  const { body, documentElement: html } = doc;
  if (asks(doc, '(forced-colors: active)')?.matches === true) {
    return darkQuery(doc)?.matches === true ? 'dark' : 'light'; // the system's colours go before the page's
  }
  const chosen = body.getAttribute('data-dvl-theme');
  if (chosen === 'dark' || chosen === 'light') {
    return chosen;
  }
  const lab = body.getAttribute('data-jp-theme-light');
  if (lab !== null) {
    return lab === 'false' ? 'dark' : 'light';
  }
  const code = body.getAttribute('data-vscode-theme-kind');
  if (code !== null) {
    return code.includes('light') ? 'light' : 'dark';
  }
  const named = [html, body]
    .flatMap((e) => [e.getAttribute('theme'), e.getAttribute('data-theme')])
    .find(Boolean);
  if (named === 'dark' || named === 'light') {
    return named;
  }
  if ([html, body].some((element) => element.classList.contains('dark'))) {
    return 'dark';
  }
  return byBackground(doc) ?? (darkQuery(doc)?.matches === true ? 'dark' : 'light');
}

/** A page that paints its background has decided, whatever the operating system wishes. */
function byBackground({ body, documentElement }: Document): Theme | null {
  for (const element of [body, documentElement]) {
    const [r, g, b, alpha] =
      getComputedStyle(element)
        .backgroundColor.match(/[\d.]+/g)
        ?.map(Number) ?? [];
    if (b !== undefined && alpha !== 0) {
      return r! + g! + b < 384 ? 'dark' : 'light';
    }
  }
  return null;
}

/** Not every document has a window, and not every window can be asked. */
function asks(doc: Document, query: string): MediaQueryList | undefined {
  const view: Partial<Window> | null = doc.defaultView;
  return view?.matchMedia?.(query);
}

function darkQuery(doc: Document): MediaQueryList | undefined {
  return asks(doc, '(prefers-color-scheme: dark)');
}

/** Tells the theme now and after each change; returns how to stop. */
export function watchTheme(doc: Document, tell: (theme: Theme) => void): () => void {
  const look = (): void => tell(themeOf(doc));
  const observer = new MutationObserver(look);
  for (const element of [doc.body, doc.documentElement]) {
    observer.observe(element, { attributes: true }); // what marks a theme differs from host to host
  }
  const query = darkQuery(doc);
  query?.addEventListener('change', look);
  look();
  return () => {
    observer.disconnect();
    query?.removeEventListener('change', look);
  };
}
