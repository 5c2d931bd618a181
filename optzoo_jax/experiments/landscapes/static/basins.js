// The maps: from where a method reaches a minimum, and in how many steps.
const SIDE = 64;
const WHOLE = { x: 0, y: 0, width: 1, height: 1, wide: 1, high: 1 };

// A square canvas whose cells, rows from the bottom up, have the colours [r, g, b, alpha] that `colour` says.
function painted(cells, colour) {
  const side = Math.sqrt(cells);
  const canvas = element("canvas", { width: side, height: side });
  const context = canvas.getContext("2d");
  const image = context.createImageData(side, side);
  for (let i = 0; i < cells; i++) image.data.set(colour(i), 4 * ((side - 1 - Math.floor(i / side)) * side + (i % side)));
  context.putImageData(image, 0, 0);
  return canvas;
}

function explained({ title, goal, steps, source }) {
  return `On ${title}, each of 64 × 64 places is coloured by the steps that a path from there takes to a minimum, at the ` +
    `learning rate that is set above. Reached is f − min f ≤ ${number(goal)}, and no higher to the last step, ${steps}: as ` +
    `much of the picture lies below that as one cell of the map. Above each map stand the share of places from which a ` +
    `minimum is reached and the median of their steps. ● minimum, ○ start. The surface: ${source}.`;
}

const found = m => {
  const first = (m * methods[m].rates.length + rateIndex(m)) * SIDE ** 2;
  return now.surface.basins.subarray(first, first + SIDE ** 2);
};

function read(event, m) {
  const [left, right, bottom, top] = now.surface.region;
  const [i, j] = shareOf(event, WHOLE).map(x => Math.max(0, Math.min(SIDE - 1, Math.floor(x * SIDE))));
  const from = [left + ((i + 0.5) / SIDE) * (right - left), bottom + ((j + 0.5) / SIDE) * (top - bottom)];
  const steps = found(m)[j * SIDE + i];
  find(".cell").textContent = `${methods[m].name} from ${point(from)}: ${steps < 0 ? "not reached" : `${steps} steps`}`;
}

function ring(canvas, xy, radius, fill) {
  const context = canvas.getContext("2d");
  const [x, y] = toZ(xy);
  context.beginPath();
  context.arc((x + 1) / 2 * canvas.width, (1 - y) / 2 * canvas.height, radius, 0, 7);
  for (const [strokeStyle, lineWidth] of [["#fff", 6], ["#000", 2.5]]) {
    Object.assign(context, { strokeStyle, lineWidth });
    context.stroke();
  }
  if (fill) context.fill();
}

function drawMap(m) {
  const { steps, starts, minima, title } = now.surface;
  const { canvas, words } = maps[m];
  const taken = found(m);
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingEnabled = false;
  const colour = t => (t < 0 ? [0, 0, 0, 0] : [...colours[Math.round(t / steps * (colours.length - 1))], 255]);
  const cells = painted(taken.length, i => colour(taken[i]));
  context.drawImage(cells, 0, 0, canvas.width, canvas.height);
  minima.forEach(xy => ring(canvas, xy, 3, true));
  ring(canvas, starts[now.start], 8, false);
  const reached = taken.filter(t => t >= 0).sort();
  const middle = reached.length ? `, median ${reached[reached.length >> 1]} steps` : "";
  const share = `${number(Math.round(1000 * reached.length / taken.length) / 10)} %${middle}`;
  words[0].textContent = `at ${rateText(m)}`;
  words[1].textContent = share;
  canvas.setAttribute("aria-label", `${methods[m].name} on ${title} ${words[0].textContent}: a minimum is reached from ${share}`);
}

const maps = methods.map(({ name }, m) => {
  const words = [element("span"), element("div")];
  const canvas = element("canvas", { class: "hatch", width: 384, height: 288, role: "img", "aria-label": `Basin of ${name}` });
  const figure = element("figure", {}, element("figcaption", {}, element("b", {}, name), ...words), canvas);
  canvas.onclick = event => nearest(event, WHOLE);
  canvas.onpointermove = event => read(event, m);
  find(".basins").append(figure);
  return { figure, canvas, words, draw: drawMap };
});
find(".ramp").style.background = `linear-gradient(to right, ${colours.map(rgb => `rgb(${rgb})`)})`;
choose(surfaces[0]);
