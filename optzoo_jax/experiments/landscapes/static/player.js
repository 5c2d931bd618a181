// The player: what was walked, at a step, a rate and a start. SVG for what moves, canvas for what does not.
const { methods, surfaces, colours } = data;
const section = document.querySelector("main");
const NOT_FINITE = -32768;
const MOST = 32767;
const PER_DECADE = 800;
const LEAST = -12;
const BANDS = 14;
const SECONDS = 9;
const BOX = { x: 44, y: 8, width: 420, height: 320 }; // of a drawing within 480 × 360
const STAR = "M0 -9L2.2 -2.9H8.6L3.5 1L5.3 7.3L0 3.5L-5.3 7.3L-3.5 1L-8.6 -2.9H-2.2Z";
const find = selector => section.querySelector(selector);
const now = { surface: surfaces[0], start: 0, factor: 0, rule: true, step: 0, playing: false };

const point = xy => `(${xy.map(number).join(", ")})`;
const rateIndex = m => (now.rule ? now.surface.chosen[m] : now.factor + (methods[m].rates.length - 1) / 2);

function rateText(m) {
  const { rates } = methods[m];
  const k = rateIndex(m);
  return number(rates[k]) + (now.rule && (k === 0 || k === rates.length - 1) ? "†" : "");
}

