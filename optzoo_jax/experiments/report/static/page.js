"use strict";
// What the scripts of all sections share: the numbers, which methods are drawn, and how a method looks.
const report = (() => {
  const { race, methods, featured, sections } = JSON.parse(document.getElementById("page-data").textContent);
  const names = Object.keys(methods);
  const shown = new Set(featured);
  const listeners = [];

  const star = [...Array(10)].map((_, i) => [Math.sin(i * Math.PI / 5), -Math.cos(i * Math.PI / 5)].map(x => x * (i % 2 ? 0.55 : 1.4)));
  const plus = [[-1, 3], [1, 3], [1, 1], [3, 1], [3, -1], [1, -1], [1, -3], [-1, -3], [-1, -1], [-3, -1], [-3, 1], [-1, 1]];
  const SHAPES = {
    o: [...Array(20)].map((_, i) => [Math.sin(i * Math.PI / 10), Math.cos(i * Math.PI / 10)]),
    s: [[-0.9, -0.9], [0.9, -0.9], [0.9, 0.9], [-0.9, 0.9]],
    "^": [[0, -1.15], [1.1, 0.85], [-1.1, 0.85]],
    v: [[0, 1.15], [1.1, -0.85], [-1.1, -0.85]],
    D: [[0, -1.25], [1.25, 0], [0, 1.25], [-1.25, 0]],
    P: plus.map(([x, y]) => [x * 0.4, y * 0.4]),
    X: plus.map(([x, y]) => [(x + y) * 0.3, (x - y) * 0.3]),
    "*": star,
  };

  const px = x => Math.round(x * 10) / 10;

  // The outline of a method's marker, as a piece of an SVG path.
  function marker(name, x, y, size) {
    return SHAPES[methods[name].marker].map(([dx, dy], i) => `${i ? "L" : "M"}${px(x + size * dx)} ${px(y + size * dy)}`).join("") + "Z";
  }

  function element(tag, attributes = {}, ...children) {
    return fill(document.createElement(tag), attributes, children);
  }

  function svg(tag, attributes = {}, ...children) {
    return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
  }

  function fill(node, attributes, children) {
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    node.append(...children);
    return node;
  }

  // A colour for `currentColor`, on light and on dark paper.
  const ink = name => `color: light-dark(${methods[name].light}, ${methods[name].dark})`;

  function number(x) {
    if (x === null) return "–";
    const size = Math.abs(x);
    const text = size && (size < 1e-3 || size >= 1e5) ? x.toExponential(2).replace(/\.?0+e/, "e").replace("e+", "e") : String(+x.toPrecision(3));
    return text.replaceAll("-", "−");
  }

  function changed() {
    for (const button of document.querySelectorAll("#legend button")) button.setAttribute("aria-pressed", shown.has(button.dataset.method));
    document.getElementById("shown").textContent = `${shown.size} of ${names.length}`;
    for (const listener of listeners) listener();
  }

  function show(chosen) {
    shown.clear();
    for (const name of chosen) shown.add(name);
    changed();
  }

  function toggle(name) {
    show(shown.has(name) ? [...shown].filter(other => other !== name) : [...shown, name]);
  }

  // Lets one method stand out in every chart; null for none.
  function light(name) {
    for (const chart of document.querySelectorAll("svg.plot")) chart.classList.toggle("lit", name !== null && shown.has(name));
    for (const group of document.querySelectorAll("svg.plot g.method")) group.classList.toggle("on", group.dataset.method === name);
  }

  function swatch(name) {
    return svg("svg", { class: "swatch", viewBox: "0 0 30 12", "aria-hidden": "true", style: ink(name) },
      svg("path", { d: "M1 6H29", "stroke-dasharray": methods[name].dash }), svg("path", { class: "mark", d: marker(name, 15, 6, 3.6) }));
  }

  function legend() {
    for (const name of names) {
      const button = element("button", { type: "button", "data-method": name, "aria-pressed": "true" }, swatch(name), name);
      button.onclick = () => toggle(name);
      button.onpointerenter = button.onfocus = () => light(name);
      button.onpointerleave = button.onblur = () => light(null);
      document.getElementById("legend").append(button);
    }
    const sets = { featured, all: names, none: [] };
    for (const button of document.querySelectorAll("[data-show]")) button.onclick = () => show(sets[button.dataset.show]);
    if (matchMedia("(max-width: 900px)").matches) document.querySelector("aside details").open = false;
  }

  function theme() {
    const button = document.getElementById("theme");
    const root = document.documentElement;
    const system = matchMedia("(prefers-color-scheme: dark)");
    const dark = () => (root.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";
    const name = () => {
      button.textContent = dark() ? "Light page" : "Dark page";
    };
    button.onclick = () => {
      root.dataset.theme = dark() ? "light" : "dark";
      name();
    };
    system.onchange = name;
    name();
  }

  // A link to what lies in a closed part opens it.
  function follow() {
    const target = document.getElementById(location.hash.slice(1));
    const closed = target?.closest("details");
    if (closed && !closed.open) {
      closed.open = true;
      target.scrollIntoView();
    }
  }

  function download(button, file) {
    button.onclick = () => {
      const url = URL.createObjectURL(new Blob([JSON.stringify(race, null, 1)], { type: "application/json" }));
      element("a", { href: url, download: file }).click();
      setTimeout(() => URL.revokeObjectURL(url), 1000);
    };
  }

  theme();
  legend();
  addEventListener("hashchange", follow);
  return {
    race, methods, names, shown, toggle, swatch, marker, element, svg, ink, number, light, download, px,
    onChange: listener => listeners.push(listener),
    run: (id, script) => script(document.getElementById(id), sections[id]),
    start: () => {
      changed();
      follow();
    },
  };
})();
