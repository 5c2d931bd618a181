// Line charts: every run thin, the median thick, and the point nearest to the pointer read out.
{
  const decade = t => (t >= -3 && t <= 3 ? String(+(10 ** t).toPrecision(1)) : `10${String(t).replace(/./g, c => "⁰¹²³⁴⁵⁶⁷⁸⁹"[c] ?? "⁻")}`);

  // Axes: `at` puts a number in its place, `ticks` names places between two of them; `strip` is the end for no number.
  report.axis = {
    log: title => ({
      title,
      at: Math.log10,
      strip: "high",
      ticks: (low, high) => {
        const whole = [];
        for (let t = Math.ceil(low - 1e-9); t <= high + 1e-9; t++) whole.push([t, decade(t)]);
        if (whole.length > 2) return whole.filter((_, i) => i % Math.ceil(whole.length / 7) === 0);
        const found = [];
        for (let t = Math.floor(low); t <= high; t++)
          for (const m of [1, 2, 3, 5, 7]) found.push([t + Math.log10(m), report.number(m * 10 ** t)]);
        return found.filter(([t]) => t >= low && t <= high);
      },
    }),
    accuracy: (title, least) => ({
      title,
      at: x => -Math.log10(Math.max(1 - x, least)),
      strip: "low",
      ticks: (low, high) =>
        [0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999].map(x => [-Math.log10(1 - x), `${+(100 * x).toFixed(1)} %`])
          .filter(([t]) => t >= low && t <= high),
    }),
    linear: (title, text = report.number) => ({
      title,
      at: x => x,
      ticks: (low, high) => {
        const raw = (high - low) / 5;
        const power = 10 ** Math.floor(Math.log10(raw));
        const step = power * [1, 2, 5, 10].find(m => m * power >= raw);
        const found = [];
        for (let t = Math.ceil(low / step - 1e-9); t * step <= high * (1 + 1e-9); t++) found.push([t * step, text(t * step)]);
        return found;
      },
    }),
  };

  const spread = (points, axis) => {
    const places = points.filter(x => x !== null).map(axis.at);
    let [low, high] = axis.domain ?? [Math.min(...places), Math.max(...places)];
    low = Math.min(low, axis.from ?? low);
    if (axis.range) high = Math.min(high, low + axis.range);
    if (!(low < high)) [low, high] = Number.isFinite(low) ? [low - 0.5, low + 0.5] : [0, 1];
    return [low, high];
  };

  // Draws `make()` into a box, again whenever its width or the choice of methods changes; returns what draws it.
  report.chart = (box, make) => {
    const tip = report.element("div", { class: "tip", role: "status", hidden: "" });
    let points = [];
    let at = -1;
    let focus = null;
    const { svg, px } = report;

    function draw() {
      const width = box.clientWidth;
      if (!width) return;
      const spec = make();
      const { x, y, series } = spec;
      const height = Math.round(Math.min(320, Math.max(230, width * 0.62)));
      const all = series.flatMap(s => [s.middle, ...s.thin].flat());
      const strip = y.strip && all.some(p => p[1] === null) ? 22 : 0;
      const [left, right, top, bottom] = [60, 14, y.strip === "high" ? 10 + strip : 10, 42 + (y.strip === "low" ? strip : 0)];
      const [x0, x1] = spread(all.map(p => p[0]), x);
      const [y0, y1] = spread([...all.map(p => p[1]), spec.guide ?? null], y);
      const pad = spec.tight ? 0 : 0.03;
      const X = v => px(left + (width - left - right) * (pad + (1 - 2 * pad) * (x.at(v) - x0) / (x1 - x0)));
      const place = t => px(height - bottom - (height - top - bottom) * (0.03 + 0.94 * Math.min(1, Math.max(0, (t - y0) / (y1 - y0)))));
      const gone = y.strip === "high" ? top - strip / 2 - 2 : height - bottom + strip / 2 + 2;
      const Y = v => (v === null ? gone : place(y.at(v)));
      const across = t => px(left + (width - left - right) * (pad + (1 - 2 * pad) * (t - x0) / (x1 - x0)));

      const label = `${spec.title}. ${[...report.shown].filter(name => series.some(s => s.name === name)).join(", ") || "No method"} drawn.`;
      const plot = svg("svg", { class: "plot", width, height, role: "img", "aria-label": label });
      for (const [t, text] of y.ticks(y0, y1)) {
        plot.append(svg("path", { class: "grid", d: `M${left} ${place(t)}H${width - right}` }),
          svg("text", { class: "tick", x: left - 7, y: place(t) + 4, "text-anchor": "end" }, text));
      }
      for (const [t, text] of x.ticks(x0, x1)) {
        plot.append(svg("path", { class: "grid", d: `M${across(t)} ${top}V${height - bottom}` }),
          svg("text", { class: "tick", x: across(t), y: height - 23, "text-anchor": "middle" }, text));
      }
      plot.append(svg("text", { class: "name", x: (left + width - right) / 2, y: height - 5, "text-anchor": "middle" }, x.title));
      if (strip) {
        plot.append(svg("rect", { class: "strip", x: left, y: gone - strip / 2 + 1, width: width - left - right, height: strip - 2 }),
          svg("text", { class: "tick", x: left - 7, y: gone + 4, "text-anchor": "end" }, "diverged"));
      }
      if (spec.guide) plot.append(svg("path", { class: "guide", d: `M${left} ${Y(spec.guide)}H${width - right}` }));

      points = [];
      for (const s of series) {
        if (!report.shown.has(s.name)) continue;
        const path = line => line.map(([a, b], i) => (i === 0 ? `M${X(a)} ${Y(b)}` : s.steps ? `H${X(a)}V${Y(b)}` : `L${X(a)} ${Y(b)}`)).join("");
        const group = svg("g", { class: "method", "data-method": s.name, style: report.ink(s.name) });
        group.append(svg("path", { class: "thin", d: s.thin.map(path).join("") }));
        if (s.dots) group.append(svg("path", { class: "dots", d: s.thin.flat().map(([a, b]) => `M${X(a)} ${Y(b)}h0`).join("") }));
        group.append(svg("path", { class: "middle", d: path(s.middle), "stroke-dasharray": report.methods[s.name].dash }));
        const every = Math.max(1, Math.round(s.middle.length / 6));
        const first = report.names.indexOf(s.name) % every;
        const marked = s.middle.filter((_, i) => i % every === first);
        group.append(svg("path", { class: "mark", d: marked.map(([a, b]) => report.marker(s.name, X(a), Y(b), 3.4)).join("") }));
        if (s.chosen >= 0) group.append(svg("circle", { class: "chosen", cx: X(s.middle[s.chosen][0]), cy: Y(s.middle[s.chosen][1]), r: 7.5 }));
        plot.append(group);
        points.push(...s.middle.map(([a, b], i) => ({ x: X(a), y: Y(b), i, series: s })));
      }
      focus = svg("circle", { class: "focus", r: 5, visibility: "hidden" });
      plot.append(focus);
      box.querySelector("svg")?.remove();
      box.prepend(plot);
      read(-1);
    }

    function read(i) {
      at = i;
      const point = points[i];
      tip.hidden = !point;
      report.light(point ? point.series.name : null);
      focus?.setAttribute("visibility", point ? "visible" : "hidden");
      if (!point) return;
      focus.setAttribute("cx", point.x);
      focus.setAttribute("cy", point.y);
      const same = points.filter(p => p !== point && Math.hypot(p.x - point.x, p.y - point.y) < 1).map(p => p.series.name);
      const lines = [...point.series.read(point.i), ...(same.length ? [`also here: ${same.join(", ")}`] : [])];
      tip.replaceChildren(report.element("b", {}, point.series.name), ...lines.map(line => report.element("div", {}, line)));
      const beyond = point.x > box.clientWidth / 2;
      tip.style.left = beyond ? "auto" : `${point.x + 12}px`;
      tip.style.right = beyond ? `${box.clientWidth - point.x + 12}px` : "auto";
      tip.style.top = `${Math.max(0, point.y - 20)}px`;
    }

    function nearest(event) {
      const edge = box.getBoundingClientRect();
      const [x, y] = [event.clientX - edge.left, event.clientY - edge.top];
      let best = -1;
      let least = Infinity;
      points.forEach((p, i) => {
        const distance = (p.x - x) ** 2 + (p.y - y) ** 2;
        if (distance < least) [least, best] = [distance, i];
      });
      return best;
    }

    // Left and right go along a line, up and down to the line above or below.
    function step(key) {
      if (at < 0) return 0;
      const now = points[at];
      const near = { ArrowLeft: now.i - 1, ArrowRight: now.i + 1 }[key];
      if (near !== undefined) {
        const found = points.findIndex(p => p.series === now.series && p.i === near);
        return found < 0 ? at : found;
      }
      const sign = key === "ArrowUp" ? -1 : 1;
      const beyond = points.filter(p => p.series !== now.series && sign * (p.y - now.y) > 0);
      const distance = p => Math.abs(p.x - now.x) * 3 + Math.abs(p.y - now.y);
      return beyond.length ? points.indexOf(beyond.reduce((a, b) => (distance(b) < distance(a) ? b : a))) : at;
    }

    box.tabIndex = 0;
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", "Chart: the arrow keys read its points");
    box.append(tip);
    box.onpointermove = box.onpointerdown = event => read(nearest(event));
    box.onpointerleave = box.onblur = () => read(-1);
    box.onkeydown = event => {
      if (event.key === "Escape") read(-1);
      if (!event.key.startsWith("Arrow") || !points.length) return;
      event.preventDefault();
      read(step(event.key));
    };
    new ResizeObserver(draw).observe(box);
    report.onChange(draw);
    return draw;
  };
}