async function unpack(text) {
  const bytes = Uint8Array.from(atob(text), c => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Int16Array(await new Response(stream).arrayBuffer());
}

// z is ±1 at the edges of the region; a share is 0 … 1, from the lower left corner.
function toZ([x, y]) {
  const [left, right, bottom, top] = now.surface.region;
  return [(2 * x - left - right) / (right - left), (2 * y - bottom - top) / (top - bottom)];
}
const across = share => px(BOX.x + share * BOX.width);
const down = share => px(BOX.y + (1 - share) * BOX.height);
const at = z => [across((z[0] + 1) / 2), down((z[1] + 1) / 2)];
const inside = (z, edge = 1) => z !== null && Math.abs(z[0]) <= edge && Math.abs(z[1]) <= edge;

// A method's way from the start: its points, and the decades of f − min f; null where they are not finite.
function way(m) {
  const { xy, f, starts, steps } = now.surface;
  const first = ((m * methods[m].rates.length + rateIndex(m)) * starts.length + now.start) * (steps + 1);
  const z = [];
  const level = [];
  for (let i = first; i <= first + steps; i++) {
    z.push(xy[2 * i] === NOT_FINITE ? null : [xy[2 * i], xy[2 * i + 1]].map(q => q / (MOST - Math.abs(q))));
    level.push(f[i] === NOT_FINITE ? null : f[i] / PER_DECADE);
  }
  return { z, level };
}

// Where a way is at a step, or where it last left the picture, and what to say of that.
function end(z, t) {
  let i = t;
  while (!inside(z[i])) i--;
  if (i === t) return { z: z[t], fate: "" };
  const broken = z.indexOf(null);
  const fate = broken >= 0 && broken <= t ? `not finite from step ${broken}` : `outside since step ${i + 1}`;
  if (z[i + 1] === null) return { z: z[i], fate };
  const move = z[i].map((p, k) => z[i + 1][k] - p);
  const share = Math.min(...move.map((d, k) => (d === 0 ? Infinity : (Math.sign(d) - z[i][k]) / d)));
  return { z: z[i].map((p, k) => p + share * move[k]), fate };
}

// The path up to any step, through points of which some are null; `joined` says which are joined to the one before.
function strokes(points, joined = i => points[i - 1]) {
  const pieces = points.map((p, i) => (p ? `${i && joined(i) ? "L" : "M"}${p[0]} ${p[1]}` : ""));
  return t => pieces.slice(0, t + 1).join("");
}

// Of what is far away only the direction is known, as seen from the picture: a line from there could cross it anywhere.
const known = z => i => inside(z[i - 1]) || (inside(z[i], 10) && inside(z[i - 1], 10));

function ticks(low, high, places = linear) {
  return places(low, high).filter(([x]) => x >= low && x <= high).map(([x, text]) => [(x - low) / (high - low), text]);
}

// A drawing with ticks and, for each method, a line and a head.
function frame(name, label, xs, ys, below, above = []) {
  const clip = `landscapes-${name}`;
  const moving = svg("g", { "clip-path": `url(#${clip})` });
  const heads = svg("g");
  const scene = find(`.${name}`);
  scene.setAttribute("aria-label", label);
  scene.replaceChildren(
    svg("clipPath", { id: clip }, svg("rect", BOX)), ...below, svg("rect", { ...BOX, class: "edge" }),
    ...xs.map(([x, text]) => svg("text", { class: "tick", x: across(x), y: 350, "text-anchor": "middle" }, text)),
    ...ys.map(([y, text]) => svg("text", { class: "tick", x: BOX.x - 6, y: down(y) + 4, "text-anchor": "end" }, text)),
    moving, ...above, heads,
  );
  return methods.map((method, m) => {
    const group = () => svg("g", { "data-walker": method.name, style: ink(method.name) });
    const width = 2.8 - (1.2 * m) / methods.length; // later ones thinner, so that equal ones are all seen
    const halo = svg("path", { class: "halo", "stroke-width": width + 1.6 });
    const line = svg("path", { class: "way", "stroke-width": width, "stroke-dasharray": looks[method.name].dash });
    const head = svg("path", { class: "mark", d: marker(method.name, 0, 0, 5) });
    const groups = [group(), group()];
    groups[0].append(halo, line);
    groups[1].append(head);
    moving.append(groups[0]);
    heads.append(groups[1]);
    return { groups, head, draw: d => [halo, line].forEach(path => path.setAttribute("d", d)) };
  });
}

function ground() {
  const { title, region, starts, minima } = now.surface;
  const stars = minima.map(xy => svg("path", { class: "minimum", d: STAR, transform: `translate(${at(toZ(xy))})` }));
  const ring = (xy, s) => svg("circle", { class: s === now.start ? "start" : "start other", r: 7, transform: `translate(${at(toZ(xy))})` });
  const label = `Paths over ${title} from ${point(starts[now.start])}; their numbers are in the table below`;
  const picture = svg("image", { ...BOX, href: now.surface.picture, preserveAspectRatio: "none" });
  return frame("ground", label, ticks(...region.slice(0, 2)), ticks(...region.slice(2)), [picture], [...stars, ...starts.map(ring)]);
}

function contours(heights) {
  const side = Math.sqrt(heights.length);
  const band = i => Math.min(BANDS - 1, Math.floor(heights[i] / 1000 * BANDS));
  const rises = (i, j) => j < heights.length && band(i) !== band(j);
  const line = i => (rises(i, i + side) || ((i + 1) % side && rises(i, i + 1)) ? 64 : 0);
  const grey = i => [128, 128, 128, 7 * band(i) + line(i)]; // half grey, for light and for dark paper
  return painted(heights.length, grey).toDataURL();
}

function losses(ways) {
  const { title, steps } = now.surface;
  const low = Math.floor(Math.max(-8, Math.min(...ways.flatMap(w => w.level.filter(l => l !== null)))));
  const high = Math.ceil(ways[0].level[0] + 0.7);
  const cursor = svg("path", { class: "cursor" });
  const place = { class: "name", x: BOX.x + BOX.width - 10, y: BOX.y + 18, "text-anchor": "end" };
  const heading = svg("text", place, "f − min f against the step");
  const lines = frame("losses", `f − min f on ${title} against the step, in step with the paths`,
    ticks(0, steps), ticks(low, high, decades), [cursor, heading]);
  return { lines, cursor, seen: level => level !== null && level <= high,
    place: (t, level) => [across(t / steps), down(Math.max(-0.01, (level - low) / (high - low)))] };
}

let ways = [];
let onGround = [];
let onLosses = {};

function show() {
  const t = now.step;
  find(".step").value = t;
  find(".step-read").textContent = `${t} of ${now.surface.steps}`;
  onLosses.cursor.setAttribute("d", `M${across(t / now.surface.steps)} ${BOX.y}v${BOX.height}`);
  ways.forEach(({ z, level, path, curve }, m) => {
    const { head, draw } = onGround[m];
    const last = end(z, t);
    draw(path(t));
    head.setAttribute("transform", `translate(${at(last.z)})`);
    head.classList.toggle("gone", last.fate !== "");
    const other = onLosses.lines[m];
    other.draw(curve(t));
    const seen = onLosses.seen(level[t]);
    other.head.setAttribute("visibility", seen ? "inherit" : "hidden");
    if (seen) other.head.setAttribute("transform", `translate(${onLosses.place(t, level[t])})`);
    rows[m].height.textContent = level[t] === LEAST ? "≤ 1e−12" : number(level[t] === null ? null : 10 ** level[t]);
    rows[m].fate.textContent = last.fate;
  });
  tell();
}

// One sentence a second at most, for those who hear it.
let last = 0;
let telling = 0;
function tell() {
  telling ||= setTimeout(() => {
    telling = 0;
    last = performance.now();
    const { title, steps, starts } = now.surface;
    const levels = ways.map((w, m) => [w.level[now.step], m]).filter(([level, m]) => level !== null && rows[m].box.checked);
    const few = now.playing ? 1 : levels.length;
    const words = levels.sort((a, b) => a[0] - b[0]).slice(0, few).map(([, m]) => `${methods[m].name} ${rows[m].height.textContent}`);
    find(".told").textContent = `Step ${now.step} of ${steps} on ${title} from ${point(starts[now.start])}. ` +
      `f − min f, the lowest first: ${words.join(", ") || "no method is shown"}.`;
  }, Math.max(150, last + 1000 - performance.now()));
}

function walk() {
  ways = methods.map((_, m) => way(m));
  onLosses = losses(ways);
  onGround = ground();
  for (const w of ways) {
    w.path = strokes(w.z.map(z => z && at(z)), known(w.z));
    w.curve = strokes(w.level.map((l, t) => l !== null && onLosses.place(t, l)));
  }
  const factor = now.rule ? "each its own" : `each default × ${number(10 ** (now.factor / 2))}`;
  find(".factor-read").textContent = factor;
  find(".factor").setAttribute("aria-valuetext", factor);
  find(".rule").setAttribute("aria-pressed", now.rule);
  section.querySelectorAll(".starts input").forEach((input, s) => (input.checked = s === now.start));
  rows.forEach((row, m) => (row.rate.textContent = rateText(m)));
  maps.forEach((map, m) => map.draw(m));
  hide();
  show();
}

function hide() {
  methods.forEach((method, m) => {
    const off = !rows[m].box.checked;
    maps[m].figure.hidden = off;
    for (const { groups } of [onGround[m], onLosses.lines[m]])
      groups.forEach(group => group.setAttribute("visibility", off ? "hidden" : "visible"));
  });
}

async function choose(surface) {
  pause();
  for (const name of ["heights", "xy", "f", "basins"])
    if (typeof surface[name] === "string") surface[name] = await unpack(surface[name]);
  if (surface !== surfaces[find(".surface").value]) return; // another was chosen meanwhile
  surface.picture ??= contours(surface.heights);
  Object.assign(now, { surface, start: 0, step: surface.steps });
  find(".step").max = surface.steps;
  const starts = surface.starts.map((start, s) => {
    const input = element("input", { type: "radio", name: "landscapes-start" });
    input.onchange = () => begin(s);
    return element("label", {}, input, point(start));
  });
  find(".starts").replaceChildren(find(".starts legend"), ...starts);
  find(".goal").textContent = explained(surface);
  find(".last").textContent = `${surface.steps} steps`;
  walk();
}

function begin(start) {
  now.start = start;
  walk();
}

// A click takes the start that is nearest to it; `box` is the drawing within the element.
function nearest(event, box) {
  const [x, y] = shareOf(event, box);
  const away = now.surface.starts.map(toZ).map(([a, b]) => Math.hypot((a + 1) / 2 - x, (b + 1) / 2 - y));
  begin(away.indexOf(Math.min(...away)));
}

function shareOf(event, { x, y, width, height, wide, high }) {
  const edge = event.currentTarget.getBoundingClientRect();
  const [right, under] = [(event.clientX - edge.left) / edge.width, (event.clientY - edge.top) / edge.height];
  return [(right * wide - x) / width, 1 - (under * high - y) / height];
}

function go(step) {
  now.step = Math.max(0, Math.min(now.surface.steps, step));
  show();
}

function pause() {
  now.playing = false;
  cancelAnimationFrame(now.frame);
  find(".play").textContent = "Play";
}

function play() {
  const { steps } = now.surface;
  if (now.step === steps) go(0);
  now.playing = true;
  find(".play").textContent = "Pause";
  const from = (now.step / steps) ** (2 / 3); // early steps are slower than late ones
  let began = null;
  now.frame = requestAnimationFrame(function next(time) {
    began ??= time;
    const step = Math.min(steps, Math.floor(steps * (from + (time - began) / 1000 / SECONDS) ** 1.5));
    now.frame = requestAnimationFrame(next);
    if (step === steps) pause();
    if (step > now.step) go(step);
  });
}

function playOrPause() {
  if (!now.playing) return play();
  pause();
  tell();
}

const rows = methods.map(({ name }) => {
  const box = element("input", { type: "checkbox" });
  box.checked = true;
  box.onchange = () => {
    hide();
    tell();
  };
  const [rate, height, fate] = [0, 1, 2].map(() => element("td"));
  const label = element("label", {}, box, swatch(name), name);
  find(".walkers").append(element("tr", {}, element("th", { scope: "row" }, label), rate, height, fate));
  return { box, rate, height, fate };
});
surfaces.forEach(({ title }, i) => find(".surface").append(element("option", { value: i }, title)));
find(".surface").onchange = event => choose(surfaces[event.target.value]);
find(".play").onclick = playOrPause;
find(".step").oninput = event => {
  pause();
  go(Number(event.target.value));
};
find(".factor").oninput = event => {
  Object.assign(now, { factor: Number(event.target.value), rule: false });
  walk();
};
find(".rule").onclick = () => {
  now.rule = !now.rule;
  walk();
};
find(".ground").onclick = event => nearest(event, { ...BOX, wide: 480, high: 360 });
find(".stage").onkeydown = event => {
  const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (event.key !== " " && !move) return;
  event.preventDefault();
  if (!move) return playOrPause();
  pause();
  go(now.step + move);
};
