const { race, axis, number } = report;
const chosen = name => section.querySelector(`input[name=${name}]:checked`).value;
const worst = x => (x === null ? Infinity : x);

// The middle of runs of which some have no number: those are the worst.
function median(values, score) {
  const sign = score === "accuracy" ? -1 : 1;
  const sorted = values.map(x => worst(x === null ? null : sign * x)).sort((a, b) => a - b);
  const half = (sorted.length - 1) / 2;
  const found = (sorted[Math.floor(half)] + sorted[Math.ceil(half)]) / 2;
  return Number.isFinite(found) ? sign * found : null;
}

const said = (x, score) => (x === null ? "diverged" : score === "accuracy" ? `${(100 * x).toFixed(1)} %` : number(x));

function scale(title, score, examples) {
  return score === "accuracy" ? axis.accuracy(title, 0.5 / examples) : { ...axis.log(title), range: 3 };
}

function readout(where, values, score) {
  return [where, `${said(median(values, score), score)} in the median`, `runs ${values.map(x => said(x, score)).join(", ")}`];
}

function rates(records, facts) {
  const split = chosen("split");
  const score = facts.score;
  if (split === "trials") return trials(records, facts);
  const series = records.map(record => {
    const at = record.learning_rates.map(rate => record.runs.filter(run => run.learning_rate === rate).map(run => run[`${split}_${score}`]));
    return {
      name: record.name,
      dots: true,
      thin: at[0].map((_, seed) => record.learning_rates.map((rate, i) => [rate, at[i][seed]])),
      middle: record.learning_rates.map((rate, i) => [rate, median(at[i], score)]),
      chosen: record.learning_rates.indexOf(record.best_learning_rate),
      read: i => readout(`rate ${number(record.learning_rates[i])}`, at[i], score),
    };
  });
  return {
    title: `${split} ${score} against learning rate, ${facts.title}`,
    x: axis.log("learning rate"),
    y: scale(score, score, facts.examples[split === "test" ? 2 : 1]),
    series,
  };
}

function trials(records, facts) {
  const { score, title, examples } = facts;
  const best = record => data[record.problem][record.name];
  return {
    title: `expected best validation ${score} against number of learning rates, ${title}`,
    x: axis.linear("learning rates tried"),
    y: scale(score, score, examples[1]),
    series: records.map(record => ({
      name: record.name,
      thin: [],
      middle: best(record).map((x, i) => [i + 1, x]),
      read: i => [`best of ${i + 1} rates`, `${said(best(record)[i], score)} validation ${score} is to be expected`],
    })),
  };
}

// What a step costs in the chosen currency, null where it was not measured.
function cost(record) {
  return { steps: 1, gradients: record.gradients_a_step, seconds: record.seconds_a_step }[chosen("currency-of-curves")];
}

function training(records, facts) {
  const track = chosen("track");
  const score = facts.score;
  const currency = chosen("currency-of-curves");
  const series = records.filter(record => cost(record) !== null).map(record => {
    const each = cost(record);
    const curves = record[track].map(run => run[`validation_${score}_curve`]);
    const at = record.checkpoints.map((_, i) => curves.map(curve => curve[i]));
    const until = curve => (curve.includes(null) ? curve.indexOf(null) + 1 : curve.length);
    return {
      name: record.name,
      thin: curves.map(curve => curve.slice(0, until(curve)).map((x, i) => [each * record.checkpoints[i], x])),
      middle: record.checkpoints.map((step, i) => [each * step, median(at[i], score)]),
      read: i => readout(`${number(each * record.checkpoints[i])} ${currency}`, at[i], score),
    };
  });
  return {
    title: `validation ${score} during training, ${facts.title}`,
    x: { ...axis.linear(currency), from: 0 },
    y: scale(score, score, facts.examples[1]),
    series,
    guide: facts.target,
  };
}

const redraw = [...section.querySelectorAll("figure")].map(figure => {
  const { chart, problem } = figure.dataset;
  const records = report.names.flatMap(name => race.methods.filter(record => record.problem === problem && record.name === name));
  const make = chart === "rates" ? rates : training;
  return report.chart(figure.querySelector(".chart"), () => make(records, race.problems[problem]));
});
section.addEventListener("change", () => redraw.forEach(draw => draw()));
