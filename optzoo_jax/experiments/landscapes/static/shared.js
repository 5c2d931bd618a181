"use strict";
// The numbers of the page, and what draws: elements, markers, ticks.
const data = JSON.parse(document.getElementById("data").textContent);
const { looks } = data;

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
  return SHAPES[looks[name].marker].map(([dx, dy], i) => `${i ? "L" : "M"}${px(x + size * dx)} ${px(y + size * dy)}`).join("") + "Z";
}

const element = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);
const svg = (tag, attributes = {}, ...children) => fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

function fill(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

// A colour for `currentColor`, on light and on dark paper.
const ink = name => `color: light-dark(${looks[name].light}, ${looks[name].dark})`;

function swatch(name) {
  return svg("svg", { class: "swatch", viewBox: "0 0 30 12", "aria-hidden": "true", style: ink(name) },
    svg("path", { d: "M1 6H29", "stroke-dasharray": looks[name].dash }), svg("path", { class: "mark", d: marker(name, 15, 6, 3.6) }));
}

function number(x) {
  if (x === null) return "–";
  const size = Math.abs(x);
  const text = size && (size < 1e-3 || size >= 1e5) ? x.toExponential(2).replace(/\.?0+e/, "e").replace("e+", "e") : String(+x.toPrecision(3));
  return text.replaceAll("-", "−");
}

// Round numbers between two, and decades between two exponents; each with its text.
function linear(low, high) {
  const power = 10 ** Math.floor(Math.log10((high - low) / 5));
  const step = power * [1, 2, 5, 10].find(m => m * power >= (high - low) / 5);
  const found = [];
  for (let t = Math.ceil(low / step - 1e-9); t * step <= high * (1 + 1e-9); t++) found.push([t * step, number(t * step)]);
  return found;
}

function decades(low, high) {
  const found = [];
  for (let t = Math.ceil(low); t <= high; t += Math.ceil((high - low) / 7)) found.push([t, number(10 ** t)]);
  return found;
}
