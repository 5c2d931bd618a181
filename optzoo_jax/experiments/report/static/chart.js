// Line charts: every run thin, the median thick, and the point nearest to the pointer read out.
{
  const { svg, px } = report;
  const STRIP = 22;

  // The places between which numbers lie.
  function spread(numbers, axis) {
    const places = numbers.filter(x => x !== null).map(axis.at);
    let [low, high] = axis.domain ?? [Math.min(...places, axis.from ?? Infinity), Math.max(...places)];
    if (axis.range) high = Math.min(high, low + axis.range);
    if (!(low < high)) [low, high] = Number.isFinite(low) ? [low - 0.5, low + 0.5] : [0, 1];
    return [low, high];
  }

  // Where things are in a chart of some width, in pixels.
  function layout({ x, y, series, guide = null }, width) {
    const all = series.flatMap(s => [s.middle, ...s.thin].flat());
    const lost = y.strip !== undefined && all.some(([, b]) => b === null);
    const height = Math.round(Math.min(320, Math.max(230, width * 0.62)));
    const box = { left: 60, right: width - 14, top: 10, bottom: height - 42 };
    const strip = y.strip === "high" ? box.top + STRIP / 2 - 2 : box.bottom - STRIP / 2 + 2;
    if (lost && y.strip === "high") box.top += STRIP;
    if (lost && y.strip === "low") box.bottom -= STRIP;
    const wide = spread(all.map(([a]) => a), x);
    const tall = spread([...all.map(([, b]) => b), guide], y);
    // Three hundredths of the room stay free at each end, so that lines do not touch the frame.
    const inside = (t, [low, high]) => 0.03 + 0.94 * Math.min(1, Math.max(0, (t - low) / (high - low)));
    const across = t => px(box.left + (box.right - box.left) * inside(t, wide));
    const up = t => px(box.bottom - (box.bottom - box.top) * inside(t, tall));
    return {
      width, height, box, wide, tall, across, up, strip: lost ? strip : null,
      X: a => across(x.at(a)),
      Y: b => (b === null ? strip : up(y.at(b))),
    };
  }

  // All but the lines: grid, ticks, the strip for what has no number, and the guide.
  function frame({ title, x, y, series, guide }, at) {
    const { left, right, top, bottom } = at.box;
    const text = (kind, a, b, anchor, words) => svg("text", { class: kind, x: a, y: b, "text-anchor": anchor }, words);
    const drawn = series.map(s => s.name).filter(name => report.shown.has(name)).join(", ") || "nothing";
    const plot = svg("svg", { class: "plot", width: at.width, height: at.height, role: "img", "aria-label": `${title}; drawn: ${drawn}` });
    for (const [t, words] of y.ticks(...at.tall)) {
      plot.append(svg("path", { class: "grid", d: `M${left} ${at.up(t)}H${right}` }), text("tick", left - 7, at.up(t) + 4, "end", words));
    }
    for (const [t, words] of x.ticks(...at.wide)) {
      plot.append(svg("path", { class: "grid", d: `M${at.across(t)} ${top}V${bottom}` }), text("tick", at.across(t), at.height - 23, "middle", words));
    }
    plot.append(text("name", (left + right) / 2, at.height - 5, "middle", x.title));
    if (at.strip !== null) {
      plot.append(svg("rect", { class: "strip", x: left, y: at.strip - STRIP / 2 + 1, width: right - left, height: STRIP - 2 }),
        text("tick", left - 7, at.strip + 4, "end", "diverged"));
    }
    if (guide !== undefined) plot.append(svg("path", { class: "guide", d: `M${left} ${at.Y(guide)}H${right}` }));
    return plot;
  }

  // One method: its runs, their median with markers, and a ring around what was chosen.
  function line({ name, thin, middle, dots, steps, chosen }, { X, Y }) {
    const next = (a, b) => (steps ? `H${X(a)}V${Y(b)}` : `L${X(a)} ${Y(b)}`);
    const path = points => points.map(([a, b], i) => (i ? next(a, b) : `M${X(a)} ${Y(b)}`)).join("");
    const group = svg("g", { class: "method", "data-method": name, style: report.ink(name) });
    group.append(svg("path", { class: "thin", d: thin.map(path).join("") }));
    if (dots) group.append(svg("path", { class: "dots", d: thin.flat().map(([a, b]) => `M${X(a)} ${Y(b)}h0`).join("") }));
    group.append(svg("path", { class: "middle", d: path(middle), "stroke-dasharray": report.methods[name].dash }));
    // Some six markers a line, at other points than the next method's.
    const every = Math.max(1, Math.round(middle.length / 6));
    const marked = middle.filter((_, i) => i % every === report.names.indexOf(name) % every);
    group.append(svg("path", { class: "mark", d: marked.map(([a, b]) => report.marker(name, X(a), Y(b), 3.4)).join("") }));
    if (chosen >= 0) group.append(svg("circle", { class: "chosen", cx: X(middle[chosen][0]), cy: Y(middle[chosen][1]), r: 7.5 }));
    return group;
  }

  // Draws `make()` into a box, again whenever its width or the choice of methods changes; returns what makes it anew.
  report.chart = (box, make) => {
    const tip = report.element("div", { class: "tip", role: "status" });
    const focus = svg("circle", { class: "focus", r: 5, visibility: "hidden" });
    let spec = make();
    let points = [];
    let at = -1;
    let width = 0;

    function draw() {
      width = box.clientWidth;
      if (!width) return;
      const here = layout(spec, width);
      const shown = spec.series.filter(s => report.shown.has(s.name));
      const plot = frame(spec, here);
      plot.append(...shown.map(s => line(s, here)), focus);
      points = shown.flatMap(series => series.middle.map(([a, b], i) => ({ x: here.X(a), y: here.Y(b), i, series })));
      box.querySelector("svg")?.remove();
      box.prepend(plot);
      box.setAttribute("aria-label", `${spec.title}: the arrow keys read the points`);
      read(-1);
    }

    function read(i) {
      at = i;
      const point = points[i];
      report.light(point ? point.series.name : null);
      focus.setAttribute("visibility", point ? "visible" : "hidden");
      tip.replaceChildren();
      if (!point) return;
      focus.setAttribute("cx", point.x);
      focus.setAttribute("cy", point.y);
      const same = points.filter(p => p !== point && Math.hypot(p.x - point.x, p.y - point.y) < 1).map(p => p.series.name);
      const lines = [...point.series.read(point.i), ...(same.length ? [`also here: ${same.join(", ")}`] : [])];
      tip.append(report.element("b", {}, point.series.name), ...lines.map(words => report.element("div", {}, words)));
      const beyond = point.x > width / 2;
      tip.style.left = beyond ? "auto" : `${point.x + 12}px`;
      tip.style.right = beyond ? `${width - point.x + 12}px` : "auto";
      tip.style.top = `${Math.max(0, point.y - 20)}px`;
    }

    function nearest(event) {
      const edge = box.getBoundingClientRect();
      const distances = points.map(p => Math.hypot(p.x - event.clientX + edge.left, p.y - event.clientY + edge.top));
      return distances.indexOf(Math.min(...distances));
    }

    // Left and right go along a line, up and down to the line above or below.
    function beside(key) {
      if (at < 0) return 0;
      const now = points[at];
      const near = { ArrowLeft: now.i - 1, ArrowRight: now.i + 1 }[key];
      if (near !== undefined) {
        const found = points.findIndex(p => p.series === now.series && p.i === near);
        return found < 0 ? at : found;
      }
      const sign = key === "ArrowUp" ? -1 : 1;
      const distance = p => Math.abs(p.x - now.x) * 3 + Math.abs(p.y - now.y);
      const others = points.filter(p => p.series !== now.series && sign * (p.y - now.y) > 0).sort((a, b) => distance(a) - distance(b));
      return others.length ? points.indexOf(others[0]) : at;
    }

    box.tabIndex = 0;
    box.setAttribute("role", "group");
    box.append(tip);
    box.onpointermove = box.onpointerdown = event => read(nearest(event));
    box.onpointerleave = event => event.pointerType === "touch" || read(-1);
    box.onblur = () => read(-1);
    box.onkeydown = event => {
      if (event.key === "Escape") read(-1);
      if (!event.key.startsWith("Arrow") || !points.length) return;
      event.preventDefault();
      read(beside(event.key));
    };
    new ResizeObserver(() => box.clientWidth === width || draw()).observe(box);
    report.onChange(draw);
    return () => {
      spec = make();
      draw();
    };
  };
}
