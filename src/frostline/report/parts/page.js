for (const table of document.querySelectorAll("table.sortable")) {
  for (const [column, heading] of [...table.querySelectorAll("th")].entries()) {
    heading.firstElementChild.addEventListener("click", () => {
      const upwards = heading.getAttribute("aria-sort") !== "ascending";
      for (const other of heading.parentElement.children) other.removeAttribute("aria-sort");
      heading.setAttribute("aria-sort", upwards ? "ascending" : "descending");
      const body = table.querySelector("tbody");
      const value = (row) => row.children[column].dataset.sort;
      const compare = (a, b) => {
        if (a === "" || b === "") return (a === "") - (b === "");
        const order = isNaN(a) || isNaN(b) ? a.localeCompare(b) : a - b;
        return upwards ? order : -order;
      };
      body.append(...[...body.children].sort((a, b) => compare(value(a), value(b))));
    });
  }
}
for (const button of document.querySelectorAll("button.copy")) {
  button.addEventListener("click", () => {
    getSelection().selectAllChildren(document.getElementById(button.dataset.from));
    const copied = document.execCommand("copy");
    button.nextElementSibling.textContent = copied ? "copied" : "selected: copy it with the keyboard";
  });
}
document.addEventListener("play", (event) => {
  for (const other of document.querySelectorAll("audio")) if (other !== event.target) other.pause();
}, true);
