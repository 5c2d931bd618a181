const chosen = () => section.querySelector("input[name=currency]:checked").value;
const share = x => `${Math.round(100 * x)} %`;

const draw = report.chart(section.querySelector(".chart"), () => ({
  title: `Share of problems solved within τ times the least cost in ${chosen()}`,
  x: { ...report.axis.linear("τ: cost over the least"), domain: [1, 4] },
  y: { ...report.axis.linear("share of problems", share), domain: [0, 1] },
  series: report.names.map(name => [name, data.profiles[chosen()][name]]).filter(([, points]) => points).map(([name, points]) => ({
    name,
    steps: true,
    thin: [],
    middle: points,
    read: i => [`τ = ${report.number(points[i][0])}`, `${Math.round(points[i][1] * data.problems)} of ${data.problems} problems, ${share(points[i][1])}`],
  })),
}));

section.addEventListener("change", () => {
  for (const table of section.querySelectorAll("[data-currency]")) table.hidden = table.dataset.currency !== chosen();
  draw();
});
