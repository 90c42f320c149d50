// What check_pages.py looks at inside a page. Each function returns plain values.

const checks = (() => {
  const article = () => document.querySelector("article") || document.body;

  // "pre > span.k": an element and its parent.
  const nameOf = element => {
    const one = e =>
      e.localName + (e.id && `#${e.id}`) + [...e.classList].slice(0, 3).map(c => `.${c}`).join("");
    return [element.parentElement, element].filter(Boolean).map(one).join(" > ");
  };

  // Load pictures below the window too, and let colours change at once.
  const prepare = async () => {
    const style = document.createElement("style");
    style.textContent = "* { transition: none !important; animation: none !important }";
    document.head.append(style);
    for (const image of document.images) image.loading = "eager";
    await Promise.all([...document.images].map(image => image.decode().catch(() => {})));
    await document.fonts.ready;
  };

  const setTheme = theme => {
    document.documentElement.dataset.theme = theme;
  };

  const brokenPictures = () => {
    const images = [...document.images].filter(image => !image.naturalWidth);
    const isEmpty = svg => svg.checkVisibility() && !svg.getBoundingClientRect().width;
    const drawings = [...article().querySelectorAll("svg")].filter(isEmpty);
    return [...images.map(image => decodeURI(image.getAttribute("src"))), ...drawings.map(nameOf)];
  };

  // What readers scroll sideways: code, tables, equations. Their pages must not.
  const SCROLLS = "pre, .pst-scrollable-table-container, .equation, .output_html";

  // Elements of the article that reach beyond the window, whether it scrolls or cuts them off.
  const tooWide = () => {
    const root = document.documentElement;
    const isOutside = e =>
      e.checkVisibility({opacityProperty: true}) &&
      e.getBoundingClientRect().right > root.clientWidth + 0.5 &&
      !e.parentElement.closest(SCROLLS);
    const outside = [...article().querySelectorAll("*")].filter(isOutside);
    const inner = outside.filter(e => ![...e.children].some(child => outside.includes(child)));
    const width = Math.max(root.scrollWidth, document.body.scrollWidth);
    if (!inner.length && width <= root.clientWidth) return null;
    return {width, names: [...new Set(inner.map(nameOf))].slice(0, 3)};
  };

  // -- Colours --

  const isOpaque = colour => !/^rgba\(|\//.test(colour);
  const isClear = colour => /(,|\/) 0\)$/.test(colour);
  const withAlpha = (colour, factor) => {
    const [red, green, blue, alpha = 1] = colour.match(/[\d.]+/g).map(Number);
    return `rgba(${red}, ${green}, ${blue}, ${alpha * factor})`;
  };

  // Colours of the shapes that are drawn below a text of an SVG, the nearest first.
  const shapesBelow = (text, x, y) => {
    const covers = shape => {
      if (getComputedStyle(shape).fill === "none" || shape.closest("defs")) return false;
      const point = new DOMPoint(x, y).matrixTransform(shape.getScreenCTM().inverse());
      return shape.isPointInFill(point);
    };
    const svg = text.ownerSVGElement;
    return [...svg.querySelectorAll("rect, circle, ellipse, path, polygon")]
      .filter(s => s.compareDocumentPosition(text) & Node.DOCUMENT_POSITION_FOLLOWING)
      .filter(covers)
      .reverse()
      .map(s => withAlpha(getComputedStyle(s).fill, +getComputedStyle(s).fillOpacity));
  };

  const boxOf = node => {
    const range = document.createRange();
    range.selectNodeContents(node);
    return range.getBoundingClientRect();
  };

  const lookOf = (element, box) => {
    const style = getComputedStyle(element);
    const inSvg = element instanceof SVGElement;
    const layers = inSvg
      ? shapesBelow(element, box.x + box.width / 2, box.y + box.height / 2)
      : [];
    let alpha = inSvg ? +style.fillOpacity : 1;
    let covered = false;
    for (let e = element; e; e = e.parentElement) {
      const {backgroundColor, opacity} = getComputedStyle(e);
      alpha *= opacity;
      if (!covered && !isClear(backgroundColor)) layers.push(backgroundColor);
      covered ||= isOpaque(backgroundColor);
    }
    const colour = inSvg ? style.fill : style.color;
    return {colour, alpha, layers, size: parseFloat(style.fontSize), weight: +style.fontWeight};
  };

  // scikit-learn colours the marks in its diagrams of estimators, in the page.
  const FOREIGN = ".sk-estimator-doc-link";

  // Each distinct look of the visible texts once, with the first text that has it.
  const texts = () => {
    const looks = new Map();
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const text = walker.currentNode.data.trim();
      const element = walker.currentNode.parentElement;
      const visible = {opacityProperty: true, visibilityProperty: true};
      if (!text || element.closest(FOREIGN) || !element.checkVisibility(visible)) continue;
      const box = boxOf(walker.currentNode);
      if (box.width < 2 || box.height < 2 || box.right < 0 || box.bottom < 0) continue;
      const look = lookOf(element, box);
      const key = JSON.stringify(look);
      if (!looks.has(key))
        looks.set(key, {...look, text: text.slice(0, 30), where: nameOf(element)});
    }
    return [...looks.values()];
  };

  // -- Search --

  // The paths that the search page lists. Summaries are not fetched: there are thousands.
  const search = async query => {
    DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
    document.getElementById("search-results").replaceChildren();
    Search.performSearch(query);
    for (let tries = 0; tries < 2000 && !Search.status.innerText; tries++)
      await new Promise(resolve => setTimeout(resolve, 5));
    const links = document.querySelectorAll("#search-results ul.search a");
    return [...links].map(link => new URL(link.href).pathname.slice(1));
  };

  return {prepare, setTheme, brokenPictures, tooWide, texts, search};
})();
