/**
 * Monaco writes its themes into `<style>` elements, which a strict Content-Security-Policy refuses.
 * Constructed style sheets are not markup, and the policy lets them be (CSP 3 §6.1.14 speaks of
 * elements and attributes only). So after {@link constructStyles} a `<style>` that a script
 * makes is an inert element whose text goes into a constructed sheet.
 */
export function constructStyles(page: Document): void {
  const create = page.createElement.bind(page);
  const sheets = new Map<HTMLElement, { sheet: CSSStyleSheet; seen: boolean }>();

  // An element that left the page takes its sheet along; looked at whenever another one is made.
  const sweep = (): void => {
    for (const [element, entry] of sheets) {
      if (element.isConnected) entry.seen = true;
      else if (entry.seen) sheets.delete(element);
    }
    const gone = new Set([...sheets.values()].map((entry) => entry.sheet));
    page.adoptedStyleSheets = page.adoptedStyleSheets.filter(
      (sheet) => gone.has(sheet) || !ours.has(sheet),
    );
  };
  const ours = new WeakSet<CSSStyleSheet>();

  const styleElement = (): HTMLElement => {
    sweep();
    const sheet = new CSSStyleSheet();
    const element = create('template');
    let text = '';
    const written: PropertyDescriptor = {
      get: () => text,
      set: (value: string | null) => {
        text = value ?? '';
        sheet.replaceSync(text);
      },
    };
    Object.defineProperties(element, {
      textContent: written,
      innerText: written,
      innerHTML: written,
      sheet: { value: sheet },
      type: { value: 'text/css', writable: true },
      media: { value: 'all', writable: true },
    });
    // Monaco appends its sheet's text as a text node in one place (the context view).
    element.appendChild = (node) => {
      text += node.textContent ?? '';
      sheet.replaceSync(text);
      return node;
    };
    ours.add(sheet);
    sheets.set(element, { sheet, seen: false });
    page.adoptedStyleSheets = [...page.adoptedStyleSheets, sheet];
    return element;
  };

  page.createElement = (name: string, options?: ElementCreationOptions): HTMLElement =>
    name.toLowerCase() === 'style' ? styleElement() : create(name, options);
}
