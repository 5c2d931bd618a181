// Axes: `at` puts a number in its place, `ticks` names places between two of them; `strip` is the end for no number.
{
  const decade = t => (t >= -3 && t <= 3 ? String(+(10 ** t).toPrecision(1)) : `10${String(t).replace(/./g, c => "⁰¹²³⁴⁵⁶⁷⁸⁹"[c] ?? "⁻")}`);

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
}
