// Every table of the page sorts: a press of a heading brings the better end first, another press the other.
const other = { ascending: "descending", descending: "ascending" };

function sort(table, heading) {
  const column = [...heading.parentNode.children].indexOf(heading);
  const now = heading.getAttribute("aria-sort");
  const order = other[now] ?? heading.dataset.first;
  for (const th of heading.parentNode.children) th.setAttribute("aria-sort", th === heading ? order : "none");
  const sign = order === "ascending" ? 1 : -1;
  const value = row => row.children[column].dataset.value;
  const compare = (a, b) => (isNaN(a) || isNaN(b) ? a.localeCompare(b) : a - b);
  const rows = [...table.tBodies[0].rows].sort((a, b) => {
    const [x, y] = [value(a), value(b)];
    return x === "" || y === "" ? (x === "") - (y === "") : sign * compare(x, y);
  });
  table.tBodies[0].append(...rows);
}

for (const heading of document.querySelectorAll("table.sorts th[aria-sort]")) {
  heading.querySelector("button").onclick = () => sort(heading.closest("table"), heading);
}
